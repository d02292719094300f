#include "app/audit_verify.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/audit_lines.hpp"

namespace colonnade::app {
namespace {

std::string record(std::int64_t seq) { return "record " + std::to_string(seq); }

// How far behind its own place a signature may look: far more than are ever committed while one is
// made.
constexpr std::size_t records_kept = 65'536;

// What is wrong with a record's own text; "" when nothing is.
std::string odd_text(const base::Result<base::Json>& json, std::int64_t seq) {
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
  const auto text = base::parse_json(read->text, "text");
  if (std::string odd = odd_text(text, seq); !odd.empty()) return fault(std::move(odd));
  if (std::string odd = odd_signature(*text); !odd.empty()) return fault(std::move(odd));
  const auto& known = expectation_.known;
  if (known && known->seq == seq && known->hash != read->hash) {
    return fault("its hash is " + read->hash + ", not " + known->hash + " as expected");
  }
  if (auto head = core::signed_head_in(*text); head && is_asked_for(*head)) {
    signature_ = *std::move(head);
  }
  count_ = seq;
  last_hash_ = read->hash;
  add_to_tree(read->hash);
  return std::nullopt;
}

bool AuditVerifier::is_asked_for(const core::SignedHead& signed_head) const {
  return !expectation_.key || expectation_.key->hex() == signed_head.key;
}

std::string AuditVerifier::odd_signature(const base::Json& text) const {
  if (text.at("kind") != core::audit_kind::signature) return "";
  const auto signed_head = core::signed_head_in(text);
  if (!signed_head) return "it is a signature without what a signature has";
  if (!is_asked_for(*signed_head)) return "";
  const core::AuditHead& head = signed_head->head;
  const auto key = base::VerifyingKey::from_hex(signed_head->key);
  if (!key || !key->accepts(core::signed_text(head), signed_head->signature)) {
    return "its signature is not that of the key " + signed_head->key;
  }
  const auto root = root_at(head.seq);
  if (!root) return "it signs " + record(head.seq) + ", which is not one shortly before it";
  const std::size_t back = static_cast<std::size_t>(count_ - head.seq);
  const std::string& hash = since_.at(since_.size() - 1 - back);
  if (hash != head.hash) {
    return "it signs the hash " + head.hash + " for " + record(head.seq) +
           ", which has another: the trail was made anew";
  }
  if (*root != head.root) {
    return "it signs other records than there are before it: the trail was made anew";
  }
  return "";
}

std::optional<std::string> AuditVerifier::root_at(std::int64_t size) const {
  if (size == tree_.size() && size > earlier_.size()) return tree_.root();
  if (size <= earlier_.size() || size > tree_.size()) return std::nullopt;
  core::AuditTree tree = earlier_;
  for (std::size_t i = 0; tree.size() < size; ++i) tree.add(since_[i]);
  return tree.root();
}

void AuditVerifier::add_to_tree(const std::string& hash) {
  tree_.add(hash);
  since_.push_back(hash);
  if (since_.size() < 2 * records_kept) return;
  for (std::size_t i = 0; i < records_kept; ++i) earlier_.add(since_[i]);
  since_.erase(since_.begin(), since_.begin() + static_cast<std::ptrdiff_t>(records_kept));
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
  const auto& [count, last_hash, known, has_end_line, key] = expectation_;
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
  } else if (key && signature_.head.seq == 0 && count_ > 0) {
    missing.message = "nothing is signed with the key " + key->hex() +
                      ": the trail was made anew, or is another server's";
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
