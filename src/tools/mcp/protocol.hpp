// Messages as a client of MCP sees them: requests, notifications and the two kinds of answers.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/json_rpc.hpp"
#include "base/result.hpp"

namespace colonnade::tools::mcp {

// Ours are numbers; a server's may be texts.
using base::json_rpc::member;
using base::json_rpc::RequestId;
using base::json_rpc::text_member;
using base::json_rpc::to_json;

// Beside the framing's, the codes that revision 2026-07-28 reserves (basic/index, "Error Codes").
namespace error_code {
using namespace base::json_rpc::error_code;
constexpr std::int64_t rejected_by_user = -1;  // client/sampling, "Error Handling"
constexpr std::int64_t header_mismatch = -32020;
constexpr std::int64_t missing_capability = -32021;
constexpr std::int64_t unsupported_version = -32022;
}  // namespace error_code

struct RpcError {
  std::int64_t code = 0;
  std::string message{};  // limits::upstream_message_bytes_max at most, the server's words
  base::Json data{};      // null when absent
};

struct RpcRequest {
  RequestId id{};
  std::string method{};
  base::Json params = base::Json::object();
};
struct RpcNotification {
  std::string method{};
  base::Json params = base::Json::object();
};
struct RpcResult {
  RequestId id{};
  base::Json result = base::Json::object();
};
struct RpcFailure {
  std::optional<RequestId> id{};  // absent when the server could not read ours
  RpcError error{};
};
using Message = std::variant<RpcRequest, RpcNotification, RpcResult, RpcFailure>;

// One line or one body, never trusted. Errors are ErrorKind::upstream and say what is wrong:
// too long (limits::mcp_message_bytes_max), not JSON, too deep, or no JSON-RPC message. An array is
// several messages (revision 2025-03-26, "Batching"), limits::mcp_batch_messages_max at most.
base::Result<std::vector<Message>> decode_messages(std::string_view text);

// One line of JSON without a line end.
std::string encode_request(std::int64_t id, std::string_view method, const base::Json& params);
// Without `params` when that is null.
std::string encode_notification(std::string_view method, const base::Json& params);
std::string encode_result(const RequestId& id, const base::Json& result);
std::string encode_failure(const RequestId& id, std::int64_t code, std::string_view message);

}  // namespace colonnade::tools::mcp
