// A server behind streamable HTTP (2025-11-25 basic/transports; 2026-07-28
// basic/transports/streamable-http).
#pragma once

#include <memory>
#include <string>

#include "base/lane.hpp"
#include "net/http_client.hpp"
#include "tools/mcp/authorization.hpp"
#include "tools/mcp/connection.hpp"

namespace colonnade::tools::mcp {

struct HttpOptions {
  std::string name{};      // of the server, for logs and errors
  std::string url{};       // of its one endpoint
  net::Headers headers{};  // the operator's, with each request; may be secrets
  // Of the bearer token; null when the headers say all. Asked for a better one when a request is
  // refused with 401, or with 403 for an insufficient scope.
  std::shared_ptr<Authorization> authorization{};
};

// Each message is a POST of its own. Up to revision 2025-11-25 there may be a session, whose id is
// repeated, a stream for what the server says unasked, streams that are taken up again where they
// broke, and a DELETE at the end; from 2026-07-28 on there is none of these, the headers mirror the
// message, and dropping a request cancels it. Redirects are not followed, so no header goes to
// another server. An answer 401 fails its request with ErrorKind::unauthorized. `client` outlives
// the connection.
std::unique_ptr<Connection> make_http_connection(base::Lane& lane, net::HttpClient& client,
                                                 HttpOptions options);

}  // namespace colonnade::tools::mcp
