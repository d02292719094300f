#include "dialects/platos/approvals.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "core/governance/approval_request.hpp"
#include "core/governance/limits.hpp"
#include "core/tasks/background_tools.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/turn_events.hpp"
#include "dialects/platos/turn_limits.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::JsonWriter;
using base::Result;
using base::Task;
using core::Action;
using core::ActionState;

constexpr std::size_t list_default = 50;  // platos §2.3
constexpr std::size_t list_max = 200;
constexpr std::int64_t days_default = 30;
constexpr std::int64_t days_max = 3650;
constexpr std::size_t looked_at_max = 10'000;  // actions, for one list

// --- one approval -------------------------------------------------------------------------------

bool is_pending(const Action& action) { return action.state == ActionState::pending_approval; }

base::Time deadline_of(const Action& action) {
  return action.expires_at.value_or(action.created_at + limits::platos_approval_time_max);
}

std::string_view comment_of(const Action& action) {
  if (is_pending(action)) return "";
  if (action.reason == core::run_ended_reason) return "stopped";
  const bool said = !action.resolved_by.empty() && action.reason != core::approved_by_human &&
                    action.reason != core::denied_by_human;
  // What it came to since has taken the place of what an approver said.
  const bool decided_last =
      action.state == ActionState::approved || action.state == ActionState::denied;
  return said && decided_last ? std::string_view(action.reason) : "";
}

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void time_or_null(JsonWriter& json, std::string_view name, const std::optional<base::Time>& time) {
  json.key(name);
  time ? json.value(wire_time(*time)) : json.null();
}

void write_scope(JsonWriter& json, const ScopeNames& names) {
  const auto members = [&] {
    json.field("organizationId", names.organization).field("projectId", names.project);
    json.field("environmentId", names.environment);
  };
  members();
  json.key("scope").object();
  members();
  json.end_object();
}

void write_resolution(JsonWriter& json, const Action& action, std::string_view comment) {
  json.key("resolution");
  if (is_pending(action)) {
    json.null();
    return;
  }
  json.object();
  json.field("response", approval_status(action) == "approved" ? "approve" : "reject");
  if (!comment.empty()) json.field("reason", comment);
  if (!action.resolved_by.empty()) json.field("resolvedByUserId", action.resolved_by);
  json.end_object();
}

void write_times(JsonWriter& json, const Action& action, base::Time now) {
  const base::Time deadline = deadline_of(action);
  const auto wait = std::chrono::duration_cast<std::chrono::seconds>(deadline - action.created_at);
  json.field("timeoutSeconds", std::int64_t{wait.count()});
  json.field("createdAt", wire_time(action.created_at));
  json.field("updatedAt", wire_time(action.updated_at));
  std::optional<base::Time> resolved = action.resolved_at;
  if (!resolved && !is_pending(action)) resolved = action.updated_at;
  time_or_null(json, "resolvedAt", resolved);
  time_or_null(json, "deadlineAt", is_pending(action) ? std::optional(deadline) : std::nullopt);
  json.key("secondsRemaining");
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(deadline - now);
  is_pending(action) ? json.value(std::int64_t{std::max<std::int64_t>(left.count(), 0)})
                     : json.null();
  json.field("timeoutAt", wire_time(deadline));
  json.field("expired", is_pending(action) && deadline < now);
}

Json object_of(const std::string& params) {
  auto tree = base::parse_json(params, "params");
  return tree ? std::move(*tree) : Json::object();
}

bool is_edited(const Action& action) { return !action.asked_params.empty(); }

// What was asked for, and what whoever approved made of it; only tool calls have any of it.
void write_tool_call(JsonWriter& json, const Action& action, const Json& asked) {
  const bool is_call = action.request.tool != core::approval_request_tool;
  text_or_null(json, "toolName", is_call ? std::string_view(action.request.tool) : "");
  json.key("args");
  is_call ? json.value(asked) : json.null();
  json.key("editedArgs");
  is_edited(action) ? json.value(object_of(action.request.params)) : json.null();
  text_or_null(json, "editedByUserId", is_edited(action) ? action.resolved_by : "");
  json.key("consumedAt").null().key("requestedByMcpTokenId").null();
}

// --- what a list asks for -----------------------------------------------------------------------

struct ApprovalQuery {
  core::ActionFilter filter{};
  std::string status{};
  std::string thread_id{};
  std::string source{};
  std::int64_t days = days_default;
  std::size_t limit = list_default;
  std::size_t offset = 0;
};

