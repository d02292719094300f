// The routes of Socket.IO: WebSocket at once, or polling with an upgrade. What the protocol calls
// the handshake is here; who may join a namespace, and what is said there, is the lobby's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/share.hpp"
#include "dialects/client_address.hpp"
#include "dialects/socket_io/client.hpp"
#include "dialects/socket_io/limits.hpp"
#include "dialects/socket_io/polling.hpp"
#include "dialects/socket_io/socket.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::socket_io {

struct EndpointOptions {
  // Whose X-Forwarded-For is believed when clients are counted by address.
  TrustedProxies trusted_proxies{};
  Timing timing{};
  // Clients that have not joined.
  std::size_t unjoined_per_address_max = limits::socket_io_unjoined_per_address_max;
  std::size_t unjoined_max = limits::socket_io_unjoined_max;
  // Clients on the polling transport.
  std::size_t polling_per_address_max = limits::socket_io_polling_per_address_max;
  std::size_t polling_max = limits::socket_io_polling_max;
};

class Endpoint {
 public:
  // Both must outlive it; it must outlive the server.
  Endpoint(Lobby& lobby, base::Clock& clock, EndpointOptions options = {});
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Below `path`, "/socket.io" as a rule, with and without a slash at its end.
  std::vector<net::Route> routes(const std::string& path);

 private:
  using RequestPtr = std::shared_ptr<const net::Request>;

  base::Task<net::Reply> get(RequestPtr request);
  base::Task<net::Reply> post(RequestPtr request);
  net::Reply open_websocket(RequestPtr request);
  net::Reply upgrade_session(const RequestPtr& request, PollingSessionPtr session);
  net::Reply open_session(RequestPtr request);
  base::Task<net::Reply> poll(RequestPtr request, PollingSessionPtr session);
  base::Task<void> watch_session(PollingSessionPtr session);

  Lobby& lobby_;
  base::Clock& clock_;
  const TrustedProxies trusted_proxies_;
  const Timing timing_;
  base::Share unjoined_;
  base::Share polling_;
  PollingSessions sessions_;
};

}  // namespace colonnade::dialects::socket_io
