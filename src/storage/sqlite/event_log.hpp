// The events of one transaction: collected while units are applied, numbered and written at its
// end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/events/event.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/thread_index.hpp"

namespace colonnade::storage::sqlite {

class EventLog {
 public:
  EventLog(Database& database, ThreadIndex& threads) : database_(database), threads_(threads) {}

  // Reads where the numbering stands. Before the first transaction, and after one that was lost.
  Result<void> load_cursor();

  // Takes note of a unit's events. `events` must stay where they are until write(). not_found when
  // a thread is missing; then nothing of the unit is noted.
  Result<void> collect(const core::Scope& scope, std::vector<core::Event>& events);
  // The same of events that changes have made: each is of the scope that it names.
  Result<void> collect_made(std::vector<core::Event>& events);
  std::size_t collected() const { return collected_.size(); }
  void drop_since(std::size_t mark) { collected_.resize(mark); }

  // Joins deltas, gives out cursors and sequence numbers and writes the rows. Moves the collected
  // events out of their units. After a failure the transaction must be given up.
  Result<void> write();
  // Of the event collected at `index`, once written.
  std::int64_t cursor_of(std::size_t index) const { return first_cursor_ + written_as_[index]; }
  // What was written, in cursor order.
  std::vector<std::shared_ptr<const core::Event>> take_written();
  // Forgets the transaction.
  void clear();

  std::int64_t last_cursor() const { return last_cursor_; }

 private:
  struct Collected {
    const core::Scope* scope;
    core::Event* event;
    KnownThread* thread;
  };
  Result<void> collect_one(const core::Scope& scope, core::Event& event);
  void join_or_add(const Collected& one);

  Database& database_;
  ThreadIndex& threads_;
  std::int64_t last_cursor_ = 0;
  std::int64_t first_cursor_ = 0;  // of this transaction
  std::vector<Collected> collected_;
  std::vector<std::int64_t> written_as_;  // collected index to written index
  std::vector<std::shared_ptr<core::Event>> written_;
  std::vector<KnownThread*> written_to_;
  std::string body_;  // reused
};

}  // namespace colonnade::storage::sqlite
