// JSON-RPC 2.0 as a server of MCP sees it: what clients send, what they are answered.
#pragma once

#include <cstdint>
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::dialects::mcp {

// A client's own; given back as it came.
using RequestId = std::variant<std::int64_t, std::string>;

// JSON-RPC 2.0 §5.1, and the codes of MCP's own (2025-11-25 server/resources; 2026-07-28
// basic/index, "Error Codes").
namespace error_code {
constexpr std::int64_t parse_error = -32700;
constexpr std::int64_t invalid_request = -32600;
constexpr std::int64_t method_not_found = -32601;
constexpr std::int64_t invalid_params = -32602;
constexpr std::int64_t internal_error = -32603;
constexpr std::int64_t server_error = -32000;  // ours: it was stopped, or refused before any method
constexpr std::int64_t resource_not_found = -32002;  // up to 2025-11-25; then invalid_params
constexpr std::int64_t header_mismatch = -32020;
constexpr std::int64_t unsupported_version = -32022;
}  // namespace error_code

struct RpcFault {
  std::int64_t code = error_code::internal_error;
  std::string message{};
  std::string data{};  // JSON text; "" for none
};

enum class Kind { request, notification, response };

struct Incoming {
  Kind kind = Kind::request;
  std::optional<RequestId> id{};  // of a request; of a response when it has a sound one
  std::string method{};           // "" for a response
  base::Json params = base::Json::object();
  std::string text{};  // the whole message as it was sent, for what must stay exact
};

// What is no message. The id is the request's where it could be read.
struct InvalidMessage {
  RpcFault fault{};
  std::optional<RequestId> id{};
};
using Decoded = std::expected<Incoming, InvalidMessage>;

// One body or one line, never trusted. A batch (revision 2025-03-26, "Batching") is cut into its
// messages, each of which is sound or not by itself.
struct Decoding {
  bool batch = false;
  std::vector<Decoded> messages{};  // exactly one unless it is a batch
};
// Fails for what is no JSON, an empty batch, and one with too many messages.
std::expected<Decoding, InvalidMessage> decode(std::string_view text);

// `members` are those of the result object, without its braces.
std::string encode_result(const RequestId& id, std::string_view members);
// Without an id where none could be read, as MCP's schemas want it.
std::string encode_fault(const std::optional<RequestId>& id, const RpcFault& fault);
// `params` is JSON text.
std::string encode_notification(std::string_view method, std::string_view params);

// The id as JSON text; what two requests of one client are told apart by.
std::string id_text(const RequestId& id);

// --- looking into untrusted values; never throws ---

// The member of that name, or null.
const base::Json& member(const base::Json& object, std::string_view name);
// "" when it is no text.
std::string text_member(const base::Json& object, std::string_view name);
// The value at the end of a path of members, byte for byte as it was sent; "" when there is none.
// `json` must be sound.
std::string exact_value(std::string_view json, std::vector<std::string_view> path);

// A client's word, cut so that it can stand in an error.
std::string shown(std::string_view word);

}  // namespace colonnade::dialects::mcp
