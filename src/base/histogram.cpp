#include "base/histogram.hpp"

#include <algorithm>

namespace colonnade::base {

HistogramCounts& HistogramCounts::operator+=(const HistogramCounts& other) {
  if (bounds.empty()) {
    bounds = other.bounds;
    classes.resize(bounds.size());
  }
  for (std::size_t i = 0; i < std::min(classes.size(), other.classes.size()); ++i) {
    classes[i] += other.classes[i];
  }
  count += other.count;
  seconds += other.seconds;
  return *this;
}

void Histogram::observe(std::chrono::microseconds time) {
  constexpr double micros_a_second = 1e6;
  const double seconds = static_cast<double>(time.count()) / micros_a_second;
  const auto place = std::ranges::lower_bound(bounds_, seconds);
  if (place != bounds_.end()) {
    classes_[static_cast<std::size_t>(place - bounds_.begin())].fetch_add(
        1, std::memory_order_relaxed);
  }
  const std::int64_t micros = std::max<std::int64_t>(time.count(), 0);
  micros_.fetch_add(static_cast<std::uint64_t>(micros), std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
}

HistogramCounts Histogram::counts() const {
  constexpr double micros_a_second = 1e6;
  HistogramCounts out{.bounds = bounds_};
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    out.classes.push_back(classes_[i].load(std::memory_order_relaxed));
    out.count += out.classes.back();
  }
  // A scraper expects that no class is larger than the whole.
  out.count = std::max(out.count, count_.load(std::memory_order_relaxed));
  out.seconds = static_cast<double>(micros_.load(std::memory_order_relaxed)) / micros_a_second;
  return out;
}

}  // namespace colonnade::base
