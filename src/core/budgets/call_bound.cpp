#include "core/budgets/call_bound.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <variant>

#include "base/json.hpp"
#include "core/budgets/limits.hpp"
#include "core/models/limits.hpp"

namespace colonnade::core {
namespace {

constexpr long double tokens_of_price = 1e6L;

std::int64_t bytes_of(std::string_view text) { return static_cast<std::int64_t>(text.size()); }

std::int64_t json_bytes(const base::Json& tree) {
  return tree.is_null() ? 0 : static_cast<std::int64_t>(base::to_text(tree).size());
}

// What a vendor reads by itself (a link, a document's pages) has no bytes here.
std::int64_t bound_of(const FilePart& file) {
  const std::int64_t sent = std::max(file.bytes * 4 / 3 + 4, bytes_of(file.url));
  const bool is_image = file.mime.starts_with("image/");
  const bool is_text = file.mime.starts_with("text/") || file.mime == "application/json";
  const std::int64_t least = is_image  ? limits::budget_image_tokens
                             : is_text ? std::int64_t{0}
                                       : limits::budget_document_tokens;
  return std::max(sent, least) + bytes_of(file.filename) + bytes_of(file.mime);
}

std::int64_t bound_of(const TextPart& part) { return bytes_of(part.text); }
std::int64_t bound_of(const RefusalPart& part) { return bytes_of(part.text); }
std::int64_t bound_of(const ReasoningPart& part) {
  return bytes_of(part.text) + bytes_of(part.signature) + bytes_of(part.redacted) +
         json_bytes(part.details);
}
std::int64_t bound_of(const ToolCallPart& part) {
  return bytes_of(part.call_id) + bytes_of(part.tool) + json_bytes(part.arguments) +
         bytes_of(part.malformed_arguments);
}
std::int64_t bound_of(const ToolResultPart& part) {
  return bytes_of(part.call_id) + bytes_of(part.tool) + bytes_of(part.content);
}
std::int64_t bound_of(const ProviderPart& part) { return json_bytes(part.block); }

}  // namespace

std::int64_t input_tokens_bound(const ModelRequest& request) {
  std::int64_t sum = bytes_of(request.instructions) + limits::budget_message_tokens;
  for (const Message& message : request.messages) {
    sum += limits::budget_message_tokens;
    for (const Part& part : message.parts) {
      sum += limits::budget_message_tokens;
      sum += std::visit([](const auto& one) { return bound_of(one); }, part);
    }
  }
  if (!request.tools.empty()) sum += limits::budget_tools_tokens;
  for (const ToolDefinition& tool : request.tools) {
    sum += limits::budget_tool_tokens + bytes_of(tool.name) + bytes_of(tool.description) +
           json_bytes(tool.input_schema.get());
  }
  return sum;
}

void set_output_bound(ModelRequest& request) {
  if (request.max_output_tokens) return;
  const int room = request.reasoning_effort ? limits::thinking_tokens_high : 0;
  request.max_output_tokens = limits::model_output_tokens_default + room;
}

std::int64_t output_tokens_bound(const ModelRequest& request) {
  ModelRequest bounded{.max_output_tokens = request.max_output_tokens,
                       .reasoning_effort = request.reasoning_effort};
  set_output_bound(bounded);
  return *bounded.max_output_tokens;
}

std::int64_t cost_bound(const Price& price, const ModelRequest& request) {
  const std::int64_t dearest =
      std::max({price.input, price.cached_input.value_or(0), price.cache_write.value_or(0)});
  // Prices and requests may both be large: the product of two whole numbers might not be one.
  const long double sum =
      static_cast<long double>(input_tokens_bound(request)) * static_cast<long double>(dearest) +
      static_cast<long double>(output_tokens_bound(request)) *
          static_cast<long double>(price.output);
  const long double micros = std::ceil(sum / tokens_of_price);
  return static_cast<std::int64_t>(
      std::min(micros, static_cast<long double>(limits::budget_micros_max)));
}

}  // namespace colonnade::core
