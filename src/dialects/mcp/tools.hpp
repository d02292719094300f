// What the tools do, one class per kind of thing. Each handler decodes its arguments, calls use
// cases, encodes. All are thread-safe and serve every lane; they must outlive the server.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/events/subscriptions.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/policy_inspector.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "dialects/mcp/arguments.hpp"
#include "dialects/mcp/limits.hpp"
#include "dialects/mcp/run_watch.hpp"
#include "dialects/mcp/tool.hpp"
#include "dialects/mcp/wire.hpp"

namespace colonnade::dialects::mcp {

struct QuestionPage {
  std::string run_id{};  // "": of all runs, and of what was submitted without one
  std::string before{};  // only those behind this action in the list; "": the newest
  std::size_t limit = limits::mcp_run_questions_max;
};
struct OpenQuestions {
  std::vector<core::Action> actions{};  // newest first
  bool more = false;                    // there are others behind them
};
// Those questions that wait for a human and that `who` may answer.
base::Task<core::Result<OpenQuestions>> open_questions(const core::Actions* actions, Principal who,
                                                       QuestionPage page);

// Asking an agent, at once or in the background.
class RunTools {
 public:
  struct Dependencies {
    core::Agents& agents;
    core::Threads& threads;
    core::Runs& runs;
    core::Actions& actions;
    core::Subscriptions& subscriptions;
    std::function<base::Result<void>()> readiness{};  // Options::readiness
  };
  explicit RunTools(Dependencies deps) : deps_(std::move(deps)) {}

  base::Task<Attempted> list_agents(Call call, Attempt attempt);
  // Starts a run and waits for its end, for a question to a human, or for as long as was asked.
  base::Task<Attempted> ask(Call call, Attempt attempt);
  base::Task<Attempted> start(Call call, Attempt attempt);
  // What a run did since a cursor; waits for something to happen.
  base::Task<Attempted> follow(Call call, Attempt attempt);
  base::Task<Attempted> read(Call call, Attempt attempt);
  base::Task<Attempted> cancel(Call call, Attempt attempt);

 private:
  struct Wanted {  // the arguments that ask and start share
    std::string thread_id{};
    std::string agent_id{};
    std::string message{};
    core::ModelSettings settings{};
  };
  struct Begun {
    core::Run run;
    std::shared_ptr<RunWatch> watch{};
    std::int64_t cursor = 0;  // from which all of the run can be followed
  };
  static Wanted wanted_from(Arguments& arguments);
  base::Task<core::Result<core::Thread>> thread_of(Principal who, Wanted wanted);
  base::Task<core::Result<Begun>> begin(Call call, Attempt attempt, Wanted wanted);
  base::Task<Attempted> wait_for(Call call, Begun begun, std::chrono::milliseconds time);
  static base::Task<void> until_over(Call call, std::shared_ptr<RunWatch> watch);
  // After a cancel: until the end is stored, the time is over, or `stop` is requested. Why the
  // store cannot take it just now, as soon as it cannot: it does in the end, but nobody waits for
  // that.
  base::Task<base::Result<void>> until_stored(std::shared_ptr<RunWatch> watch,
                                              std::stop_token stop);
  base::Task<Attempted> outcome(Call call, Begun begun);
  base::Task<RunReport> report_of(Principal who, core::Run run);

  Dependencies deps_;
};

class ThreadTools {
 public:
  explicit ThreadTools(core::Threads& threads) : threads_(threads) {}

  base::Task<Attempted> list(Call call, Attempt attempt);
  base::Task<Attempted> read(Call call, Attempt attempt);

  // The same as resources: the members of their results.
  base::Task<core::Result<std::string>> list_resources(Principal who);
  static std::string list_templates();
  // not_found for what is no thread of the caller's.
  base::Task<core::Result<std::string>> read_resource(Principal who, std::string uri);

 private:
  base::Task<core::Result<std::string>> page_of(Principal who, std::string id,
                                                core::MessagePage page);
  core::Threads& threads_;
};

// Answers to the gate's questions.
class ApprovalTools {
 public:
  explicit ApprovalTools(core::Actions& actions) : actions_(actions) {}

  base::Task<Attempted> list(Call call, Attempt attempt);
  base::Task<Attempted> approve(Call call, Attempt attempt);
  base::Task<Attempted> deny(Call call, Attempt attempt);

 private:
  base::Task<Attempted> resolve(Principal who, std::string id, core::HumanAnswer answer);
  core::Actions& actions_;
};

class GateTools {
 public:
  struct Dependencies {
    core::Actions& actions;
    core::PolicyInspector& policies;
  };
  explicit GateTools(Dependencies deps) : deps_(deps) {}

  base::Task<Attempted> decide(Call call, Attempt attempt);
  base::Task<Attempted> policy(Call call, Attempt attempt);

 private:
  Dependencies deps_;
};

}  // namespace colonnade::dialects::mcp