Result<std::int64_t> number_in(const net::Request& request, const char* name,
                               std::int64_t otherwise, std::int64_t most) {
  const auto text = request.query_parameter(name);
  if (!text || text->empty()) return otherwise;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < 0) {
    return fail(ErrorKind::invalid, std::string(name) + " must be a whole number", name);
  }
  return std::min(number, most);
}

Result<ApprovalQuery> decode_query(const net::Request& request) {
  ApprovalQuery out;
  const auto text = [&](const char* name) { return request.query_parameter(name).value_or(""); };
  out.filter.agent_id = text("agentId");
  out.thread_id = text("threadId");
  out.status = text("status");
  out.source = text("source");
  constexpr std::array<std::string_view, 5> known{"", "pending", "approved", "rejected",
                                                  "timed_out"};
  if (std::ranges::find(known, out.status) == known.end()) {
    return fail(ErrorKind::invalid, "status must be pending, approved, rejected or timed_out",
                "status");
  }
  if (out.status == "pending") out.filter.state = ActionState::pending_approval;
  const auto days = number_in(request, "sinceDays", days_default, days_max);
  if (!days) return fail(days.error());
  const auto limit = number_in(request, "limit", list_default, list_max);
  if (!limit) return fail(limit.error());
  const auto offset = number_in(request, "offset", 0, looked_at_max);
  if (!offset) return fail(offset.error());
  out.days = *days;
  out.limit = std::max<std::size_t>(static_cast<std::size_t>(*limit), 1);
  out.offset = static_cast<std::size_t>(*offset);
  return out;
}

std::string_view source_of(const Action& action) {
  if (action.request.tool == core::approval_request_tool) return "request_approval";
  return action.request.tool == core::cancel_run_tool ? core::cancel_run_tool : "mcp_tool_call";
}

bool is_asked_for(const ApprovalQuery& query, const Action& action) {
  return is_approval(action) && (query.status.empty() || query.status == approval_status(action)) &&
         (query.thread_id.empty() || query.thread_id == action.thread_id) &&
         (query.source.empty() || query.source == source_of(action));
}

struct ApprovalPage {
  std::vector<std::string> records{};
  std::size_t total = 0;
  std::size_t pending = 0;
};

std::string encode_page(const ApprovalPage& page, const ApprovalQuery& query, base::Time now) {
  std::string out;
  JsonWriter json(out);
  json.object();
  for (const char* name : {"rows", "approvals"}) {
    json.key(name).array();
    for (const std::string& record : page.records) json.raw(record);
    json.end_array();
  }
  json.field("total", std::uint64_t{page.total}).field("pendingCount", std::uint64_t{page.pending});
  json.field("limit", std::uint64_t{query.limit}).field("offset", std::uint64_t{query.offset});
  json.field("fetchedAt", wire_time(now)).end_object();
  return out;
}

Task<Result<ApprovalPage>> read_page(core::Actions* actions, core::Principal who,
                                     ApprovalQuery query, base::Time now) {
  const base::Time since = now - std::chrono::days(query.days);
  ApprovalPage page;
  core::ActionFilter filter = query.filter;
  filter.limit = limits::actions_listed_max;
  for (std::size_t looked_at = 0; looked_at < looked_at_max; looked_at += filter.limit) {
    auto found = co_await actions->list(who, filter);
    if (!found) co_return fail(std::move(found.error()));
    for (const Action& action : *found) {
      if (action.created_at < since) co_return page;
      if (!is_asked_for(query, action)) continue;
      if (is_pending(action)) ++page.pending;
      if (page.total >= query.offset && page.records.size() < query.limit) {
        page.records.push_back(encode_approval(action, now));
      }
      ++page.total;
    }
    if (found->size() < filter.limit) break;
    filter.before = found->back().id;
  }
  co_return page;
}

net::Response no_such_approval(std::string_view id) {
  net::Response out{.status = 404};
  JsonWriter(out.body)
      .object()
      .field("error", "Approval not found in this scope")
      .field("approvalId", id)
      .end_object();
  return out;
}

std::string id_in_path(const net::Request& request) {
  return request.path_parameters.empty() ? "" : request.path_parameters.front();
}

// A decided approval, as the real server answers.
std::string encode_decided(const ApprovalResource::Decided& decided) {
  std::string out;
  JsonWriter json(out);
  json.object().field("resolved", true).field("approvalId", decided.action.id);
  json.field("approved", approval_status(decided.action) == "approved");
  if (decided.edited || is_edited(decided.action)) json.field("editedArgsApplied", true);
  json.end_object();
  return out;
}

