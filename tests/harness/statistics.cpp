#include "harness/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace colonnade::bench {

double percentile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  const auto rank =
      static_cast<std::size_t>(std::clamp(std::ceil(share * static_cast<double>(samples.size())),
                                          1.0, static_cast<double>(samples.size())));
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

double median(std::vector<double> samples) { return percentile(std::move(samples), 0.5); }

std::string number_text(double value) {
  char buffer[64];
  const double size = std::fabs(value);
  std::snprintf(buffer, sizeof buffer,
                size >= 100  ? "%.0f"
                : size >= 10 ? "%.1f"
                : size >= 1  ? "%.2f"
                             : "%.3f",
                value);
  std::string out = buffer;
  const std::size_t point = std::min(out.find('.'), out.size());
  const std::size_t first = out.starts_with('-') ? 1 : 0;
  for (std::size_t at = point; at > first + 3;) {
    at -= 3;
    out.insert(at, ",");
  }
  return out;
}

}  // namespace colonnade::bench
