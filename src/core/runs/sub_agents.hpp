// Work that an agent hands on: a turn of the same agent, at the same version,
// as its SubAgent says, in a thread of its own that is put away when the work is done. The gate,
// the limits and the records are those of any run.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {

class Runs;

// The tools by which it is handed on: of agents that reach their tools through a sub-agent alone
// (ToolMode::sub_agent), and of the others. Sub-agents have neither.
constexpr std::string_view sub_agent_tool = "delegate_to_sub_agent";
constexpr std::string_view task_tool = "task";

constexpr bool hands_on(std::string_view tool) {
  return tool == sub_agent_tool || tool == task_tool;
}

struct HandedOn {
  Scope scope;
  std::string user_id{};
  std::string run_id{};        // that hands it on
  std::string tool_call_id{};  // by which it does; "" for none
  std::string task{};
  std::string title{};  // of its thread, while there is one; "": made of the task
};

// Thread-safe.
class SubAgents {
 public:
  struct Dependencies {
    Threads& threads;
    // Asked when there is work: the tools, of which this is one, are made before the runs.
    std::function<Runs&()> runs{};
  };
  explicit SubAgents(Dependencies deps) : deps_(std::move(deps)) {}

  // The sub-agent's answer; on `lane`, which is the calling one. A stop cancels its run. Errors say
  // to the model why there is no answer; cancelled after a stop.
  base::Task<base::Result<std::string>> work(HandedOn handed_on, base::Lane* lane,
                                             std::stop_token stop);

 private:
  base::Task<base::Result<std::string>> run_in(Principal who, Thread thread, HandedOn handed_on,
                                               base::Lane* lane, std::stop_token stop);

  Dependencies deps_;
};

}  // namespace colonnade::core
