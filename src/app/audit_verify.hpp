// Checks an exported audit trail from its lines alone.
//
// What it finds: a changed, removed, added or moved record, and a trail that is cut anywhere. What
// no chain of hashes can show by itself: that its end was removed and a new last line written, or
// that everything behind some record was made anew. AuditExpectation is for that: a count and a
// hash that were noted elsewhere, or the public key that the trail is signed with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/signing_key.hpp"
#include "core/governance/audit_signer.hpp"
#include "core/governance/audit_tree.hpp"

namespace colonnade::app {

// What was noted elsewhere. Each may be left out.
struct AuditExpectation {
  std::optional<std::int64_t> count{};     // of all records
  std::optional<std::string> last_hash{};  // of the last record
  // A record on the way: a trail that has grown since still has it.
  struct KnownRecord {
    std::int64_t seq = 0;
    std::string hash{};
  };
  std::optional<KnownRecord> known{};
  bool has_end_line = true;  // an export has; the live trail has none
  // Signatures of another key count for nothing, and a trail without one of this key is a fault,
  // unless it is empty. nullptr: a signature counts when it is that of the key in its record.
  std::shared_ptr<const base::VerifyingKey> key{};
};

struct AuditFault {
  std::size_t line = 0;  // from 1; one behind the last when something is missing there
  std::int64_t seq = 0;  // of the record that belongs there
  std::string message{};
};

// Takes the lines in order, without their line ends. After a fault it has no more to say.
class AuditVerifier {
 public:
  explicit AuditVerifier(AuditExpectation expectation = {});

  std::optional<AuditFault> take(std::string_view line);
  // Behind the last line.
  std::optional<AuditFault> finish() const;

  std::int64_t count() const { return count_; }
  const std::string& last_hash() const { return last_hash_; }  // "" while there is no record
  // The newest signature that counts; seq 0 when there is none. Records behind that one are only
  // chained.
  const core::SignedHead& signature() const { return signature_; }

 private:
  AuditFault fault(std::string message) const;
  std::optional<AuditFault> take_record(std::string_view line);
  std::optional<AuditFault> take_end(std::string_view line);
  // "" when the record is no signature, one that holds, or one of another key than is asked for.
  std::string odd_signature(const base::Json& text) const;
  bool is_asked_for(const core::SignedHead& signed_head) const;
  std::optional<std::string> root_at(std::int64_t size) const;
  void add_to_tree(const std::string& hash);

  AuditExpectation expectation_;
  std::size_t lines_ = 0;
  std::int64_t count_ = 0;
  std::string last_hash_{};
  bool ended_ = false;
  core::SignedHead signature_{};
  core::AuditTree tree_{};
  // A signature may be about some records before the one in front of it, so the tree as it was is
  // kept, with what was added since.
  core::AuditTree earlier_{};
  std::vector<std::string> since_{};
};

// The first fault; nullopt when the trail is whole.
std::optional<AuditFault> verify_audit(std::span<const std::string> lines,
                                       const AuditExpectation& expectation = {});

}  // namespace colonnade::app