// The record and what the real server answers, for whoever reads either.
std::string encode_decided_record(const ApprovalResource::Decided& decided, base::Time now) {
  std::string out = encode_approval(decided.action, now);
  const bool approved = approval_status(decided.action) == "approved";
  out.back() = ',';
  out += R"("resolved":true,"approved":)" + std::string(approved ? "true}" : "false}");
  return out;
}

int status_of(const ApprovalResource::Decided& decided) { return decided.repeated ? 200 : 201; }

}  // namespace

// --- words --------------------------------------------------------------------------------------

bool is_approval(const Action& action) {
  return action.decision.outcome == core::Outcome::abstain || is_pending(action) ||
         action.resolved_at.has_value();
}

std::string_view approval_status(const Action& action) {
  if (is_pending(action)) return "pending";
  const bool approved = action.state != ActionState::denied;
  return resolution_of(approved, action.resolved_by, action.reason);
}

std::string encode_approval(const Action& action, base::Time now) {
  const Json arguments = object_of(is_edited(action) ? action.asked_params : action.request.params);
  const Question question = question_of(action.request.tool, arguments);
  const std::string_view comment = comment_of(action);
  std::string out;
  JsonWriter json(out);
  json.object().field("approvalId", action.id).field("id", action.id);
  write_scope(json, names_of(action.scope));
  json.field("source", source_of(action));
  text_or_null(json, "agentId", action.request.agent_id);
  text_or_null(json, "threadId", action.thread_id);
  text_or_null(json, "runId", action.run_id);
  text_or_null(json, "requestedBy", action.owner);
  text_or_null(json, "respondedBy", action.resolved_by);
  text_or_null(json, "comment", comment);
  json.field("action", question.action).field("question", question.action);
  text_or_null(json, "details", question.details);
  text_or_null(json, "context", question.details);
  json.field("status", approval_status(action));
  write_times(json, action, now);
  write_tool_call(json, action, arguments);
  write_resolution(json, action, comment);
  json.end_object();
  return out;
}

Result<ApprovalDecision> decode_decision(const Json& body) {
  if (!body.is_object()) return fail(ErrorKind::invalid, "the body must be an object", "approved");
  const auto member = [&](const char* name) -> const Json* {
    const auto found = body.find(name);
    return found == body.end() || found->is_null() ? nullptr : &*found;
  };
  ApprovalDecision out;
  const Json* approved = member("approved");
  const Json* response = member("response");
  if (approved != nullptr) {
    if (!approved->is_boolean()) {
      return fail(ErrorKind::invalid, "approved must be true or false", "approved");
    }
    out.approved = approved->get<bool>();
  } else if (response != nullptr && (*response == "approve" || *response == "reject")) {
    out.approved = *response == "approve";
  } else {
    return fail(ErrorKind::invalid,
                "say approved (true or false), or response (\"approve\" or \"reject\")",
                "approved");
  }
  for (const char* name : {"comment", "reason"}) {
    const Json* text = member(name);
    if (text == nullptr || !out.comment.empty()) continue;
    if (!text->is_string()) {
      return fail(ErrorKind::invalid, std::string(name) + " must be a string", name);
    }
    out.comment = text->get<std::string>();
  }
  if (const Json* edited = member("editedArgs"); edited != nullptr && out.approved) {
    if (!edited->is_object()) {
      return fail(ErrorKind::invalid, "editedArgs must be an object", "editedArgs");
    }
    out.edited_arguments = base::to_text(*edited);
  }
  return out;
}

// --- deciding -----------------------------------------------------------------------------------

Task<Result<ApprovalResource::Decided>> ApprovalResource::decide(Caller caller, std::string id,
                                                                 ApprovalDecision decision) {
  if (caller.is_guest()) co_return fail(ErrorKind::forbidden, "Guests decide no approvals");
  auto action = co_await deps_.actions.get(caller.who, id);
  if (action && !is_approval(*action)) {
    co_return fail(ErrorKind::not_found, "Approval not found in this scope");
  }
  if (!action || !is_pending(*action)) {
    if (!action) co_return fail(std::move(action.error()));
    co_return Decided{.action = std::move(*action), .repeated = true};
  }
  const bool edited = decision.edited_arguments.has_value();
  core::HumanAnswer answer{.approve = decision.approved,
                           .reason = std::move(decision.comment),
                           .params = std::move(decision.edited_arguments)};
  auto decided = co_await deps_.actions.resolve(caller.who, id, std::move(answer));
  if (decided) co_return Decided{.action = std::move(*decided), .edited = edited};
  if (decided.error().kind != ErrorKind::conflict) co_return fail(std::move(decided.error()));
  // Somebody else was first.
  auto now = co_await deps_.actions.get(caller.who, std::move(id));
  if (!now) co_return fail(std::move(now.error()));
  if (is_pending(*now)) co_return fail(std::move(decided.error()));
  co_return Decided{.action = std::move(*now), .repeated = true};
}

