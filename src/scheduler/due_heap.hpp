// Which schedule is due next: a heap over keys, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"

namespace colonnade::scheduler {

// A schedule and a time that it is due at. The two together are what is claimed: one claim of a
// pair may succeed, ever.
struct DueTime {
  std::string key{};
  base::Time due{};
  bool operator==(const DueTime&) const = default;
};

// Not thread-safe. Knows no clock: what is due is asked for with a time, and a time that was
// earlier than the last one does no harm.
class DueHeap {
 public:
  DueHeap() = default;
  DueHeap(const DueHeap&) = delete;
  DueHeap& operator=(const DueHeap&) = delete;

  // Adds a key, or gives it another time.
  void set(std::string_view key, base::Time due);
  // False when there is no such key.
  bool remove(std::string_view key);

  std::optional<base::Time> first_due() const;
  // Takes out what is due at `now` or before, earliest first, `count_max` at most.
  std::vector<DueTime> take_due(base::Time now, std::size_t count_max);

  std::size_t size() const { return heap_.size(); }

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };
  struct Place {
    base::Time due{};
    std::uint64_t order = 0;  // of setting, for equal times
    std::size_t index = 0;    // in the heap
  };
  using Places = std::unordered_map<std::string, Place, KeyHash, std::equal_to<>>;
  using Node = Places::value_type;

  static bool is_before(const Node& a, const Node& b);
  void put(std::size_t index, Node* node);
  void rise(std::size_t index);
  void sink(std::size_t index);
  void take_out(std::size_t index);

  Places places_{};
  std::vector<Node*> heap_{};  // nodes of places_, which stay where they are
  std::uint64_t order_ = 0;
};

}  // namespace colonnade::scheduler
