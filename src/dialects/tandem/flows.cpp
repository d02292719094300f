#include "dialects/tandem/flows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/flows_wire.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/schedules_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::JsonWriter;
using core::Principal;

constexpr std::string_view create_failed = "AUTOMATION_V2_CREATE_FAILED";
constexpr std::string_view update_failed = "AUTOMATION_V2_UPDATE_FAILED";

std::string path_part(const net::Request& request, std::size_t index = 0) {
  return request.path_parameters.at(index);
}

// The published Python client knows only the words of its own version (tandem §6).
FlowWords words_for(const net::Request& request) {
  return ends_connection(request) ? FlowWords::few : FlowWords::engine;
}

base::Result<std::string> reason_of(const net::Request& request) {
  const auto body = body_of(request);
  if (!body) return base::fail(body.error());
  auto reason = text_member(*body, {"reason"});
  if (!reason) return base::fail(std::move(reason.error()));
  return std::move(*reason).value_or("");
}

net::Response coded_error(int status, std::string_view text, std::string_view code,
                          std::string_view id_name, const std::string& id,
                          const base::Error& error = {}) {
  net::Response out{.status = status};
  JsonWriter json(out.body);
  json.object().field("error", text).field("code", code);
  if (!id.empty()) json.field(id_name, id);
  if (!error.field.empty()) json.field("field", error.field);
  if (!error.message.empty() && error.message != text) json.field("detail", error.message);
  json.end_object();
  return out;
}

// Of a definition: what is wrong with the whole is 400, as the engine has it.
net::Response flow_error(const base::Error& error, const std::string& id, std::string_view code) {
  if (error.kind == ErrorKind::not_found) {
    return coded_error(404, "Automation not found", "AUTOMATION_V2_NOT_FOUND", "automationID", id);
  }
  if (error.kind != ErrorKind::invalid || code.empty()) return error_response(error);
  return coded_error(400, error.message, code, "automationID", id, error);
}

// A body that is none, or whose members have other types.
net::Response body_error(const base::Error& error, std::string_view code) {
  const bool is_schedule = error.field == schedule_field || error.field == "misfire_policy";
  if (is_schedule) return coded_error(400, error.message, code, "automationID", "", error);
  return error.field == "body" ? error_response(error) : error_response(error, code);
}

// `conflict`: the code of a run in another state, and what it says.
struct RunConflict {
  std::string_view code{};
  std::string_view text{};
};

net::Response flow_run_error(const base::Error& error, const std::string& shown,
                             RunConflict conflict = {}) {
  constexpr std::string_view id_name = "runID";
  if (error.kind == ErrorKind::not_found) {
    return coded_error(404, "Run not found", "AUTOMATION_V2_RUN_NOT_FOUND", id_name, shown);
  }
  if (error.kind == ErrorKind::conflict && error.field == core::flow_failure_field) {
    return coded_error(409, "Run failed without saying where",
                       "AUTOMATION_V2_RUN_FAILURE_CONTEXT_MISSING", id_name, shown, error);
  }
  if (error.kind == ErrorKind::conflict && error.field == core::flow_gate_field) {
    return coded_error(409, "Run waits at no gate", "AUTOMATION_V2_RUN_GATE_MISSING", id_name,
                       shown, error);
  }
  if (error.kind == ErrorKind::conflict && error.field == core::flow_state_field &&
      !conflict.code.empty()) {
    return coded_error(409, conflict.text, conflict.code, id_name, shown, error);
  }
  if (error.kind == ErrorKind::invalid && error.field == core::flow_decision_field) {
    return coded_error(400, error.message, "AUTOMATION_V2_GATE_INVALID_DECISION", id_name, shown,
                       error);
  }
  if (error.kind == ErrorKind::invalid && error.field == core::flow_node_field) {
    return coded_error(404, error.message, "AUTOMATION_V2_NODE_NOT_FOUND", id_name, shown, error);
  }
  return error_response(error);
}

