#include "core/events/event_feed.hpp"

#include <chrono>
#include <utility>
#include <variant>

#include "core/events/change_subject.hpp"

namespace colonnade::core {

EventFeed::EventFeed(base::Lanes& lanes, EventStore& events, Journal& journal,
                     const std::vector<FeedListener*>& listeners)
    : journal_(journal), subscriptions_(lanes, events) {
  for (FeedListener* listener : listeners) listeners_.add(*listener);
  // Without it a live stream begins at 0, and a return to its beginning replays the whole thread.
  const auto last = base::run_on(lanes[0], events.last_cursor());
  if (last) subscriptions_.begin_after(*last);
  journal_.observe(*this);
}

EventFeed::~EventFeed() = default;

base::Task<Result<std::int64_t>> EventFeed::commit(Unit unit) {
  const auto start = std::chrono::steady_clock::now();
  auto done = std::make_shared<base::Completion<Result<std::int64_t>>>();
  append(std::move(unit),
         [done](Result<std::int64_t> result) { done->complete(std::move(result)); });
  auto result = co_await done->wait();
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  for (FeedListener* listener : listeners_.all()) listener->commit_took(took);
  co_return result;
}

void EventFeed::append(Unit unit, Journal::Completion done) {
  auto noted = ending_revisions(unit, notifying_listeners(unit, std::move(done)));
  journal_.append(std::move(unit), std::move(noted));
}

Journal::Completion EventFeed::ending_revisions(const Unit& unit, Journal::Completion done) {
  auto places = revisions_.begin(unit);
  if (places.empty()) return done;
  return [this, places = std::move(places),
          done = std::move(done)](Result<std::int64_t> result) mutable {
    revisions_.end(places);
    done(std::move(result));
  };
}

// Only units that change actions, jobs or budgets pay for it.
Journal::Completion EventFeed::notifying_listeners(const Unit& unit,
                                                   Journal::Completion done) const {
  if (listeners_.all().empty()) return done;
  std::vector<StoredAction> actions;
  std::vector<ChangeOfJobs> jobs;
  std::vector<ChangeOfBudgets> budgets;
  for (const Change& change : unit.changes) {
    if (const auto* of_jobs = std::get_if<ChangeOfJobs>(&change)) jobs.push_back(*of_jobs);
    if (const auto* of_budgets = std::get_if<ChangeOfBudgets>(&change)) {
      budgets.push_back(*of_budgets);
    }
    const Action* action = action_stored_by(change);
    if (action == nullptr) continue;
    actions.push_back({.tool = action->request.tool,
                       .state = action->state,
                       .created_at = action->created_at,
                       .updated_at = action->updated_at});
  }
  if (actions.empty() && jobs.empty() && budgets.empty()) return done;
  return
      [this, scope = unit.scope, actions = std::move(actions), jobs = std::move(jobs),
       budgets = std::move(budgets), done = std::move(done)](Result<std::int64_t> result) mutable {
        for (const StoredAction& action : actions) {
          if (!result) break;
          for (FeedListener* listener : listeners_.all()) listener->stored(action);
        }
        for (const ChangeOfJobs& change : jobs) {
          if (!result) break;
          for (FeedListener* listener : listeners_.all()) listener->jobs_changed(*change);
        }
        for (const ChangeOfBudgets& change : budgets) {
          if (!result) break;
          for (FeedListener* listener : listeners_.all()) listener->budgets_changed(scope, *change);
        }
        done(std::move(result));
      };
}

void EventFeed::committed(std::vector<EventPtr> events,
                          std::vector<std::move_only_function<void()>> completions) {
  for (FeedListener* listener : listeners_.all()) {
    listener->committed();
    if (!listener->follows_runs()) continue;
    for (const EventPtr& event : events) {
      if (std::holds_alternative<RunFinished>(event->body)) listener->run_finished(*event);
      const auto* call = std::get_if<ToolCallFinished>(&event->body);
      if (call != nullptr && call->state == ToolCallState::denied) listener->call_denied(*event);
    }
  }
  subscriptions_.deliver(std::move(events), std::move(completions));
}

}  // namespace colonnade::core
