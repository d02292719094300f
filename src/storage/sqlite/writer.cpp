#include "storage/sqlite/writer.hpp"

#include <sqlite3.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/log.hpp"
#include "base/share.hpp"
#include "core/events/limits.hpp"
#include "storage/limits.hpp"
#include "storage/sqlite/search_index.hpp"

namespace colonnade::storage::sqlite {
namespace {

// The kernel rounds shorter sleeps up to this (its timer slack).
constexpr std::chrono::microseconds gather_time_min{50};

constexpr base::ShareBounds queue_bounds{.what = "writes that wait for the disk",
                                         .per_account = limits::commit_queue_units_per_account,
                                         .total = limits::commit_queue_units_max,
                                         .retry_after = limits::commit_queue_retry_after};

// Its account, or its scope where the server works by itself. No account is named as a scope is.
const std::string& queue_holder(const core::Unit& unit) {
  return unit.account.empty() ? unit.scope.key() : unit.account;
}

base::Error stopped() { return {.kind = ErrorKind::unavailable, .message = "the store is closed"}; }

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, Health& health, WriterOptions options)
    : database_(std::move(database)),
      health_(health),
      options_(options),
      log_(*database_, health_, options.syncs_commits),
      threads_(*database_, limits::writer_threads_known_max),
      changes_(*database_, threads_),
      events_(*database_, threads_),
      erasure_(*database_, log_, options_.busy_time) {
  erasure_.add();  // a stop may have interrupted one
}

Result<std::unique_ptr<Writer>> Writer::start(std::unique_ptr<Database> database, Health& health,
                                              WriterOptions options) {
  database->tell(health, Database::Tell::all);
  auto writer = std::unique_ptr<Writer>(new Writer(std::move(database), health, options));
  if (auto loaded = writer->events_.load_cursor(); !loaded) return fail(loaded.error());
  writer->last_cursor_ = writer->events_.last_cursor();
  writer->thread_ = std::thread(&Writer::run, writer.get());
  return writer;
}

Writer::~Writer() { close(); }

void Writer::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Writer::append(core::Unit unit, core::Journal::Completion completion) {
  bool wake = false;
  std::optional<base::Error> refused;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      refused = stopped();
    } else if (auto unhealthy = health_.refusal()) {
      refused = std::move(unhealthy);
    } else if (auto full = no_place_for(unit)) {
      refused = std::move(full);
    } else {
      ++queued_by_account_[queue_holder(unit)];
      queue_.push_back({.unit = std::move(unit), .completion = std::move(completion)});
      // One notification a wait: whoever brings the queue to the wanted length gives it.
      wake = wake_at_ != 0 && queue_.size() >= wake_at_;
      if (wake) wake_at_ = 0;
    }
  }
  if (wake) wake_.notify_one();
  if (refused) completion(fail(std::move(*refused)));
}

// With the lock held.
std::optional<base::Error> Writer::no_place_for(const core::Unit& unit) const {
  const auto held = queued_by_account_.find(queue_holder(unit));
  if (held != queued_by_account_.end() && held->second >= queue_bounds.per_account) {
    return base::account_is_full(queue_bounds);
  }
  if (queue_.size() >= queue_bounds.total) return base::all_are_full(queue_bounds);
  return std::nullopt;
}

void Writer::run() {
  using SteadyClock = std::chrono::steady_clock;
  Batch batch;
  for (;;) {
    if (!health_.is_writable()) {
      refuse_queued();
      if (!wait_for_disk()) break;
      continue;
    }
    if (!take(batch)) break;
    if (batch.empty() || search_is_due() || is_searched()) index_some();
    if (erasure_is_due()) erasure_.step();
    if (batch.empty()) continue;
    const auto begun = SteadyClock::now();
    units_before_ = batch.size();
    write(batch);
    batch.clear();
    log_.keep_short();
    time_before_ =
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - begun);
  }
  index_all();
  if (health_.is_writable()) erasure_.finish();
  // Closing the connection would copy what a failed sync may have lost.
  if (!health_.is_writable() && !try_disk()) database_->keep_log_at_close();
}

