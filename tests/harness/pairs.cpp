#include "harness/pairs.hpp"

#include <algorithm>
#include <stdexcept>

namespace colonnade::bench {

std::vector<double> percent_worse(Better better, const std::vector<double>& before,
                                  const std::vector<double>& now) {
  if (before.empty() || before.size() != now.size()) {
    throw std::runtime_error("a figure needs as many values before as now, and one at least");
  }
  std::vector<double> out;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const double ratio = better == Better::less ? now[i] / before[i] : before[i] / now[i];
    out.push_back(100 * (ratio - 1));
  }
  return out;
}

bool held(const std::vector<double>& worse, double percent_max) {
  return std::ranges::any_of(worse, [&](double percent) { return percent <= percent_max; });
}

}  // namespace colonnade::bench
