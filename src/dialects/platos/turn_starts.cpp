#include "dialects/platos/turn_starts.hpp"

#include <utility>

#include "base/ids.hpp"
#include "core/safety/safety_filter.hpp"
#include "core/spans/trace_parent.hpp"
#include "dialects/platos/attachments.hpp"
#include "dialects/platos/turn_limits.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::Task;
using Outcome = TurnStarts::Outcome;

std::unexpected<TurnRefusal> refuse_turn(ErrorKind kind, std::string code, std::string message) {
  return std::unexpected(refusal(kind, std::move(code), std::move(message)));
}

std::unexpected<TurnRefusal> no_such_thread() {
  return refuse_turn(ErrorKind::not_found, "thread_not_found", "Thread not found");
}

// Core's refusal in the wire's codes.
TurnRefusal refusal_of(base::Error error) {
  std::string code;
  switch (error.kind) {
    case ErrorKind::not_found: code = error.field.empty() ? "thread_not_found" : ""; break;
    case ErrorKind::conflict:
      code = error.message == core::run_is_active_text ? "turn_in_progress" : "thread_not_found";
      break;
    case ErrorKind::unavailable:
      code = error.field == "provider" ? "provider_unavailable" : "service_unavailable";
      break;
    case ErrorKind::rate_limited: code = "rate_limit"; break;
    case ErrorKind::over_budget: code = "budget_cap"; break;
    case ErrorKind::internal: code = "service_unavailable"; break;
    case ErrorKind::forbidden: code = "AGENT_SCOPE_MISMATCH"; break;
    case ErrorKind::invalid: code = attachment_error_code(error); break;
    default: break;
  }
  std::string provider = core::missing_provider_of(error);
  if (code == "turn_in_progress") error.message = "A turn is already running on this thread";
  TurnRefusal out{.error = std::move(error), .code = std::move(code)};
  out.provider_id = std::move(provider);
  return out;
}

TurnRefusal flagged(std::vector<core::SafetyFinding> findings) {
  TurnRefusal out = refusal(ErrorKind::invalid, "", "Message flagged by safety filters");
  out.findings = std::move(findings);
  return out;
}

// What a key stands for; the message may be long.
std::string fingerprint(const TurnRequest& request) {
  return base::sha256_hex(request.thread_id + '\n' + request.agent_id + '\n' + request.replaces +
                          '\n' + request.message);
}

std::string key_name(const TurnRequest& request, std::size_t life) {
  return "platos.message:" + std::to_string(life) + ":" +
         base::sha256_hex(request.thread_id + '\n' + request.idempotency_key);
}

// What a key is answered with: its turn.
core::StoredAnswer answer_of(std::string run_id) {
  constexpr int answered = 200;
  return {.status = answered, .body = std::move(run_id)};
}

core::NewMessage plain_message(const Caller& caller, const TurnRequest& request) {
  core::NewMessage out{.thread_id = request.thread_id};
  out.options.trace = core::trace_parent_from(caller.traceparent);
  out.settings.run_seconds_max = static_cast<int>(limits::platos_turn_time_max.count());
  out.settings.approval_seconds_max = static_cast<int>(limits::platos_approval_time_max.count());
  out.settings.keeps_partial_reply = true;
  out.settings.counts_tool_calls = !caller.who.is_operator();
  if (!request.message.empty()) out.parts.emplace_back(core::TextPart{.text = request.message});
  if (!request.context_type.empty() || !request.context_id.empty()) {
    out.metadata = {{"contextType", request.context_type}, {"contextId", request.context_id}};
  }
  return out;
}

}  // namespace

TurnFacts facts_of(const StartedTurn& turn, const Caller& caller) {
  const core::Run& run = turn.run;
  const std::string provider = run.settings.provider.value_or("");
  const std::string model = run.settings.model.value_or("");
  return {.thread_id = run.thread_id,
          .agent_id = run.agent_id.empty() ? std::string(core::default_agent_id) : run.agent_id,
          .user_id = run.started_by,
          .model = model.empty() ? provider : provider + ":" + model,
          .provider_id = provider,
          .reply_to = run.options.reply_to,
          .system_prompt = turn.system_prompt,
          .for_operator = caller.who.is_operator()};
}

