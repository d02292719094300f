// Actions: what clients submit to be decided, what humans answer to the gate's questions (of
// submissions and of runs' tool calls alike), and how it ends.
//
// Every change is one transaction with its audit record; of two changes at once one loses and is
// told so. Users see and answer what core/access/visibility.hpp lets them see.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/events/commit_retry.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/action.hpp"
#include "core/governance/action_store.hpp"
#include "core/governance/audit_store.hpp"
#include "core/governance/judge.hpp"
#include "core/governance/limits.hpp"
#include "core/governance/permissions.hpp"
#include "core/governance/redaction.hpp"
#include "core/tools/limits.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

class Runs;

// For what else a human's answer counts. It is the owner's, for the tool and operation that were
// asked about, and unless everywhere is said for the agent that asked.
enum class Remember {
  once,
  thread,      // this agent in this thread
  always,      // this agent in every thread
  everywhere,  // every agent in every thread
  // Every agent in the directory of the action's thread; in that thread alone where it has none.
  // For a shell it is remembered which simple commands ran, for another tool any arguments, unless
  // a pattern is given.
  directory,
};
// "once", "thread", "always", "everywhere"
std::optional<Remember> remember_from(std::string_view text);

struct HumanAnswer {
  bool approve = false;
  std::string reason{};  // "": "Approved by human" or "Denied by human"
  // The action's approval token, from whoever must show one (faramesh §3.2).
  std::optional<std::string> token{};
  // A JSON object's text to run with instead of what was asked for. Of a tool call, it has to fit
  // the tool's schema. It is decided on again.
  std::optional<std::string> params{};
  // An approval that counts again for this tool and operation.
  Remember remember = Remember::once;
  // For which params, as their JSON text: see Permission::pattern. "": exactly these.
  std::string pattern{};
};

struct ActionOptions {
  std::chrono::milliseconds approval_time_max = limits::approval_time_max;
  bool approve_when_expired = false;  // what nobody's answer counts as
  std::chrono::milliseconds tool_time_max = limits::tool_time_max;
  CommitRetry commit_retry{};  // of how an execution ended
};

struct ActionDependencies {
  ActionStore& store;
  AuditStore& audit;
  EventFeed& feed;
  const Judge& judge;
  ToolRunner& tools;
  const Permissions& permissions;
  const Redaction& redaction;
  Runs& runs;
  base::Clock& clock;
};

// Thread-safe.
class Actions {
 public:
  Actions(ActionDependencies deps, ActionOptions options);
  ~Actions();

  // What the gate and the agent that is named say; nothing is stored. Errors: invalid, naming the
  // field; the store's.
  base::Task<Result<Verdict>> judge(Principal who, ActionRequest request) const;
  // Decides and stores; a denial is an action too. `keyed_request_id`: linked in the same
  // transaction,
  // "" for none. Errors: invalid, naming the field.
  base::Task<Result<Action>> submit(Principal who, ActionRequest request,
                                    std::string keyed_request_id = "");

  // not_found for one that the caller may not see.
  base::Task<Result<Action>> get(Principal who, std::string id) const;
  // Newest first. `filter.owner` is ignored, `filter.limit` is brought into its range.
  base::Task<Result<std::vector<Action>>> list(Principal who, ActionFilter filter) const;
  // What the audit trail says of one action, oldest first; not_found as for get().
  base::Task<Result<std::vector<AuditRecord>>> history(Principal who, std::string id) const;

  // A human's answer to a pending action. The run that waits for it goes on. Errors in this order:
  // not_found; conflict (nothing is asked any more); unauthorized (the token is wrong); invalid
  // (params that do not fit the tool, lack the answer to its question or are denied by the gate; a
  // pattern that is too long); unavailable (edited params of a tool whose server is away). After an
  // error the question is as open as before.
  base::Task<Result<Action>> resolve(Principal who, std::string id, HumanAnswer answer);

  // The gate's verdict of now on what was asked then, in the form it was judged in, and with what
  // the agent demanded then. Errors: invalid, for a record that cannot be decided on any more.
  base::Task<Result<Verdict>> judge_again(Action action) const;

  // Begins what was submitted and may run: `shell` in the sandbox, on `lane`, which is the calling
  // one; any other tool is its client's to run and counts as done (faramesh §3.1). The policy in
  // force now has a say again: on what was submitted, and on the command alone, which is all that
  // runs. Errors: not_found; conflict (not allowed or approved, or a run's); invalid (params of
  // `shell` with two commands, or one that is no text).
  base::Task<Result<Action>> start(Principal who, std::string id, base::Lane& lane);
  // A client ran it by itself. Errors as for start().
  base::Task<Result<Action>> report(Principal who, std::string id, bool success, std::string error);

  // `told` hears of every question that was answered, or that nobody answered in time, once that is
  // stored; on any thread, and it must be short. One listener; empty: none.
  void tell_answers(std::function<void(const Action&)> told);

  // Settles what no answer in time; returns how many.
  base::Task<std::size_t> settle_expired();
  // What was executing for a client when the server died is failed: its outcome is unknown. What
  // would wait for longer than approval_time_max from now waits for that long. Once, before
  // serving, and before Runs::recover(): a run that is taken up knows its questions as they are
  // then.
  base::Task<Result<std::size_t>> recover();
  // Ends what start() began and waits until it is over. Blocks; not from a lane.
  void stop_all();

 private:
  struct State;
  base::Task<Result<Action>> settle(Action action, std::string actor, HumanAnswer answer);
  base::Task<bool> settle_without_answer(Action action);
  static base::Task<void> execute(std::shared_ptr<State> state, base::Lane* lane, Action action,
                                  ExecutionPermit permit);
  std::shared_ptr<State> state_;
};

}  // namespace colonnade::core
