#include "tools/snapshots.hpp"

#include <algorithm>
#include <utility>

#include "core/access/account.hpp"
#include "tools/limits.hpp"

namespace colonnade::tools {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Task;

namespace {

base::Job job_of(std::string account, std::stop_token stop) {
  return {.account = std::move(account),
          .time_max = limits::snapshot_time_max,
          .stop = std::move(stop)};
}

bool names_folder(const std::string& thread_id) {
  return !thread_id.empty() && thread_id.find_first_of("/.") == std::string::npos;
}

}  // namespace

Snapshots::Snapshots(std::string root, Workspaces workspaces, base::Workers& workers)
    : root_(std::move(root)),
      workspaces_(std::move(workspaces)),
      workers_(workers),
      shares_(root_) {}

std::shared_ptr<Snapshots::ThreadState> Snapshots::state_of(const std::string& thread_id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(states_, [](const auto& one) { return one.second.expired(); });
  std::shared_ptr<ThreadState> out = states_[thread_id].lock();
  if (!out) {
    out = std::make_shared<ThreadState>();
    states_[thread_id] = out;
  }
  return out;
}

SnapshotShelf Snapshots::shelf_of(const std::string& thread_id, std::string account) {
  return {root_ + "/" + thread_id, std::move(account), shares_};
}

Task<Result<Snapshots::Hold>> Snapshots::before(SnapshotCall call, std::stop_token stop) {
  if (!names_folder(call.thread_id)) {
    co_return fail(ErrorKind::invalid, "the thread's id cannot name a folder", "thread_id");
  }
  auto account = core::account_of(call.scope, call.user_id);
  auto job = job_of(account, std::move(stop));
  std::move_only_function<Result<Hold>(std::stop_token)> work =
      [this, call = std::move(call),
       account = std::move(account)](const std::stop_token& over) -> Result<Hold> {
    const auto state = state_of(call.thread_id);
    const std::lock_guard lock(state->mutex);
    SnapshotShelf shelf = shelf_of(call.thread_id, account);
    auto kept = shelf.recover(call.workspace, state->commands > 0, over);
    if (kept && call.paths) kept = shelf.keep(call.run_id, call.workspace, *call.paths);
    if (kept && !call.paths) kept = shelf.keep_all(call.run_id, call.workspace, over);
    if (!kept) return fail(std::move(kept.error()));
    if (call.paths) return Hold();
    ++state->commands;
    return Hold(state.get(), [state](const void*) { --state->commands; });
  };
  auto kept = co_await workers_.run<Hold>(std::move(job), std::move(work));
  co_return kept;
}

Task<Result<void>> Snapshots::after(SnapshotCall call, Hold hold) {
  if (call.paths) co_return Result<void>();
  auto account = core::account_of(call.scope, call.user_id);
  auto job = job_of(account, {});
  std::move_only_function<Result<void>(std::stop_token)> work =
      [this, call = std::move(call), account = std::move(account),
       hold = std::move(hold)](const std::stop_token& over) mutable -> Result<void> {
    const auto state = state_of(call.thread_id);
    const std::lock_guard lock(state->mutex);
    hold.reset();
    SnapshotShelf shelf = shelf_of(call.thread_id, account);
    return shelf.settle(call.run_id, state->commands == 0, over);
  };
  auto settled = co_await workers_.run<void>(std::move(job), std::move(work));
  co_return settled;
}

template <class T>
Task<Result<T>> Snapshots::work(core::Thread thread,
                                Result<T> (*what)(SnapshotShelf&, const std::string&)) {
  if (!names_folder(thread.id)) co_return fail(ErrorKind::not_found, "no such thread");
  auto account = core::account_of(thread.scope, thread.owner);
  auto job = job_of(account, {});
  std::move_only_function<Result<T>(std::stop_token)> work =
      [this, thread = std::move(thread), account = std::move(account),
       what](const std::stop_token& over) -> Result<T> {
    const auto state = state_of(thread.id);
    const std::lock_guard lock(state->mutex);
    SnapshotShelf shelf = shelf_of(thread.id, account);
    if (!shelf.exists()) return T{};
    auto workspace = workspaces_.folder_of(thread.scope, thread.id, thread.directory);
    if (!workspace) return fail(std::move(workspace.error()));
    if (auto whole = shelf.recover(*workspace, state->commands > 0, over); !whole) {
      return fail(std::move(whole.error()));
    }
    return what(shelf, *workspace);
  };
  auto done = co_await workers_.run<T>(std::move(job), std::move(work));
  co_return done;
}

Task<Result<core::FileDiff>> Snapshots::diff(core::Thread thread) {
  return work<core::FileDiff>(
      std::move(thread),
      [](SnapshotShelf& shelf, const std::string& folder) { return shelf.diff(folder); });
}

Task<Result<core::RestoredFiles>> Snapshots::revert(core::Thread thread) {
  return work<core::RestoredFiles>(
      std::move(thread),
      [](SnapshotShelf& shelf, const std::string& folder) { return shelf.revert(folder); });
}

Task<Result<core::RestoredFiles>> Snapshots::unrevert(core::Thread thread) {
  return work<core::RestoredFiles>(
      std::move(thread),
      [](SnapshotShelf& shelf, const std::string& folder) { return shelf.unrevert(folder); });
}

Result<void> Snapshots::remove(const std::string& thread_id) {
  if (!names_folder(thread_id)) return {};
  const auto state = state_of(thread_id);
  const std::lock_guard lock(state->mutex);
  const std::string folder = root_ + "/" + thread_id;
  auto account = load_file(folder + "/account");
  return shelf_of(thread_id, account ? std::move(*account) : std::string()).remove();
}

}  // namespace colonnade::tools
