#include "app/audit_proof.hpp"

#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/signing_key.hpp"
#include "core/governance/audit_signer.hpp"

namespace colonnade::app {
namespace {

using base::ErrorKind;
using base::fail;

std::unexpected<base::Error> not_whole() {
  return fail(ErrorKind::invalid,
              "the trail is not whole: `colonnade audit verify` says where it was changed");
}

// Gathers the record and the first signature that covers it.
class Search {
 public:
  explicit Search(std::string_view id) : id_(id) {
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), seq_);
    if (error != std::errc{} || end != id.data() + id.size()) seq_ = 0;
  }

  // False when the line is no record of a trail.
  bool take(const std::string& line) {
    auto read = core::decode_audit_line(line);
    if (!read) return false;
    const auto text = base::parse_json(read->text, "text");
    if (!text || !text->is_object()) return false;
    const bool is_wanted = seq_ > 0 ? read->seq == seq_ : text->value("subject", "") == id_;
    if (is_wanted) {
      record_ = *std::move(read);
      signature_.reset();
    } else if (record_ && !signature_) {
      look_for_signature(*text);
    }
    return true;
  }

  const std::optional<core::AuditLine>& record() const { return record_; }
  const std::optional<core::SignedHead>& signature() const { return signature_; }

 private:
  void look_for_signature(const base::Json& text) {
    auto found = core::signed_head_in(text);
    if (!found || found->head.seq < record_->seq) return;
    const auto key = base::VerifyingKey::from_hex(found->key);
    if (key && key->accepts(core::signed_text(found->head), found->signature)) {
      signature_ = *std::move(found);
    }
  }

  std::string_view id_;
  std::int64_t seq_ = 0;  // 0: the id is no number
  std::optional<core::AuditLine> record_{};
  std::optional<core::SignedHead> signature_{};
};

}  // namespace

base::Result<AuditProof> prove_audit_record(const ReadAuditLines& read, std::string_view id) {
  Search search(id);
  bool is_odd = false;
  const auto searched = read([&](const std::string& line) {
    is_odd = !search.take(line);
    return !is_odd;
  });
  if (!searched) return fail(searched.error());
  if (is_odd) return not_whole();
  if (!search.record()) {
    return fail(ErrorKind::not_found, "there is no audit record " + std::string(id) +
                                          "; `colonnade audit show` lists them");
  }
  if (!search.signature()) {
    return fail(ErrorKind::conflict,
                "record " + std::to_string(search.record()->seq) +
                    " is not signed yet; a server signs every audit.sign_seconds, when its trail "
                    "is exported, and when it stops");
  }
  const core::SignedHead& signed_head = *search.signature();
  core::AuditPath path(search.record()->seq);
  const auto gathered = read([&](const std::string& line) {
    const auto one = core::decode_audit_line(line);
    is_odd = !one;
    if (is_odd || one->seq > signed_head.head.seq) return false;
    path.add(one->hash);
    return true;
  });
  if (!gathered) return fail(gathered.error());
  AuditProof out{.record = *search.record(),
                 .head = signed_head.head,
                 .path = path.siblings(),
                 .public_key = signed_head.key,
                 .signature = signed_head.signature};
  const auto root = core::root_of_path(out.record.hash, out.record.seq, out.head.seq, out.path);
  const bool fits = core::audit_hash(out.record.previous_hash, out.record.text) == out.record.hash;
  if (is_odd || !fits || root != out.head.root) return not_whole();
  return out;
}

std::string encode(const AuditProof& proof) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("record").raw(core::encode(proof.record)).key("head").object();
  json.field("seq", proof.head.seq).field("hash", proof.head.hash);
  json.field("root", proof.head.root).end_object().key("path").array();
  for (const std::string& sibling : proof.path) json.value(sibling);
  json.end_array().field("public_key", proof.public_key);
  json.field("signature", proof.signature).end_object();
  return out;
}

}  // namespace colonnade::app
