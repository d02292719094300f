#include "core/jobs/job.hpp"

#include <algorithm>
#include <array>

namespace colonnade::core {
namespace {

constexpr std::array<std::pair<JobHandlerKind, std::string_view>, 3> job_handler_names{{
    {JobHandlerKind::internal, "internal"},
    {JobHandlerKind::tool, "tool"},
    {JobHandlerKind::agent, "agent"},
}};

}  // namespace

std::string_view to_string(JobHandlerKind kind) {
  for (const auto& [value, name] : job_handler_names) {
    if (value == kind) return name;
  }
  return {};
}

std::optional<JobHandlerKind> job_handler_kind_from(std::string_view text) {
  for (const auto& [value, name] : job_handler_names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

std::chrono::microseconds retry_delay(const JobAttempts& attempts, std::size_t spread) {
  constexpr int doublings_max = 30;
  const int doublings = std::clamp(attempts.made - 1, 0, doublings_max);
  // Compared before it is multiplied, so that nothing overflows.
  const auto factor = std::int64_t{1} << doublings;
  const auto delay = attempts.delay_min > attempts.delay_max / factor ? attempts.delay_max
                                                                      : attempts.delay_min * factor;
  return delay + delay * static_cast<std::int64_t>(spread % 64) / 256;
}

}  // namespace colonnade::core
