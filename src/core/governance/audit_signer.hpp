// Signs the audit trail: from time to time, what it has come to is signed with the server's own
// key, in a record of the trail itself. Whoever has the public key then finds a trail that was made
// anew as a whole, which no chain of hashes shows.
//
// The record has the kind `signature`, the key (64 hexadecimal digits) as its subject, and as
// details `seq` and `hash` of the newest record that it is about, `root` and `peaks` of the tree
// over all up to that one (audit_tree.hpp), and `signature` over signed_text().
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/signing_key.hpp"
#include "base/task.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/audit_store.hpp"
#include "core/governance/audit_tree.hpp"

namespace colonnade::core {

class EventFeed;

struct AuditSignerDependencies {  // all must outlive it
  AuditStore& store;
  EventFeed& feed;
  base::Clock& clock;
  const base::SigningKey& key;
  // Told of what was signed, once it is stored: to be noted outside of the store. May be empty.
  std::function<void(const AuditHead&)> note{};
};

// A record that was noted outside of the store.
struct NotedRecord {
  std::int64_t seq = 0;
  std::string hash{};
};

// Thread-safe.
class AuditSigner {
 public:
  explicit AuditSigner(AuditSignerDependencies deps);

  // Signs all that is there, unless nothing was added since the last time. Whoever comes while
  // another signs goes on at once. The first time reads the trail from the last signature on, or
  // from its beginning.
  base::Task<Result<void>> sign();

  // At the start: adds a record of the kind `restore` when the trail has not the record that was
  // noted, because an older copy of the store was put in place, or another store.
  base::Task<Result<void>> compare(NotedRecord noted);
  // At the first start after a restore: adds a record of that kind, with the backup's path as its
  // subject and what was noted of the replaced store, if anything was.
  base::Task<Result<void>> record_restore(std::string from, std::optional<NotedRecord> noted);

 private:
  base::Task<Result<void>> sign_alone();
  base::Task<Result<void>> resume();
  base::Task<Result<void>> read_new();
  base::Task<Result<std::string>> hash_at(std::int64_t seq);
  base::Task<Result<void>> append_restore(std::string subject, NotedRecord noted,
                                          std::string found_hash);
  base::Task<Result<void>> append(AuditEntry entry);

  AuditSignerDependencies deps_;
  const base::VerifyingKey verifying_key_;
  std::atomic_flag busy_{};  // guards all below
  bool resumed_ = false;
  AuditTree tree_{};
  std::string newest_hash_{};
  bool is_unsigned_ = false;  // something other than signatures was added since the last one
};

// What a record of the kind `signature` says; nullopt when it is not of that form.
struct SignedHead {
  AuditHead head{};
  std::string key{};
  std::string signature{};
  std::vector<std::string> peaks{};
};
std::optional<SignedHead> signed_head_in(const base::Json& record);

}  // namespace colonnade::core
