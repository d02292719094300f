// Turns over plain HTTP: waiting for the answer, or as server-sent events (platos §2.2, §3.9).
#pragma once

#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/turn_starts.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// Thread-safe; must outlive the server. Every route is long-running: when its client goes away, the
// turn is stopped.
class TurnResource {
 public:
  struct Dependencies {
    TurnStarts& starts;
    core::Threads& threads;
    core::Runs& runs;
    core::Subscriptions& subscriptions;
    base::Clock& clock;
  };
  explicit TurnResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> send(Caller caller, RequestPtr request);  // POST …/messages
  // POST …/messages/{id}/edit-and-rerun with the new text, and …/retry, whose body may be empty.
  base::Task<net::Reply> edit_and_rerun(Caller caller, RequestPtr request);
  base::Task<net::Reply> retry(Caller caller, RequestPtr request);
  base::Task<net::Reply> stream(Caller caller, RequestPtr request);         // POST …/stream
  base::Task<net::Reply> send_to_agent(Caller caller, RequestPtr request);  // POST /agents/{id}/…
  base::Task<net::Reply> chat_stream(Caller caller, RequestPtr request);    // GET /agents/{id}/…

 private:
  base::Task<net::Reply> answer(Caller caller, TurnRequest turn, RequestPtr request);
  base::Task<net::Reply> events(Caller caller, TurnRequest turn, RequestPtr request);
  // A new thread of the agent's, for a turn that names none.
  base::Task<base::Result<std::string>> thread_for(Caller caller, std::string agent_id);
  base::Task<TurnStarts::Outcome> begin(Caller caller, TurnRequest turn, RequestPtr request);

  Dependencies deps_;
};

}  // namespace colonnade::dialects::platos
