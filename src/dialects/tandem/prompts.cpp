#include "dialects/tandem/prompts.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>

#include "base/ids.hpp"
#include "core/limits.hpp"
#include "core/models/tool_prompt.hpp"
#include "core/runs/run_start.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/prompt_body.hpp"
#include "dialects/tandem/run_words.hpp"
#include "dialects/tandem/sessions.hpp"
#include "dialects/tandem/wire.hpp"
#include "dialects/trace_context.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using base::JsonWriter;
using base::Result;
using core::Principal;

constexpr const char* run_id_header = "x-tandem-run-id";

// {"runID","startedAtMs","lastActivityAtMs",…} without the braces. A run that is under way is
// active now, as the engine says it of one that it touches every two seconds.
void write_run(JsonWriter& json, const core::Run& run, base::Time now) {
  json.field("runID", run.id).field("startedAtMs", milliseconds_of(run.created_at));
  json.field("lastActivityAtMs", milliseconds_of(now));
}

// What a message says of the client that sent it.
Json client_in(const core::Message& message) {
  if (!message.metadata.is_object()) return nullptr;
  const auto found = message.metadata.find("tandem");
  return found != message.metadata.end() ? *found : Json(nullptr);
}

net::Response started_response(const core::Run& run, bool with_body) {
  net::Response out{.status = with_body ? 202 : 204};
  out.headers.push_back({run_id_header, run.id});
  if (with_body) {
    JsonWriter(out.body)
        .object()
        .field("runID", run.id)
        .field("attachEventStream", event_path(run.thread_id, run.id))
        .end_object();
  } else {
    out.content_type = "";
  }
  return out;
}

net::Response stopped_response(bool cancelled) {
  std::string body;
  JsonWriter(body)
      .object()
      .field("ok", true)
      .field("cancelled", cancelled)
      .field("closedBrowserSessions", 0)
      .end_object();
  return answer(std::move(body));
}

// What stands for a prompt's parts in a run that is asked of nobody.
std::vector<core::Part> as_texts(const std::vector<PromptPart>& parts) {
  std::vector<core::Part> out;
  for (const PromptPart& part : parts) {
    out.emplace_back(core::TextPart{
        .text = part.is_file ? file_text(part.mime, part.filename, part.url) : part.text});
  }
  return out;
}

// Whether it is the file's own, and no matter of trying again.
bool is_about_file(const base::Error& error) {
  using enum base::ErrorKind;
  switch (error.kind) {
    case invalid:
    case forbidden:
    case not_found:
    case conflict:
    case gone:
    case too_large: return true;
    default: return false;
  }
}

// The files of a message that its model cannot be shown, as texts.
std::vector<core::Part> files_as_texts(std::vector<core::Part> parts) {
  for (core::Part& part : parts) {
    const auto* file = std::get_if<core::FilePart>(&part);
    if (file == nullptr) continue;
    std::string text = file_text(file->mime, file->filename, file->url);
    part = core::TextPart{.text = std::move(text)};
  }
  return parts;
}

}  // namespace

base::Task<Result<std::string>> PromptResource::agent_id(Principal who, std::string named) {
  if (named.empty()) co_return std::string();
  const auto agents = co_await deps_.agents.usable(who, limits::list_rows_max, 0);
  if (!agents) co_return base::fail(agents.error());
  for (const core::Agent& agent : *agents) {
    if (agent.id == named || agent.slug == named || agent.name == named) co_return agent.id;
  }
  co_return std::string();
}

base::Task<std::expected<core::NewMessage, net::Response>> PromptResource::message_of(
    Principal who, RequestPtr request) {
  const auto thread = co_await session_of(&deps_.threads, who, request);
  if (!thread) co_return std::unexpected(session_error(thread.error()));
  const auto body = body_of(*request);
  if (!body) co_return std::unexpected(error_response(body.error()));
  auto prompt = decode_prompt(*body);
  if (!prompt) co_return std::unexpected(error_response(prompt.error()));
  core::NewMessage out{.thread_id = thread->id, .settings = std::move(prompt->settings)};
  auto agent = co_await agent_id(who, std::move(prompt->agent));
  if (!agent) co_return std::unexpected(error_response(agent.error()));
  out.options.agent_id = std::move(*agent);
  out.options.tool_use = prompt->tool_use;
  out.options.trace = trace_parent_of(*request);
  out.options.tools = std::move(prompt->tools);
  if (Json client = client_of(*request); !client.is_null()) {
    out.metadata = Json{{"tandem", std::move(client)}};
  }
  const bool is_text = prompt->parts.size() == 1 && !prompt->parts.front().is_file;
  if (is_text && core::prompted_call(prompt->parts.front().text)) {
    out.settings = {.provider = std::string(core::tool_prompt_provider)};
  }
  const std::vector<PromptPart> wanted = prompt->parts;
  auto parts = co_await deps_.files.resolve(who, *thread, std::move(prompt->parts));
  if (parts) {
    out.parts = std::move(*parts);
  } else if (is_about_file(parts.error())) {
    out.parts = as_texts(wanted);
    out.failure = std::move(parts.error().message);
  } else {
    co_return std::unexpected(error_response(parts.error(), "FILE_PART_REFUSED"));
  }
  co_return out;
}

