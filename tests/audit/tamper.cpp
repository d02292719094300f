#include "tamper.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/governance/audit_lines.hpp"
#include "core/governance/audit_tree.hpp"

namespace colonnade::tests {
namespace {

std::size_t below(Random& random, std::size_t end) {
  return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
}

void change_byte(std::string& text, std::size_t at, Random& random) {
  text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) + 1 + below(random, 255));
}

core::AuditEntry varied_entry(std::size_t i, Random& random) {
  constexpr std::array kinds = {core::audit_kind::decision,
                                core::audit_kind::approval,
                                core::audit_kind::execution_started,
                                core::audit_kind::execution_finished,
                                core::audit_kind::credential,
                                core::audit_kind::permission,
                                core::audit_kind::policy};
  const std::array<std::string, 6> texts = {"plain",
                                            "quotes \" and \\ and /",
                                            "lines\nand\ttabs\x01\x7f",
                                            "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x98\x80",
                                            std::string(300, 'x'),
                                            ""};
  core::AuditEntry entry;
  entry.kind = kinds[below(random, kinds.size())];
  entry.actor = i % 3 == 0 ? "system" : "agent:" + std::to_string(i % 7);
  entry.subject = "subject-" + std::to_string(below(random, 20));
  entry.details = {{"tool", "tool_" + std::to_string(i % 5)},
                   {"reason", texts[below(random, texts.size())]},
                   {"params", {{"amount", random() % 1000}, {"ratio", 0.125}, {"on", i % 2 == 0}}},
                   {"list", {1, nullptr, "a"}}};
  entry.at.micros = 1'700'000'000'000'000 + static_cast<std::int64_t>(i) * 1'000'003;
  return entry;
}

// Where a line holds the text of its record: behind `"text":"`, before `","previous_hash"`.
std::pair<std::size_t, std::size_t> text_in(const std::string& line) {
  constexpr std::string_view before = R"("text":")";
  return {line.find(before) + before.size(), line.find(R"(","previous_hash")")};
}

void change_text(std::string& line, Random& random) {
  if (random() % 2 == 0) {
    const auto [begin, end] = text_in(line);
    return change_byte(line, begin + below(random, end - begin), random);
  }
  core::AuditLine decoded = *core::decode_audit_line(line);
  change_byte(decoded.text, below(random, decoded.text.size()), random);
  line = core::encode(decoded);
}

void change_hash(std::string& line, Random& random) {
  core::AuditLine decoded = *core::decode_audit_line(line);
  std::string& hash =
      random() % 2 == 0 && !decoded.previous_hash.empty() ? decoded.previous_hash : decoded.hash;
  hash[below(random, hash.size())] = "0123456789abcdef"[below(random, 16)];
  line = core::encode(decoded);
}

std::size_t often_an_end(Random& random, std::size_t count) {
  switch (random() % 4) {
    case 0: return 0;
    case 1: return count - 1;
    default: return below(random, count);
  }
}

void renumber(Lines& lines, std::size_t removed) {
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(removed));
  for (std::size_t i = removed; i + 1 < lines.size(); ++i) {
    core::AuditLine decoded = *core::decode_audit_line(lines[i]);
    decoded.seq -= 1;
    lines[i] = core::encode(decoded);
  }
}

