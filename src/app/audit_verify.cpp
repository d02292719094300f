#include "app/audit_verify.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/audit_lines.hpp"

namespace colonnade::app {
namespace {

std::string record(std::int64_t seq) { return "record " + std::to_string(seq); }

// What is wrong with a record's own text; "" when nothing is.
std::string odd_text(std::string_view text, std::int64_t seq) {
  const auto json = base::parse_json(text, "text");
  if (!json || !json->is_object()) return "its text is not a JSON object";
  const auto number = json->find("seq");
  if (number == json->end() || !number->is_number_integer()) return "its text has no number";
  if (*number != seq) return "its text is that of record " + number->dump();
  for (const char* name : {"at", "scope", "kind", "actor", "subject"}) {
    const auto member = json->find(name);
    if (member == json->end() || !member->is_string()) {
      return std::string("its text has no \"") + name + "\"";
    }
  }
  return "";
}

}  // namespace

AuditVerifier::AuditVerifier(AuditExpectation expectation) : expectation_(std::move(expectation)) {}

AuditFault AuditVerifier::fault(std::string message) const {
  return {.line = lines_, .seq = count_ + 1, .message = std::move(message)};
}

std::optional<AuditFault> AuditVerifier::take(std::string_view line) {
  ++lines_;
  if (ended_) return fault("there are lines after the last line of the trail");
  return core::looks_like_audit_end(line) ? take_end(line) : take_record(line);
}

// A record that was changed as a whole, its own hash included, shows only at the next one, whose
// hash goes on from what was there before.
std::optional<AuditFault> AuditVerifier::take_record(std::string_view line) {
  const auto read = core::decode_audit_line(line);
  if (!read) return fault(read.error().message);
  const std::int64_t seq = count_ + 1;
  if (read->seq != seq) {
    return fault(record(read->seq) + " stands where " + record(seq) +
                 " belongs: one was removed, added or moved");
  }
  if (read->hash != core::audit_hash(read->previous_hash, read->text)) {
    return fault("its hash is not that of its text and previous_hash: one of them was changed");
  }
  if (read->previous_hash != last_hash_) {
    return fault(seq == 1 ? "the first record names a previous record, which is missing"
                          : "its previous_hash is not that of " + record(seq - 1) +
                                ": that one was replaced, or this one was put here");
  }
  if (std::string odd = odd_text(read->text, seq); !odd.empty()) return fault(std::move(odd));
  const auto& known = expectation_.known;
  if (known && known->seq == seq && known->hash != read->hash) {
    return fault("its hash is " + read->hash + ", not " + known->hash + " as expected");
  }
  count_ = seq;
  last_hash_ = read->hash;
  return std::nullopt;
}

std::optional<AuditFault> AuditVerifier::take_end(std::string_view line) {
  const auto read = core::decode_audit_end(line);
  if (!read) return fault(read.error().message);
  if (read->count != count_) {
    return fault("the trail should have " + std::to_string(read->count) + " records and has " +
                 std::to_string(count_));
  }
  if (read->last_hash != last_hash_) {
    return fault("the trail should end with the hash " + read->last_hash +
                 ": its last record was replaced");
  }
  ended_ = true;
  return std::nullopt;
}

std::optional<AuditFault> AuditVerifier::finish() const {
  AuditFault missing{.line = lines_ + 1, .seq = count_ + 1, .message = {}};
  const auto& [count, last_hash, known, has_end_line] = expectation_;
  if (has_end_line && !ended_) {
    missing.message = "the last line of the trail is missing: the rest was cut off";
  } else if (count && *count != count_) {
    missing.message =
        std::to_string(*count) + " records are expected, " + std::to_string(count_) + " are there";
  } else if (last_hash && *last_hash != last_hash_) {
    missing.message = "the last hash is " + (last_hash_.empty() ? "missing" : last_hash_) +
                      ", not " + *last_hash + " as expected";
  } else if (known && known->seq > count_) {
    missing.message = record(known->seq) + " is expected and missing";
  } else {
    return std::nullopt;
  }
  return missing;
}

std::optional<AuditFault> verify_audit(std::span<const std::string> lines,
                                       const AuditExpectation& expectation) {
  AuditVerifier verifier(expectation);
  for (const std::string& line : lines) {
    if (auto fault = verifier.take(line)) return fault;
  }
  return verifier.finish();
}

}  // namespace colonnade::app
