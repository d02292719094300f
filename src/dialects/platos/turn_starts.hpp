// Beginning a turn: everything that can refuse it does so before anything is stored, in the
// contract's order (platos §5.2).
#pragma once

#include <cstdint>
#include <expected>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/rate_limits.hpp"
#include "core/agents/agents.hpp"
#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/turn_events.hpp"
#include "dialects/platos/turn_options_of.hpp"
#include "dialects/platos/turn_request.hpp"

namespace colonnade::dialects::platos {

// A turn that is under way, or was.
struct StartedTurn {
  core::Run run;
  std::int64_t events_after = 0;  // a cursor: all its events come after it
  bool repeated = false;          // an earlier request with the same key began it
  std::string system_prompt{};    // as its model was given it; for operators alone
};

TurnFacts facts_of(const StartedTurn& turn, const Caller& caller);

struct TurnStartOptions {
  bool input_safety = true;
};

// Thread-safe; what is named in Dependencies must outlive it.
class TurnStarts {
 public:
  struct Dependencies {
    core::Agents& agents;
    core::Threads& threads;
    core::Runs& runs;
    core::Subscriptions& subscriptions;
    core::KeyedRequests& keyed_requests;
    core::RateLimits& rate_limits;
    base::Clock& clock;
    TurnOptionsOf& options;
  };
  explicit TurnStarts(Dependencies deps, TurnStartOptions options = {})
      : deps_(deps), options_(options) {}

  using Outcome = std::expected<StartedTurn, TurnRefusal>;
  // On `lane`, which is the calling one. A refusal leaves nothing behind. With a key that was used
  // in the last limits::platos_key_kept, the turn that it began then.
  base::Task<Outcome> start(Caller caller, TurnRequest request, base::Lane* lane);
  // The thread's newest turn of the caller's own, while its log is kept; else thread_not_found or
  // no_active_turn.
  base::Task<Outcome> newest(Caller caller, std::string thread_id);
  // Whether the thread is there for the caller: thread_not_found.
  base::Task<std::expected<core::Thread, TurnRefusal>> thread(Caller caller, std::string thread_id);

 private:
  base::Task<Outcome> with_prompt(Caller caller, Outcome outcome);
  base::Task<Outcome> find_newest(Caller caller, std::string thread_id);
  base::Task<Outcome> start_keyed(Caller caller, TurnRequest request, base::Lane* lane);
  base::Task<Outcome> start_once(Caller caller, TurnRequest request, base::Lane* lane,
                                 std::string keyed_request_id);
  base::Task<Outcome> earlier(Caller caller, std::string thread_id, std::string run_id);

  Dependencies deps_;
  TurnStartOptions options_;
};

}  // namespace colonnade::dialects::platos