net::Response one_flow(const core::ScheduledFlow& flow, bool says_ok) {
  std::string text;
  JsonWriter json(text);
  json.object();
  if (says_ok) json.field("ok", true);
  json.key("automation").raw(encode_flow(flow)).end_object();
  return answer(std::move(text));
}

net::Response one_run(const core::FlowRun& run, FlowWords words) {
  std::string text;
  JsonWriter json(text);
  json.object().field("ok", true);
  if (run.trigger == core::FlowTrigger::manual_dry_run) json.field("dry_run", true);
  json.key("run").raw(encode_flow_run(run, words)).end_object();
  return answer(std::move(text));
}

}  // namespace

// --- definitions --------------------------------------------------------------------------------

base::Task<net::Reply> FlowResource::list(Principal who, RequestPtr /*request*/) {
  const auto flows = co_await deps_.flows.list(std::move(who));
  if (!flows) co_return error_response(flows.error());
  std::string body;
  JsonWriter json(body);
  json.object().key("automations").array();
  for (const core::ScheduledFlow& one : *flows) json.raw(encode_flow(one));
  json.end_array().field("count", static_cast<std::int64_t>(flows->size())).end_object();
  co_return answer(std::move(body));
}

base::Task<net::Reply> FlowResource::create(Principal who, RequestPtr request) {
  auto work = [this, who, request](Attempt attempt) mutable {
    return create_once(std::move(who), std::move(request), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> FlowResource::create_once(Principal who, RequestPtr request,
                                                Attempt attempt) {
  base::Result<core::ScheduledFlow> flow = base::fail(ErrorKind::internal, "");
  const std::string id = attempt.object_id;
  if (id.empty()) {
    const auto body = body_of(*request);
    if (!body) co_return refused(error_response(body.error()));
    auto input = decode_new_flow(*body);
    if (!input) co_return refused(body_error(input.error(), create_failed));
    input->keyed_request_id = std::move(attempt.keyed_request_id);
    flow = co_await deps_.flows.create(std::move(who), std::move(*input));
  } else {
    flow = co_await deps_.flows.get(std::move(who), id);
  }
  if (!flow) co_return refused(flow_error(flow.error(), id, create_failed));
  co_return Attempted{.response = one_flow(*flow, false)};
}

base::Task<net::Reply> FlowResource::get(Principal who, RequestPtr request) {
  const std::string id = path_part(*request);
  const auto flow = co_await deps_.flows.get(std::move(who), id);
  if (!flow) co_return flow_error(flow.error(), id, "");
  co_return one_flow(*flow, false);
}

base::Task<net::Reply> FlowResource::update(Principal who, RequestPtr request) {
  const std::string id = path_part(*request);
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  const auto before = co_await deps_.flows.get(who, id);
  if (!before) co_return flow_error(before.error(), id, "");
  auto input = decode_flow_update(*body, before->flow);
  if (!input) co_return body_error(input.error(), update_failed);
  const auto after = co_await deps_.flows.update(std::move(who), id, std::move(*input));
  if (!after) co_return flow_error(after.error(), id, update_failed);
  co_return one_flow(*after, false);
}

base::Task<net::Reply> FlowResource::remove(Principal who, RequestPtr request) {
  const std::string id = path_part(*request);
  const auto removed = co_await deps_.flows.remove(std::move(who), id);
  if (!removed) co_return flow_error(removed.error(), id, "");
  std::string text;
  JsonWriter json(text);
  json.object().field("ok", true).field("deleted", true).field("automationID", id).end_object();
  co_return answer(std::move(text));
}

base::Task<net::Reply> FlowResource::pause(Principal who, RequestPtr request) {
  const std::string id = path_part(*request);
  auto reason = reason_of(*request);
  if (!reason) co_return error_response(reason.error());
  const auto flow = co_await deps_.flows.pause(std::move(who), id, std::move(*reason));
  if (!flow) co_return flow_error(flow.error(), id, update_failed);
  co_return one_flow(*flow, true);
}

base::Task<net::Reply> FlowResource::resume(Principal who, RequestPtr request) {
  const std::string id = path_part(*request);
  core::FlowUpdate wanted{.status = core::FlowStatus::active};
  const auto flow = co_await deps_.flows.update(std::move(who), id, std::move(wanted));
  if (!flow) co_return flow_error(flow.error(), id, update_failed);
  co_return one_flow(*flow, true);
}

// --- runs ---------------------------------------------------------------------------------------

base::Task<net::Reply> FlowResource::run_now(Principal who, RequestPtr request) {
  auto work = [this, who, request](Attempt attempt) mutable {
    return run_once(std::move(who), std::move(request), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> FlowResource::run_once(Principal who, RequestPtr request, Attempt attempt) {
  base::Result<core::FlowRun> run = base::fail(ErrorKind::internal, "");
  const std::string id = path_part(*request);
  if (attempt.object_id.empty()) {
    const auto body = body_of(*request);
    if (!body) co_return refused(error_response(body.error()));
    auto input = decode_new_flow_run(*body);
    if (!input) co_return refused(error_response(input.error()));
    auto found = co_await deps_.flows.get(who, id);
    if (!found) co_return refused(flow_error(found.error(), id, ""));
    input->keyed_request_id = std::move(attempt.keyed_request_id);
    run = co_await deps_.runs.begin(std::move(who), std::move(found->flow), std::move(*input));
  } else {
    run = co_await deps_.runs.get(std::move(who), std::move(attempt.object_id));
  }
  if (!run) co_return refused(error_response(run.error()));
  co_return Attempted{.response = one_run(*run, words_for(*request))};
}

base::Task<net::Reply> FlowResource::runs(Principal who, RequestPtr request) {
  const std::string id = path_part(*request);
  const auto limit = number_parameter(*request, "limit");
  if (!limit) co_return error_response(limit.error());
  const auto most = static_cast<std::int64_t>(limits::tandem_routine_runs_max);
  const auto usual = static_cast<std::int64_t>(limits::tandem_routine_runs_default);
  const auto rows =
      static_cast<std::size_t>(std::clamp<std::int64_t>(limit->value_or(usual), 1, most));
  auto found = co_await deps_.flows.get(who, id);
  if (!found) co_return flow_error(found.error(), id, "");
  const auto runs = co_await deps_.runs.list(std::move(who), std::move(found->flow), rows);
  if (!runs) co_return error_response(runs.error());
  std::string text;
  JsonWriter json(text);
  json.object().field("automationID", id).key("runs").array();
  for (const core::FlowRun& one : *runs) json.raw(encode_flow_run(one, words_for(*request)));
  json.end_array().field("count", static_cast<std::int64_t>(runs->size())).end_object();
  co_return answer(std::move(text));
}

base::Task<net::Reply> FlowResource::run(Principal who, RequestPtr request) {
  const std::string shown = path_part(*request);
  const auto run = co_await deps_.runs.get(std::move(who), flow_run_id_from(shown));
  if (!run) co_return flow_run_error(run.error(), shown);
  const std::string id = shown_flow_run_id(run->id);
  std::string text;
  JsonWriter json(text);
  json.object().key("run").raw(encode_flow_run(*run, words_for(*request)));
  json.field("contextRunID", id).field("linked_context_run_id", id).end_object();
  co_return answer(std::move(text));
}

base::Task<net::Reply> FlowResource::pause_run(Principal who, RequestPtr request) {
  const std::string shown = path_part(*request);
  auto reason = reason_of(*request);
  if (!reason) co_return error_response(reason.error());
  const auto run =
      co_await deps_.runs.pause(std::move(who), flow_run_id_from(shown), std::move(*reason));
  const RunConflict conflict{"AUTOMATION_V2_RUN_NOT_PAUSABLE", "Run is not queued or running"};
  if (!run) co_return flow_run_error(run.error(), shown, conflict);
  co_return one_run(*run, words_for(*request));
}

base::Task<net::Reply> FlowResource::resume_run(Principal who, RequestPtr request) {
  const std::string shown = path_part(*request);
  auto reason = reason_of(*request);
  if (!reason) co_return error_response(reason.error());
  const auto run =
      co_await deps_.runs.resume(std::move(who), flow_run_id_from(shown), std::move(*reason));
  const RunConflict conflict{"AUTOMATION_V2_RUN_NOT_PAUSED", "Run is not paused"};
  if (!run) co_return flow_run_error(run.error(), shown, conflict);
  co_return one_run(*run, words_for(*request));
}

base::Task<net::Reply> FlowResource::cancel_run(Principal who, RequestPtr request) {
  const std::string shown = path_part(*request);
  auto reason = reason_of(*request);
  if (!reason) co_return error_response(reason.error());
  const auto run =
      co_await deps_.runs.cancel(std::move(who), flow_run_id_from(shown), std::move(*reason));
  const RunConflict conflict{"AUTOMATION_V2_RUN_TERMINAL", "Run already terminal"};
  if (!run) co_return flow_run_error(run.error(), shown, conflict);
  co_return one_run(*run, words_for(*request));
}

base::Task<net::Reply> FlowResource::decide(Principal who, RequestPtr request) {
  const std::string shown = path_part(*request);
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  const auto word = text_member(*body, {"decision"});
  if (!word) co_return error_response(word.error());
  auto reason = text_member(*body, {"reason"});
  if (!reason) co_return error_response(reason.error());
  const auto verdict = core::flow_verdict_from(word->value_or(""));
  if (!verdict) {
    co_return coded_error(400, "decision must be approve, rework or cancel",
                          "AUTOMATION_V2_GATE_INVALID_DECISION", "runID", shown);
  }
  const auto run = co_await deps_.runs.decide(std::move(who), flow_run_id_from(shown), *verdict,
                                              std::move(*reason).value_or(""));
  const RunConflict conflict{"AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL",
                             "Run is not awaiting approval"};
  if (!run) co_return flow_run_error(run.error(), shown, conflict);
  co_return one_run(*run, words_for(*request));
}

base::Task<net::Reply> FlowResource::recover(Principal who, RequestPtr request) {
  const std::string shown = path_part(*request);
  auto reason = reason_of(*request);
  if (!reason) co_return error_response(reason.error());
  const auto run =
      co_await deps_.runs.recover(std::move(who), flow_run_id_from(shown), std::move(*reason));
  const RunConflict conflict{"AUTOMATION_V2_RUN_NOT_RECOVERABLE", "Run is not failed or paused"};
  if (!run) co_return flow_run_error(run.error(), shown, conflict);
  co_return one_run(*run, words_for(*request));
}

base::Task<net::Reply> FlowResource::repair(Principal who, RequestPtr request) {
  const std::string shown = path_part(*request);
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto input = decode_flow_repair(*body);
  if (!input) co_return error_response(input.error());
  if (input->is_empty()) {
    co_return coded_error(400, "give prompt, template_id or model_policy",
                          "AUTOMATION_V2_RUN_REPAIR_EMPTY", "runID", shown);
  }
  const auto repaired =
      co_await deps_.flows.repair(std::move(who), flow_run_id_from(shown), std::move(*input));
  const RunConflict conflict{"AUTOMATION_V2_RUN_NOT_REPAIRABLE", "Run is under way"};
  if (!repaired) co_return flow_run_error(repaired.error(), shown, conflict);
  std::string text;
  JsonWriter json(text);
  json.object().field("ok", true);
  json.key("run").raw(encode_flow_run(repaired->run, words_for(*request)));
  if (repaired->flow) json.key("automation").raw(encode_flow(*repaired->flow));
  json.end_object();
  co_return answer(std::move(text));
}

base::Task<net::Reply> FlowResource::node_again(Principal who, RequestPtr request, bool goes_on) {
  const std::string shown = path_part(*request);
  auto reason = reason_of(*request);
  if (!reason) co_return error_response(reason.error());
  const auto run = co_await deps_.runs.retry(std::move(who), flow_run_id_from(shown),
                                             path_part(*request, 1), goes_on, std::move(*reason));
  const RunConflict conflict{"AUTOMATION_V2_RUN_TASK_NOT_RETRYABLE", "Run is under way"};
  if (!run) co_return flow_run_error(run.error(), shown, conflict);
  co_return one_run(*run, words_for(*request));
}

base::Task<net::Reply> FlowResource::retry_node(Principal who, RequestPtr request) {
  auto reply = co_await node_again(std::move(who), std::move(request), false);
  co_return reply;
}

base::Task<net::Reply> FlowResource::continue_node(Principal who, RequestPtr request) {
  auto reply = co_await node_again(std::move(who), std::move(request), true);
  co_return reply;
}

// What a retry would begin anew.
base::Task<net::Reply> FlowResource::preview_reset(Principal who, RequestPtr request) {
  const std::string shown = path_part(*request);
  const std::string node_id = path_part(*request, 1);
  const auto run = co_await deps_.runs.get(std::move(who), flow_run_id_from(shown));
  if (!run) co_return flow_run_error(run.error(), shown);
  const core::FlowDefinition& definition = run->flow.definition;
  if (definition.node(node_id) == nullptr) {
    co_return coded_error(404, "the flow has no node \"" + node_id + '"',
                          "AUTOMATION_V2_NODE_NOT_FOUND", "runID", shown);
  }
  std::string text;
  JsonWriter json(text);
  json.object().field("ok", true).field("runID", shown).field("node_id", node_id);
  json.key("reset_nodes").array();
  for (const std::string& id : core::flow_nodes_from(definition, node_id)) json.value(id);
  json.end_array().end_object();
  co_return answer(std::move(text));
}

std::vector<net::Route> FlowResource::routes(const Callers& in) {
  using enum net::Method;
  using R = FlowResource;
  const std::string root = "/automations/v2";
  const std::string run = root + "/runs/{run}";
  const std::string node = run + "/tasks/{node}";
  return {
      row(net::Method::get, root, in(*this, &R::list)),
      row(post, root, in(*this, &R::create)),
      row(net::Method::get, run, in(*this, &R::run)),
      row(post, run + "/pause", in.once(*this, &R::pause_run)),
      row(post, run + "/resume", in.once(*this, &R::resume_run)),
      row(post, run + "/cancel", in.once(*this, &R::cancel_run)),
      row(post, run + "/gate", in.once(*this, &R::decide)),
      row(post, run + "/recover", in.once(*this, &R::recover)),
      row(post, run + "/repair", in.once(*this, &R::repair)),
      row(post, node + "/retry", in.once(*this, &R::retry_node)),
      row(post, node + "/requeue", in.once(*this, &R::retry_node)),
      row(post, node + "/continue", in.once(*this, &R::continue_node)),
      row(net::Method::get, node + "/reset_preview", in(*this, &R::preview_reset)),
      row(net::Method::get, root + "/{id}", in(*this, &R::get)),
      row(patch, root + "/{id}", in(*this, &R::update)),
      row(del, root + "/{id}", in(*this, &R::remove)),
      row(post, root + "/{id}/run_now", in(*this, &R::run_now)),
      row(post, root + "/{id}/pause", in.once(*this, &R::pause)),
      row(post, root + "/{id}/resume", in.once(*this, &R::resume)),
      row(net::Method::get, root + "/{id}/runs", in(*this, &R::runs)),
  };
}

}  // namespace colonnade::dialects::tandem
