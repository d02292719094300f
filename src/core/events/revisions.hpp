// Tells whether what was read of the store is still so, without asking the store.
//
// A reader takes a stamp before it reads, keeps what it made of the read, and may use that again as
// long as the stamp is current. A stamp ends when a change begins, before it is committed: so
// nobody who was told of a change, or whose change was acknowledged, is shown what was before it.
//
// Stamps are counted in a fixed number of places that threads share by their hash. Sharing one only
// ends a stamp too early. Thread-safe and lock-free.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/access/scope.hpp"
#include "core/events/journal.hpp"

namespace colonnade::core {

class Revisions {
 public:
  using Place = std::uint32_t;
  using Stamp = std::uint64_t;

  // One thread: its row, its messages and whether a run is active in it.
  static Place of_thread(const Scope& scope, std::string_view thread_id);
  // Every thread of a scope, as lists show it.
  static Place of_threads(const Scope& scope);

  // nullopt while a change is under way: what is read now must not be kept.
  std::optional<Stamp> stamp(Place place) const;
  bool is_current(Place place, Stamp stamp) const {
    return counts_[place].begun.load(std::memory_order_acquire) == stamp;
  }

  // Around a unit: begin() before it is submitted, end() with its result once it is committed or
  // refused.
  std::vector<Place> begin(const Unit& unit);
  void end(const std::vector<Place>& places);

 private:
  struct Counts {
    std::atomic<Stamp> begun{0};
    std::atomic<Stamp> ended{0};
  };
  static constexpr std::size_t place_count = 1024;
  std::array<Counts, place_count> counts_{};
};

}  // namespace colonnade::core
