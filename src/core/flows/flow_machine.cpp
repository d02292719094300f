#include "core/flows/flow_machine.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "base/utf8.hpp"
#include "core/enum_names.hpp"
#include "core/flows/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Time;

namespace {

constexpr EnumNames<FlowVerdict, 3> flow_verdict_names{{
    {FlowVerdict::approve, "approve"},
    {FlowVerdict::rework, "rework"},
    {FlowVerdict::cancel, "cancel"},
}};

std::unexpected<base::Error> not_in_flow_state(const FlowProgress& progress,
                                               std::string_view wanted) {
  return fail(
      ErrorKind::conflict,
      "the run is " + std::string(to_string(progress.state)) + ", not " + std::string(wanted),
      std::string(flow_state_field));
}

std::string cut_reason(std::string_view text) {
  return std::string(base::cut_utf8(text, limits::flow_reason_bytes_max));
}

// The first characters of a text, on one line.
std::string output_summary(std::string_view text) {
  std::string out;
  std::size_t characters = 0;
  for (const char c : text) {
    const bool begins_character = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (begins_character && ++characters > limits::flow_summary_chars_max) break;
    out.push_back(c == '\n' || c == '\r' || c == '\t' ? ' ' : c);
  }
  return out;
}

// Nothing is at work, and nothing begins by itself.
bool is_at_rest(FlowRunState state) {
  return has_ended(state) || state == FlowRunState::paused ||
         state == FlowRunState::awaiting_approval;
}

std::optional<std::int64_t> part_of(const std::optional<std::int64_t>& most, std::int64_t used,
                                    std::int64_t reserved, std::size_t parts) {
  if (!most) return std::nullopt;
  const std::int64_t rest = std::max<std::int64_t>(*most - used - reserved, 0);
  const auto count = static_cast<std::int64_t>(std::max<std::size_t>(parts, 1));
  return rest / count + (rest % count > 0 ? 1 : 0);  // a little is somebody's
}

}  // namespace

std::string_view to_string(FlowVerdict verdict) { return enum_name(flow_verdict_names, verdict); }
std::optional<FlowVerdict> flow_verdict_from(std::string_view text) {
  return enum_value(flow_verdict_names, text);
}

FlowMachine::FlowMachine(const FlowDefinition& definition, FlowProgress progress)
    : definition_(definition), progress_(std::move(progress)) {
  // Whatever reads the map finds every node in it.
  for (const FlowNode& node : definition_.nodes) progress_.nodes.try_emplace(node.id);
}

FlowProgress FlowMachine::fresh(const FlowDefinition& definition) {
  return FlowMachine(definition, {}).progress_;
}

Result<void> FlowMachine::on(const FlowEvent& event, Time at) {
  return std::visit([&](const auto& one) { return step(one, at); }, event);
}

FlowCommands FlowMachine::commands() const {
  FlowCommands out;
  for (const FlowNode& node : definition_.nodes) {
    const FlowNodeState state = progress_.nodes.at(node.id).state;
    if (state == FlowNodeState::starting) out.start.push_back(node.id);
    if (state == FlowNodeState::stopping) out.stop.push_back(node.id);
    if (is_at_work(state)) out.follow.push_back(node.id);
  }
  out.is_over = has_ended(progress_.state) && out.follow.empty();
  if (definition_.bounds.time_ms_max && progress_.runs_since) {
    const std::int64_t left = *definition_.bounds.time_ms_max * 1000 - progress_.ran_micros;
    out.look_at = Time{progress_.runs_since->micros + std::max<std::int64_t>(left, 0)};
  }
  return out;
}

// --- what the driver tells ----------------------------------------------------------------------

Result<void> FlowMachine::step(const FlowLookedAt&, Time at) {
  progress_.is_seen = true;
  advance(at);
  return {};
}

Result<void> FlowMachine::step(const FlowNodeBegan& event, Time at) {
  FlowNodeWork& work = progress_.nodes.at(event.node_id);
  if (work.state == FlowNodeState::starting) {
    work.state = FlowNodeState::running;
    note("node_started", at, {}, event.node_id);
  }
  return {};
}

