#include "core/jobs/job.hpp"

#include <algorithm>

#include "core/enum_names.hpp"

namespace colonnade::core {
namespace {

constexpr EnumNames<JobHandlerKind, 3> job_handler_names{{
    {JobHandlerKind::internal, "internal"},
    {JobHandlerKind::tool, "tool"},
    {JobHandlerKind::agent, "agent"},
}};

}  // namespace

std::string_view to_string(JobHandlerKind kind) { return enum_name(job_handler_names, kind); }

std::optional<JobHandlerKind> job_handler_kind_from(std::string_view text) {
  return enum_value(job_handler_names, text);
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
