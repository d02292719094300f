#include "storage/sqlite/reader_pool.hpp"

#include <algorithm>
#include <atomic>

namespace colonnade::storage::sqlite {
namespace {

// Numbers threads in the order of their first read, so that few threads meet in no slot.
std::size_t number_of_this_thread() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t number = next.fetch_add(1, std::memory_order_relaxed);
  return number;
}

}  // namespace

ReaderPool::ReaderPool(Open open, std::size_t connections_max)
    : open_(std::move(open)), slots_(std::max<std::size_t>(connections_max, 1)) {}

ReaderPool::Slot& ReaderPool::acquire() {
  const std::size_t home = number_of_this_thread() % slots_.size();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[(home + i) % slots_.size()];
    if (slot.mutex.try_lock()) return slot;
  }
  // All are busy. Reads are short, so the wait is too.
  slots_[home].mutex.lock();
  return slots_[home];
}

}  // namespace colonnade::storage::sqlite