Lines cut(const Lines& lines, Random& random) {
  std::string whole;
  for (const std::string& line : lines) whole += line + "\n";
  whole.resize(below(random, whole.size()));
  Lines out;
  for (std::size_t begin = 0; begin < whole.size();) {
    const std::size_t end = std::min(whole.find('\n', begin), whole.size());
    out.push_back(whole.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace

std::string record_line(std::int64_t seq, std::string_view text, std::string_view previous_hash) {
  return core::encode(core::AuditLine{.seq = seq,
                                      .text = std::string(text),
                                      .previous_hash = std::string(previous_hash),
                                      .hash = core::audit_hash(previous_hash, text)});
}

std::string other_text(const core::AuditRecord& record, std::int64_t seq) {
  nlohmann::json json = nlohmann::json::parse(record.text);
  json["seq"] = seq;
  json["actor"] = "somebody else";
  return json.dump();
}

std::vector<core::AuditRecord> varied_records(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<core::AuditRecord> out;
  for (std::size_t i = 0; i < count; ++i) {
    core::AuditRecord record{.scope = core::Scope::main()};
    record.seq = static_cast<std::int64_t>(i) + 1;
    record.text = core::audit_text(varied_entry(i, random), core::Scope::main(), record.seq);
    record.previous_hash = out.empty() ? "" : out.back().hash;
    record.hash = core::audit_hash(record.previous_hash, record.text);
    out.push_back(std::move(record));
  }
  return out;
}

namespace {

// Gives a record its place: number, hash before, hash.
void place(core::AuditRecord& record, nlohmann::json text, std::vector<core::AuditRecord>& out) {
  record.seq = static_cast<std::int64_t>(out.size()) + 1;
  text["seq"] = record.seq;
  record.text = text.dump();
  record.previous_hash = out.empty() ? "" : out.back().hash;
  record.hash = core::audit_hash(record.previous_hash, record.text);
  out.push_back(record);
}

core::AuditTree tree_over(const std::vector<core::AuditRecord>& records) {
  core::AuditTree out;
  for (const core::AuditRecord& record : records) out.add(record.hash);
  return out;
}

nlohmann::json signature_of(const std::vector<core::AuditRecord>& records,
                            const base::SigningKey& key, const std::string& name) {
  const core::AuditTree tree = tree_over(records);
  const core::AuditHead head{.seq = tree.size(), .hash = records.back().hash, .root = tree.root()};
  return {{"at", "2026-05-24T05:33:44.000000Z"},
          {"scope", "*/*/*"},
          {"kind", "signature"},
          {"actor", "system"},
          {"subject", name},
          {"details",
           {{"seq", head.seq},
            {"hash", head.hash},
            {"root", head.root},
            {"peaks", tree.peaks()},
            {"signature", key.sign(core::signed_text(head))}}}};
}

nlohmann::json text_of(const core::AuditRecord& record) {
  return nlohmann::json::parse(record.text);
}

bool is_signature(const nlohmann::json& text) { return text.at("kind") == "signature"; }

// The signature record as the forger writes it; null when it is left out.
nlohmann::json forged_signature(nlohmann::json text, Forged how,
                                const std::vector<core::AuditRecord>& before,
                                const base::SigningKey& forgers) {
  switch (how) {
    case Forged::kept: return text;
    case Forged::dropped: return nullptr;
    case Forged::resigned: return signature_of(before, forgers, forgers.verifying_key().hex());
    case Forged::claimed: return signature_of(before, forgers, text.at("subject"));
    case Forged::adapted: {
      const nlohmann::json fresh = signature_of(before, forgers, "");
      for (const char* name : {"seq", "hash", "root", "peaks"}) {
        text["details"][name] = fresh["details"][name];
      }
      return text;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<core::AuditRecord> signed_records(std::size_t count, std::uint64_t seed,
                                              const base::SigningKey& key) {
  std::vector<core::AuditRecord> out;
  std::size_t plain = 0;
  for (core::AuditRecord record : varied_records(count, seed)) {
    place(record, text_of(record), out);
    if (++plain % signed_every != 0 && plain != count) continue;
    core::AuditRecord signature{.scope = core::Scope::whole_server()};
    signature.kind = "signature";
    place(signature, signature_of(out, key, key.verifying_key().hex()), out);
  }
  return out;
}

std::vector<core::AuditRecord> made_anew(std::vector<core::AuditRecord> records, Forged how,
                                         const base::SigningKey& forgers, Random& random) {
  std::size_t at = below(random, records.size());
  while (is_signature(text_of(records[at]))) at = below(random, records.size());
  const std::size_t deed = random() % 3;
  std::vector<core::AuditRecord> out;
  for (std::size_t i = 0; i < records.size(); ++i) {
    nlohmann::json text = text_of(records[i]);
    if (i == at) {
      if (deed == 0) continue;  // removed
      core::AuditRecord before = records[i];
      if (deed == 1) place(before, text, out);  // one is added
      text["actor"] = "somebody else";
    }
    if (i > at && is_signature(text)) {
      text = forged_signature(std::move(text), how, out, forgers);
      if (text.is_null()) continue;
    }
    place(records[i], std::move(text), out);
  }
  if (how != Forged::dropped && how != Forged::resigned) return out;
  // All of it: not even what was signed before shows the key.
  std::vector<core::AuditRecord> all;
  for (core::AuditRecord& record : out) {
    nlohmann::json text = text_of(record);
    if (is_signature(text)) {
      text = forged_signature(std::move(text), how, all, forgers);
      if (text.is_null()) continue;
    }
    place(record, std::move(text), all);
  }
  return all;
}

Lines exported(const std::vector<core::AuditRecord>& records) {
  Lines out;
  for (const core::AuditRecord& record : records) out.push_back(core::audit_line(record));
  out.push_back(
      core::encode(core::AuditEndLine{.count = static_cast<std::int64_t>(records.size()),
                                      .last_hash = records.empty() ? "" : records.back().hash}));
  return out;
}

std::string_view to_string(Tampering kind) {
  constexpr std::array<std::string_view, std::size(every_tampering)> names = {
      "byte_of_text", "byte_anywhere", "hash",     "remove",  "swap",
      "insert",       "rewrite",       "renumber", "truncate"};
  return names.at(static_cast<std::size_t>(kind));
}

Lines tampered(const Lines& lines, const std::vector<core::AuditRecord>& records, Tampering kind,
               Random& random) {
  Lines out = lines;
  const std::size_t i = often_an_end(random, records.size());
  const auto place = out.begin() + static_cast<std::ptrdiff_t>(i);
  const core::AuditRecord& record = records[i];
  switch (kind) {
    case Tampering::byte_of_text: change_text(out[i], random); break;
    case Tampering::byte_anywhere: {
      std::string& line = out[below(random, out.size())];
      change_byte(line, below(random, line.size()), random);
      break;
    }
    case Tampering::hash: change_hash(out[i], random); break;
    case Tampering::remove: out.erase(place); break;
    case Tampering::swap: std::swap(out[i], out[below(random, records.size())]); break;
    case Tampering::insert:
      if (random() % 2 == 0) {
        out.insert(place, out[below(random, records.size())]);
      } else {
        out.insert(place + 1,
                   record_line(record.seq + 1, other_text(record, record.seq + 1), record.hash));
      }
      break;
    case Tampering::rewrite:
      out[i] = record_line(record.seq, other_text(record, record.seq), record.previous_hash);
      break;
    case Tampering::renumber: renumber(out, i); break;
    case Tampering::truncate: return cut(lines, random);
  }
  return out;
}

}  // namespace colonnade::tests
