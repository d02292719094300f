// How long things take, by classes: what a Prometheus histogram shows. Counting is a few relaxed
// additions, so that it may stand on any path.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace colonnade::base {

// Upper ends of classes, in seconds, rising; with static storage.
using HistogramBounds = std::span<const double>;

// What was counted up to one moment.
struct HistogramCounts {
  HistogramBounds bounds{};
  std::vector<std::uint64_t> classes{};  // each by itself; what is beyond the last bound is in none
  std::uint64_t count = 0;
  double seconds = 0;

  // Of the same bounds, or of none yet.
  HistogramCounts& operator+=(const HistogramCounts& other);
};

// Thread-safe. Counts of one moment may be an observation apart from each other.
class Histogram {
 public:
  static constexpr std::size_t bounds_max = 16;

  // At most bounds_max bounds.
  explicit Histogram(HistogramBounds bounds) : bounds_(bounds) {}

  void observe(std::chrono::microseconds time);
  HistogramCounts counts() const;
  bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  HistogramBounds bounds_;
  std::array<std::atomic<std::uint64_t>, bounds_max> classes_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> micros_{0};
};

// For answers and calls: from a millisecond to a minute.
inline constexpr std::array<double, 12> latency_bounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                          0.1,   0.25,   0.5,   1,    5,     30};
// For what takes as long as people and models do: from 50 ms to half an hour.
inline constexpr std::array<double, 12> work_bounds = {0.05, 0.1, 0.25, 0.5, 1,   2.5,
                                                       5,    10,  30,   60,  300, 1800};
// For what never leaves the processor: from 10 µs to a second.
inline constexpr std::array<double, 10> decision_bounds = {
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.01, 0.1, 1};

}  // namespace colonnade::base