Task<std::expected<core::Thread, TurnRefusal>> TurnStarts::thread(Caller caller,
                                                                  std::string thread_id) {
  auto found = co_await deps_.threads.get(caller.who, std::move(thread_id));
  if (!found && found.error().kind != ErrorKind::not_found) {
    co_return std::unexpected(refusal_of(std::move(found.error())));
  }
  if (!found || found->deleted_at) co_return no_such_thread();
  co_return std::move(*found);
}

// What an operator is shown for debugging. An agent that is gone has none to show.
Task<Outcome> TurnStarts::with_prompt(Caller caller, Outcome outcome) {
  if (!outcome || !caller.who.is_operator()) co_return outcome;
  const core::Run& run = outcome->run;
  auto agent = co_await deps_.agents.get(run.scope, run.agent_id);
  if (agent) agent = co_await deps_.agents.at_version(std::move(*agent), run.version.id);
  if (agent) {
    outcome->system_prompt = core::system_prompt(core::for_turn(std::move(*agent), run.options));
  }
  co_return outcome;
}

Task<Outcome> TurnStarts::newest(Caller caller, std::string thread_id) {
  auto found = co_await find_newest(caller, std::move(thread_id));
  auto outcome = co_await with_prompt(std::move(caller), std::move(found));
  co_return outcome;
}

Task<Outcome> TurnStarts::find_newest(Caller caller, std::string thread_id) {
  auto found = co_await thread(caller, thread_id);
  if (!found) co_return std::unexpected(std::move(found.error()));
  auto origin = co_await deps_.runs.newest_in(caller.who, std::move(thread_id));
  if (!origin) co_return std::unexpected(refusal_of(std::move(origin.error())));
  const bool kept =
      *origin && (!(*origin)->run.finished_at ||
                  *(*origin)->run.finished_at + limits::platos_log_kept >= deps_.clock.now());
  if (!kept || (*origin)->run.started_by != caller.who.user_id) {
    co_return refuse_turn(ErrorKind::not_found, "no_active_turn",
                          "Nothing to resume on this thread");
  }
  co_return StartedTurn{.run = std::move((*origin)->run), .events_after = (*origin)->events_after};
}

Task<Outcome> TurnStarts::start(Caller caller, TurnRequest request, base::Lane* lane) {
  auto starting = request.idempotency_key.empty() ? start_once(caller, std::move(request), lane, "")
                                                  : start_keyed(caller, std::move(request), lane);
  auto started = co_await std::move(starting);
  auto outcome = co_await with_prompt(std::move(caller), std::move(started));
  co_return outcome;
}

// A key counts for a while only, and core keeps keys longer: each later use of the same one is a
// new life of it.
Task<Outcome> TurnStarts::start_keyed(Caller caller, TurnRequest request, base::Lane* lane) {
  for (std::size_t life = 0; life < limits::platos_key_lives_max; ++life) {
    auto begun = co_await deps_.keyed_requests.begin(caller.who, key_name(request, life),
                                                     fingerprint(request));
    if (!begun) {
      const bool other = begun.error().kind == ErrorKind::conflict;
      TurnRefusal why = refusal_of(std::move(begun.error()));
      if (other) why.code = "already_processed";
      co_return std::unexpected(std::move(why));
    }
    std::string id;
    std::string run_id;
    if (auto* first = std::get_if<core::KeyedRequests::First>(&*begun)) {
      id = std::move(first->id);
      auto outcome = co_await start_once(caller, std::move(request), lane, id);
      if (!outcome) {
        co_await deps_.keyed_requests.drop(caller.who, std::move(id));
        co_return outcome;
      }
      core::StoredAnswer answer = answer_of(outcome->run.id);
      co_await deps_.keyed_requests.answer(caller.who, std::move(id), std::move(answer));
      co_return outcome;
    }
    if (auto* orphan = std::get_if<core::KeyedRequests::Orphan>(&*begun)) {
      run_id = orphan->object_id;
      core::StoredAnswer answer = answer_of(run_id);
      co_await deps_.keyed_requests.answer(caller.who, orphan->id, std::move(answer));
    } else {
      run_id = std::get<core::KeyedRequests::Answered>(*begun).answer.body;
    }
    auto outcome = co_await earlier(caller, request.thread_id, std::move(run_id));
    const bool over =
        outcome && outcome->run.created_at + limits::platos_key_kept < deps_.clock.now();
    if (!over) co_return outcome;
  }
  co_return refuse_turn(ErrorKind::rate_limited, "already_processed",
                        "This idempotencyKey was used too often; use a new one");
}