// False when there is nothing more to do for ever; an empty batch when it is time to index.
bool Writer::take(Batch& batch) {
  std::unique_lock lock(mutex_);
  if (queue_.empty()) {
    units_before_ = 0;
    const auto wanted = [this] { return !queue_.empty() || closed_ || !searchers_.empty(); };
    wake_at_ = 1;
    if (unindexed_ > 0) {
      wake_.wait_for(lock, limits::search_behind_time_max, wanted);
    } else if (erasure_.is_wanted()) {
      wake_.wait_until(lock, erasure_.due(), wanted);
    } else {
      wake_.wait(lock, wanted);
    }
    wake_at_ = 0;
    if (queue_.empty()) return !closed_ || !searchers_.empty();
  } else if (searchers_.empty()) {
    gather_more(lock);
  }
  if (queue_.size() <= limits::commit_units_max) {
    std::swap(batch, queue_);
    queued_by_account_.clear();
  } else {
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(limits::commit_units_max);
    for (const Pending& taken : std::ranges::subrange(queue_.begin(), end)) {
      const auto held = queued_by_account_.find(queue_holder(taken.unit));
      if (--held->second == 0) queued_by_account_.erase(held);
    }
    batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
  }
  return true;
}

// Busy: the submitters of the last transaction have just been answered and are likely to come
// again. Waiting for about as many saves a disk write for each that would just have missed this
// one. It pays only where a transaction is slow, so the wait is a fraction of that.
void Writer::gather_more(std::unique_lock<std::mutex>& lock) {
  const std::size_t wanted = std::min(units_before_, limits::commit_units_max);
  const auto time = std::min(
      {options_.gather, std::chrono::microseconds(limits::commit_window_max), time_before_ / 4});
  if (time < gather_time_min || queue_.size() >= wanted) return;
  wake_at_ = wanted;
  wake_.wait_for(lock, time, [&] { return closed_ || queue_.size() >= wanted; });
  wake_at_ = 0;
}

void Writer::catch_up_search(const std::stop_token& stop) {
  if (unindexed_ == 0) return;
  const auto searcher = std::make_shared<Searcher>();
  std::unique_lock lock(mutex_);
  if (closed_) return;  // indexes all that is left before its thread ends
  searchers_.push_back(searcher);
  wake_.notify_one();
  indexed_.wait(lock, stop, [&] { return searcher->ready; });
  std::erase(searchers_, searcher);
}

bool Writer::is_searched() {
  const std::lock_guard lock(mutex_);
  return !searchers_.empty();
}

// One batch: whoever commits meanwhile waits for no more.
void Writer::index_some() {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& searcher : searchers_) {
      if (searcher->messages) continue;
      searcher->messages = unindexed_;
      searcher->all = !unindexed_is_known_;
    }
  }
  const auto indexed = index_messages(*database_);
  // What failed is tried again when there is more.
  const IndexedBatch batch = indexed.value_or(IndexedBatch{});
  if (!indexed) {
    base::log::error("messages_not_indexed", {{"error", indexed.error().message}});
    if (health_.state() == core::StoreState::cannot_sync) log_.sync_failed();
  }
  unindexed_ = batch.more ? std::max<std::size_t>(unindexed_, batch.messages + 1) - batch.messages
                          : std::size_t{0};
  if (!batch.more) unindexed_is_known_ = true;
  tell_searchers(batch.messages, batch.more);
}

// Messages are indexed in the order of their commits: once as many are as waited when a searcher
// came, all that it must find are there, however many were committed since.
void Writer::tell_searchers(std::size_t messages, bool more) {
  bool any = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& searcher : searchers_) {
      if (!searcher->messages) continue;  // came meanwhile
      *searcher->messages -= std::min(*searcher->messages, messages);
      searcher->ready = !more || (!searcher->all && *searcher->messages == 0);
      any = any || searcher->ready;
    }
    std::erase_if(searchers_, [](const auto& searcher) { return searcher->ready; });
  }
  if (any) indexed_.notify_all();
}

bool Writer::erasure_is_due() const {
  return erasure_.is_wanted() && std::chrono::steady_clock::now() >= erasure_.due();
}

