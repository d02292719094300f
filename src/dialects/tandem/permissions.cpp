#include "dialects/tandem/permissions.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/ids.hpp"
#include "core/governance/limits.hpp"
#include "core/tools/tool_names.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/questions_wire.hpp"
#include "dialects/tandem/replies_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using base::JsonWriter;
using base::Result;
using core::Principal;

// Everything that waits for a human, newest first.
base::Task<Result<std::vector<core::Action>>> pending(core::Actions* actions, Principal who) {
  std::vector<core::Action> out;
  std::string before;
  while (out.size() < limits::tandem_requests_listed_max) {
    core::ActionFilter filter{.state = core::ActionState::pending_approval,
                              .limit = limits::actions_listed_max,
                              .before = before};
    auto page = co_await actions->list(who, std::move(filter));
    if (!page) co_return base::fail(std::move(page.error()));
    if (page->empty()) break;
    before = page->back().id;
    const bool last = page->size() < limits::actions_listed_max;
    for (core::Action& action : *page) out.push_back(std::move(action));
    if (last) break;
  }
  co_return out;
}

Json arguments_of(const core::Action& action) { return params_object(action.request.params); }

void write_request(JsonWriter& json, const core::Action& action) {
  const std::string tool = core::engine_tool(action.request.tool);
  json.object().field("id", action.id);
  if (!action.thread_id.empty()) json.field("sessionID", action.thread_id);
  if (!action.run_id.empty()) json.field("runID", action.run_id);
  json.field("permission", tool).field("pattern", tool).field("tool", tool);
  json.key("args").raw(action.request.params);
  json.field("argsSource", "provider_json").field("argsIntegrity", "ok");
  json.field("status", "pending").end_object();
}

void write_rule(JsonWriter& json, const core::Permission& rule) {
  std::string pattern = rule.pattern;
  if (!rule.commands.empty()) {
    pattern.clear();
    for (const std::string& command : rule.commands) {
      if (!pattern.empty()) pattern += " && ";
      pattern += command;
    }
  }
  json.object().field("id", rule.id).field("permission", core::engine_tool(rule.tool));
  json.field("pattern", pattern).field("action", "allow");
  if (!rule.directory.empty()) json.field("directory", rule.directory);
  if (!rule.thread_id.empty()) json.field("sessionID", rule.thread_id);
  json.end_object();
}

net::Response missing_request() {
  return error_response(404, "no such permission request", "permission_request_not_found");
}

net::Response resolve_error(const base::Error& error) {
  if (error.kind == base::ErrorKind::not_found) return missing_request();
  return error_response(error);
}

// Whether the request was decided before, and so: clients may reply twice (tandem §4.2).
bool decided_so(const core::Action& action, bool approve) {
  if (action.resolved_by.empty()) return false;
  return approve == (action.state != core::ActionState::denied);
}

base::Task<Result<core::Action>> resolve(core::Actions* actions, Principal who, std::string id,
                                         core::HumanAnswer answer) {
  const bool approve = answer.approve;
  auto resolved = co_await actions->resolve(who, id, std::move(answer));
  if (resolved || resolved.error().kind != base::ErrorKind::conflict) co_return resolved;
  auto action = co_await actions->get(std::move(who), std::move(id));
  if (action && decided_so(*action, approve)) co_return action;
  co_return resolved;
}

std::string request_id(const net::Request& request, std::size_t place) {
  return request.path_parameters.at(place);
}

net::Response missing_question() {
  return error_response(404, "no such question", "QUESTION_NOT_FOUND");
}

net::Response question_error(const base::Error& error) {
  if (error.kind == base::ErrorKind::not_found) return missing_question();
  return error_response(error);
}

}  // namespace

// --- permissions --------------------------------------------------------------------------------

base::Task<net::Reply> PermissionResource::list(Principal who, RequestPtr /*request*/) {
  const auto requests = co_await pending(&actions_, who);
  if (!requests) co_return error_response(requests.error());
  const auto rules = co_await permissions_.list(std::move(who));
  if (!rules) co_return error_response(rules.error());
  std::string body;
  JsonWriter json(body);
  json.object().key("requests").array();
  for (const core::Action& action : *requests) {
    if (!is_question(action.request.tool)) write_request(json, action);
  }
  json.end_array().key("rules").array();
  for (const core::Permission& rule : *rules) write_rule(json, rule);
  json.end_array().end_object();
  co_return answer(std::move(body));
}

base::Task<net::Reply> PermissionResource::reply(Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  const auto word = text_member(*body, {"reply", "response", "decision"});
  if (!word) co_return error_response(word.error());
  const auto reply = permission_reply_from(word->value_or(""));
  if (!reply) {
    co_return error_response(400, "reply must be one of once, always, allow, reject, deny",
                             "invalid_permission_reply");
  }
  const std::string id = request_id(*request, 0);
  core::HumanAnswer given{.approve = reply->approve};
  if (reply->remember) given.remember = core::Remember::directory;
  const auto resolved = co_await resolve(&actions_, std::move(who), id, std::move(given));
  if (!resolved) co_return resolve_error(resolved.error());
  std::string out;
  JsonWriter(out)
      .object()
      .field("ok", true)
      .field("requestID", id)
      .field("reply", **word)
      .field("status", "applied")
      .field("persistedRule", reply->remember)
      .end_object();
  co_return answer(std::move(out));
}

