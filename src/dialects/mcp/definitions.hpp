// What clients are told of the tools: for each, its row in tools/list but its name,
// as JSON text. They say what wire.cpp writes and what the handlers read. A text "$name" stands for
// the member `name` of `shared`.
#pragma once

#include <string_view>

namespace colonnade::dialects::mcp::definitions {

extern const std::string_view shared;

extern const std::string_view list_agents;
extern const std::string_view ask_agent;
extern const std::string_view start_run;
extern const std::string_view follow_run;
extern const std::string_view read_run;
extern const std::string_view cancel_run;
extern const std::string_view list_threads;
extern const std::string_view read_thread;
extern const std::string_view list_approvals;
extern const std::string_view approve;
extern const std::string_view deny;
extern const std::string_view decide;
extern const std::string_view policy_info;

}  // namespace colonnade::dialects::mcp::definitions
