#include "dialects/mcp/message.hpp"

#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.hpp"
#include "dialects/mcp/limits.hpp"

namespace colonnade::dialects::mcp {
namespace {

using base::Json;

InvalidMessage unreadable(std::int64_t code, std::string message,
                          std::optional<RequestId> id = {}) {
  return {.fault = {.code = code, .message = std::move(message)}, .id = std::move(id)};
}

Decoded message_from(const Json& object, std::string_view text) {
  using enum Kind;
  const auto wrong = [](const std::string& why, std::optional<RequestId> id = {}) {
    return std::unexpected(
        unreadable(error_code::invalid_request, "Invalid request: " + why, std::move(id)));
  };
  auto frame = base::json_rpc::read_frame(object);
  if (!frame) return wrong(frame.error().why, std::move(frame.error().id));
  Incoming out{.id = std::move(frame->id),
               .method = std::move(frame->method),
               .params = std::move(frame->params),
               .text = std::string(text)};
  if (frame->is_answer) {
    out.kind = response;
    return out;
  }
  if (frame->id_sent && !out.id) return wrong("'id' must be a string or an integer");
  out.kind = frame->id_sent ? request : notification;
  return out;
}

// The elements of an array, each as it was sent.
std::vector<std::string> elements_of(std::string_view text) {
  std::vector<std::string> out;
  const simdjson::padded_string padded(text);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::array array;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return out;
  if (document.get_array().get(array) != simdjson::SUCCESS) return out;
  for (auto element : array) {
    std::string_view piece;
    if (simdjson::to_json_string(element).get(piece) != simdjson::SUCCESS) return {};
    out.emplace_back(piece);
  }
  return out;
}

}  // namespace

std::expected<Decoding, InvalidMessage> decode(std::string_view text) {
  const auto tree = base::parse_json(text, "the message");
  if (!tree) {
    return std::unexpected(
        unreadable(error_code::parse_error, "Parse error: " + tree.error().message));
  }
  Decoding out{.batch = tree->is_array()};
  if (!out.batch) {
    out.messages.push_back(message_from(*tree, text));
    return out;
  }
  if (tree->empty() || tree->size() > limits::mcp_endpoint_batch_messages_max) {
    return std::unexpected(unreadable(error_code::invalid_request,
                                      "Invalid request: a batch holds 1 to " +
                                          std::to_string(limits::mcp_endpoint_batch_messages_max) +
                                          " messages"));
  }
  const std::vector<std::string> texts = elements_of(text);
  for (std::size_t i = 0; i < tree->size(); ++i) {
    out.messages.push_back(message_from((*tree)[i], i < texts.size() ? texts[i] : ""));
  }
  return out;
}

std::string encode_result(const RequestId& id, std::string_view members) {
  std::string result = "{";
  result.append(members).append("}");
  return base::json_rpc::encode_result(id, result);
}

std::string exact_value(std::string_view json, std::vector<std::string_view> path) {
  const simdjson::padded_string padded(json);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::value value;
  if (path.empty() || parser.iterate(padded).get(document) != simdjson::SUCCESS) return {};
  if (document.find_field_unordered(path.front()).get(value) != simdjson::SUCCESS) return {};
  for (std::size_t i = 1; i < path.size(); ++i) {
    simdjson::ondemand::value inner;
    if (value.find_field_unordered(path[i]).get(inner) != simdjson::SUCCESS) return {};
    value = inner;
  }
  std::string_view text;
  if (simdjson::to_json_string(value).get(text) != simdjson::SUCCESS) return {};
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.remove_suffix(1);
  return std::string(text);
}

std::string shown(std::string_view word) {
  return std::string(base::cut_utf8(word, limits::mcp_name_echo_bytes_max));
}

}  // namespace colonnade::dialects::mcp
