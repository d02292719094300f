// The names of the tools by which agents begin background runs (core/tasks/spawned_runs.hpp), and
// who has them.
#pragma once

#include <array>
#include <string_view>

#include "core/agents/agent.hpp"

namespace colonnade::core {

// platos §2.6
constexpr std::string_view spawn_run_tool = "spawn_bgo";
constexpr std::string_view spawn_batch_tool = "spawn_batch";
constexpr std::string_view wait_for_runs_tool = "wait_for_runs";
constexpr std::string_view get_run_tool = "get_run_details";
constexpr std::string_view cancel_run_tool = "cancel_run";
constexpr std::string_view create_schedule_tool = "create_schedule";
constexpr std::string_view list_tasks_tool = "list_bgos";
constexpr std::string_view list_runs_tool = "list_runs";
constexpr std::array background_tools{spawn_run_tool,  spawn_batch_tool, wait_for_runs_tool,
                                      get_run_tool,    cancel_run_tool,  create_schedule_tool,
                                      list_tasks_tool, list_runs_tool};

// Whether an agent has that one of them: those that ask for it, by its name among their tools or in
// AgentProfile::extra_tools. An agent that has all tools has none of these.
bool has_background_tool(const Agent& agent, std::string_view tool);

}  // namespace colonnade::core
