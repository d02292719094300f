// JSON-RPC 2.0 as a framing: what a message is, whoever sends it and whatever it is about.
#pragma once

#include <cstdint>
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.hpp"

namespace colonnade::base::json_rpc {

// Given back as it came, except that 1.0 is the whole number 1.
using RequestId = std::variant<std::int64_t, std::string>;
// As JSON text; what two requests of one peer are told apart by.
std::string id_text(const RequestId& id);
Json to_json(const RequestId& id);
// nullopt for what is no id.
std::optional<RequestId> read_id(const Json& value);

// §5.1 of the specification.
namespace error_code {
constexpr std::int64_t parse_error = -32700;
constexpr std::int64_t invalid_request = -32600;
constexpr std::int64_t method_not_found = -32601;
constexpr std::int64_t invalid_params = -32602;
constexpr std::int64_t internal_error = -32603;
constexpr std::int64_t server_error = -32000;  // the first of those left to servers
}  // namespace error_code

struct Fault {
  std::int64_t code = error_code::internal_error;
  std::string message{};
  std::string data{};  // JSON text; "" for none
};

// One message, told apart as far as the framing goes: it has a method (a request or a notification)
// or it is an answer, with a result or an error in `object`.
struct Frame {
  bool is_answer = false;
  bool id_sent = false;           // even if it is null, or no id
  std::optional<RequestId> id{};  // a sound one
  std::string method{};           // "" for an answer
  Json params = Json::object();   // an object, empty when none was sent
};

// What is no message. The id is the message's where it could be read.
struct Unreadable {
  std::string why{};
  std::optional<RequestId> id{};
};

// Never trusts `object`, and says nothing of what an answer holds.
std::expected<Frame, Unreadable> read_frame(const Json& object);

// One line of JSON without a line end each. `params` and `result` are JSON texts; no params: "".
std::string encode_request(const RequestId& id, std::string_view method, std::string_view params);
std::string encode_notification(std::string_view method, std::string_view params);
std::string encode_result(const RequestId& id, std::string_view result);
// Without an id where none could be read, as MCP's schemas want it.
std::string encode_fault(const std::optional<RequestId>& id, const Fault& fault);

// --- looking into untrusted values; never throws ---

// The member of that name, or null.
const Json& member(const Json& object, std::string_view name);
// "" when it is no text.
std::string text_member(const Json& object, std::string_view name);

}  // namespace colonnade::base::json_rpc
