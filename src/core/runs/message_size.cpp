#include "core/runs/message_size.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "core/context/context_plan.hpp"
#include "core/context/token_estimate.hpp"
#include "core/runs/limits.hpp"

namespace colonnade::core {
namespace {

using base::ErrorKind;
using base::fail;

// What surrounds a message on the wire; more than any vendor counts.
constexpr std::int64_t surrounding_tokens = 64;

struct SizeOfPart {
  std::size_t operator()(const TextPart& part) const { return part.text.size(); }
  std::size_t operator()(const ReasoningPart& part) const {
    return part.text.size() + part.signature.size() + part.redacted.size();
  }
  std::size_t operator()(const RefusalPart& part) const { return part.text.size(); }
  std::size_t operator()(const FilePart& part) const {
    return part.url.size() + part.filename.size() + part.mime.size();
  }
  std::size_t operator()(const ToolCallPart& part) const {
    return base::to_text(part.arguments).size() + part.malformed_arguments.size();
  }
  std::size_t operator()(const ToolResultPart& part) const { return part.content.size(); }
  std::size_t operator()(const ProviderPart& part) const {
    return base::to_text(part.block).size();
  }
};

ContextRoom room_for(const AskedModel& asked, const ContextOptions& options) {
  return room_of(options.windows.find(asked.provider, asked.model), asked.settings,
                 options.compact_at_percent, options.input_tokens_max);
}

}  // namespace

std::size_t size_of(const std::vector<Part>& parts) {
  std::size_t out = 0;
  for (const Part& part : parts) out += std::visit(SizeOfPart{}, part);
  return out;
}

base::Result<void> check_size(const std::vector<Part>& parts, std::size_t bytes_max) {
  const std::size_t bytes = size_of(parts);
  if (bytes <= bytes_max) return {};
  return fail(ErrorKind::too_large,
              "the message has " + std::to_string(bytes) +
                  " bytes, more than limits.message_bytes_max (" + std::to_string(bytes_max) +
                  ") allows; shorten it or send it in parts",
              "content");
}

bool surely_fits_window(const Message& message, const Agent& agent, const AskedModel& asked,
                        const ContextOptions& options) {
  const bool has_files = std::ranges::any_of(
      message.parts, [](const Part& part) { return std::holds_alternative<FilePart>(part); });
  // No tokenizer makes more tokens than there are bytes, so most messages need no count.
  const auto bytes =
      static_cast<std::int64_t>(size_of(message.parts) + system_prompt(agent).size());
  const std::int64_t room = room_for(asked, options).input;
  return !has_files && bytes + surrounding_tokens + limits::tool_tokens_usual <= room;
}

base::Result<void> check_window(const Message& message, const Agent& agent, const AskedModel& asked,
                                const ContextOptions& options,
                                const std::vector<ToolDefinition>& tools) {
  const ContextRoom room = room_for(asked, options);
  const TokenCounter counter{.family = token_family(asked.provider, asked.model),
                             .provider = asked.provider};
  const std::int64_t tool_tokens = counter.tools(tools);
  const std::int64_t tokens =
      counter.message(message) + counter.text(system_prompt(agent)) + tool_tokens;
  if (tokens <= room.input) return {};
  return fail(ErrorKind::too_large,
              "the message takes about " + std::to_string(tokens) +
                  " tokens with the agent's instructions and tools (" +
                  std::to_string(tool_tokens) + " of them), and besides a reply " +
                  std::to_string(room.input) + " fit into the model's window of " +
                  std::to_string(room.window) +
                  "; shorten it, lower max_output_tokens, give the agent fewer tools, choose a "
                  "model with a larger window, or correct the window in context.windows_file or "
                  "context.input_tokens_max",
              "content");
}

}  // namespace colonnade::core
