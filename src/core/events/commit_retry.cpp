#include "core/events/commit_retry.hpp"

#include <algorithm>
#include <utility>

namespace colonnade::core {

base::Task<bool> wait_to_retry(CommitRetry retry, int attempt, std::size_t spread,
                               std::stop_token stop) {
  constexpr int doublings_max = 16;
  const auto delay =
      std::min(retry.delay_min * (1 << std::min(attempt, doublings_max)), retry.delay_max);
  const auto number = spread + static_cast<std::size_t>(attempt);
  const auto jitter = delay * static_cast<int>(number % 64) / 128;
  auto slept = co_await base::sleep_for(delay + jitter, std::move(stop));
  co_return slept;
}

}  // namespace colonnade::core
