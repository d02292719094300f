#include "providers/tool_prompt/provider.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/models/tool_prompt.hpp"
#include "core/runs/tools_by_name.hpp"

namespace colonnade::providers::tool_prompt {
namespace {

using base::Json;
using Events = std::vector<core::ModelEvent>;

constexpr std::string_view usage_text =
    "Write /tool, the tool's name and its arguments as a JSON object, such as: "
    "/tool read {\"path\":\"README.md\"}";
constexpr std::string_view call_id = "tool_prompt";

core::ModelReply said(std::string text) {
  core::ModelReply out{.model = std::string(core::tool_prompt_provider)};
  if (!text.empty()) out.parts.emplace_back(core::TextPart{std::move(text)});
  return out;
}

// Where the model is shown its tools by name only, a call names one of them.
core::ModelReply calls(core::PromptedCall call, const std::vector<core::ToolDefinition>& tools) {
  const auto is_shown = [&tools](std::string_view name) {
    return std::ranges::find(tools, name, &core::ToolDefinition::name) != tools.end();
  };
  core::ToolCallPart part{.call_id = std::string(call_id),
                          .tool = std::move(call.tool),
                          .arguments = std::move(call.arguments)};
  if (!is_shown(part.tool) && is_shown(core::execute_tool_name)) {
    part.arguments = Json{{"tool", part.tool}, {"params", std::move(part.arguments)}};
    part.tool = std::string(core::execute_tool_name);
  }
  return {.parts = {std::move(part)},
          .stop_reason = core::StopReason::tool_use,
          .model = std::string(core::tool_prompt_provider)};
}

core::ModelReply reply_to(core::ModelRequest& request) {
  if (request.messages.empty()) return said(std::string(usage_text));
  auto& parts = request.messages.back().parts;
  if (!parts.empty()) {
    if (auto* result = std::get_if<core::ToolResultPart>(&parts.back())) {
      return said(std::move(result->content));
    }
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    const auto* text = std::get_if<core::TextPart>(&*part);
    if (text == nullptr) continue;
    auto call = core::prompted_call(text->text);
    if (!call) break;
    return calls(std::move(*call), request.tools);
  }
  return said(std::string(usage_text));
}

class Stream final : public core::ModelStream {
 public:
  Stream(core::ModelReply reply, std::stop_token stop)
      : reply_(std::move(reply)), stop_(std::move(stop)) {}

  base::Task<base::Result<Events>> next() override {
    if (stop_.stop_requested()) {
      co_return base::fail(base::ErrorKind::cancelled, "the call was stopped");
    }
    Events out;
    for (const core::Part& part : reply_.parts) {
      const auto* text = std::get_if<core::TextPart>(&part);
      if (text != nullptr) out.emplace_back(core::ModelTextDelta{text->text});
    }
    out.emplace_back(std::move(reply_));
    co_return out;
  }

 private:
  core::ModelReply reply_;
  std::stop_token stop_;
};

class Provider final : public core::ModelProvider {
 public:
  std::string_view name() const override { return core::tool_prompt_provider; }
  std::string_view default_model() const override { return core::tool_prompt_provider; }
  // Nothing is shown to anybody.
  bool takes_file(std::string_view /*model*/, std::string_view /*mime*/) const override {
    return true;
  }
  std::unique_ptr<core::ModelStream> ask(base::Lane&, core::ModelRequest request,
                                         std::stop_token stop) override {
    return std::make_unique<Stream>(reply_to(request), std::move(stop));
  }
};

}  // namespace

std::unique_ptr<core::ModelProvider> make_provider() { return std::make_unique<Provider>(); }

}  // namespace colonnade::providers::tool_prompt
