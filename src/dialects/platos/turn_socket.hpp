// The namespaces /agent and /agent/{agentId} of Socket.IO (platos §3.3).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/access/account.hpp"
#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/approvals.hpp"
#include "dialects/platos/live_turns.hpp"
#include "dialects/platos/session_ends.hpp"
#include "dialects/platos/turn_starts.hpp"
#include "dialects/socket_io/socket.hpp"

namespace colonnade::dialects::platos {

// The events that a joined client may send; whatever else it sends means nothing.
std::vector<std::string_view> socket_event_names();

// Who may join, and what a joined client does. Thread-safe; must outlive the server, and what is
// named in Dependencies it.
class TurnLobby final : public socket_io::Lobby {
 public:
  struct Dependencies {
    Access& access;
    TurnStarts& starts;
    LiveTurns& live;
    ApprovalResource& approvals;
    core::Threads& threads;
    core::Runs& runs;
    core::Subscriptions& subscriptions;
    base::Clock& clock;
  };
  explicit TurnLobby(Dependencies deps) : deps_(deps), session_ends_(deps.clock) {}

  // Whoever does not count joins as well, is told why by events, and is led out: a refused join is
  // what clients do not understand. An error for a namespace that is none of these.
  base::Task<base::Result<std::shared_ptr<socket_io::SocketHandler>>> join(
      std::shared_ptr<const net::Request> handshake, base::Json auth,
      std::shared_ptr<socket_io::Socket> socket) override;

 private:
  Dependencies deps_;
  SessionEnds session_ends_;
};

}  // namespace colonnade::dialects::platos
