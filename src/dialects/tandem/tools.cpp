#include "dialects/tandem/tools.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/tools/tool_names.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {

using base::Json;
using base::Result;
using base::Task;

namespace {

constexpr int conflict = 409;
constexpr int forbidden = 403;
constexpr int bad_request = 400;
constexpr int tool_failed = 500;
constexpr std::string_view session_names[] = {"sessionID", "sessionId", "session_id"};

struct ExecuteBody {
  core::UserCall call{};
  std::chrono::milliseconds wait_max{};
};

// The engine puts what it knows of a session among the arguments, as `__session_id` and the like.
std::string take_engine_members(Json& arguments) {
  std::string session;
  for (auto at = arguments.begin(); at != arguments.end();) {
    if (!at.key().starts_with("__")) {
      ++at;
      continue;
    }
    if (at.key() == "__session_id" && at->is_string()) session = at->get<std::string>();
    at = arguments.erase(at);
  }
  return session;
}

Result<std::int64_t> wait_of(const Json& body, const net::Request& request) {
  auto wait = number_parameter(request, "wait_ms");
  if (!wait) return base::fail(std::move(wait.error()));
  const Json* given = member(body, {"wait_ms", "waitMs"});
  if (given == nullptr) return wait->value_or(0);
  if (!given->is_number_integer() || *given < 0) {
    return base::fail(base::ErrorKind::invalid, "wait_ms must be a whole number of milliseconds",
                      "wait_ms");
  }
  constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;
  return *given > day_ms ? day_ms : given->get<std::int64_t>();
}

Result<ExecuteBody> execute_body(const net::Request& request) {
  auto body = body_of(request);
  if (!body) return base::fail(std::move(body.error()));
  auto tool = text_member(*body, {"tool"});
  if (!tool) return base::fail(std::move(tool.error()));
  if (!*tool || (*tool)->empty()) {
    return base::fail(base::ErrorKind::invalid, "tool is missing; give the name of a tool", "tool");
  }
  ExecuteBody out{.call = {.tool = std::move(**tool)}};
  if (const Json* args = member(*body, {"args", "arguments"})) {
    if (!args->is_object()) {
      return base::fail(base::ErrorKind::invalid, "args must be an object", "args");
    }
    out.call.arguments = *args;
  }
  out.call.thread_id = take_engine_members(out.call.arguments);
  auto session = text_member(*body, {session_names[0], session_names[1], session_names[2]});
  if (!session) return base::fail(std::move(session.error()));
  if (*session) out.call.thread_id = std::move(**session);
  const auto wait = wait_of(*body, request);
  if (!wait) return base::fail(wait.error());
  out.wait_max = std::chrono::milliseconds(*wait);
  return out;
}

// How a shell's command ended is what was asked for, whatever its exit code.
bool is_failure(const core::UserCallResult& result) {
  const bool is_exit = result.tool == "shell" && result.outcome.content.starts_with("exit code: ");
  return result.timed_out || (result.outcome.is_error && !is_exit);
}

net::Response with_status(int status, const Json& body) {
  net::Response out = answer(body);
  out.status = status;
  return out;
}

net::Response waiting_response(const core::UserCallResult& result) {
  return with_status(
      conflict,
      {{"error", "the call waits for approval " + result.action_id +
                     "; answer it with POST /permission/" + result.action_id +
                     "/reply and make the same call again, or wait for the answer with wait_ms"},
       {"code", "APPROVAL_PENDING"},
       {"requestID", result.action_id},
       {"tool", core::engine_tool(result.tool)},
       {"status", "pending"}});
}

net::Response denied_response(const core::UserCallResult& result) {
  const bool is_unfit = result.reason_code == "INVALID_ARGUMENTS";
  return with_status(is_unfit ? bad_request : forbidden,
                     {{"error", result.reason},
                      {"code", result.reason_code},
                      {"requestID", result.action_id},
                      {"tool", core::engine_tool(result.tool)}});
}

net::Response done_response(const core::UserCallResult& result) {
  if (is_failure(result)) {
    return with_status(tool_failed, {{"error", result.outcome.content},
                                     {"code", result.timed_out ? "TOOL_TIMEOUT" : "TOOL_FAILED"},
                                     {"requestID", result.action_id},
                                     {"tool", core::engine_tool(result.tool)}});
  }
  return answer(Json{{"output", result.outcome.content},
                     {"metadata",
                      {{"tool", core::engine_tool(result.tool)},
                       {"requestID", result.action_id},
                       {"isError", result.outcome.is_error}}}});
}

net::Response result_response(const core::UserCallResult& result) {
  switch (result.state) {
    case core::UserCallResult::State::done: return done_response(result);
    case core::UserCallResult::State::denied: return denied_response(result);
    case core::UserCallResult::State::waiting: break;
  }
  return waiting_response(result);
}

net::Response failure(const base::Error& error) {
  if (error.kind == base::ErrorKind::not_found && error.field == "tool") {
    return error_response(error, "TOOL_NOT_FOUND");
  }
  if (error.kind == base::ErrorKind::not_found && error.field == "thread_id") {
    return error_response(404, "there is no such session", "SESSION_NOT_FOUND");
  }
  return error_response(error);
}

std::string session_of(const net::Request& request) {
  for (const std::string_view name : session_names) {
    if (auto session = request.query_parameter(name)) return std::move(*session);
  }
  return "";
}

// Two tools of a server may have the same name for clients; those are shown under their own.
void show_names(std::vector<core::ToolDefinition>& tools) {
  std::map<std::string, int> count;
  for (const core::ToolDefinition& one : tools) ++count[core::engine_tool(one.name)];
  for (core::ToolDefinition& one : tools) {
    std::string shown = core::engine_tool(one.name);
    if (count.at(shown) == 1) one.name = std::move(shown);
  }
  std::ranges::sort(tools, {}, &core::ToolDefinition::name);
}

// By the names that are shown.
Task<Result<std::vector<core::ToolDefinition>>> shown_tools(core::UserCalls* calls,
                                                            core::Principal who,
                                                            RequestPtr request) {
  std::stop_token never;
  auto tools = co_await calls->tools(std::move(who), session_of(*request), std::move(never));
  if (!tools) co_return tools;
  show_names(*tools);
  co_return tools;
}

}  // namespace