Result<void> FlowMachine::step(const FlowNodeEnded& event, Time at) {
  const FlowNode* node = definition_.node(event.node_id);
  FlowNodeWork& work = progress_.nodes.at(event.node_id);
  if (node == nullptr || !is_at_work(work.state)) return {};
  progress_.used.add(event.usage);
  work.had_effects = work.had_effects || event.had_effects;
  work.run_id.clear();
  if (event.end == FlowNodeEnd::succeeded) {
    take_output(*node, event, at);
  } else if (work.state == FlowNodeState::stopping) {
    take_interruption(*node, event, at);
  } else if (event.end == FlowNodeEnd::used_up) {
    const bool had_all = work.share.is_all;
    work.needs_all = true;
    take_interruption(*node, event, at);
    if (had_all) stop_by_bound(event.error, at);
  } else {
    take_failure(*node, event, at);
  }
  advance(at);
  return {};
}

void FlowMachine::take_output(const FlowNode& node, const FlowNodeEnded& event, Time at) {
  FlowNodeWork& work = progress_.nodes.at(node.id);
  const std::string kind = node.contract && !node.contract->kind.empty()
                               ? node.contract->kind
                               : std::string(structured_contract);
  work.state = FlowNodeState::completed;
  work.goes_on = false;
  work.needs_all = false;
  work.note.clear();
  work.output = FlowOutput{.kind = kind,
                           .summary = output_summary(event.text),
                           .text = event.text,
                           .thread_id = work.thread_id,
                           .at = at};
  note("node_completed", at, {}, node.id);
}

// The attempt does not count: the next one goes on where it was.
void FlowMachine::take_interruption(const FlowNode& node, const FlowNodeEnded& event, Time at) {
  FlowNodeWork& work = progress_.nodes.at(node.id);
  work.state = FlowNodeState::pending;
  work.attempts = std::max(work.attempts - 1, 0);
  if (!event.had_begun) return;  // as it was before
  work.goes_on = !work.thread_id.empty();
  work.note = cut_reason(event.error.empty() ? "it was interrupted" : event.error);
  note("node_interrupted", at, work.note, node.id);
}

// Tried again by itself only where that does nothing twice.
void FlowMachine::take_failure(const FlowNode& node, const FlowNodeEnded& event, Time at) {
  FlowNodeWork& work = progress_.nodes.at(node.id);
  const std::string why = cut_reason(
      event.end == FlowNodeEnd::cancelled ? "somebody stopped the node's session" : event.error);
  work.state = FlowNodeState::pending;
  work.note = why;
  note("node_failed", at, why, node.id);
  const bool may_fail_otherwise = event.end == FlowNodeEnd::failed;
  const int most = node.attempts_max.value_or(limits::flow_attempts_default);
  const bool is_harmless = node.is_idempotent || !work.had_effects;
  if (may_fail_otherwise && is_harmless && work.attempts < most) {
    work.goes_on = false;
    work.thread_id.clear();
    return;
  }
  work.goes_on = !work.thread_id.empty();
  std::string reason = why;
  if (may_fail_otherwise && !is_harmless && work.attempts < most) {
    reason += "; it is not tried again by itself, as it has called tools that have effects";
  }
  fail_run(node.id, std::move(reason), at);
}

// What was at work may go on in its sessions.
Result<void> FlowMachine::step(const FlowDriverLost& event, Time at) {
  if (has_ended(progress_.state)) return {};
  const std::string why = cut_reason(event.reason.empty() ? "its job has ended" : event.reason);
  std::string lost;
  for (auto& [id, work] : progress_.nodes) {
    if (!is_at_work(work.state)) continue;
    if (lost.empty()) lost = id;
    work.state = FlowNodeState::pending;
    work.attempts = std::max(work.attempts - 1, 0);
    work.goes_on = !work.thread_id.empty();
    work.note = why;
    work.run_id.clear();
    note("node_interrupted", at, why, id);
  }
  fail_run(lost, why, at);
  return {};
}

// --- what humans ask ----------------------------------------------------------------------------

Result<void> FlowMachine::step(const FlowPauseAsked& event, Time at) {
  if (progress_.state != FlowRunState::queued && progress_.state != FlowRunState::running) {
    return not_in_flow_state(progress_, "queued or running");
  }
  progress_.is_seen = false;
  progress_.pause_reason = cut_reason(event.reason);
  progress_.detail = progress_.pause_reason;
  progress_.state = FlowRunState::pausing;
  note("run_pause_requested", at, progress_.pause_reason);
  stop_work();
  if (at_work() == 0) advance(at);
  return {};
}

Result<void> FlowMachine::step(const FlowResumeAsked& event, Time at) {
  if (progress_.state != FlowRunState::paused) return not_in_flow_state(progress_, "paused");
  progress_.resume_reason = cut_reason(event.reason);
  note("run_resumed", at, progress_.resume_reason);
  queue_again(at);
  return {};
}

