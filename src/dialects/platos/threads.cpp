#include "dialects/platos/threads.hpp"

#include <utility>

#include "dialects/platos/errors.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Task;
using core::Principal;

namespace {

constexpr int ok = 200;
constexpr int thread_created = 201;  // also of changes by POST (platos §2)

base::Error thread_error(base::Error error) {
  if (error.kind != ErrorKind::not_found) return error;
  error.message = error.field == "agent_id"     ? "Agent not found"
                  : error.field == "message_id" ? "Message not found"
                                                : "Thread not found";
  return error;
}

net::Response thread_refusal(const base::Error& error) {
  return error_response(thread_error(error));
}

std::string thread_id_of(const net::Request& request) { return request.path_parameters.front(); }

std::vector<std::string> ids_of(const std::vector<core::Thread>& threads) {
  std::vector<std::string> out;
  out.reserve(threads.size());
  for (const core::Thread& thread : threads) out.push_back(thread.id);
  return out;
}

}  // namespace

Task<net::Reply> ThreadResource::list(Caller caller, RequestPtr request) {
  auto query = decode_threads_query(*request);
  if (!query) co_return error_response(query.error());
  query->page.own = !(query->all_users && caller.who.is_operator());
  const auto threads = co_await deps_.threads.list(caller.who, query->page);
  if (!threads) co_return thread_refusal(threads.error());
  const auto summaries = co_await deps_.threads.summaries(caller.who, ids_of(*threads));
  if (!summaries) co_return thread_refusal(summaries.error());
  const auto total = co_await deps_.threads.count(std::move(caller.who), std::move(query->page));
  if (!total) co_return thread_refusal(total.error());
  co_return net::Response{.body = encode_threads(*threads, *summaries, *total)};
}

// Whether the agent is there for the caller; the default one is made.
Task<Result<void>> ThreadResource::check_new_thread(const Caller* caller, std::string agent_id) {
  if (auto may = check_agent(*caller, agent_id); !may) co_return may;
  auto found = agent_id == core::default_agent_id
                   ? deps_.agents.make_default(caller->who)
                   : deps_.agents.get(caller->who, std::move(agent_id));
  auto agent = co_await std::move(found);
  if (!agent && agent.error().kind == ErrorKind::not_found) agent.error().field = "agent_id";
  if (!agent) co_return fail(std::move(agent.error()));
  co_return Result<void>();
}

Task<net::Reply> ThreadResource::create(Caller caller, RequestPtr request) {
  auto body = decode_new_thread(request->body);
  if (!body) co_return error_response(body.error());
  const auto may = co_await check_new_thread(&caller, body->agent_id);
  if (!may) co_return thread_refusal(may.error());
  core::NewThread input{.title = std::move(body->title),
                        .agent_id = std::move(body->agent_id),
                        .session_context = std::move(body->session_context)};
  auto work = [this, who = caller.who, input = std::move(input)](Attempt attempt) mutable {
    return create_once(std::move(who), std::move(input), std::move(attempt));
  };
  auto response =
      co_await deps_.answer_once.run(caller.who, request_key(*request), std::move(work));
  if (!response) co_return thread_refusal(response.error());
  co_return std::move(*response);
}

Task<Attempted> ThreadResource::create_once(Principal who, core::NewThread input, Attempt attempt) {
  Result<core::Thread> thread = fail(ErrorKind::not_found, "not made yet");
  if (!attempt.object_id.empty()) {
    thread = co_await deps_.threads.get(who, attempt.object_id);
  } else {
    input.keyed_request_id = std::move(attempt.keyed_request_id);
    thread = co_await deps_.threads.create(who, std::move(input));
  }
  if (!thread) co_return refused(thread_error(thread.error()));
  co_return Attempted{.response = {.status = thread_created, .body = encode_thread(*thread)}};
}

Task<net::Reply> ThreadResource::get(Caller caller, RequestPtr request) {
  const auto thread = co_await deps_.threads.get(caller.who, thread_id_of(*request));
  if (!thread) co_return thread_refusal(thread.error());
  // Deleted through another dialect.
  if (thread->deleted_at) co_return thread_refusal({.kind = ErrorKind::not_found});
  auto shown = co_await show(std::move(caller.who), &*thread, ok);
  co_return shown;
}

Task<net::Reply> ThreadResource::show(Principal who, const core::Thread* thread, int status) {
  std::vector<std::string> ids(1, thread->id);
  const auto summaries = co_await deps_.threads.summaries(std::move(who), std::move(ids));
  if (!summaries) co_return thread_refusal(summaries.error());
  co_return net::Response{.status = status, .body = encode_thread(*thread, *summaries)};
}

// --- arranging ----------------------------------------------------------------------------------

Task<net::Reply> ThreadResource::arrange(Caller caller, RequestPtr request,
                                         Result<core::ThreadArrangement> wanted, int status) {
  if (!wanted) co_return error_response(wanted.error());
  const auto thread =
      co_await deps_.threads.arrange(caller.who, thread_id_of(*request), std::move(*wanted));
  if (!thread) co_return thread_refusal(thread.error());
  auto shown = co_await show(std::move(caller.who), &*thread, status);
  co_return shown;
}

