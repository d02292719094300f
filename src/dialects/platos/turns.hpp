// Turns, their sockets and their approvals put together: what the dialect holds of them.
#pragma once

#include <vector>

#include "core/attachments/attachments.hpp"
#include "core/governance/actions.hpp"
#include "dialects/client_address.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/approvals.hpp"
#include "dialects/platos/live_turns.hpp"
#include "dialects/platos/turn_options_of.hpp"
#include "dialects/platos/turn_routes.hpp"
#include "dialects/platos/turn_socket.hpp"
#include "dialects/platos/turn_starts.hpp"
#include "dialects/socket_io/endpoint.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::platos {

// What is named in Dependencies must outlive it; it must outlive the server.
class Turns {
 public:
  struct Dependencies {
    Access& access;
    core::Agents& agents;
    core::Threads& threads;
    core::Runs& runs;
    core::Actions& actions;
    core::Attachments& attachments;
    core::Subscriptions& subscriptions;
    core::KeyedRequests& keyed_requests;
    core::RateLimits& rate_limits;
    base::Clock& clock;
  };
  Turns(Dependencies deps, TurnStartOptions options, TrustedProxies proxies);
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Of turns and approvals (platos §2.2, §2.3), and of Socket.IO (§3).
  std::vector<net::Route> routes();

 private:
  Access& access_;
  TurnOptionsOf options_of_;
  TurnStarts starts_;
  LiveTurns live_;
  ApprovalResource approvals_;
  TurnResource turns_;
  TurnLobby lobby_;
  socket_io::Endpoint sockets_;
};

}  // namespace colonnade::dialects::platos
