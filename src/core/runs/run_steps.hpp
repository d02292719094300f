// What a run's steps hold: replies of the model, and the results of a reply's calls.
#pragma once

#include <algorithm>
#include <vector>

#include "core/runs/run.hpp"

namespace colonnade::core {

// Whether it is the results of a reply's calls, not a reply.
inline bool holds_results(const RunStep& step) {
  return !step.parts.empty() && std::holds_alternative<ToolResultPart>(step.parts.front());
}

// What the model is told of a call whose run goes on without it, or has ended.
inline ToolResultPart result_of(const ToolCall& call) {
  const bool never_began =
      call.state == ToolCallState::requested || call.state == ToolCallState::waiting_approval;
  return {.call_id = call.call_id,
          .tool = call.tool,
          .content = never_began ? "not started: the run ended first" : call.result,
          .is_error = call.state != ToolCallState::succeeded};
}

// Calls that have no result, which are those behind the last result: no vendor takes them back.
inline void drop_unanswered_calls(std::vector<Part>& parts) {
  const auto is_result = [](const Part& part) {
    return std::holds_alternative<ToolResultPart>(part);
  };
  const auto is_call = [](const Part& part) { return std::holds_alternative<ToolCallPart>(part); };
  const auto behind = std::find_if(parts.rbegin(), parts.rend(), is_result).base();
  parts.erase(std::remove_if(behind, parts.end(), is_call), parts.end());
}

}  // namespace colonnade::core