base::Task<net::Reply> PermissionResource::answer_at(Principal who, RequestPtr request,
                                                     bool approved) {
  const std::string id = request_id(*request, 1);
  const auto action = co_await actions_.get(who, id);
  if (!action) co_return resolve_error(action.error());
  if (action->thread_id != base::plain_form(request_id(*request, 0))) co_return missing_request();
  core::HumanAnswer given{.approve = approved};
  const auto resolved = co_await resolve(&actions_, std::move(who), id, std::move(given));
  if (!resolved) co_return resolve_error(resolved.error());
  co_return answer(std::string(R"({"ok":true})"));
}

base::Task<net::Reply> PermissionResource::approve(Principal who, RequestPtr request) {
  auto reply = co_await answer_at(std::move(who), std::move(request), true);
  co_return reply;
}

base::Task<net::Reply> PermissionResource::deny(Principal who, RequestPtr request) {
  auto reply = co_await answer_at(std::move(who), std::move(request), false);
  co_return reply;
}

// --- questions ----------------------------------------------------------------------------------

base::Task<net::Reply> QuestionResource::list(Principal who, RequestPtr /*request*/) {
  const auto requests = co_await pending(&actions_, who);
  if (!requests) co_return error_response(requests.error());
  std::string body;
  JsonWriter json(body);
  json.array();
  for (const core::Action& action : *requests) {
    if (!is_question(action.request.tool)) continue;
    const auto run = co_await runs_.read(who, action.run_id);
    const Json arguments = arguments_of(action);
    json.object().field("id", action.id);
    if (!action.thread_id.empty()) json.field("sessionID", action.thread_id);
    if (!action.run_id.empty()) json.field("runID", action.run_id);
    json.field("text", question_text(arguments)).key("choices").array();
    for (const std::string& label : choices_of(arguments)) json.value(label);
    json.end_array().field("status", "pending").key("questions");
    write_questions(json, arguments);
    if (!action.tool_call_id.empty()) {
      json.key("tool").object().field("callID", action.tool_call_id);
      if (run) json.field("messageID", run->run.user_message_id);
      json.end_object();
    }
    json.end_object();
  }
  json.end_array();
  co_return answer(std::move(body));
}

base::Task<net::Reply> QuestionResource::give(Principal who, std::string id, std::string session_id,
                                              RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  const auto action = co_await actions_.get(who, id);
  if (!action) co_return question_error(action.error());
  const bool elsewhere = !session_id.empty() && action->thread_id != session_id;
  if (elsewhere || !is_question(action->request.tool)) co_return missing_question();
  auto params = answered_params(action->request.params, *body);
  if (!params) co_return error_response(params.error());
  core::HumanAnswer given{.approve = true, .params = std::move(*params)};
  const auto resolved = co_await resolve(&actions_, std::move(who), id, std::move(given));
  if (!resolved) co_return question_error(resolved.error());
  co_return answer(std::string(R"({"ok":true})"));
}

base::Task<net::Reply> QuestionResource::reply(Principal who, RequestPtr request) {
  std::string id = request_id(*request, 0);
  std::string any_session;
  auto reply =
      co_await give(std::move(who), std::move(id), std::move(any_session), std::move(request));
  co_return reply;
}

base::Task<net::Reply> QuestionResource::answer_in_session(Principal who, RequestPtr request) {
  std::string session_id = base::plain_form(request_id(*request, 0));
  std::string id = request_id(*request, 1);
  auto reply =
      co_await give(std::move(who), std::move(id), std::move(session_id), std::move(request));
  co_return reply;
}

base::Task<net::Reply> QuestionResource::reject(Principal who, RequestPtr request) {
  const std::string id = request_id(*request, 0);
  const auto action = co_await actions_.get(who, id);
  if (!action) co_return question_error(action.error());
  if (!is_question(action->request.tool)) co_return missing_question();
  core::HumanAnswer rejected{.approve = false};
  const auto resolved = co_await resolve(&actions_, std::move(who), id, std::move(rejected));
  if (!resolved) co_return question_error(resolved.error());
  co_return answer(std::string(R"({"ok":true})"));
}

std::vector<net::Route> permission_routes(const Callers& in, PermissionResource& permissions,
                                          QuestionResource& questions) {
  using enum net::Method;
  using P = PermissionResource;
  using Q = QuestionResource;
  return {
      row(get, "/permission", in(permissions, &P::list)),
      row(post, "/permission/{id}/reply", in.once(permissions, &P::reply)),
      row(post, "/sessions/{id}/tools/{permission}/approve", in.once(permissions, &P::approve)),
      row(post, "/sessions/{id}/tools/{permission}/deny", in.once(permissions, &P::deny)),
      row(get, "/question", in(questions, &Q::list)),
      row(post, "/question/{id}/reply", in.once(questions, &Q::reply)),
      row(post, "/question/{id}/reject", in.once(questions, &Q::reject)),
      row(post, "/sessions/{id}/questions/{question}/answer",
          in.once(questions, &Q::answer_in_session)),
  };
}

}  // namespace colonnade::dialects::tandem
