#include "base/json_rpc.hpp"

#include <utility>

namespace colonnade::base::json_rpc {
namespace {

void write_id(JsonWriter& json, const std::optional<RequestId>& id) {
  json.object().field("jsonrpc", "2.0");
  if (id) json.key("id").raw(id_text(*id));
}

}  // namespace

std::string id_text(const RequestId& id) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return std::to_string(*number);
  std::string out;
  append_json_string(out, std::get<std::string>(id));
  return out;
}

Json to_json(const RequestId& id) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return *number;
  return std::get<std::string>(id);
}

std::optional<RequestId> read_id(const Json& value) {
  if (value.is_string()) return RequestId(value.get<std::string>());
  if (value.is_number_integer()) {
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
    return RequestId(value.get<std::int64_t>());
  }
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (number >= -9e15 && number <= 9e15 && number == static_cast<double>(std::int64_t(number))) {
      return RequestId(static_cast<std::int64_t>(number));
    }
  }
  return std::nullopt;
}

std::expected<Frame, Unreadable> read_frame(const Json& object) {
  if (!object.is_object()) return std::unexpected(Unreadable{"a message is a JSON object", {}});
  Frame out;
  out.id_sent = object.contains("id");
  if (out.id_sent) out.id = read_id(object.at("id"));
  const auto wrong = [&out](std::string why) {
    return std::unexpected(Unreadable{std::move(why), out.id});
  };
  if (text_member(object, "jsonrpc") != "2.0") return wrong("'jsonrpc' must be \"2.0\"");
  if (!object.contains("method")) {
    out.is_answer = true;
    if (object.contains("result") || object.contains("error")) return out;
    return wrong("it has no 'method', 'result' or 'error'");
  }
  if (!object.at("method").is_string()) return wrong("'method' must be a string");
  out.method = object.at("method").get<std::string>();
  const Json& params = member(object, "params");
  if (!params.is_null() && !params.is_object()) return wrong("'params' must be an object");
  if (params.is_object()) out.params = params;
  return out;
}

std::string encode_request(const RequestId& id, std::string_view method, std::string_view params) {
  std::string out;
  JsonWriter json(out);
  write_id(json, id);
  json.field("method", method);
  if (!params.empty()) json.key("params").raw(params);
  json.end_object();
  return out;
}

std::string encode_notification(std::string_view method, std::string_view params) {
  std::string out;
  JsonWriter json(out);
  write_id(json, std::nullopt);
  json.field("method", method);
  if (!params.empty()) json.key("params").raw(params);
  json.end_object();
  return out;
}

std::string encode_result(const RequestId& id, std::string_view result) {
  std::string out;
  JsonWriter json(out);
  write_id(json, id);
  json.key("result").raw(result);
  json.end_object();
  return out;
}

std::string encode_fault(const std::optional<RequestId>& id, const Fault& fault) {
  std::string out;
  JsonWriter json(out);
  write_id(json, id);
  json.key("error").object().field("code", fault.code).field("message", fault.message);
  if (!fault.data.empty()) json.key("data").raw(fault.data);
  json.end_object().end_object();
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

}  // namespace colonnade::base::json_rpc
