// The store port for tool servers, as core/events/journal.hpp says of all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/tools/tool_server.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

class ToolServerStore {
 public:
  virtual ~ToolServerStore() = default;
  virtual base::Task<Result<std::optional<ToolServer>>> tool_server(Scope scope,
                                                                    std::string id) = 0;
  // By name.
  virtual base::Task<Result<std::vector<ToolServer>>> tool_servers(Scope scope) = 0;
  // Of every scope; at the start only.
  virtual base::Task<Result<std::vector<ToolServer>>> all_tool_servers() = 0;
  // What KeepToolPins kept for the server; "" for nothing.
  virtual base::Task<Result<std::string>> tool_pins(Scope scope, std::string server_id) = 0;
};

struct PutToolServer {  // inserts; conflict when the id or the name is taken
  ToolServer server;
};
// With its pins; every agent of the scope that has it loses it, as a new version of the agent.
// not_found unless it exists.
struct DeleteToolServer {
  std::string id{};
  Time at{};
};
struct ReplaceToolServer {  // the row of its id, but for name and created_at; not_found
  ToolServer server;
};
struct KeepToolPins {  // replaces what was kept
  std::string server_id{};
  std::string pins{};
};

}  // namespace colonnade::core
