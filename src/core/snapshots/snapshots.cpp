#include "core/snapshots/snapshots.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/runs/run_start.hpp"
#include "core/snapshots/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

Json restored_details(const std::string& change, const RestoredFiles& done) {
  Json out = {{"change", change}, {"state", "finished"}};
  if (!done.run_id.empty()) out["run_id"] = done.run_id;
  Json paths = Json::array();
  for (const std::string& path : done.restored) {
    if (paths.size() == limits::restored_paths_recorded_max) break;
    paths.push_back(path);
  }
  out["restored"] = std::move(paths);
  out["restored_count"] = done.restored.size();
  Json left_out = Json::array();
  for (const LeftOut& one : done.left_out) {
    if (left_out.size() == limits::restored_paths_recorded_max) break;
    left_out.push_back({{"path", one.path}, {"reason", one.reason}});
  }
  out["left_out"] = std::move(left_out);
  out["left_out_count"] = done.left_out.size();
  return out;
}

}  // namespace

Task<Result<Thread>> Snapshots::idle_thread(Principal who, std::string id) {
  auto thread = co_await deps_.threads.get(who, std::move(id));
  if (!thread) co_return thread;
  if (thread->deleted_at) co_return fail(ErrorKind::not_found, "no such thread");
  auto opening = co_await deps_.runs.opening(who.scope, thread->id);
  if (!opening) co_return fail(std::move(opening.error()));
  if (*opening && (*opening)->active) {
    co_return fail(ErrorKind::conflict, std::string(run_is_active_text) + "; wait for its end",
                   "run");
  }
  co_return thread;
}

// A run that is still going on may be looked at.
Task<Result<FileDiff>> Snapshots::diff(Principal who, std::string thread_id) {
  auto thread = co_await deps_.threads.get(std::move(who), std::move(thread_id));
  if (!thread) co_return fail(std::move(thread.error()));
  if (thread->deleted_at) co_return fail(ErrorKind::not_found, "no such thread");
  auto diff = co_await deps_.files.diff(std::move(*thread));
  co_return diff;
}

Task<Result<RestoredFiles>> Snapshots::revert(Principal who, Undoing undoing) {
  return restore(std::move(who), std::move(undoing), "revert", &FileSnapshots::revert);
}

Task<Result<RestoredFiles>> Snapshots::unrevert(Principal who, Undoing undoing) {
  return restore(std::move(who), std::move(undoing), "unrevert", &FileSnapshots::unrevert);
}

AuditEntry Snapshots::entry(const Principal& who, const std::string& thread_id,
                            Json details) const {
  return {.kind = std::string(audit_kind::files),
          .actor = who.user_id,
          .subject = thread_id,
          .details = deps_.redaction.apply(std::move(details)),
          .at = deps_.clock.now()};
}

Task<Result<RestoredFiles>> Snapshots::restore(Principal who, Undoing undoing, std::string change,
                                               Restore work) {
  auto thread = co_await idle_thread(who, std::move(undoing.thread_id));
  if (!thread) co_return fail(std::move(thread.error()));
  const std::string id = thread->id;
  Unit begun{.scope = who.scope, .account = account_of(who)};
  begun.changes.emplace_back(
      AppendAudit{entry(who, id, {{"change", change}, {"state", "started"}})});
  if (!undoing.keyed_request_id.empty()) {
    begun.changes.emplace_back(
        LinkKeyedRequest{.id = std::move(undoing.keyed_request_id), .object_id = id});
  }
  auto stored = co_await deps_.feed.commit(std::move(begun));
  if (!stored) co_return fail(std::move(stored.error()));
  auto done = co_await (deps_.files.*work)(std::move(*thread));
  Json details = {{"change", change}, {"state", "failed"}};
  if (done) {
    details = restored_details(change, *done);
  } else {
    details["reason"] = done.error().message;
  }
  AuditEntry end = entry(who, id, std::move(details));
  co_await record_end(std::move(who), std::move(end), std::move(undoing.stop));
  co_return done;
}

// What was done is held until it is stored. Where nobody waits any more, the trail says that it was
// begun, which is so.
Task<void> Snapshots::record_end(Principal who, AuditEntry entry, std::stop_token stop) const {
  const std::size_t spread = std::hash<std::string>{}(entry.subject);
  for (int attempt = 0;; ++attempt) {
    Unit unit{.scope = who.scope, .account = account_of(who)};
    unit.changes.emplace_back(AppendAudit{entry});
    const auto stored = co_await deps_.feed.commit(std::move(unit));
    if (stored) co_return;
    if (attempt == 0) {
      base::log::warn("commit_delayed",
                      {{"thread", entry.subject}, {"error", stored.error().message}});
    }
    bool again = stored.error().retryable;
    if (again) again = co_await wait_to_retry(commit_retry_, attempt, spread, stop);
    if (!again) co_return;
  }
}

}  // namespace colonnade::core