Task<std::expected<ApprovalResource::Decided, net::Response>> ApprovalResource::decide_request(
    Caller caller, RequestPtr request) {
  const std::string id = id_in_path(*request);
  auto body = base::parse_json(request->body, "body");
  if (!body) co_return std::unexpected(error_response(body.error()));
  auto decision = decode_decision(*body);
  if (!decision) {
    // What is not there is said to be missing, whatever the body says.
    const auto action = co_await deps_.actions.get(caller.who, id);
    if (!action) co_return std::unexpected(no_such_approval(id));
    co_return std::unexpected(error_response(decision.error()));
  }
  auto decided = co_await decide(std::move(caller), id, std::move(*decision));
  if (decided) co_return std::move(*decided);
  const bool missing = decided.error().kind == ErrorKind::not_found;
  co_return std::unexpected(missing ? no_such_approval(id) : error_response(decided.error()));
}

// --- routes -------------------------------------------------------------------------------------

Task<net::Reply> ApprovalResource::list(Caller caller, RequestPtr request) {
  auto query = decode_query(*request);
  if (!query) co_return error_response(query.error());
  const base::Time now = deps_.clock.now();
  const auto page = co_await read_page(&deps_.actions, caller.who, *query, now);
  if (!page) co_return error_response(page.error());
  co_return net::Response{.body = encode_page(*page, *query, now)};
}

Task<net::Reply> ApprovalResource::get(Caller caller, RequestPtr request) {
  const std::string id = id_in_path(*request);
  const auto action = co_await deps_.actions.get(caller.who, id);
  if (!action && action.error().kind != ErrorKind::not_found) {
    co_return error_response(action.error());
  }
  if (!action || !is_approval(*action)) co_return no_such_approval(id);
  co_return net::Response{.body = encode_approval(*action, deps_.clock.now())};
}

Task<net::Reply> ApprovalResource::resolve(Caller caller, RequestPtr request) {
  auto decided = co_await decide_request(std::move(caller), std::move(request));
  if (!decided) co_return std::move(decided.error());
  co_return net::Response{.status = status_of(*decided), .body = encode_decided(*decided)};
}

Task<net::Reply> ApprovalResource::resolve_monitored(Caller caller, RequestPtr request) {
  auto decided = co_await decide_request(std::move(caller), std::move(request));
  if (!decided) co_return std::move(decided.error());
  co_return net::Response{.status = status_of(*decided),
                          .body = encode_decided_record(*decided, deps_.clock.now())};
}

Task<Result<std::optional<Action>>> ApprovalResource::find_by_token(Caller caller,
                                                                    std::string token) {
  core::ActionFilter filter{.state = ActionState::pending_approval,
                            .limit = limits::actions_listed_max};
  for (std::size_t looked_at = 0; looked_at < looked_at_max; looked_at += filter.limit) {
    auto found = co_await deps_.actions.list(caller.who, filter);
    if (!found) co_return fail(std::move(found.error()));
    for (Action& action : *found) {
      if (base::equal_in_constant_time(action.approval_token, token)) {
        co_return std::move(action);
      }
    }
    if (found->size() < filter.limit) break;
    filter.before = found->back().id;
  }
  co_return std::nullopt;
}

Task<net::Reply> ApprovalResource::resolve_by_token(Caller caller, RequestPtr request) {
  const std::string token = id_in_path(*request);
  auto body = base::parse_json(request->body, "body");
  if (!body) co_return error_response(body.error());
  auto decision = decode_decision(*body);
  if (!decision) co_return error_response(decision.error());
  auto action = co_await find_by_token(caller, token);
  if (!action) co_return error_response(action.error());
  if (!*action) {
    co_return error_response(
        {.kind = ErrorKind::not_found, .message = "No approval waits with this token"});
  }
  auto decided = co_await decide(std::move(caller), (*action)->id, std::move(*decision));
  net::Response out{.status = decided ? status_of(*decided) : 200};
  JsonWriter json(out.body);
  json.object().field("resolved", decided.has_value());
  if (decided) {
    json.field("token", token).field("approved", approval_status(decided->action) == "approved");
  } else {
    json.field("error", decided.error().message);
  }
  json.end_object();
  co_return out;
}

}  // namespace colonnade::dialects::platos
