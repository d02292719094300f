// The connection to a tool server: how it is, and what the server offers over it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace colonnade::core {

enum class ToolServerState {
  starting,
  ready,
  held_back,   // as ready, but its tools differ from the accepted ones: those are not offered
  needs_auth,  // it wants a credential; nothing is tried until it is told to
  failed,      // with a reason; it is tried again after a delay
  stopped,
};
std::string_view to_string(ToolServerState state);

// A tool as its server offers it.
struct ServedTool {
  std::string name{};        // the server's own
  std::string model_name{};  // as models see it
  std::string description{};
  base::Json input_schema = base::Json::object();
};

struct ToolServerConnection {
  std::string id{};  // ToolServer::id
  std::string name{};
  ToolServerState state = ToolServerState::starting;
  std::string reason{};  // "" for starting, ready and stopped
  int failures = 0;      // in a row
  // What the server said of itself in the last handshake that succeeded.
  std::string revision{};  // of the protocol
  std::string server_name{};
  std::string server_version{};
  std::vector<std::string> tools{};    // names of those it offers, as models see them
  std::vector<std::string> refused{};  // tools that cannot be offered, and why
  std::string held_back_set{};         // what accepting names; "" when nothing is held back
  std::string authorization_url{};     // a human has to open it; "" when nothing waits for one
};

}  // namespace colonnade::core
