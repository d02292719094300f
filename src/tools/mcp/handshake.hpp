// Agreeing with a server on a revision. There are two eras: up to 2025-11-25 a connection begins
// with `initialize`; from 2026-07-28 on each request says for itself what it speaks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tools/mcp/protocol.hpp"

namespace colonnade::tools::mcp {

constexpr std::string_view modern_revision = "2026-07-28";
constexpr std::string_view newest_handshake_revision = "2025-11-25";
// Whether `initialize` may end with that revision.
bool is_handshake_revision(std::string_view revision);

// What we send a server about ourselves.
struct ClientInfo {
  std::string name{"colonnade"};
  std::string version{"0"};
  bool elicitation = false;  // forms only
  bool sampling = false;
};

// What a server says about itself; for display, never for decisions about trust.
struct ServerInfo {
  std::string revision{};
  std::string name{};
  std::string version{};
  std::string instructions{};  // limits::mcp_description_bytes_max at most
  bool tools = false;
  bool tools_list_changed = false;
  bool resources = false;
  bool prompts = false;
  bool modern() const { return revision == modern_revision; }
};

// The params of `initialize` (2025-11-25 basic/lifecycle).
base::Json initialize_params(const ClientInfo& client);
// What its result agrees on. ErrorKind::upstream when it names a revision that we do not speak.
base::Result<ServerInfo> read_initialize(const base::Json& result);

// Adds to `params` what revision 2026-07-28 wants in each request (basic/index, "_meta").
base::Json with_meta(base::Json params, const ClientInfo& client);

// How a request ended, as far as choosing an era goes.
struct TransportFailure {
  base::Error error{};
  int http_status = 0;  // 0 when there was no HTTP answer
};
using Answer = std::variant<base::Json, RpcError, TransportFailure>;

// What the answer to `server/discover` means (2026-07-28 basic/versioning, transports/stdio and
// transports/streamable-http, "Backward Compatibility"). Only an error that this era alone defines
// keeps us in it; whatever else a server says, or its silence, makes it an older one.
struct UseModern {
  ServerInfo server{};
};
struct UseInitialize {};
struct RetryDiscover {};  // it refuses the revision and names the same one
struct HandshakeFailed {
  base::Error error{};
};
using ProbeResult = std::variant<UseModern, UseInitialize, RetryDiscover, HandshakeFailed>;
ProbeResult classify_probe(const Answer& answer);

}  // namespace colonnade::tools::mcp
