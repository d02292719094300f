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

std::optional<RequestId> id_of(const Json& value) {
  if (value.is_string()) return RequestId(value.get<std::string>());
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  return RequestId(value.get<std::int64_t>());
}

Decoded message_from(const Json& object, std::string_view text) {
  using enum Kind;
  const auto wrong = [](std::string what, std::optional<RequestId> id = {}) {
    return std::unexpected(unreadable(error_code::invalid_request,
                                      "Invalid request: " + std::move(what), std::move(id)));
  };
  if (!object.is_object()) return wrong("a message is a JSON object");
  Incoming out{.text = std::string(text)};
  const bool has_id = object.contains("id");
  if (has_id) out.id = id_of(object.at("id"));
  if (text_member(object, "jsonrpc") != "2.0") return wrong("'jsonrpc' must be \"2.0\"", out.id);
  if (!object.contains("method")) {
    if (!object.contains("result") && !object.contains("error")) {
      return wrong("it has no 'method', 'result' or 'error'", out.id);
    }
    out.kind = response;
    return out;
  }
  if (has_id && !out.id) return wrong("'id' must be a string or an integer");
  if (!object.at("method").is_string()) return wrong("'method' must be a string", out.id);
  out.kind = has_id ? request : notification;
  out.method = object.at("method").get<std::string>();
  const Json& params = member(object, "params");
  if (!params.is_null() && !params.is_object()) return wrong("'params' must be an object", out.id);
  if (params.is_object()) out.params = params;
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

std::string id_text(const RequestId& id) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return std::to_string(*number);
  std::string out;
  base::append_json_string(out, std::get<std::string>(id));
  return out;
}

std::string encode_result(const RequestId& id, std::string_view members) {
  std::string out = R"({"jsonrpc":"2.0","id":)" + id_text(id) + R"(,"result":{)";
  out.append(members).append("}}");
  return out;
}

std::string encode_fault(const std::optional<RequestId>& id, const RpcFault& fault) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("jsonrpc", "2.0");
  if (id) json.key("id").raw(id_text(*id));
  json.key("error").object().field("code", fault.code).field("message", fault.message);
  if (!fault.data.empty()) json.key("data").raw(fault.data);
  json.end_object().end_object();
  return out;
}

std::string encode_notification(std::string_view method, std::string_view params) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("jsonrpc", "2.0").field("method", method);
  json.key("params").raw(params).end_object();
  return out;
}

const Json& member(const Json& object, std::string_view name) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

std::string text_member(const Json& object, std::string_view name) {
  const Json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
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