base::Task<PromptResource::Started> PromptResource::start(Principal who, core::NewMessage message,
                                                          base::Lane* lane) {
  auto run = co_await deps_.runs.start(who, message, *lane);
  // The engine leaves out what the model cannot be shown; the text says that it was there.
  const bool unseen = !run && run.error().field == core::unsupported_attachment_field;
  if (unseen) {
    message.parts = files_as_texts(std::move(message.parts));
    run = co_await deps_.runs.start(who, message, *lane);
  }
  if (run) co_return std::move(*run);
  if (const std::string missing = core::missing_provider_of(run.error()); !missing.empty()) {
    message.failure = std::string(no_model_selected) + " no provider '" + missing +
                      "' is configured; GET /config/providers lists those that are";
    run = co_await deps_.runs.start(who, message, *lane);
    if (run) co_return std::move(*run);
  }
  if (run.error().kind != base::ErrorKind::conflict) {
    co_return std::unexpected(session_error(run.error()));
  }
  auto busy = co_await conflict(std::move(who), std::move(message.thread_id));
  co_return std::unexpected(std::move(busy));
}

// tandem §4.1; no Retry-After.
base::Task<net::Response> PromptResource::conflict(Principal who, std::string session_id) {
  const auto newest = co_await deps_.runs.newest_in(who, session_id);
  if (!newest) co_return error_response(newest.error());
  if (!*newest) co_return error_response(404, "no such session", "SESSION_NOT_FOUND");
  const core::Run& run = (*newest)->run;
  const auto message = co_await deps_.threads.message(who, session_id, run.user_message_id);
  const Json client = message ? client_in(*message) : Json(nullptr);
  const std::string path = event_path(session_id, run.id);
  net::Response out{.status = 409};
  JsonWriter json(out.body);
  json.object().field("code", "SESSION_RUN_CONFLICT");
  json.field("error", "a run is under way in this session; wait for its end, or cancel it");
  json.field("sessionID", session_id).key("activeRun").object();
  write_run(json, run, deps_.clock.now());
  for (const char* name : {"clientID", "agentID", "agentProfile"}) {
    json.key(name);
    const bool known = client.is_object() && client.contains(name);
    known ? json.value(client.at(name)) : json.null();
  }
  json.end_object().field("retryAfterMs", std::int64_t{limits::tandem_retry_after.count()});
  json.field("attachEventStream", path).end_object();
  deps_.notices.tell(who, "session.run.conflict", session_id, run.id, [&](JsonWriter& members) {
    members.field("retryAfterMs", std::int64_t{limits::tandem_retry_after.count()});
    members.field("attachEventStream", path);
  });
  co_return out;
}

