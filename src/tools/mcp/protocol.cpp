#include "tools/mcp/protocol.hpp"

#include <optional>

#include "base/utf8.hpp"
#include "net/limits.hpp"
#include "tools/mcp/limits.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;
using base::Result;

std::unexpected<base::Error> wrong(const std::string& what) {
  return base::fail(ErrorKind::upstream, "the MCP server sent no valid message: " + what);
}

std::optional<RequestId> id_of(const Json& value) {
  if (value.is_string()) return RequestId(value.get<std::string>());
  if (value.is_number_integer()) {
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
    return RequestId(value.get<std::int64_t>());
  }
  // A number that was written as 1.0 is the integer 1.
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (number >= -9e15 && number <= 9e15 && number == static_cast<double>(std::int64_t(number))) {
      return RequestId(static_cast<std::int64_t>(number));
    }
  }
  return std::nullopt;
}

Result<Json> params_of(const Json& object) {
  const Json& params = member(object, "params");
  if (params.is_null()) return Json::object();
  if (!params.is_object()) return wrong("'params' is not an object");
  return params;
}

Result<Message> failure_from(const Json& object, std::optional<RequestId> id) {
  const Json& error = object.at("error");
  const Json& code = member(error, "code");
  if (!code.is_number_integer()) return wrong("'error' has no integer 'code'");
  std::string message = text_member(error, "message");
  message = base::cut_utf8(message, limits::upstream_message_bytes_max);
  return Message(RpcFailure{.id = std::move(id),
                            .error = {.code = code.get<std::int64_t>(),
                                      .message = std::move(message),
                                      .data = member(error, "data")}});
}

Result<Message> message_from(const Json& object) {
  if (!object.is_object()) return wrong("it is not an object");
  if (text_member(object, "jsonrpc") != "2.0") return wrong("'jsonrpc' is not \"2.0\"");
  std::optional<RequestId> id = id_of(member(object, "id"));
  const bool has_id = object.contains("id") && !object.at("id").is_null();
  if (has_id && !id) return wrong("'id' is neither a string nor an integer");
  if (object.contains("method")) {
    if (!object.at("method").is_string()) return wrong("'method' is not a string");
    auto params = params_of(object);
    if (!params) return base::fail(params.error());
    std::string method = object.at("method").get<std::string>();
    if (id) return Message(RpcRequest{std::move(*id), std::move(method), std::move(*params)});
    return Message(RpcNotification{std::move(method), std::move(*params)});
  }
  if (object.contains("error")) return failure_from(object, std::move(id));
  if (!object.contains("result")) return wrong("it has no 'method', 'result' or 'error'");
  if (!id) return wrong("its 'result' has no 'id'");
  if (!object.at("result").is_object()) return wrong("'result' is not an object");
  return Message(RpcResult{std::move(*id), object.at("result")});
}

}  // namespace

Json to_json(const RequestId& id) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return *number;
  return std::get<std::string>(id);
}

Result<std::vector<Message>> decode_messages(std::string_view text) {
  if (text.size() > limits::mcp_message_bytes_max) {
    return wrong("it is longer than " + std::to_string(limits::mcp_message_bytes_max) + " bytes");
  }
  auto tree = base::parse_json(text, "message");
  if (!tree) return wrong(tree.error().message);
  std::vector<Message> out;
  if (!tree->is_array()) {
    auto message = message_from(*tree);
    if (!message) return base::fail(message.error());
    out.push_back(std::move(*message));
    return out;
  }
  if (tree->empty() || tree->size() > limits::mcp_batch_messages_max) {
    return wrong("a batch holds 1 to " + std::to_string(limits::mcp_batch_messages_max) +
                 " messages");
  }
  for (const Json& one : *tree) {
    auto message = message_from(one);
    if (!message) return base::fail(message.error());
    out.push_back(std::move(*message));
  }
  return out;
}

std::string encode_request(std::int64_t id, std::string_view method, const Json& params) {
  std::string out;
  base::JsonWriter w(out);
  w.object().field("jsonrpc", "2.0").field("id", id).field("method", method);
  if (!params.is_null()) w.field("params", params);
  w.end_object();
  return out;
}

std::string encode_notification(std::string_view method, const Json& params) {
  std::string out;
  base::JsonWriter w(out);
  w.object().field("jsonrpc", "2.0").field("method", method);
  if (!params.is_null()) w.field("params", params);
  w.end_object();
  return out;
}

std::string encode_result(const RequestId& id, const Json& result) {
  std::string out;
  base::JsonWriter w(out);
  w.object().field("jsonrpc", "2.0").field("id", to_json(id)).field("result", result);
  w.end_object();
  return out;
}

std::string encode_failure(const RequestId& id, std::int64_t code, std::string_view message) {
  std::string out;
  base::JsonWriter w(out);
  w.object().field("jsonrpc", "2.0").field("id", to_json(id));
  w.key("error").object().field("code", code).field("message", message).end_object();
  w.end_object();
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

}  // namespace colonnade::tools::mcp
