// A user's own call of one tool, without a model: through the gate, the humans and the audit trail
// as every call. It belongs to no run; its action is the user's.
//
// A prompt that is one call (tandem §4.1, "/tool NAME {json}") is a run like any other, asked of
// providers/tool_prompt instead of a model, and does not come here.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/agents/agents.hpp"
#include "core/events/commit_retry.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/action_store.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/judge.hpp"
#include "core/governance/limits.hpp"
#include "core/governance/permissions.hpp"
#include "core/governance/redaction.hpp"
#include "core/threads/threads.hpp"
#include "core/tools/limits.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

struct UserCall {
  std::string tool{};  // under any of its names (core/tools/tool_names.hpp)
  base::Json arguments = base::Json::object();
  // In whose workspace and in the name of whose agent; "" for the user's own workspace and the
  // default agent.
  std::string thread_id{};
  // Nobody is there to answer: what a human would be asked about is denied at once.
  bool asks_nobody = false;
  // Linked to the action in the transaction that begins to run it; "" for none.
  std::string keyed_request_id{};
};

// How a call stands when call() returns.
struct UserCallResult {
  enum class State {
    done,     // it ran; `outcome` says how
    denied,   // by the gate or a human; `reason_code` and `reason` say why
    waiting,  // for a human's answer to the approval `action_id`
  };
  State state = State::denied;
  std::string action_id{};
  std::string tool{};     // our name of it
  ToolOutcome outcome{};  // within the bounds of execute_tool()
  bool timed_out = false;
  std::string reason_code{};
  std::string reason{};
};

struct UserCallDependencies {
  ActionStore& store;
  EventFeed& feed;
  const Judge& judge;
  ToolRunner& tools;
  Agents& agents;
  Threads& threads;
  const Permissions& permissions;
  const Redaction& redaction;
  Actions& actions;  // says when a human has answered
  base::Clock& clock;
};

struct UserCallOptions {
  std::chrono::milliseconds tool_time_max = limits::tool_time_max;
  std::chrono::milliseconds approval_time_max = limits::approval_time_max;
  CommitRetry commit_retry{};  // of how a call ended
};

// Thread-safe. Everything handed over must outlive it; stop_all() before the lanes stop.
class UserCalls {
 public:
  UserCalls(UserCallDependencies deps, UserCallOptions options);
  ~UserCalls();

  // Makes the call on `lane`, which is the calling one. Where the gate asks, waits for the answer
  // for `wait_max` (0: not at all; limits::user_call_wait_max at most), then returns as waiting.
  // The same call again finds that question: while it is open it waits for it too, and once it is
  // approved, for limits::user_call_claim_time_max, it runs; each approval runs one call. A stop
  // ends the wait, and the tool soon after.
  //
  // Arguments that do not fit the tool are a denial with INVALID_ARGUMENTS. Errors: not_found with
  // the field "tool" (the agent has no such tool) or "thread_id"; rate_limited with retry_after
  // (limits::user_calls_per_account are under way, or user_call_questions_per_account wait);
  // unavailable with retry_after (limits::user_calls_max, or the server stops); the store's.
  base::Task<Result<UserCallResult>> call(Principal who, UserCall input,
                                          std::chrono::milliseconds wait_max, base::Lane& lane,
                                          std::stop_token stop);

  // How a call stands that was made before. Of its output there is what its record keeps
  // (limits::end_reason_characters_max). not_found for one that the caller may not see, or that is
  // no user's call.
  base::Task<Result<UserCallResult>> result(Principal who, std::string action_id) const;

  // What call() would find, in the order in which models are shown it. not_found with the field
  // "thread_id".
  base::Task<Result<std::vector<ToolDefinition>>> tools(Principal who, std::string thread_id,
                                                        std::stop_token stop);

  // Ends what runs and waits until it is over. Blocks; not from a lane.
  void stop_all();

 private:
  struct State;
  struct Call;
  static base::Task<Result<UserCallResult>> make(std::shared_ptr<State> state,
                                                 std::shared_ptr<Call> call);
  static base::Task<Result<UserCallResult>> follow(std::shared_ptr<State> state,
                                                   std::shared_ptr<Call> call, Action action);
  static base::Task<Result<UserCallResult>> claim(std::shared_ptr<State> state,
                                                  std::shared_ptr<Call> call, Action action);
  static base::Task<Result<UserCallResult>> run(std::shared_ptr<State> state,
                                                std::shared_ptr<Call> call, Action action,
                                                ExecutionPermit permit);
  std::shared_ptr<State> state_;
};

}  // namespace colonnade::core
