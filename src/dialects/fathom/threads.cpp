#include <utility>

#include "base/joined.hpp"
#include "core/limits.hpp"
#include "dialects/fathom/errors.hpp"
#include "dialects/fathom/limits.hpp"
#include "dialects/fathom/resources.hpp"
#include "dialects/fathom/stored_messages.hpp"
#include "dialects/fathom/thread_stream.hpp"
#include "dialects/fathom/wire.hpp"

namespace colonnade::dialects::fathom {
namespace {

std::string kept_key(std::string_view kind, const Principal& who, std::string_view id = {}) {
  return base::joined({kind, who.scope.key(), who.is_operator() ? "*" : "-", who.user_id, id});
}

}  // namespace

base::Task<net::Response> thread_refusal(core::Threads* threads, Principal who, std::string id,
                                         base::Error error) {
  if (error.kind == base::ErrorKind::not_found) {
    const auto anothers = co_await threads->is_anothers(std::move(who), std::move(id));
    if (anothers && *anothers) {
      co_return error_response({.kind = base::ErrorKind::forbidden, .message = "not your thread"});
    }
  }
  co_return error_response(error);
}

ThreadResource::ThreadResource(Dependencies deps) : deps_(deps) {
  for (std::size_t lane = 0; lane < deps.lanes; ++lane) {
    encoders_.emplace_back();
    reads_.emplace_back(deps.revisions);
  }
}

EncodedReads& ThreadResource::reads_on(const net::Request& request) {
  return reads_[request.lane->index()];
}

base::Task<net::Reply> ThreadResource::list(Principal who, RequestPtr request) {
  EncodedReads& reads = reads_on(*request);
  auto reading = reads.begin(kept_key("threads", who), core::Revisions::of_threads(who.scope));
  if (auto known = reads.find(reading)) co_return net::Response{.shared = std::move(known)};
  core::ThreadPage page{.limit = limits::fathom_threads_listed_max};
  const auto threads = co_await deps_.threads.list(std::move(who), std::move(page));
  if (!threads) co_return error_response(threads.error());
  co_return net::Response{.shared = reads.keep(std::move(reading), encode_threads(*threads))};
}

base::Task<net::Reply> ThreadResource::create(Principal who, RequestPtr request) {
  auto title = decode_new_thread(request->body);
  if (!title) co_return error_response(title.error());
  auto work = [this, who, title = std::move(*title)](Attempt attempt) mutable {
    return create_once(std::move(who), std::move(title), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> ThreadResource::create_once(Principal who, std::string title,
                                                  Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto made = co_await deps_.threads.get(who, attempt.object_id);
    if (!made) co_return refused(made.error());
    co_return Attempted{.response = {.body = encode_thread(*made)}};
  }
  core::NewThread input{.title = std::move(title),
                        .keyed_request_id = std::move(attempt.keyed_request_id)};
  const auto thread = co_await deps_.threads.create(std::move(who), std::move(input));
  if (!thread) co_return refused(thread.error());
  co_return Attempted{.response = {.body = encode_thread(*thread)}};
}

base::Task<net::Reply> ThreadResource::get(Principal who, RequestPtr request) {
  std::string id = thread_id(*request);
  EncodedReads& reads = reads_on(*request);
  auto reading =
      reads.begin(kept_key("thread", who, id), core::Revisions::of_thread(who.scope, id));
  if (auto known = reads.find(reading)) co_return net::Response{.shared = std::move(known)};
  auto view = co_await deps_.threads.view(who, id, limits::fathom_messages_shown_max);
  if (!view) {
    auto refusal = co_await thread_refusal(&deps_.threads, std::move(who), id, view.error());
    co_return refusal;
  }
  if (!are_large(view->messages)) {
    co_return net::Response{.shared = reads.keep(std::move(reading), encode_view(*view))};
  }
  // Too large to be held as one answer.
  const auto messages = std::exchange(view->messages, {});
  co_return net::Response{.source = std::make_shared<StoredMessages>(deps_.threads, std::move(who),
                                                                     std::move(id), messages,
                                                                     view_frame(std::move(*view)))};
}

base::Task<net::Reply> ThreadResource::rename(Principal who, RequestPtr request) {
  auto title = decode_rename(request->body);
  if (!title) co_return error_response(title.error());
  const auto thread = co_await deps_.threads.rename(who, thread_id(*request), std::move(*title));
  if (!thread) {
    auto refusal = co_await thread_refusal(&deps_.threads, std::move(who), thread_id(*request),
                                           thread.error());
    co_return refusal;
  }
  co_return net::Response{.body = encode_renamed(*thread)};
}

base::Task<net::Reply> ThreadResource::remove(Principal who, RequestPtr request) {
  const auto removed = co_await deps_.threads.remove(who, thread_id(*request));
  if (!removed) {
    auto refusal = co_await thread_refusal(&deps_.threads, std::move(who), thread_id(*request),
                                           removed.error());
    co_return refusal;
  }
  co_return net::Response{.body = encode_single("deleted", thread_id(*request))};
}

base::Task<net::Reply> ThreadResource::restore(Principal who, RequestPtr request) {
  auto work = [this, who, id = thread_id(*request)](const Attempt& /*attempt*/) mutable {
    return restore_once(std::move(who), std::move(id));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> ThreadResource::restore_once(Principal who, std::string id) {
  const auto restored = co_await deps_.threads.restore(who, id);
  if (!restored) {
    auto refusal = co_await thread_refusal(&deps_.threads, std::move(who), id, restored.error());
    co_return dialects::refused(std::move(refusal));
  }
  co_return Attempted{.response = {.body = encode_single("restored", id)}};
}

base::Task<net::Reply> ThreadResource::usage(Principal who, RequestPtr request) {
  const auto usage = co_await deps_.threads.usage(who, thread_id(*request));
  if (!usage) {
    auto refusal =
        co_await thread_refusal(&deps_.threads, std::move(who), thread_id(*request), usage.error());
    co_return refusal;
  }
  co_return net::Response{.body = encode_usage(thread_id(*request), *usage)};
}

base::Task<net::Reply> ThreadResource::search(Principal who, RequestPtr request) {
  const std::string query = request->query_parameter("q").value_or("");
  if (query.empty()) co_return net::Response{.body = encode_hits(query, {})};
  const std::size_t limit = decode_limit(request->query_parameter("limit"),
                                         limits::fathom_hits_default, limits::page_rows_max);
  const auto hits =
      co_await deps_.threads.search(std::move(who), query, limit, request->disconnected);
  if (!hits) co_return error_response(hits.error());
  co_return net::Response{.body = encode_hits(query, *hits)};
}

base::Task<net::Reply> ThreadResource::stream(Principal who, RequestPtr request) {
  const auto thread = co_await deps_.threads.get(who, thread_id(*request));
  if (!thread) {
    auto refusal = co_await thread_refusal(&deps_.threads, std::move(who), thread_id(*request),
                                           thread.error());
    co_return refusal;
  }
  net::StreamReply reply;
  reply.headers = {
      {"Cache-Control", "no-store"}, {"Connection", "keep-alive"}, {"X-Accel-Buffering", "no"}};
  reply.on_open = [this, scope = who.scope, id = thread->id, resume = decode_resume(*request)](
                      std::shared_ptr<net::StreamWriter> writer) mutable {
    EventEncoder& encoder = encoders_[writer->lane().index()];
    ThreadStream::open({.subscriptions = deps_.subscriptions,
                        .encoder = encoder,
                        .clock = deps_.clock,
                        .scope = std::move(scope),
                        .thread_id = std::move(id),
                        .resume = resume},
                       std::move(writer));
  };
  co_return reply;
}

}  // namespace colonnade::dialects::fathom
