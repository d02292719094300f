// Several tool calls that a model makes as one, of the tool `batch` (tandem §2.1). Each becomes a
// call of the round: judged, recorded and run by itself. The model gets one result.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/models/model_provider.hpp"
#include "core/runs/run.hpp"

namespace colonnade::core {

constexpr std::string_view batch_tool = "batch";

// What models are shown.
ToolDefinition batch_definition();

struct BatchedCall {
  std::string tool{};  // as it was named
  base::Json arguments = base::Json::object();
};

// The calls of {"tool_calls":[{"tool","args"}]}, in their order; `parameters`, `arguments` and
// `params` are taken for `args`. invalid, in words for the model: none, more than
// limits::batch_calls_max, or a batch among them.
base::Result<std::vector<BatchedCall>> batched_calls(const base::Json& arguments);

// The id of a batch's call, by that of the batch and its place from 1. A provider never sees it.
std::string batched_call_id(std::string_view batch_call_id, std::size_t place);
bool is_batched(std::string_view call_id, std::string_view batch_call_id);

// The results of a batch's calls as one, limits::tool_output_bytes_max at most; an error when none
// succeeded.
ToolResultPart batch_result(const ToolCall& batch, const std::vector<const ToolCall*>& calls);

}  // namespace colonnade::core
