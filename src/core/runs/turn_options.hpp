// What one turn asks for beside its message. Kept with its run, so that a run which is taken up
// again works as it began.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "core/agents/agent_profile.hpp"
#include "core/governance/work_grant.hpp"
#include "core/spans/trace_parent.hpp"

namespace colonnade::core {

// Whether a turn calls tools.
enum class ToolUse {
  automatic,  // as the model likes
  none,       // it is offered none
  required,   // its first answer calls one; else the run fails
};
std::string_view to_string(ToolUse use);  // "automatic", "none", "required"
std::optional<ToolUse> tool_use_from(std::string_view text);

// A run and its thread.
struct RunPlace {
  std::string thread_id{};
  std::string run_id{};

  bool operator==(const RunPlace&) const = default;
};

// How much a turn may use; nullopt: as much as everybody.
struct TurnAllowance {
  std::optional<std::int64_t> tool_calls{};
  std::optional<std::int64_t> tokens{};  // looked at before each model call
  // Before each model call, what it costs at most is counted; nothing where no price is known.
  std::optional<std::int64_t> cost_micros{};

  bool operator==(const TurnAllowance&) const = default;
};

struct TurnOptions {
  // Who answers this turn; "" for the thread's agent. Then the thread is not pinned by it.
  std::string agent_id{};
  // The thread is pinned to the version of its agent that this turn uses, unless it is already.
  bool pin_version = false;
  // The agent's route of that label; "" or an unknown one: its default route. A model in the
  // message's own settings wins.
  std::string model_label{};
  std::optional<std::string> system_prompt{};  // instead of the agent's; rendered like that
  base::Json output_schema = nullptr;          // instead of the agent's; null for the agent's own
  std::map<std::string, std::string> dynamic_blocks{};  // by key; what the agent lacks is dropped
  // What placeholders of the prompt and of the blocks stand for (render_template); an object, e.g.
  // {"user": {"id": …, "name": …, "email": …, "current_time": …}}. The thread's session context
  // lies under it.
  base::Json context = nullptr;
  std::optional<HistoryMode> history_mode{};
  std::optional<int> context_limit{};
  // The agent works as its own sub-agent (AgentProfile::sub_agent) and has its tools at hand.
  bool as_sub_agent = false;
  // Of such a turn: the run that has handed the work on. Its thread is told, too, what the
  // sub-agent asks humans.
  std::optional<RunPlace> handed_on_by{};
  // The message that this one answers; both stay out of the thread's main line. "" for none.
  std::string reply_to{};
  // A message of the user, or the answer to it: it and what came after it are edited out, and this
  // turn takes its place. Without parts of its own the message says again what it said. "" for
  // none.
  std::string replaces{};
  ToolUse tool_use = ToolUse::automatic;
  // The tools that it may call, of those that its agent has: names in which `*` is any run of
  // characters, compared in lower case with `-` as `_`; also by their other names. nullopt: all.
  std::optional<std::vector<std::string>> tools{};
  // Of those, the ones that it may not call, in the same words.
  std::vector<std::string> tools_left_out{};
  TurnAllowance allowance{};
  // Whom budgets count the turn for beside its scope, agent and user (core/budgets/budget.hpp):
  // the credential that asked, where a cap counts keys, and the routine, schedule or task that
  // began it.
  std::string key_id{};                   // "" for none
  std::string automation_id{};            // "" for none
  std::optional<int> tool_seconds_max{};  // of one call; can only be tighter than the server's
  TraceParent trace{};                    // what its request is part of; empty: a trace of its own
  // Of unattended work: what it may do unasked. nullopt where somebody looks on.
  std::optional<WorkGrant> grant{};
  // Nobody is there to answer: a call that a human would be asked about is denied at once.
  bool asks_nobody = false;
  // The job that the turn works for (core/jobs/agent_jobs.hpp), which is woken when the run has
  // ended or goes on; "" for none.
  std::string job_id{};

  bool operator==(const TurnOptions&) const = default;
};

}  // namespace colonnade::core
