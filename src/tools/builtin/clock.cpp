#include "tools/builtin/clock.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace colonnade::tools {

ClockTool::ClockTool(base::Clock& clock)
    : clock_(clock),
      definition_{.name = "clock",
                  .description = "Tells the current date and time in UTC, and the weekday.",
                  .input_schema = {{"type", "object"},
                                   {"properties", base::Json::object()},
                                   {"additionalProperties", false}}} {}

base::Task<core::ToolOutcome> ClockTool::run(ToolContext, base::Json, std::stop_token) {
  constexpr std::array days = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                               "Thursday", "Friday", "Saturday"};
  const base::Time now = clock_.now();
  const std::chrono::sys_time<std::chrono::microseconds> point{
      std::chrono::microseconds(now.micros)};
  const std::chrono::weekday day{std::chrono::floor<std::chrono::days>(point)};
  const base::Json result = {{"utc", base::to_rfc3339(now)}, {"weekday", days[day.c_encoding()]}};
  co_return core::ToolOutcome{.content = base::to_text(result)};
}

}  // namespace colonnade::tools