// The turn that a key began. A thread has gone on since, perhaps: then its log is not told again.
Task<Outcome> TurnStarts::earlier(Caller caller, std::string thread_id, std::string run_id) {
  auto origin = co_await deps_.runs.newest_in(caller.who, std::move(thread_id));
  if (!origin) co_return std::unexpected(refusal_of(std::move(origin.error())));
  if (*origin && (*origin)->run.id == run_id) {
    co_return StartedTurn{.run = std::move((*origin)->run),
                          .events_after = (*origin)->events_after,
                          .repeated = true};
  }
  auto detail = co_await deps_.runs.read(caller.who, std::move(run_id));
  if (detail && detail->run.created_at + limits::platos_key_kept < deps_.clock.now()) {
    co_return StartedTurn{.run = std::move(detail->run), .repeated = true};
  }
  co_return refuse_turn(ErrorKind::conflict, "already_processed",
                        "The message of this idempotencyKey was answered already");
}

Task<Outcome> TurnStarts::start_once(Caller caller, TurnRequest request, base::Lane* lane,
                                     std::string keyed_request_id) {
  auto found = co_await thread(caller, request.thread_id);
  if (!found) co_return std::unexpected(std::move(found.error()));
  const std::string& agent_id = request.agent_id.empty() ? found->agent_id : request.agent_id;
  const std::string_view asked = agent_id.empty() ? core::default_agent_id : agent_id;
  if (auto allowed = check_agent(caller, asked); !allowed) {
    TurnRefusal why{.error = std::move(allowed.error()), .code = "AGENT_SCOPE_MISMATCH"};
    co_return std::unexpected(std::move(why));
  }
  auto origin = co_await deps_.runs.newest_in(caller.who, request.thread_id);
  if (origin && *origin && !core::is_terminal((*origin)->run.state)) {
    co_return refuse_turn(ErrorKind::conflict, "turn_in_progress",
                          "A turn is already running on this thread");
  }
  if (const auto over = deps_.rate_limits.turn(caller.who)) {
    TurnRefusal why = refusal(ErrorKind::rate_limited, "rate_limit", "");
    why.over = over;
    co_return std::unexpected(std::move(why));
  }
  if (options_.input_safety) {
    auto findings = core::inspect_text(request.message, core::SafetySide::input);
    if (core::has_high_severity(findings)) {
      co_return std::unexpected(flagged(std::move(findings)));
    }
  }
  auto message = co_await deps_.options.apply(caller, request, plain_message(caller, request));
  if (!message) co_return std::unexpected(refusal_of(std::move(message.error())));
  message->keyed_request_id = std::move(keyed_request_id);
  const std::int64_t before = deps_.subscriptions.now();
  auto run = co_await deps_.runs.start(caller.who, std::move(*message), *lane);
  if (!run) {
    TurnRefusal why = refusal_of(std::move(run.error()));
    co_return std::unexpected(std::move(why));
  }
  co_return StartedTurn{.run = std::move(*run), .events_after = before};
}

}  // namespace colonnade::dialects::platos