Result<void> FlowMachine::step(const FlowCancelAsked& event, Time at) {
  if (has_ended(progress_.state)) return not_in_flow_state(progress_, "under way");
  progress_.is_seen = false;
  progress_.stop = event.stop;
  progress_.stop_reason = cut_reason(event.reason);
  progress_.detail = progress_.stop_reason;
  note(event.stop == FlowStop::operator_stopped ? "run_stopped" : "run_cancelled", at,
       progress_.stop_reason);
  finish(FlowRunState::cancelled, at);
  return {};
}

Result<void> FlowMachine::step(const FlowGateDecided& event, Time at) {
  if (progress_.state != FlowRunState::awaiting_approval) {
    return not_in_flow_state(progress_, "waiting for approval");
  }
  if (!progress_.gate) {
    return fail(ErrorKind::conflict, "the run waits at no gate", std::string(flow_gate_field));
  }
  const FlowOpenGate gate = *progress_.gate;
  const std::string word(to_string(event.verdict));
  if (std::ranges::find(gate.decisions, word) == gate.decisions.end()) {
    return fail(ErrorKind::invalid, "this gate does not take \"" + word + '"',
                std::string(flow_decision_field));
  }
  const std::string reason = cut_reason(event.reason);
  progress_.decisions.push_back(
      {.node_id = gate.node_id, .decision = word, .reason = reason, .at = at});
  if (progress_.decisions.size() > limits::flow_gates_kept_max) {
    progress_.decisions.erase(progress_.decisions.begin());
  }
  note("gate_decided", at, word + (reason.empty() ? "" : ": " + reason), gate.node_id);
  progress_.gate.reset();
  switch (event.verdict) {
    case FlowVerdict::approve: {
      FlowNodeWork& work = progress_.nodes.at(gate.node_id);
      work.state = FlowNodeState::completed;
      work.output = FlowOutput{.kind = std::string(gate_contract),
                               .summary = "approved",
                               .text = reason.empty() ? "approved" : "approved: " + reason,
                               .at = at};
      break;
    }
    case FlowVerdict::rework: {
      const std::string note_text =
          reason.empty() ? "a reviewer asked for rework" : "a reviewer asked for rework: " + reason;
      const auto& targets = gate.rework_targets.empty() ? gate.upstream : gate.rework_targets;
      for (const std::string& target : targets) {
        for (const std::string& id : flow_nodes_from(definition_, target)) reset(id, note_text);
      }
      for (const std::string& id : flow_nodes_from(definition_, gate.node_id)) reset(id, {});
      break;
    }
    case FlowVerdict::cancel:
      progress_.is_seen = false;
      progress_.stop = FlowStop::cancelled;
      progress_.stop_reason = reason.empty() ? "cancelled at the gate " + gate.node_id : reason;
      progress_.detail = progress_.stop_reason;
      note("run_cancelled", at, progress_.stop_reason);
      finish(FlowRunState::cancelled, at);
      return {};
  }
  queue_again(at);
  progress_.detail = "gate `" + gate.node_id + "` " +
                     (event.verdict == FlowVerdict::approve ? "approved" : "sent back for rework");
  return {};
}

Result<void> FlowMachine::step(const FlowRecoverAsked& event, Time at) {
  if (progress_.state == FlowRunState::paused) {
    note("run_recovered_from_pause", at, cut_reason(event.reason));
    queue_again(at);
    return {};
  }
  if (progress_.state != FlowRunState::failed) {
    return not_in_flow_state(progress_, "failed or paused");
  }
  if (!progress_.failure) {
    return fail(ErrorKind::conflict, "nothing says which node failed; retry one of them",
                std::string(flow_failure_field));
  }
  const auto failed = progress_.nodes.find(progress_.failure->node_id);
  if (failed != progress_.nodes.end()) failed->second.attempts = 0;
  note("run_recovered", at, cut_reason(event.reason));
  queue_again(at);
  return {};
}

Result<void> FlowMachine::step(const FlowNodeRetryAsked& event, Time at) {
  if (definition_.node(event.node_id) == nullptr) {
    return fail(ErrorKind::invalid, "the flow has no node \"" + event.node_id + '"',
                std::string(flow_node_field));
  }
  if (!is_at_rest(progress_.state)) {
    return not_in_flow_state(progress_, "ended, paused or waiting at a gate");
  }
  if (at_work() > 0) {
    return fail(ErrorKind::conflict, "nodes of the run are still coming to their stop; try again",
                std::string(flow_state_field));
  }
  const std::string reason = cut_reason(event.reason);
  const std::string session = progress_.nodes.at(event.node_id).thread_id;
  for (const std::string& id : flow_nodes_from(definition_, event.node_id)) reset(id, {});
  FlowNodeWork& work = progress_.nodes.at(event.node_id);
  work.note = reason;
  if (event.goes_on && !session.empty()) {
    work.thread_id = session;
    work.goes_on = true;
  }
  note(event.is_repair ? "run_step_repaired" : "node_retried", at, reason, event.node_id);
  queue_again(at);
  return {};
}

