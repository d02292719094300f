// Read connections, as good as one for each calling thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "storage/sqlite/database.hpp"

namespace colonnade::storage::sqlite {

class ReaderPool {
 public:
  using Open = std::function<Result<std::unique_ptr<Database>>()>;

  // Opens connections when they are first needed, at most `connections_max`.
  ReaderPool(Open open, std::size_t connections_max);

  // Runs `read(Database&)` on a connection that no other thread uses meanwhile. A thread comes back
  // to the same one, whose cache it has filled, unless that is busy.
  template <class Read>
  auto with(Read read) -> decltype(read(std::declval<Database&>())) {
    Slot& slot = acquire();
    const std::lock_guard lock(slot.mutex, std::adopt_lock);
    if (!slot.database) {
      auto opened = open_();
      if (!opened) return fail(std::move(opened.error()));
      slot.database = std::move(*opened);
    }
    return read(*slot.database);
  }

 private:
  struct Slot {
    std::mutex mutex;
    std::unique_ptr<Database> database;
  };
  Slot& acquire();

  Open open_;
  std::deque<Slot> slots_;
};

}  // namespace colonnade::storage::sqlite
