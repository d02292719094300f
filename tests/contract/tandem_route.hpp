// Which routes are Tandem's, for the tables of who sees what.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace colonnade::tests {

// `route` as Router::listing() writes it: "GET /session/{}".
inline bool is_tandem_route(std::string_view route) {
  constexpr std::array<std::string_view, 29> first_segments = {
      "agent-team", "auth",           "automations",    "browser",    "capabilities",
      "channels",   "config",         "event",          "global",     "mcp",
      "memory",     "mission",        "packs",          "permission", "provider",
      "question",   "resource",       "routines",       "run",        "session",
      "sessions",   "skills",         "tool",           "workflows",  "coder",
      "providers",  "workflow-hooks", "workflow-plans", "bug-monitor"};
  std::string_view path = route.substr(route.find('/') + 1);
  if (path.starts_with("api/")) path.remove_prefix(4);
  if (path.starts_with("mcp") && route.contains("/api/")) return false;
  return std::ranges::find(first_segments, path.substr(0, path.find('/'))) != first_segments.end();
}

}  // namespace colonnade::tests