void Writer::index_all() {
  while (unindexed_ > 0) index_some();
}

void Writer::write(Batch& batch) {
  if (const auto refusal = health_.refusal()) {  // indexing has met the fault
    give_up(batch, *refusal);
    deliver(batch, false);
    return;
  }
  threads_.rotate();
  events_.clear();
  const auto done = transact(batch);  // whatever fails inside is told to the health
  unindexed_ += changes_.take_messages_stored();
  if (changes_.take_erased()) erasure_.add();
  if (!done) {
    give_up(batch, done.error());
    deliver(batch, false);
    return;
  }
  last_cursor_.store(events_.last_cursor(), std::memory_order_release);
  const bool committed =
      std::any_of(batch.begin(), batch.end(), [](const Pending& one) { return !one.error; });
  deliver(batch, committed);
}

// Fails only when the whole transaction is lost; a unit's own failure is in its Pending.
Result<void> Writer::transact(Batch& batch) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  switch (apply_unguarded(batch)) {
    case Applied::all: break;
    case Applied::none: changes_.forget_audit_end(); return {};  // rolls back
    case Applied::lost: return fail(*health_.refusal());
    case Applied::torn: {
      // Savepoints cost every unit, a torn one is rare: so the batch is done again with them.
      if (database_->in_transaction()) {
        if (auto back = database_->run("ROLLBACK"); !back) return fail(back.error());
      }
      threads_.clear();
      events_.clear();
      changes_.forget_audit_end();
      if (auto again = database_->run("BEGIN IMMEDIATE"); !again) return fail(again.error());
      if (auto done = apply_guarded(batch); !done) return done;
    }
  }
  if (auto written = events_.write(); !written) return written;
  return transaction->commit();
}

// Without savepoints. Units that fail before they wrote need no undoing.
Writer::Applied Writer::apply_unguarded(Batch& batch) {
  bool any = false;
  for (Pending& one : batch) {
    changes_.reset_wrote();
    const auto applied = apply(one);
    if (applied) {
      any = true;
    } else if (!health_.is_writable()) {
      return Applied::lost;
    } else if (changes_.wrote() || !database_->in_transaction()) {
      return Applied::torn;
    } else {
      one.error = applied.error();
    }
  }
  return any ? Applied::all : Applied::none;
}

Result<void> Writer::apply_guarded(Batch& batch) {
  for (Pending& one : batch) {
    one.error.reset();
    one.last_event.reset();
    const std::size_t threads_mark = threads_.mark();
    if (auto set = database_->run("SAVEPOINT unit"); !set) return fail(set.error());
    const auto applied = apply(one);
    if (!applied) {
      // It may have ended the transaction, and with it everything in the batch.
      if (!health_.is_writable() || !database_->in_transaction()) return fail(applied.error());
      one.error = applied.error();
      threads_.forget_since(threads_mark);
      changes_.forget_audit_end();
      if (auto back = database_->run("ROLLBACK TO unit"); !back) return fail(back.error());
    }
    if (auto freed = database_->run("RELEASE unit"); !freed) return fail(freed.error());
  }
  return {};
}

Result<void> Writer::apply(Pending& one) {
  (void)changes_.take_events();  // of a unit that failed
  for (const core::Change& change : one.unit.changes) {
    if (auto done = changes_.apply(one.unit.scope, change); !done) return done;
  }
  if (auto done = events_.collect(one.unit.scope, one.unit.events); !done) return done;
  one.made_events = changes_.take_events();
  if (auto done = events_.collect_made(one.made_events); !done) return done;
  if (!one.unit.events.empty() || !one.made_events.empty())
    one.last_event = events_.collected() - 1;
  return {};
}

