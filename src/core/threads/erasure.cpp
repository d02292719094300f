#include "core/threads/erasure.hpp"

#include "base/log.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

void Erasure::add(Unit& unit, const Thread& thread) const {
  const Time now = parts_.clock.now();
  unit.changes.emplace_back(EraseThread{.id = thread.id, .at = now});
  unit.events.push_back(Event{.scope = thread.scope,
                              .thread_id = thread.id,
                              .at = now,
                              .body = ThreadChanged{.title = {}, .deleted = true}});
}

Task<Result<void>> Erasure::erase_thread(Principal who, std::string id) {
  auto thread = co_await parts_.threads.get(who, std::move(id));
  if (!thread) co_return fail(std::move(thread.error()));
  Unit unit{.scope = who.scope};
  add(unit, *thread);
  auto hidden = co_await parts_.feed.commit(std::move(unit));
  if (!hidden) co_return fail(std::move(hidden.error()));
  co_await purge(who.scope, thread->id);
  co_return Result<void>{};
}

Task<Result<void>> Erasure::erase_agent(Principal who, std::string id) {
  auto agent = co_await parts_.agents.get(who, std::move(id));
  if (!agent) co_return fail(std::move(agent.error()));
  if (agent->id.empty()) {
    co_return fail(ErrorKind::conflict, "the default agent cannot be deleted");
  }
  Unit unit{.scope = who.scope};
  unit.changes.emplace_back(DeleteAgent{.id = agent->id});
  unit.changes.emplace_back(RemoveMemoriesOfAgent{.agent_id = agent->id});
  std::vector<std::string> ids;
  for (ThreadPage page{.agent_id = agent->id};; page.offset += page.limit) {
    auto threads = co_await parts_.store.threads(who.scope, std::nullopt, page);
    if (!threads) co_return fail(std::move(threads.error()));
    for (const Thread& thread : *threads) {
      add(unit, thread);
      ids.push_back(thread.id);
    }
    if (threads->size() < page.limit) break;
  }
  auto hidden = co_await parts_.feed.commit(std::move(unit));
  if (!hidden) co_return fail(std::move(hidden.error()));
  for (const std::string& thread_id : ids) co_await purge(who.scope, thread_id);
  co_return Result<void>{};
}

// Nobody finds the thread any more, so no run can begin in it; one that is active is stopped first.
// A server that stops meanwhile leaves the rest to its next start.
Task<void> Erasure::purge(Scope scope, std::string id) {
  auto run = co_await parts_.run_store.active_run(scope, id);
  if (run && *run) {
    const Principal starter(scope, (*run)->started_by, UserRole::member);
    const std::string run_id = (*run)->id;
    // Not found: it has just ended by itself.
    [[maybe_unused]] const auto cancelled = co_await parts_.runs.cancel(starter, run_id);
    std::stop_token none;
    auto ended = co_await parts_.runs.wait(starter, run_id, std::move(none));
    if (!ended && ended.error().kind == ErrorKind::unavailable) co_return;
  }
  Unit unit{.scope = scope};
  unit.changes.emplace_back(PurgeThread{.id = id});
  auto purged = co_await parts_.feed.commit(std::move(unit));
  if (!purged) {
    base::log::warn("thread_not_purged", {{"thread", id}, {"error", purged.error().message}});
  }
}

Task<void> Erasure::recover() {
  for (;;) {
    auto left = co_await parts_.store.erased_threads(limits::page_rows_max);
    if (!left || left->empty()) co_return;
    for (const Thread& thread : *left) co_await purge(thread.scope, thread.id);
    auto after = co_await parts_.store.erased_threads(1);
    // What could not be purged now is tried again at the next start, not for ever.
    if (!after || after->empty() || after->front().id == left->front().id) co_return;
  }
}

}  // namespace colonnade::core