Task<net::Reply> ToolsResource::ids(core::Principal who, RequestPtr request) {
  auto tools = co_await shown_tools(&calls_, std::move(who), std::move(request));
  if (!tools) co_return failure(tools.error());
  Json out = Json::array();
  for (const core::ToolDefinition& one : *tools) out.push_back(one.name);
  co_return answer(out);
}

Task<net::Reply> ToolsResource::list(core::Principal who, RequestPtr request) {
  auto tools = co_await shown_tools(&calls_, std::move(who), std::move(request));
  if (!tools) co_return failure(tools.error());
  Json out = Json::array();
  for (core::ToolDefinition& one : *tools) {
    out.push_back({{"name", std::move(one.name)},
                   {"description", std::move(one.description)},
                   {"input_schema", one.input_schema.get()}});
  }
  co_return answer(out);
}

Task<net::Reply> ToolsResource::execute(core::Principal who, RequestPtr request) {
  auto work = [this, who, request](Attempt attempt) mutable {
    return execute_once(std::move(who), std::move(request), std::move(attempt));
  };
  auto response = co_await answer_once_.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

Task<Attempted> ToolsResource::execute_once(core::Principal who, RequestPtr request,
                                            Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto made = co_await calls_.result(std::move(who), std::move(attempt.object_id));
    if (!made) co_return refused(failure(made.error()));
    co_return Attempted{.response = result_response(*made)};
  }
  auto body = execute_body(*request);
  if (!body) co_return refused(error_response(body.error()));
  body->call.keyed_request_id = std::move(attempt.keyed_request_id);
  const auto result = co_await calls_.call(std::move(who), std::move(body->call), body->wait_max,
                                           *request->lane, request->disconnected);
  if (!result) co_return refused(failure(result.error()));
  // Whatever came of it, the tool ran: its failure is no reason to run it again.
  const bool ran = result->state == core::UserCallResult::State::done;
  net::Response response = result_response(*result);
  const KeyOutcome settlement = settlement_of(response.status, ran);
  co_return Attempted{.response = std::move(response), .settlement = settlement};
}

std::vector<net::Route> tools_routes(const Callers& in, ToolsResource& tools) {
  using enum net::Method;
  return also_below_api({row(get, "/tool", in(tools, &ToolsResource::list)),
                         row(get, "/tool/ids", in(tools, &ToolsResource::ids)),
                         row(post, "/tool/execute", in(tools, &ToolsResource::execute), true)});
}

}  // namespace colonnade::dialects::tandem