Task<net::Reply> ThreadResource::update(Caller caller, RequestPtr request) {
  auto wanted = decode_arrangement(request->body);
  return arrange(std::move(caller), std::move(request), std::move(wanted), ok);
}

Task<net::Reply> ThreadResource::rename(Caller caller, RequestPtr request) {
  auto wanted = decode_rename(request->body);
  return arrange(std::move(caller), std::move(request), std::move(wanted), ok);
}

Task<net::Reply> ThreadResource::tag(Caller caller, RequestPtr request) {
  auto wanted = decode_tags(request->body);
  return arrange(std::move(caller), std::move(request), std::move(wanted), ok);
}

Task<net::Reply> ThreadResource::pin(Caller caller, RequestPtr request) {
  auto wanted = decode_pin(request->body);
  return arrange(std::move(caller), std::move(request), std::move(wanted), thread_created);
}

Task<net::Reply> ThreadResource::unpin(Caller caller, RequestPtr request) {
  return arrange(std::move(caller), std::move(request), core::ThreadArrangement{.pinned = false},
                 ok);
}

Task<net::Reply> ThreadResource::archive(Caller caller, RequestPtr request) {
  return arrange(std::move(caller), std::move(request), core::ThreadArrangement{.archived = true},
                 thread_created);
}

Task<net::Reply> ThreadResource::unarchive(Caller caller, RequestPtr request) {
  return arrange(std::move(caller), std::move(request), core::ThreadArrangement{.archived = false},
                 thread_created);
}

Task<net::Reply> ThreadResource::remove(Caller caller, RequestPtr request) {
  core::ThreadArrangement archived{.archived = true};
  const auto thread = co_await deps_.threads.arrange(std::move(caller.who), thread_id_of(*request),
                                                     std::move(archived));
  if (!thread) co_return thread_refusal(thread.error());
  co_return net::Response{.body = encode_deleted(*thread)};
}

Task<net::Reply> ThreadResource::fork(Caller caller, RequestPtr request) {
  auto fork = decode_fork(request->body);
  if (!fork) co_return error_response(fork.error());
  // A copy is a new thread: a token of one agent makes none of another's.
  const auto original = co_await deps_.threads.get(caller.who, thread_id_of(*request));
  if (!original) co_return thread_refusal(original.error());
  const std::string agent_id =
      original->agent_id.empty() ? std::string(core::default_agent_id) : original->agent_id;
  if (auto may = check_agent(caller, agent_id); !may) co_return thread_refusal(may.error());
  auto work = [this, who = caller.who, id = thread_id_of(*request),
               fork = std::move(*fork)](Attempt attempt) mutable {
    return fork_once(std::move(who), std::move(id), std::move(fork), std::move(attempt));
  };
  auto response =
      co_await deps_.answer_once.run(caller.who, request_key(*request), std::move(work));
  if (!response) co_return thread_refusal(response.error());
  co_return std::move(*response);
}

Task<Attempted> ThreadResource::fork_once(Principal who, std::string id, core::Fork fork,
                                          Attempt attempt) {
  Result<core::Thread> thread = fail(ErrorKind::not_found, "not made yet");
  if (!attempt.object_id.empty()) {
    thread = co_await deps_.threads.get(who, attempt.object_id);
  } else {
    fork.keyed_request_id = std::move(attempt.keyed_request_id);
    thread = co_await deps_.threads.fork(who, std::move(id), std::move(fork));
  }
  if (!thread) co_return refused(thread_error(thread.error()));
  co_return Attempted{.response = {.status = thread_created, .body = encode_thread(*thread)}};
}

// --- messages -----------------------------------------------------------------------------------

Task<net::Reply> ThreadResource::messages(Caller caller, RequestPtr request) {
  auto page = decode_messages_query(*request);
  if (!page) co_return error_response(page.error());
  const auto list = co_await deps_.threads.message_list(std::move(caller.who),
                                                        thread_id_of(*request), std::move(*page));
  if (!list) co_return thread_refusal(list.error());
  co_return net::Response{.body = encode_messages(*list)};
}

Task<net::Reply> ThreadResource::replies(Caller caller, RequestPtr request) {
  auto page = decode_messages_query(*request);
  if (!page) co_return error_response(page.error());
  page->reply_to = request->path_parameters[1];
  const auto parent =
      co_await deps_.threads.message(caller.who, thread_id_of(*request), page->reply_to);
  if (!parent) co_return thread_refusal(parent.error());
  const auto list = co_await deps_.threads.message_list(std::move(caller.who),
                                                        thread_id_of(*request), std::move(*page));
  if (!list) co_return thread_refusal(list.error());
  co_return net::Response{.body = encode_messages(*list)};
}

}  // namespace colonnade::dialects::platos
