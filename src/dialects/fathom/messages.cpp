#include <nlohmann/json.hpp>
#include <utility>

#include "dialects/fathom/errors.hpp"
#include "dialects/fathom/resources.hpp"
#include "dialects/fathom/stored_messages.hpp"
#include "dialects/fathom/wire.hpp"
#include "dialects/run_waiting.hpp"
#include "dialects/trace_context.hpp"

namespace colonnade::dialects::fathom {
namespace {

// Longer than any id of a thread: such a path names none, and needs no key of its own.
constexpr std::size_t thread_id_bytes_max = 64;

core::NewMessage new_message(const net::Request& request, SendBody body) {
  core::NewMessage message{.thread_id = thread_id(request)};
  message.options.trace = trace_parent_of(request);
  message.parts.emplace_back(core::TextPart{.text = std::move(body.text)});
  if (!body.client_message_id.empty()) {
    message.metadata = {{"clientMessageId", std::move(body.client_message_id)}};
  }
  return message;
}

// The header's key, else the client's own id of the message, which means the same within a thread.
std::optional<RequestKey> key_of(const net::Request& request, const SendBody& body) {
  if (auto key = request_key(request)) return key;
  const std::string id = thread_id(request);
  if (body.client_message_id.empty() || id.size() > thread_id_bytes_max) return std::nullopt;
  return RequestKey{.key = "clientMessageId:" + id + ":" + body.client_message_id,
                    .fingerprint = fingerprint_of(request)};
}

}  // namespace

base::Task<net::Reply> MessageResource::page(Principal who, RequestPtr request) {
  const auto page = decode_page(*request);
  if (!page) co_return error_response(page.error());
  const auto messages = co_await deps_.threads.messages(who, thread_id(*request), *page);
  if (!messages) {
    auto refusal = co_await thread_refusal(&deps_.threads, std::move(who), thread_id(*request),
                                           messages.error());
    co_return refusal;
  }
  if (are_large(*messages)) {
    co_return net::Response{
        .source = std::make_shared<StoredMessages>(
            deps_.threads, std::move(who), thread_id(*request), *messages, messages_frame())};
  }
  co_return net::Response{.body = encode_messages(*messages)};
}

base::Task<net::Reply> MessageResource::send(Principal who, RequestPtr request) {
  auto body = decode_send(request->body);
  if (!body) co_return error_response(body.error());
  auto key = key_of(*request, *body);
  const Waiter waiter{.lane = request->lane, .gone = request->disconnected};
  auto work = [this, who, waiter,
               message = new_message(*request, std::move(*body))](Attempt attempt) mutable {
    return send_once(std::move(who), std::move(message), waiter, std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, std::move(key), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> MessageResource::send_once(Principal who, core::NewMessage message,
                                                 Waiter waiter, Attempt attempt) {
  std::string run_id = std::move(attempt.object_id);
  if (run_id.empty()) {
    message.keyed_request_id = std::move(attempt.keyed_request_id);
    const std::string id = message.thread_id;
    auto run = co_await deps_.runs.start(who, std::move(message), *waiter.lane);
    if (!run) {
      auto refusal = co_await thread_refusal(&deps_.threads, std::move(who), id, run.error());
      co_return dialects::refused(std::move(refusal));
    }
    run_id = std::move(run->id);
  }
  auto attempted = co_await answer(std::move(who), std::move(run_id), waiter.gone, encode_sent);
  co_return attempted;
}

// The outcome of a run that exists. It is the answer whatever it is, unless the server stops before
// there is one: then the run goes on at the next start, and so does the key.
base::Task<Attempted> MessageResource::answer(Principal who, std::string run_id,
                                              std::stop_token gone, Encode encode) {
  const auto finished =
      co_await finish_run(&deps_.runs, std::move(who), std::move(run_id), std::move(gone));
  if (!finished) {
    const bool stopping = finished.error().kind == base::ErrorKind::unavailable;
    co_return Attempted{.response = error_response(finished.error()),
                        .settlement = stopping ? KeyOutcome::leave : KeyOutcome::answer};
  }
  if (finished->run.state != core::RunState::succeeded) {
    co_return Attempted{.response = error_response(500, failure_text(finished->run))};
  }
  co_return Attempted{.response = {.body = encode(*finished)}};
}

}  // namespace colonnade::dialects::fathom