// --- what follows -------------------------------------------------------------------------------

void FlowMachine::advance(Time at) {
  if (progress_.state == FlowRunState::pausing && at_work() == 0) {
    progress_.state = FlowRunState::paused;
    run_clock(false, at);
    note("run_paused", at, progress_.pause_reason);
  }
  if (is_at_rest(progress_.state) || progress_.state == FlowRunState::pausing) return;
  if (std::string why = exceeded_time(at); !why.empty()) return stop_by_bound(std::move(why), at);
  if (all_completed()) {
    progress_.detail.clear();
    note("run_completed", at);
    return finish(FlowRunState::completed, at);
  }
  progress_.state = FlowRunState::running;
  if (!progress_.started_at) progress_.started_at = at;
  run_clock(true, at);
  start_runnable(at);
  if (at_work() == 0 && !has_ended(progress_.state)) open_gate_or_fail(at);
}

// In the order of their names, as many as there is room for.
void FlowMachine::start_runnable(Time at) {
  std::vector<const FlowNode*> ready;
  const bool is_alone = at_work() == 0;
  for (const FlowNode& node : definition_.nodes) {
    if (!node.is_gate() && is_ready(node)) ready.push_back(&node);
  }
  std::ranges::sort(ready, {}, [](const FlowNode* node) { return node->id; });
  const auto waits_alone = [&](const FlowNode* node) {
    return progress_.nodes.at(node->id).needs_all;
  };
  std::vector<const FlowNode*> chosen;
  std::ranges::copy_if(ready, std::back_inserter(chosen), std::not_fn(waits_alone));
  if (chosen.empty() && is_alone && !ready.empty()) chosen.push_back(ready.front());
  const auto most = static_cast<std::size_t>(std::max(definition_.bounds.parallel_max, 1));
  const std::size_t room = most - std::min(most, at_work());
  if (chosen.size() > room) chosen.resize(room);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    FlowShare share = left(chosen.size() - i);
    share.is_all = is_alone && chosen.size() == 1;
    const bool is_spent = share.tokens == 0 || share.cost_micros == 0;
    if (is_spent && at_work() > 0) return;  // what others leave of theirs may be enough
    if (is_spent) {
      return stop_by_bound(
          share.tokens == 0 ? "max_total_tokens is used up" : "max_total_cost_usd is used up", at);
    }
    FlowNodeWork& work = progress_.nodes.at(chosen[i]->id);
    work.state = FlowNodeState::starting;
    work.share = share;
    ++work.attempts;
  }
}

void FlowMachine::open_gate_or_fail(Time at) {
  const auto found = std::ranges::find_if(
      definition_.nodes, [&](const FlowNode& node) { return node.is_gate() && is_ready(node); });
  if (found == definition_.nodes.end()) {
    return fail_run({}, "flow deadlock: no runnable nodes", at);
  }
  const FlowGate gate = found->gate.value_or(FlowGate{});
  progress_.gate = FlowOpenGate{.node_id = found->id,
                                .title = found->objective,
                                .instructions = gate.instructions,
                                .decisions = gate.decisions,
                                .rework_targets = gate.rework_targets,
                                .upstream = found->depends_on,
                                .asked_at = at};
  if (progress_.gate->decisions.empty()) {
    progress_.gate->decisions = {"approve", "rework", "cancel"};
  }
  progress_.state = FlowRunState::awaiting_approval;
  progress_.detail = "awaiting approval for gate `" + found->id + "`";
  run_clock(false, at);
  note("gate_opened", at, {}, found->id);
}

void FlowMachine::fail_run(const std::string& node_id, std::string reason, Time at) {
  if (!node_id.empty()) {
    progress_.failure = FlowFailure{.node_id = node_id, .reason = reason, .at = at};
  }
  // One that is stopped already keeps the reason that it has.
  if (has_ended(progress_.state)) return;
  progress_.detail = node_id.empty() ? reason : "node `" + node_id + "` failed: " + reason;
  note("run_failed", at, std::move(reason), node_id);
  finish(FlowRunState::failed, at);
}