// The transaction is lost: so are the numbers that it gave out, and what units in it were told of
// each other.
void Writer::give_up(Batch& batch, const base::Error& error) {
  base::log::error("commit_failed", {{"error", error.message}, {"units", batch.size()}});
  if (health_.state() == core::StoreState::cannot_sync) log_.sync_failed();
  threads_.clear();
  events_.clear();
  changes_.forget_audit_end();
  if (auto loaded = events_.load_cursor(); !loaded) {
    health_.report(core::StoreState::cannot_write, loaded.error().message);
  }
  base::Error shown = error;
  if (shown.kind == ErrorKind::conflict) shown.kind = ErrorKind::internal;
  if (auto refusal = health_.refusal()) shown = std::move(*refusal);
  for (Pending& one : batch) one.error = shown;
}

// What waits was submitted before anybody could know of the fault. It must not be stored when the
// disk is back, before what failed in front of it.
void Writer::refuse_queued() {
  Batch refused;
  {
    const std::lock_guard lock(mutex_);
    refused.swap(queue_);
    queued_by_account_.clear();
  }
  const auto refusal = health_.refusal().value_or(base::all_are_full(queue_bounds));
  for (Pending& one : refused) one.completion(fail(refusal));
}

// Until the next probe is due; makes it. False when the store is closed.
bool Writer::wait_for_disk() {
  bool any_searched = false;
  bool is_closed = false;
  {
    std::unique_lock lock(mutex_);
    const auto wanted = [this] { return closed_ || !searchers_.empty(); };
    if (health_.state() == core::StoreState::damaged) {
      wake_.wait(lock, wanted);
    } else {
      wake_.wait_for(lock, probe_delay_, wanted);
    }
    any_searched = !searchers_.empty();
    // They find what was indexed before.
    for (const auto& searcher : searchers_) searcher->ready = true;
    searchers_.clear();
    is_closed = closed_;
    if (is_closed) unindexed_ = 0;  // the next start indexes it
  }
  if (any_searched) indexed_.notify_all();
  if (is_closed) return false;
  if (!any_searched) (void)try_disk();
  return true;
}

bool Writer::try_disk() {
  if (health_.state() == core::StoreState::damaged) return false;
  if (database_->in_transaction()) (void)database_->run("ROLLBACK");
  // A reader that stays in the log is waited for by the next probe.
  database_->wait_for_others(limits::store_probe_busy_time);
  const bool works = log_.restart() && probe() && events_.load_cursor();
  database_->wait_for_others(options_.busy_time);
  if (works) {
    probe_delay_ = limits::store_probe_delay_min;
    health_.recovered();
  } else {
    probe_delay_ =
        std::min<std::chrono::milliseconds>(2 * probe_delay_, limits::store_probe_delay_max);
  }
  return works;
}

Result<void> Writer::check_room() {
  const char* path = sqlite3_db_filename(database_->handle(), "main");
  struct statvfs disk{};
  if (path == nullptr || ::statvfs(path, &disk) != 0 || disk.f_blocks == 0) return {};
  const auto blocks = ::geteuid() == 0 ? disk.f_bfree : disk.f_bavail;
  if (blocks * disk.f_frsize >= limits::store_room_min) return {};
  return fail(database_->failure(SQLITE_FULL));
}

// A transaction like any other: it writes a row anew, as it was.
Result<void> Writer::probe() {
  if (auto room = check_room(); !room) return room;
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  const auto written = database_->run(
      "UPDATE migrations SET applied_at = applied_at"
      " WHERE number = (SELECT max(number) FROM migrations)");
  if (!written) return fail(written.error());
  if (auto committed = transaction->commit(); !committed) return committed;
  return log_.sync();
}

void Writer::deliver(Batch& batch, bool committed) {
  std::vector<std::move_only_function<void()>> completions;
  if (observer_ != nullptr && committed) completions.reserve(batch.size());
  for (Pending& one : batch) {
    if (one.error) {
      one.completion(fail(std::move(*one.error)));
      continue;
    }
    const std::int64_t cursor = one.last_event ? events_.cursor_of(*one.last_event) : 0;
    if (observer_ == nullptr) {
      one.completion(cursor);
    } else {
      completions.emplace_back(
          [done = std::move(one.completion), cursor]() mutable { done(cursor); });
    }
  }
  if (observer_ != nullptr && committed) {
    observer_->committed(events_.take_written(), std::move(completions));
  }
}

}  // namespace colonnade::storage::sqlite
