#include "dialects/platos/turn_routes.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/sse.hpp"
#include "core/budgets/budget.hpp"
#include "dialects/platos/attachments.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/turn_events.hpp"
#include "dialects/platos/turn_limits.hpp"
#include "dialects/platos/turn_stream.hpp"
#include "dialects/platos/wire_values.hpp"
#include "dialects/run_waiting.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Task;

constexpr int answered_status = 201;
constexpr std::string_view turn_config_header = "X-Platos-Config";

std::string first_parameter(const net::Request& request) {
  return request.path_parameters.empty() ? "" : request.path_parameters.front();
}

Result<TurnRequest> decode_turn_body(const net::Request& request, bool may_be_empty = false) {
  const bool none = may_be_empty && request.body.empty();
  auto body =
      base::parse_json(none ? std::string_view("{}") : std::string_view(request.body), "body");
  if (!body) return fail(std::move(body.error()));
  auto turn = decode_turn(*body, may_be_empty);
  if (turn && request.has_header("Idempotency-Key")) {
    turn->idempotency_key = std::string(request.header("Idempotency-Key"));
    const bool fits = !turn->idempotency_key.empty() &&
                      turn->idempotency_key.size() <= limits::platos_key_bytes_max;
    if (!fits) {
      return fail(ErrorKind::invalid,
                  "Idempotency-Key must have 1 to " + std::to_string(limits::platos_key_bytes_max) +
                      " bytes",
                  "Idempotency-Key");
    }
  }
  return turn;
}

// The answer of a turn that was waited for.
net::Response finished_answer(const core::FinishedRun& finished, const TurnFacts& facts) {
  if (finished.run.state == core::RunState::failed) {
    const std::string& why = finished.run.error;
    if (why.starts_with(core::budget_refusal)) {
      return error_response(base::Error{.kind = ErrorKind::over_budget, .message = why});
    }
    const base::Error error{.kind = ErrorKind::unavailable, .message = why};
    return error_response(error, "provider_unavailable");
  }
  net::Response out{.status = answered_status};
  base::JsonWriter json(out.body);
  json.object();
  if (finished.reply) json.field("messageId", finished.reply->id);
  json.field("threadId", facts.thread_id).field("agentId", facts.agent_id);
  json.field("role", "assistant");
  json.field("content", finished.reply ? core::visible_text(finished.reply->parts) : "");
  if (finished.run.state == core::RunState::cancelled) json.field("stopped", true);
  json.key("usage");
  write_usage(json, finished.run.usage, finished.run.cost_micros);
  json.end_object();
  return out;
}

}  // namespace

Task<Result<std::string>> TurnResource::thread_for(Caller caller, std::string agent_id) {
  if (auto allowed = check_agent(caller, agent_id); !allowed) {
    co_return fail(std::move(allowed.error()));
  }
  if (agent_id == core::default_agent_id) agent_id.clear();
  core::NewThread input{.agent_id = std::move(agent_id)};
  auto thread = co_await deps_.threads.create(caller.who, std::move(input));
  if (!thread) co_return fail(std::move(thread.error()));
  co_return std::move(thread->id);
}

// A turn that does not begin leaves no thread behind either.
Task<TurnStarts::Outcome> TurnResource::begin(Caller caller, TurnRequest turn, RequestPtr request) {
  const bool makes_thread = turn.thread_id.empty();
  if (makes_thread) {
    auto made = co_await thread_for(caller, turn.agent_id);
    if (!made) co_return std::unexpected(TurnRefusal{.error = std::move(made.error())});
    turn.thread_id = std::move(*made);
  }
  const std::string thread_id = turn.thread_id;
  auto outcome = co_await deps_.starts.start(caller, std::move(turn), request->lane);
  if (!outcome && makes_thread) {
    [[maybe_unused]] const auto removed = co_await deps_.threads.remove(caller.who, thread_id);
  }
  co_return outcome;
}

