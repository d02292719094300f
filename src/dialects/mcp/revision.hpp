// Which revision of MCP a message speaks. There are two eras: up to 2025-11-25 a client says
// `initialize` once and has a session; from 2026-07-28 on each request says for itself what it
// speaks (2026-07-28 basic/index, "_meta"; basic/transports/streamable-http).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "dialects/mcp/message.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::mcp {

constexpr std::string_view modern_revision = "2026-07-28";
constexpr std::string_view newest_handshake_revision = "2025-11-25";
// The one in which several messages may come in one body.
constexpr std::string_view batch_revision = "2025-03-26";
bool is_handshake_revision(std::string_view revision);

// The text without blanks and tabs around it, as header fields are read (RFC 9110 §5.5).
std::string_view trimmed(std::string_view text);

enum class Era { handshake, modern };

// What a request says of its revision contradicts itself, or names one that is not served. Such a
// request is answered with HTTP status 400.
std::expected<Era, RpcFault> era_of(const net::Request& request, const Incoming& message);

// Of a request without a message of its own (GET, DELETE).
std::expected<Era, RpcFault> era_of(const net::Request& request);

// What the newer era wants of each request: the members of `_meta`, and headers that say the same
// as the body.
std::optional<RpcFault> modern_fault(const net::Request& request, const Incoming& message);

// --- what the server says of itself ---

struct ServerInfo {
  std::string version{};
  std::string instructions{};
};

// The members of the result of `initialize`; the revision is the client's when it is served, else
// the newest (2025-11-25 basic/lifecycle, "Version Negotiation").
struct Negotiated {
  std::string revision{};
  std::string members{};
};
Negotiated negotiate(const base::Json& params, const ServerInfo& server_info);

// The members of the result of `server/discover`.
std::string discovery(const ServerInfo& server_info);

// What the newer era adds to each result: its type, who speaks, and for what may be cached, for how
// long. Begins with a comma.
enum class Caching { none, own };  // own: by whoever asked, but asked again each time
std::string modern_members(const ServerInfo& server_info, Caching caching);

}  // namespace colonnade::dialects::mcp
