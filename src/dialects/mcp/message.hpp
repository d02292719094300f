// Messages as a server of MCP sees them: what clients send, what they are answered.
#pragma once

#include <cstdint>
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/json_rpc.hpp"
#include "base/result.hpp"

namespace colonnade::dialects::mcp {

using base::json_rpc::id_text;
using base::json_rpc::member;
using base::json_rpc::RequestId;
using base::json_rpc::text_member;
using RpcFault = base::json_rpc::Fault;

// Beside the framing's, the codes of MCP's own (2025-11-25 server/resources; 2026-07-28
// basic/index, "Error Codes"). server_error: it was stopped, or refused before any method.
namespace error_code {
using namespace base::json_rpc::error_code;
constexpr std::int64_t resource_not_found = -32002;  // up to 2025-11-25; then invalid_params
constexpr std::int64_t header_mismatch = -32020;
constexpr std::int64_t unsupported_version = -32022;
}  // namespace error_code

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
using base::json_rpc::encode_fault;
using base::json_rpc::encode_notification;

// --- looking into untrusted values; never throws ---

// The value at the end of a path of members, byte for byte as it was sent; "" when there is none.
// `json` must be sound.
std::string exact_value(std::string_view json, std::vector<std::string_view> path);

// A client's word, cut so that it can stand in an error.
std::string shown(std::string_view word);

}  // namespace colonnade::dialects::mcp
