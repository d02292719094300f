// Looking at what runs changed in a thread's files, and undoing it. To whom a thread is visible is
// core/access/visibility.hpp's to say; to everybody else it is not_found.
//
// Undoing changes files, as a tool does: the audit trail says who began it before it begins, and
// what was restored afterwards.
#pragma once

#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/events/commit_retry.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/redaction.hpp"
#include "core/runs/run_store.hpp"
#include "core/snapshots/file_snapshots.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {

struct SnapshotDependencies {
  Threads& threads;
  RunStore& runs;
  FileSnapshots& files;
  EventFeed& feed;
  const Redaction& redaction;
  base::Clock& clock;
};

struct Undoing {
  std::string thread_id{};
  // The thread is linked to it in the transaction that begins; "" for none.
  std::string keyed_request_id{};
  // Of whoever waits. It does not end what was begun: only the attempts to store how that ended.
  std::stop_token stop{};
};

// Thread-safe. Errors, besides the port's: not_found for no such thread, also a deleted one; and of
// the two that restore conflict, naming "run", while a run is active in it, and those of a commit:
// then nothing was restored.
class Snapshots {
 public:
  // Everything handed over must outlive it.
  explicit Snapshots(SnapshotDependencies deps, CommitRetry commit_retry = {})
      : deps_(deps), commit_retry_(commit_retry) {}

  base::Task<Result<FileDiff>> diff(Principal who, std::string thread_id);
  base::Task<Result<RestoredFiles>> revert(Principal who, Undoing undoing);
  base::Task<Result<RestoredFiles>> unrevert(Principal who, Undoing undoing);

 private:
  using Restore = base::Task<Result<RestoredFiles>> (FileSnapshots::*)(Thread thread);
  base::Task<Result<Thread>> idle_thread(Principal who, std::string id);
  base::Task<Result<RestoredFiles>> restore(Principal who, Undoing undoing, std::string change,
                                            Restore work);
  AuditEntry entry(const Principal& who, const std::string& thread_id, base::Json details) const;
  base::Task<void> record_end(Principal who, AuditEntry entry, std::stop_token stop) const;

  SnapshotDependencies deps_;
  CommitRetry commit_retry_;
};

}  // namespace colonnade::core
