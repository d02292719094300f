#include "core/threads/erasure.hpp"

#include <memory>
#include <stop_token>

#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/memory/limits.hpp"
#include "core/threads/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

void Erasure::add(Unit& unit, const Thread& thread) const {
  const Time now = deps_.clock.now();
  unit.changes.emplace_back(EraseThread{.id = thread.id, .at = now});
  unit.events.push_back(Event{.scope = thread.scope,
                              .thread_id = thread.id,
                              .at = now,
                              .body = ThreadChanged{.title = {}, .deleted = true}});
}

Task<Result<void>> Erasure::erase_thread(Principal who, std::string id) {
  auto thread = co_await deps_.threads.get(who, std::move(id));
  if (!thread) co_return fail(std::move(thread.error()));
  Unit unit{.scope = who.scope, .account = account_of(who)};
  add(unit, *thread);
  auto hidden = co_await deps_.feed.commit(std::move(unit));
  if (!hidden) co_return fail(std::move(hidden.error()));
  co_await purge(who.scope, thread->id);
  co_return Result<void>{};
}

Task<Result<void>> Erasure::erase_agent(Principal who, std::string id) {
  auto agent = co_await deps_.agents.get(who, std::move(id));
  if (!agent) co_return fail(std::move(agent.error()));
  if (agent->id.empty()) {
    co_return fail(ErrorKind::conflict, "the default agent cannot be deleted");
  }
  // Its threads are found in the transaction that deletes it: one that was made a moment ago goes
  // too, and one that comes a moment later finds no agent.
  const std::string agent_id = agent->id;
  Unit unit{.scope = who.scope, .account = account_of(who)};
  const Time now = deps_.clock.now();
  unit.changes.emplace_back(DeleteAgent{.id = agent_id, .at = now});
  unit.changes.emplace_back(AppendAudit{agent_entry("removed", *agent, who.user_id, now)});
  unit.changes.emplace_back(RemoveMemoriesOfAgent{.agent_id = agent_id});
  auto hidden = co_await deps_.feed.commit(std::move(unit));
  if (!hidden) co_return fail(std::move(hidden.error()));
  EveryScopePage page;
  for (;;) {
    auto erased = co_await deps_.store.erased_threads(page);
    if (!erased) break;  // the next start purges them
    for (const Thread& thread : *erased) {
      if (thread.scope != who.scope || thread.agent_id != agent_id) continue;
      co_await purge(who.scope, thread.id);
    }
    if (erased->size() < page.limit) break;
    page = page.after(erased->back());
  }
  co_await sweep_memories();
  co_return Result<void>{};
}

// Waits for the end of a run that was asked to stop. False when that is put off: the server stops,
// or the store cannot take it just now.
Task<bool> Erasure::ended(Principal starter, std::string run_id) const {
  for (;;) {
    const auto pause = std::make_shared<std::stop_source>();
    auto ring = [pause] { pause->request_stop(); };
    const auto alarm = co_await base::call_after(limits::erasure_look_interval, std::move(ring));
    const auto end = co_await deps_.runs.wait(starter, run_id, pause->get_token());
    if (end) co_return true;
    if (end.error().kind != ErrorKind::cancelled) {
      co_return end.error().kind != ErrorKind::unavailable;
    }
    if (deps_.readiness && !deps_.readiness()) co_return false;
  }
}

// They are out of sight already; the sweep from time to time goes on with what fails here.
Task<void> Erasure::sweep_memories() {
  for (;;) {
    const Time now = deps_.clock.now();
    const auto waiting = co_await deps_.memories.memories_to_sweep(now);
    if (!waiting || !*waiting) co_return;
    Unit unit{.scope = Scope::whole_server()};
    unit.changes.emplace_back(SweepMemories{.now = now, .limit = limits::memory_sweep_items});
    auto committed = co_await deps_.feed.commit(std::move(unit));
    if (!committed) co_return;
  }
}

// Nobody finds the thread any more, so no run can begin in it; one that is active is stopped first.
// A server that stops meanwhile leaves the rest to its next start.
Task<void> Erasure::purge(Scope scope, std::string id) {
  auto run = co_await deps_.run_store.active_run(scope, id);
  if (run && *run) {
    const Principal starter(scope, (*run)->started_by, UserRole::member);
    const std::string run_id = (*run)->id;
    // Not found: it has just ended by itself.
    [[maybe_unused]] const auto cancelled = co_await deps_.runs.cancel(starter, run_id);
    const bool over = co_await ended(starter, run_id);
    if (!over) {
      base::log::warn("thread_not_purged", {{"thread", id}, {"error", "its run goes on"}});
      co_return;
    }
  }
  bool is_complete = true;
  if (deps_.files != nullptr) {
    auto removed = co_await deps_.files->remove(scope, id);
    is_complete = removed.has_value();
    if (!removed) {
      base::log::error("workspace_not_removed",
                       {{"thread", id}, {"error", removed.error().message}});
    }
  }
  Unit unit{.scope = scope};
  unit.changes.emplace_back(PurgeThread{.id = id, .is_complete = is_complete});
  auto purged = co_await deps_.feed.commit(std::move(unit));
  if (!purged) {
    base::log::warn("thread_not_purged", {{"thread", id}, {"error", purged.error().message}});
  }
}

Task<void> Erasure::recover() {
  EveryScopePage page;
  for (;;) {
    auto left = co_await deps_.store.erased_threads(page);
    if (!left) {
      base::log::error("erased_threads_unreadable", {{"error", left.error().message}});
      co_return;
    }
    for (const Thread& thread : *left) co_await purge(thread.scope, thread.id);
    if (left->size() < page.limit) co_return;
    page = page.after(left->back());
  }
}

}  // namespace colonnade::core
