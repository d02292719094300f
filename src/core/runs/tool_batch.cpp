#include "core/runs/tool_batch.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/utf8.hpp"
#include "core/runs/limits.hpp"
#include "core/runs/run_steps.hpp"
#include "core/tools/limits.hpp"
#include "core/tools/tool_names.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

constexpr const char* argument_members[] = {"args", "arguments", "parameters", "params"};

Result<BatchedCall> batched_call(const Json& item, std::size_t place) {
  const std::string where = "tool_calls[" + std::to_string(place) + "]";
  const auto wrong = [&where](const std::string& why) {
    return fail(ErrorKind::invalid, "'" + where + "' " + why, "tool_calls");
  };
  if (!item.is_object()) return wrong("must be an object with 'tool' and 'args'");
  const auto tool = item.find("tool");
  const bool is_named =
      tool != item.end() && tool->is_string() && !tool->get_ref<const std::string&>().empty();
  if (!is_named) return wrong("has no 'tool', the name of the tool to call");
  BatchedCall out{.tool = tool->get<std::string>()};
  if (same_tool(out.tool, batch_tool))
    return wrong("is a batch itself; put its calls into this one");
  for (const char* name : argument_members) {
    const auto arguments = item.find(name);
    if (arguments == item.end() || arguments->is_null()) continue;
    if (!arguments->is_object()) return wrong("has '" + std::string(name) + "' that is no object");
    out.arguments = *arguments;
    break;
  }
  return out;
}

}  // namespace

ToolDefinition batch_definition() {
  return {
      .name = std::string(batch_tool),
      .description =
          "Makes several tool calls that do not depend on each other at once. Each "
          "is allowed or asked about by itself. Answers with all results.",
      .input_schema = {
          {"type", "object"},
          {"properties",
           {{"tool_calls",
             {{"type", "array"},
              {"minItems", 1},
              {"maxItems", limits::batch_calls_max},
              {"items",
               {{"type", "object"},
                {"properties", {{"tool", {{"type", "string"}}}, {"args", {{"type", "object"}}}}},
                {"required", {"tool"}}}}}}}},
          {"required", {"tool_calls"}},
          {"additionalProperties", false}}};
}

Result<std::vector<BatchedCall>> batched_calls(const Json& arguments) {
  const auto calls = arguments.find("tool_calls");
  if (calls == arguments.end() || !calls->is_array() || calls->empty()) {
    return fail(ErrorKind::invalid, "'tool_calls' must be a list of calls, {\"tool\",\"args\"}",
                "tool_calls");
  }
  if (calls->size() > limits::batch_calls_max) {
    return fail(ErrorKind::invalid,
                "'tool_calls' has " + std::to_string(calls->size()) + " calls; the limit is " +
                    std::to_string(limits::batch_calls_max),
                "tool_calls");
  }
  std::vector<BatchedCall> out;
  for (const Json& item : *calls) {
    auto call = batched_call(item, out.size());
    if (!call) return fail(std::move(call.error()));
    out.push_back(std::move(*call));
  }
  return out;
}

std::string batched_call_id(std::string_view batch_call_id, std::size_t place) {
  return std::string(batch_call_id) + "/" + std::to_string(place);
}

bool is_batched(std::string_view call_id, std::string_view batch_call_id) {
  if (!call_id.starts_with(batch_call_id)) return false;
  const std::string_view rest = call_id.substr(batch_call_id.size());
  return rest.size() > 1 && rest.front() == '/' &&
         rest.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

ToolResultPart batch_result(const ToolCall& batch, const std::vector<const ToolCall*>& calls) {
  ToolResultPart out{.call_id = batch.call_id, .tool = batch.tool, .is_error = true};
  const std::size_t share = limits::tool_output_bytes_max / std::max<std::size_t>(calls.size(), 1);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const ToolResultPart one = result_of(*calls[i]);
    if (!one.is_error) out.is_error = false;
    if (!out.content.empty()) out.content += "\n\n";
    out.content += "[" + std::to_string(i + 1) + "] " + one.tool + ": " +
                   (one.is_error ? "error" : "ok") + "\n";
    const std::string_view shown = base::cut_utf8(one.content, share);
    out.content += shown;
    if (shown.size() < one.content.size()) {
      out.content += "\n[output cut at " + std::to_string(share) + " bytes]";
    }
  }
  return out;
}

}  // namespace colonnade::core