Task<net::Reply> TurnResource::answer(Caller caller, TurnRequest turn, RequestPtr request) {
  auto started = co_await begin(caller, std::move(turn), request);
  if (!started) co_return refusal_response(started.error());
  const TurnFacts facts = facts_of(*started, caller);
  auto finished =
      co_await finish_run(&deps_.runs, caller.who, started->run.id, request->disconnected);
  if (!finished) co_return error_response(finished.error());
  co_return finished_answer(*finished, facts);
}

Task<net::Reply> TurnResource::events(Caller caller, TurnRequest turn, RequestPtr request) {
  auto started = co_await begin(caller, std::move(turn), request);
  if (!started) co_return refusal_response(started.error());
  net::StreamReply reply;
  reply.content_type = "text/event-stream; charset=utf-8";
  reply.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  reply.keepalive = "";  // the heartbeat is an event of the wire's
  auto guard = std::make_shared<RunGuard>(deps_.runs, caller.who, started->run.id);
  reply.on_open = [&subscriptions = deps_.subscriptions, &clock = deps_.clock,
                   guard = std::move(guard), facts = facts_of(*started, caller),
                   scope = caller.who.scope,
                   after = started->events_after](std::shared_ptr<net::StreamWriter> writer) {
    auto stream = std::make_shared<SseTurn>(guard, std::move(writer), clock, facts);
    stream->open(subscriptions, scope, after);
  };
  co_return reply;
}

Task<net::Reply> TurnResource::send(Caller caller, RequestPtr request) {
  auto turn = decode_turn_body(*request);
  if (!turn) co_return error_response(turn.error());
  turn->thread_id = first_parameter(*request);
  auto reply = co_await answer(std::move(caller), std::move(*turn), std::move(request));
  co_return reply;
}

Task<net::Reply> TurnResource::edit_and_rerun(Caller caller, RequestPtr request) {
  auto turn = decode_turn_body(*request);
  if (!turn) co_return error_response(turn.error());
  turn->thread_id = first_parameter(*request);
  turn->replaces = request->path_parameters.at(1);
  auto reply = co_await answer(std::move(caller), std::move(*turn), std::move(request));
  co_return reply;
}

Task<net::Reply> TurnResource::retry(Caller caller, RequestPtr request) {
  auto turn = decode_turn_body(*request, /*may_be_empty=*/true);
  if (!turn) co_return error_response(turn.error());
  turn->message.clear();
  turn->thread_id = first_parameter(*request);
  turn->replaces = request->path_parameters.at(1);
  auto reply = co_await answer(std::move(caller), std::move(*turn), std::move(request));
  co_return reply;
}

Task<net::Reply> TurnResource::stream(Caller caller, RequestPtr request) {
  auto turn = decode_turn_body(*request);
  if (!turn) co_return error_response(turn.error());
  turn->thread_id = first_parameter(*request);
  auto reply = co_await events(std::move(caller), std::move(*turn), std::move(request));
  co_return reply;
}

Task<net::Reply> TurnResource::send_to_agent(Caller caller, RequestPtr request) {
  auto turn = decode_turn_body(*request);
  if (!turn) co_return error_response(turn.error());
  turn->config = std::string(request->header(turn_config_header));
  turn->agent_id = first_parameter(*request);
  auto reply = co_await answer(std::move(caller), std::move(*turn), std::move(request));
  co_return reply;
}

Task<net::Reply> TurnResource::chat_stream(Caller caller, RequestPtr request) {
  TurnRequest turn{.message = request->query_parameter("message").value_or(""),
                   .thread_id = request->query_parameter("threadId").value_or(""),
                   .agent_id = first_parameter(*request),
                   .attachment_ids =
                       split_attachment_ids(request->query_parameter("attachmentIds").value_or("")),
                   .config = std::string(request->header(turn_config_header))};
  if (turn.message.empty()) {
    co_return error_response(
        {.kind = ErrorKind::invalid, .message = "the query needs message", .field = "message"});
  }
  auto reply = co_await events(std::move(caller), std::move(turn), std::move(request));
  co_return reply;
}

}  // namespace colonnade::dialects::platos
