// The one thread that writes: group commit of queued units.
//
// A transaction that the disk refuses is lost as a whole, and with it whatever waited behind it:
// every unit of it is refused, in order, before anything that was submitted later can be stored.
// From then on units are refused at once, until a probe (a transaction of the writer's own, from
// time to time, whether or not anybody writes) has been written and synced.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/events/journal.hpp"
#include "storage/limits.hpp"
#include "storage/sqlite/changes.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/event_log.hpp"
#include "storage/sqlite/health.hpp"
#include "storage/sqlite/thread_index.hpp"
#include "storage/sqlite/write_ahead_log.hpp"

namespace colonnade::storage::sqlite {

struct WriterOptions {
  // How long a busy writer may wait for more units, at most limits::commit_window_max.
  std::chrono::microseconds gather = limits::commit_window_max;
  bool syncs_commits = true;                                             // as WriteAheadLog says
  std::chrono::milliseconds busy_time = limits::database_busy_time_max;  // as the connection has it
};

class Writer {
 public:
  // The connection is the writer's alone from here on.
  // `health` is the store's and lives longer.
  static Result<std::unique_ptr<Writer>> start(std::unique_ptr<Database> database, Health& health,
                                               WriterOptions options);
  // Commits what was submitted, then stops; later submits are refused.
  ~Writer();

  void append(core::Unit unit, core::Journal::Completion completion);
  void observe(core::CommitObserver& observer) { observer_ = &observer; }
  // The newest committed one.
  std::int64_t last_cursor() const { return last_cursor_.load(std::memory_order_acquire); }
  void close();

  // Returns once every message committed before is indexed for search, or `stop` is requested. May
  // take milliseconds, and commits go on meanwhile.
  void catch_up_search(const std::stop_token& stop);

 private:
  struct Pending {
    core::Unit unit;
    core::Journal::Completion completion;
    std::vector<core::Event> made_events{};  // by its changes; after its own
    std::optional<base::Error> error{};
    std::optional<std::size_t> last_event{};  // where EventLog collected it
  };
  using Batch = std::vector<Pending>;
  // Waits for the index. All but `ready` is the writer's thread's.
  struct Searcher {
    std::optional<std::size_t> messages{};  // that are to be indexed before; nullopt: not yet seen
    bool all = false;                       // how many there are is unknown
    bool ready = false;                     // guarded by mutex_
  };

  Writer(std::unique_ptr<Database> database, Health& health, WriterOptions options);
  void run();
  std::optional<base::Error> no_place_for(const core::Unit& unit) const;
  bool take(Batch& batch);
  void gather_more(std::unique_lock<std::mutex>& lock);
  bool search_is_due() const { return unindexed_ >= limits::search_behind_messages_max; }
  bool is_searched();
  void index_some();
  void tell_searchers(std::size_t messages, bool more);
  void index_all();
  void write(Batch& batch);
  Result<void> transact(Batch& batch);
  enum class Applied { all, none, torn, lost };
  Applied apply_unguarded(Batch& batch);
  Result<void> apply_guarded(Batch& batch);
  Result<void> apply(Pending& one);
  void give_up(Batch& batch, const base::Error& error);
  void refuse_queued();
  bool wait_for_disk();
  bool try_disk();
  Result<void> probe();
  Result<void> check_room();
  void deliver(Batch& batch, bool committed);

  std::unique_ptr<Database> database_;
  Health& health_;
  WriterOptions options_;
  WriteAheadLog log_;
  ThreadIndex threads_;
  Changes changes_;
  EventLog events_;
  core::CommitObserver* observer_ = nullptr;
  std::atomic<std::int64_t> last_cursor_ = 0;
  // At most so many messages wait to be indexed; unknown after the start. The writer's thread
  // changes it.
  std::atomic<std::size_t> unindexed_ = limits::search_batch_messages;
  bool unindexed_is_known_ = false;  // of the writer's thread
  std::condition_variable_any indexed_;
  std::chrono::milliseconds probe_delay_ = limits::store_probe_delay_min;
  std::size_t units_before_ = 0;  // in the transaction before this one; 0 after being idle
  std::chrono::microseconds time_before_{};  // what that transaction took

  std::mutex mutex_;
  std::condition_variable wake_;  // waited for by the writer's thread only
  Batch queue_;
  std::unordered_map<std::string, std::size_t> queued_by_account_;  // of queue_; none with zero
  std::size_t wake_at_ = 0;  // queue length that the waiting writer wants; 0: it does not wait
  std::vector<std::shared_ptr<Searcher>> searchers_;
  bool closed_ = false;
  std::thread thread_;  // last: runs over all of the above
};

}  // namespace colonnade::storage::sqlite