base::Task<PromptResource::Started> PromptResource::run_of(Principal who, RequestPtr request) {
  auto begun = std::make_shared<core::Run>(core::Run{.scope = who.scope});
  auto work = [this, who, request, begun](Attempt attempt) mutable {
    return prompt_once(std::move(who), std::move(request), std::move(begun), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return std::unexpected(error_response(response.error()));
  if (!begun->id.empty()) co_return std::move(*begun);
  // Refused, or begun before: then the answer that was kept names the run.
  const auto body = base::parse_json(response->body, "body");
  const bool names_run = response->status == 202 && body && body->is_object();
  if (!names_run) co_return std::unexpected(std::move(*response));
  auto made = co_await deps_.runs.read(std::move(who), body->value("runID", ""));
  if (!made) co_return std::unexpected(error_response(made.error()));
  co_return std::move(made->run);
}

// `begun`: the run that was begun just now, or the one of an attempt whose answer was lost.
base::Task<Attempted> PromptResource::prompt_once(Principal who, RequestPtr request,
                                                  std::shared_ptr<core::Run> begun,
                                                  Attempt attempt) {
  if (!attempt.object_id.empty()) {
    auto made = co_await deps_.runs.read(std::move(who), std::move(attempt.object_id));
    if (!made) co_return refused(error_response(made.error()));
    *begun = std::move(made->run);
    co_return Attempted{.response = started_response(*begun, true)};
  }
  auto message = co_await message_of(who, request);
  if (!message) co_return refused(std::move(message.error()));
  message->keyed_request_id = std::move(attempt.keyed_request_id);
  auto run = co_await start(std::move(who), std::move(*message), request->lane);
  if (!run) co_return refused(std::move(run.error()));
  *begun = std::move(*run);
  co_return Attempted{.response = started_response(*begun, true)};
}

base::Task<net::Reply> PromptResource::prompt_async(Principal who, RequestPtr request) {
  const bool with_body = request->query_parameter("return") == "run";
  const auto run = co_await run_of(std::move(who), std::move(request));
  if (!run) co_return run.error();
  co_return started_response(*run, with_body);
}

base::Task<net::Reply> PromptResource::prompt_sync(Principal who, RequestPtr request) {
  const auto run = co_await run_of(who, request);
  if (!run) co_return run.error();
  const net::Header run_header{run_id_header, run->id};
  if (request->header("Accept").contains("text/event-stream")) {
    auto reply = co_await deps_.streams.answer_stream(std::move(who), run->id);
    if (auto* stream = std::get_if<net::StreamReply>(&reply)) stream->headers.push_back(run_header);
    co_return reply;
  }
  const auto finished = co_await deps_.runs.wait(std::move(who), run->id, request->disconnected);
  if (!finished) co_return error_response(finished.error());
  const core::Run& ended = finished->run;
  std::string reply = finished->reply ? core::visible_text(finished->reply->parts) : std::string();
  if (ended.state == core::RunState::failed) {
    reply = "ENGINE_ERROR: " + std::string(failure_code(ended.error)) + ": " +
            failure_text(ended.error);
  }
  net::Response out{.headers = {run_header}};
  JsonWriter(out.body)
      .object()
      .field("reply", reply)
      .field("runID", ended.id)
      .field("status", status_of(ended.state, ended.error))
      .end_object();
  co_return out;
}

base::Task<net::Reply> PromptResource::active_run(Principal who, RequestPtr request) {
  const auto thread = co_await session_of(&deps_.threads, who, request);
  if (!thread) co_return session_error(thread.error());
  const auto newest = co_await deps_.runs.newest_in(who, thread->id);
  if (!newest) co_return error_response(newest.error());
  const bool active = *newest && !core::is_terminal((*newest)->run.state);
  if (!active) co_return answer(std::string(R"({"active":null})"));
  const core::Run& run = (*newest)->run;
  const auto message = co_await deps_.threads.message(who, thread->id, run.user_message_id);
  const Json client = message ? client_in(*message) : Json(nullptr);
  std::string body;
  JsonWriter json(body);
  json.object().key("active").object();
  write_run(json, run, deps_.clock.now());
  for (const char* name : {"clientID", "agentID"}) {
    if (client.is_object() && client.contains(name)) json.field(name, client.at(name));
  }
  json.field("attachEventStream", event_path(thread->id, run.id)).end_object().end_object();
  co_return answer(std::move(body));
}

base::Task<net::Reply> PromptResource::stop(Principal who, RequestPtr request, std::string only) {
  const auto thread = co_await session_of(&deps_.threads, who, request);
  // 200 also where nothing runs, and where nothing is (tandem §4.1).
  const bool missing = !thread && thread.error().kind == base::ErrorKind::not_found;
  if (missing) co_return stopped_response(false);
  if (!thread) co_return session_error(thread.error());
  const auto stopped = co_await stop_run(&deps_.runs, std::move(who), thread->id, std::move(only));
  if (!stopped) co_return error_response(stopped.error());
  co_return stopped_response(!stopped->empty());
}

base::Task<net::Reply> PromptResource::abort(Principal who, RequestPtr request) {
  std::string any_run;
  auto reply = co_await stop(std::move(who), std::move(request), std::move(any_run));
  co_return reply;
}

base::Task<net::Reply> PromptResource::cancel_run(Principal who, RequestPtr request) {
  std::string only = base::plain_form(request->path_parameters.at(1));
  auto reply = co_await stop(std::move(who), std::move(request), std::move(only));
  co_return reply;
}

std::vector<net::Route> prompt_routes(const Callers& in, PromptResource& prompts) {
  using enum net::Method;
  using P = PromptResource;
  return also_below_api({
      row(get, "/session/{id}/run", in(prompts, &P::active_run)),
      row(post, "/session/{id}/prompt_async", in(prompts, &P::prompt_async)),
      row(post, "/session/{id}/prompt_sync", in(prompts, &P::prompt_sync), /*long_running=*/true),
      row(post, "/session/{id}/abort", in.once(prompts, &P::abort)),
      row(post, "/session/{id}/cancel", in.once(prompts, &P::abort)),
      row(post, "/session/{id}/run/{run}/cancel", in.once(prompts, &P::cancel_run)),
  });
}

}  // namespace colonnade::dialects::tandem
