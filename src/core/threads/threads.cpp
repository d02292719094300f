#include "core/threads/threads.hpp"

#include "base/ids.hpp"
#include "core/access/account.hpp"
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

Event thread_event(const Thread& thread, Time at, bool deleted) {
  return Event{.scope = thread.scope,
               .thread_id = thread.id,
               .at = at,
               .body = ThreadChanged{.title = thread.title, .deleted = deleted}};
}

}  // namespace

Threads::Threads(ThreadStore& store, RunStore& runs, EventFeed& feed, base::Clock& clock,
                 base::Workers& workers)
    : store_(store), runs_(runs), feed_(feed), clock_(clock), workers_(workers) {}

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
  Unit unit{.scope = who.scope};
  unit.changes.emplace_back(
      InsertThread{.thread = thread, .agent_must_exist = !thread.agent_id.empty()});
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), thread.id});
  }
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return thread;
}

Result<std::vector<Thread>> Threads::list(const Principal& who, const ThreadPage& page) {
  return store_.threads(who.scope, who.user_id, page);
}

Result<Thread> Threads::get(const Principal& who, std::string_view id) {
  auto thread = store_.thread(who.scope, id);
  if (!thread) return fail(std::move(thread.error()));
  if (!*thread) return fail(ErrorKind::not_found, "no such thread");
  if ((*thread)->owner != who.user_id) return fail(ErrorKind::forbidden, "not your thread");
  return std::move(**thread);
}

Result<ThreadView> Threads::view(const Principal& who, std::string_view id, std::size_t messages) {
  auto thread = get(who, id);
  if (!thread) return fail(std::move(thread.error()));
  auto page = store_.messages(who.scope, id, {.limit = messages});
  if (!page) return fail(std::move(page.error()));
  auto active = runs_.active_run(who.scope, id);
  if (!active) return fail(std::move(active.error()));
  return ThreadView{
      .thread = std::move(*thread), .messages = std::move(*page), .running = active->has_value()};
}

Result<std::vector<Message>> Threads::messages(const Principal& who, std::string_view id,
                                               const MessagePage& page) {
  if (auto thread = get(who, id); !thread) return fail(std::move(thread.error()));
  return store_.messages(who.scope, id, page);
}

Result<Message> Threads::message(const Principal& who, std::string_view id,
                                 std::string_view message_id) {
  if (auto thread = get(who, id); !thread) return fail(std::move(thread.error()));
  auto message = store_.message(who.scope, message_id);
  if (!message) return fail(std::move(message.error()));
  if (!*message || (*message)->thread_id != id)
    return fail(ErrorKind::not_found, "no such message");
  return std::move(**message);
}

Result<ThreadUsage> Threads::usage(const Principal& who, std::string_view id) {
  if (auto thread = get(who, id); !thread) return fail(std::move(thread.error()));
  return store_.usage(who.scope, id);
}

Task<Result<Thread>> Threads::rename(Principal who, std::string id, std::string title) {
  auto thread = get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  thread->title = std::string(trimmed(title));
  if (thread->title.empty()) {
    co_return fail(ErrorKind::invalid, "title must not be blank", "title");
  }
  thread->updated_at = clock_.now();
  Unit unit{.scope = who.scope};
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
  auto thread = get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  if (thread->deleted_at) co_return fail(ErrorKind::not_found, "no such thread");
  const Time now = clock_.now();
  Unit unit{.scope = who.scope};
  unit.changes.emplace_back(DeleteThread{.id = thread->id, .at = now});
  unit.events.push_back(thread_event(*thread, now, true));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

Task<Result<void>> Threads::restore(Principal who, std::string id) {
  auto thread = get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  if (!thread->deleted_at) co_return fail(ErrorKind::not_found, "no deleted thread by that id");
  const Time now = clock_.now();
  Unit unit{.scope = who.scope};
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
        return threads.search(who.scope, who.user_id, query, limit, std::move(over));
      };
  auto hits = co_await workers_.run<Hits>(std::move(job), std::move(work));
  co_return hits;
}

}  // namespace colonnade::core
