#include "core/tools/tool_execution.hpp"

#include <memory>
#include <string>

#include "base/utf8.hpp"
#include "core/tools/limits.hpp"

namespace colonnade::core {

base::Task<ExecutedTool> execute_tool(ToolRunner* tools, base::Lane* lane, ToolCaller caller,
                                      ExecutionPermit permit, std::chrono::milliseconds time_max,
                                      std::stop_token stop) {
  std::stop_source tool_stop;
  auto end_tool = [&tool_stop] { tool_stop.request_stop(); };
  const std::stop_callback with_the_caller(std::move(stop), end_tool);
  auto timed_out = std::make_shared<bool>(false);
  auto ring = [tool_stop, timed_out]() mutable {
    *timed_out = true;
    tool_stop.request_stop();
  };
  auto alarm = co_await base::call_after(time_max, std::move(ring));
  auto result =
      co_await tools->run(*lane, std::move(caller), std::move(permit), tool_stop.get_token());
  alarm.reset();
  ExecutedTool out;
  ToolOutcome& outcome = out.outcome;
  if (result) {
    outcome = std::move(*result);
  } else {
    outcome = {.content = *timed_out ? "" : result.error().message, .is_error = true};
  }
  // A tool that obeys the stop may say what it had so far; one that was done anyway is done.
  if (*timed_out && outcome.is_error) {
    out.timed_out = true;
    const std::string so_far = std::move(outcome.content);
    outcome.content = "the tool took longer than its time limit (tool_time_max)";
    if (!so_far.empty()) outcome.content += "\n" + so_far;
  }
  if (outcome.content.size() > limits::tool_output_bytes_max) {
    outcome.content = std::string(base::cut_utf8(outcome.content, limits::tool_output_bytes_max)) +
                      "\n[output cut at " + std::to_string(limits::tool_output_bytes_max) +
                      " bytes]";
  }
  outcome.content = base::replace_invalid_utf8(outcome.content);
  co_return out;
}

}  // namespace colonnade::core
