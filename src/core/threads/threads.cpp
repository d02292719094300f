#include "core/threads/threads.hpp"

#include "base/ids.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/threads/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::unexpected<base::Error> no_such_thread() {
  return fail(ErrorKind::not_found, "no such thread");
}

bool may_see_thread(const Principal& who, const Thread& thread) {
  return may_see(who, thread.scope, thread.owner);
}

Event thread_event(const Thread& thread, Time at, bool deleted) {
  return Event{.scope = thread.scope,
               .thread_id = thread.id,
               .at = at,
               .body = ThreadChanged{.title = thread.title, .deleted = deleted}};
}

}  // namespace

Threads::Threads(ThreadStore& store, EventFeed& feed, base::Clock& clock, base::Workers& workers)
    : store_(store), feed_(feed), clock_(clock), workers_(workers) {}

Task<Result<Thread>> Threads::create(Principal who, NewThread input) {
  const Time now = clock_.now();
  Thread thread{.id = base::new_id(now),
                .scope = who.scope,
                .owner = who.user_id,
                .agent_id = std::move(input.agent_id),
                .title = std::move(input.title),
                .label = std::move(input.label),
                .settings = std::move(input.settings),
                .created_at = now,
                .updated_at = now,
                .deleted_at = std::nullopt};
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(
      InsertThread{.thread = thread, .agent_must_exist = !thread.agent_id.empty()});
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), thread.id});
  }
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return thread;
}

Task<Result<std::vector<Thread>>> Threads::list(Principal who, ThreadPage page) {
  auto owner = owner_seen_by(who);
  return store_.threads(std::move(who.scope), std::move(owner), std::move(page));
}

Task<Result<Thread>> Threads::get(Principal who, std::string id) {
  auto thread = co_await store_.thread(who.scope, std::move(id));
  if (!thread) co_return fail(std::move(thread.error()));
  if (!*thread || !may_see_thread(who, **thread)) co_return no_such_thread();
  co_return std::move(**thread);
}

Task<Result<bool>> Threads::is_anothers(Principal who, std::string id) {
  auto thread = co_await store_.thread(who.scope, std::move(id));
  if (!thread) co_return fail(std::move(thread.error()));
  co_return *thread && !may_see_thread(who, **thread);
}

Task<Result<ThreadDetail>> Threads::view(Principal who, std::string id, std::size_t messages) {
  auto detail = co_await store_.thread_detail(who.scope, std::move(id), messages);
  if (!detail) co_return fail(std::move(detail.error()));
  if (!*detail || !may_see_thread(who, (*detail)->thread)) co_return no_such_thread();
  co_return std::move(**detail);
}

Task<Result<std::vector<Message>>> Threads::messages(Principal who, std::string id,
                                                     MessagePage page) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  auto messages = co_await store_.messages(who.scope, std::move(id), std::move(page));
  co_return messages;
}

Task<Result<Message>> Threads::message(Principal who, std::string id, std::string message_id) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  auto message = co_await store_.message(who.scope, std::move(message_id));
  if (!message) co_return fail(std::move(message.error()));
  if (!*message || (*message)->thread_id != id) {
    co_return fail(ErrorKind::not_found, "no such message");
  }
  co_return std::move(**message);
}

Task<Result<ThreadUsage>> Threads::usage(Principal who, std::string id) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  auto usage = co_await store_.usage(who.scope, std::move(id));
  co_return usage;
}

Task<Result<Thread>> Threads::rename(Principal who, std::string id, std::string title) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  thread->title = std::string(trimmed(title));
  if (thread->title.empty()) {
    co_return fail(ErrorKind::invalid, "title must not be blank", "title");
  }
  thread->updated_at = clock_.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(RenameThread{.id = thread->id,
                                         .title = thread->title,
                                         .at = thread->updated_at,
                                         .only_if_untitled = false});
  unit.events.push_back(thread_event(*thread, thread->updated_at, thread->deleted_at.has_value()));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return std::move(*thread);
}

Task<Result<void>> Threads::remove(Principal who, std::string id) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  if (thread->deleted_at) co_return fail(ErrorKind::not_found, "no such thread");
  const Time now = clock_.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(DeleteThread{.id = thread->id, .at = now});
  unit.events.push_back(thread_event(*thread, now, true));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

Task<Result<void>> Threads::restore(Principal who, std::string id) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  if (!thread->deleted_at) co_return fail(ErrorKind::not_found, "no deleted thread by that id");
  const Time now = clock_.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(RestoreThread{.id = thread->id, .at = now});
  unit.events.push_back(thread_event(*thread, now, false));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

Task<Result<std::vector<SearchHit>>> Threads::search(Principal who, std::string query,
                                                     std::size_t limit, std::stop_token stop) {
  using Hits = std::vector<SearchHit>;
  base::Job job{
      .account = account_of(who), .time_max = limits::search_time_max, .stop = std::move(stop)};
  std::move_only_function<Result<Hits>(std::stop_token)> work =
      [&threads = store_, who = std::move(who), query = std::move(query),
       limit](std::stop_token over) {
        return threads.search(who.scope, owner_seen_by(who), query, limit, std::move(over));
      };
  auto hits = co_await workers_.run<Hits>(std::move(job), std::move(work));
  co_return hits;
}

}  // namespace colonnade::core
