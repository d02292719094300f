#include <utility>

#include "dialects/phoson/errors.hpp"
#include "dialects/phoson/resources.hpp"
#include "dialects/phoson/wire.hpp"

namespace colonnade::dialects::phoson {
namespace {

net::Response conversation_error(const base::Error& error) {
  return error_response(error, Object::conversation);
}

// A thread that another dialect has put aside is not there (it can be restored there).
base::Task<core::Result<core::Thread>> present(core::Threads* threads, core::Principal who,
                                               std::string id) {
  auto thread = co_await threads->get(std::move(who), std::move(id));
  if (thread && thread->deleted_at) {
    co_return base::fail(base::ErrorKind::not_found, "the conversation is deleted");
  }
  co_return thread;
}

}  // namespace

base::Task<net::Reply> ConversationResource::list(Principal who, RequestPtr request) {
  const auto query = decode_list(*request);
  if (!query) co_return query.error();
  core::ThreadPage page{.limit = query->limit, .offset = query->offset};
  if (const auto id = request->query_parameter("agent_id")) page.agent_id = stored_agent_id(*id);
  const auto threads = co_await deps_.threads.list(std::move(who), std::move(page));
  if (!threads) co_return conversation_error(threads.error());
  co_return net::Response{.body = encode_conversations(*threads)};
}

base::Task<net::Reply> ConversationResource::create(Principal who, RequestPtr request) {
  auto input = decode_new_conversation(request->body);
  if (!input) co_return std::move(input.error());
  auto work = [this, who, input = std::move(*input)](Attempt attempt) mutable {
    return create_once(std::move(who), std::move(input), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return conversation_error(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> ConversationResource::create_once(Principal who, core::NewThread input,
                                                        Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto made = co_await deps_.threads.get(who, attempt.object_id);
    if (!made) co_return refused(conversation_error(made.error()));
    co_return Attempted{.response = {.status = created, .body = encode_conversation(*made)}};
  }
  const auto agent = co_await deps_.agents.get(who, input.agent_id);
  if (!agent) co_return refused(error_response(agent.error(), Object::agent));
  input.agent_id = agent->id;
  input.keyed_request_id = std::move(attempt.keyed_request_id);
  const auto thread = co_await deps_.threads.create(std::move(who), std::move(input));
  // Its agent may have gone meanwhile.
  if (!thread) co_return refused(error_response(thread.error(), Object::agent));
  co_return Attempted{.response = {.status = created, .body = encode_conversation(*thread)}};
}

base::Task<net::Reply> ConversationResource::get(Principal who, RequestPtr request) {
  const auto thread = co_await present(&deps_.threads, who, conversation_id(*request));
  if (!thread) co_return conversation_error(thread.error());
  co_return net::Response{.body = encode_conversation(*thread)};
}

base::Task<net::Reply> ConversationResource::update(Principal who, RequestPtr request) {
  auto title = decode_title(request->body);
  if (!title) co_return std::move(title.error());
  auto thread = co_await present(&deps_.threads, who, conversation_id(*request));
  if (thread && *title) {
    thread = co_await deps_.threads.rename(std::move(who), thread->id, std::move(**title));
  }
  if (!thread) co_return conversation_error(thread.error());
  co_return net::Response{.body = encode_conversation(*thread)};
}

base::Task<net::Reply> ConversationResource::remove(Principal who, RequestPtr request) {
  const auto thread = co_await present(&deps_.threads, who, conversation_id(*request));
  if (!thread) co_return conversation_error(thread.error());
  const auto removed = co_await deps_.erasure.erase_thread(std::move(who), thread->id);
  if (!removed) co_return conversation_error(removed.error());
  co_return net::Response{.status = no_content};
}

}  // namespace colonnade::dialects::phoson
