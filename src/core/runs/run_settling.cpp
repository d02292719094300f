#include "core/runs/run_settling.hpp"

#include <memory>
#include <utility>

#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

// What the store holds of a run.
struct RunSettling::Found {
  Run run;
  std::vector<ToolCall> calls{};
  ActionsByCall actions{};
  std::optional<std::vector<RunStep>> steps{};  // where what was said is kept
};

RunSettling::RunSettling(RunStore& runs, ActionStore& actions, RunRecordPorts ports)
    : runs_(runs), actions_(actions), ports_(ports) {}

Task<Result<Run>> RunSettling::settle(Scope scope, std::string run_id, End end,
                                      std::stop_token stop) const {
  for (int attempt = 1;; ++attempt) {
    auto settled = co_await settle_once(scope, run_id, end, stop);
    // The run has moved on between the reading and the commit: looked at again.
    const bool moved = !settled && settled.error().kind == ErrorKind::conflict && !end.only_from;
    if (!moved || attempt == limits::change_attempts_max) co_return settled;
  }
}

Task<Result<Run>> RunSettling::settle_once(Scope scope, std::string run_id, End end,
                                           std::stop_token stop) const {
  auto found = co_await find(std::move(scope), std::move(run_id));
  if (!found) co_return fail(std::move(found.error()));
  const RunState from = found->run.state;
  if (is_terminal(from)) co_return fail(ErrorKind::conflict, "the run has ended");
  if (end.only_from && from != *end.only_from) {
    co_return fail(ErrorKind::conflict, "the run is " + std::string(to_string(from)) + " now");
  }
  RunInputs inputs;
  const auto park = [&inputs] {
    inputs.note_park();
    inputs.wake_parked();
  };
  const std::stop_callback on_stop(std::move(stop), park);
  std::string provider = found->run.settings.provider.value_or("");
  const auto record =
      std::make_shared<RunRecord>(ports_, inputs, std::move(found->run), std::move(provider));
  if (found->steps) record->load(*found->steps, std::nullopt);
  RunRecord::End last{
      .state = end.state, .error = std::move(end.error), .actions = std::move(found->actions)};
  auto settled = co_await record->settle(from, std::move(last), std::move(found->calls));
  co_return settled;
}

Task<Result<RunSettling::Found>> RunSettling::find(Scope scope, std::string run_id) const {
  auto run = co_await runs_.run(scope, run_id);
  if (!run) co_return fail(std::move(run.error()));
  if (!*run) co_return fail(ErrorKind::not_found, "no such run");
  auto calls = co_await runs_.tool_calls(scope, run_id);
  if (!calls) co_return fail(std::move(calls.error()));
  auto actions = co_await actions_.actions_of_run(scope, run_id);
  if (!actions) co_return fail(std::move(actions.error()));
  Found out{.run = std::move(**run), .calls = std::move(*calls)};
  if (out.run.settings.keeps_partial_reply.value_or(false)) {
    auto steps = co_await runs_.steps(scope, run_id);
    if (!steps) co_return fail(std::move(steps.error()));
    out.steps = std::move(*steps);
  }
  for (Action& action : *actions) {
    const std::string id = action.tool_call_id;
    out.actions.insert_or_assign(id, std::move(action));
  }
  co_return out;
}

}  // namespace colonnade::core