void FlowMachine::stop_by_bound(std::string reason, Time at) {
  if (has_ended(progress_.state)) return;
  progress_.stop = FlowStop::guardrail_stopped;
  progress_.stop_reason = reason;
  progress_.detail = reason;
  note("run_guardrail_stopped", at, std::move(reason));
  finish(FlowRunState::cancelled, at);
}

// What is still at work is stopped; its usage counts.
void FlowMachine::finish(FlowRunState state, Time at) {
  run_clock(false, at);
  progress_.state = state;
  progress_.finished_at = at;
  progress_.gate.reset();
  stop_work();
}

void FlowMachine::queue_again(Time at) {
  run_clock(false, at);
  progress_.state = FlowRunState::queued;
  progress_.is_seen = false;
  progress_.gate.reset();
  progress_.failure.reset();
  progress_.stop = FlowStop::none;
  progress_.stop_reason.clear();
  progress_.detail.clear();
  progress_.finished_at.reset();
}

void FlowMachine::stop_work() {
  for (auto& [id, work] : progress_.nodes) {
    if (is_at_work(work.state)) work.state = FlowNodeState::stopping;
  }
}

void FlowMachine::run_clock(bool runs, Time at) {
  if (runs && !progress_.runs_since) progress_.runs_since = at;
  if (runs || !progress_.runs_since) return;
  progress_.ran_micros += std::max<std::int64_t>((at - *progress_.runs_since).count(), 0);
  progress_.runs_since.reset();
}

void FlowMachine::reset(const std::string& node_id, const std::string& note) {
  FlowNodeWork& work = progress_.nodes.at(node_id);
  // One of several resets may have said why.
  const std::string why = note.empty() ? work.note : note;
  work = FlowNodeWork{.note = why};
}

void FlowMachine::note(std::string event, Time at, std::string reason, std::string node_id) {
  FlowMoment moment{.event = std::move(event),
                    .at = at,
                    .node_id = std::move(node_id),
                    .reason = std::move(reason),
                    .stop = progress_.stop};
  if (!moment.node_id.empty()) moment.thread_id = progress_.nodes.at(moment.node_id).thread_id;
  progress_.history.push_back(std::move(moment));
  ++progress_.moments;
  if (progress_.history.size() > limits::flow_history_max) {
    progress_.history.erase(progress_.history.begin());
  }
}

// --- looking ------------------------------------------------------------------------------------

std::string FlowMachine::exceeded_time(Time at) const {
  const std::optional<std::int64_t> most = definition_.bounds.time_ms_max;
  if (!most) return {};
  std::int64_t ran = progress_.ran_micros;
  if (progress_.runs_since) ran += (at - *progress_.runs_since).count();
  return ran >= *most * 1000 ? "max_total_runtime_ms is used up" : std::string();
}

// One of so many parts of what is left, beside what those at work may use.
FlowShare FlowMachine::left(std::size_t parts) const {
  std::int64_t calls = 0;
  std::int64_t tokens = 0;
  std::int64_t cost = 0;
  for (const auto& [id, work] : progress_.nodes) {
    if (!is_at_work(work.state)) continue;
    calls += work.share.tool_calls.value_or(0);
    tokens += work.share.tokens.value_or(0);
    cost += work.share.cost_micros.value_or(0);
  }
  const FlowBounds& bounds = definition_.bounds;
  const FlowUsage& used = progress_.used;
  return {.tool_calls = part_of(bounds.tool_calls_max, used.tool_calls, calls, parts),
          .tokens = part_of(bounds.tokens_max, used.tokens(), tokens, parts),
          .cost_micros = part_of(bounds.cost_micros_max, used.cost_micros, cost, parts)};
}

bool FlowMachine::is_ready(const FlowNode& node) const {
  if (progress_.nodes.at(node.id).state != FlowNodeState::pending) return false;
  return std::ranges::all_of(node.depends_on, [&](const std::string& id) {
    const auto found = progress_.nodes.find(id);
    return found != progress_.nodes.end() && found->second.state == FlowNodeState::completed;
  });
}

std::size_t FlowMachine::at_work() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      progress_.nodes, [](const auto& one) { return is_at_work(one.second.state); }));
}

bool FlowMachine::all_completed() const {
  return std::ranges::all_of(definition_.nodes, [&](const FlowNode& node) {
    return progress_.nodes.at(node.id).state == FlowNodeState::completed;
  });
}

}  // namespace colonnade::core
