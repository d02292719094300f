// The handlers of Fathom's routes, one class per resource. Each decodes, calls a use case, encodes.
// All are thread-safe and serve every lane; they must outlive the server.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "core/access/pairings.hpp"
#include "core/events/revisions.hpp"
#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/client_address.hpp"
#include "dialects/encoded_reads.hpp"
#include "dialects/fathom/events.hpp"
#include "dialects/keyed_stream.hpp"
#include "dialects/route_handlers.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::fathom {

using core::Principal;
using dialects::RequestPtr;

// What is answered when a use case of one thread fails. Core says that another user's thread is not
// there; the contract (fathom §1.4) says 403, within the scope.
base::Task<net::Response> thread_refusal(core::Threads* threads, Principal who, std::string id,
                                         base::Error error);

// /threads and what hangs on one thread, but for sending (fathom §3.1–3.3, §3.5, §3.8, §4).
class ThreadResource {
 public:
  struct Dependencies {
    core::Threads& threads;
    core::Subscriptions& subscriptions;
    const core::Revisions& revisions;
    base::Clock& clock;
    AnswerOnce& answer_once;
    std::size_t lanes = 1;  // how many there are
  };
  explicit ThreadResource(Dependencies deps);

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> create(Principal who, RequestPtr request);
  base::Task<net::Reply> get(Principal who, RequestPtr request);
  base::Task<net::Reply> rename(Principal who, RequestPtr request);
  base::Task<net::Reply> remove(Principal who, RequestPtr request);
  base::Task<net::Reply> restore(Principal who, RequestPtr request);
  base::Task<net::Reply> usage(Principal who, RequestPtr request);
  base::Task<net::Reply> search(Principal who, RequestPtr request);
  base::Task<net::Reply> stream(Principal who, RequestPtr request);

 private:
  base::Task<Attempted> create_once(Principal who, std::string title, Attempt attempt);
  base::Task<Attempted> restore_once(Principal who, std::string id);

  Dependencies deps_;
  EncodedReads& reads_on(const net::Request& request);

  std::deque<EventEncoder> encoders_;  // by lane
  std::deque<EncodedReads> reads_;     // by lane
};

// Asking the agent: in a thread, or once without one (fathom §3.4, §3.8).
class MessageResource {
 public:
  struct Dependencies {
    core::Threads& threads;
    core::Runs& runs;
    core::Subscriptions& subscriptions;
    AnswerOnce& answer_once;
  };
  explicit MessageResource(Dependencies deps)
      : deps_(deps), one_shots_(deps.runs, deps.answer_once, one_shot_wire()) {}

  base::Task<net::Reply> page(Principal who, RequestPtr request);
  base::Task<net::Reply> send(Principal who, RequestPtr request);
  base::Task<net::Reply> one_shot(Principal who, RequestPtr request);
  base::Task<net::Reply> one_shot_stream(Principal who, RequestPtr request);

 private:
  // The client that waits for a run: on which lane, and how it says that it has gone away.
  struct Waiter {
    base::Lane* lane = nullptr;
    std::stop_token gone{};
  };
  using Encode = std::string (*)(const core::FinishedRun&);

  base::Task<Attempted> send_once(Principal who, core::NewMessage message, Waiter waiter,
                                  Attempt attempt);
  base::Task<Attempted> ask_once(Principal who, core::NewMessage message, Waiter waiter,
                                 Attempt attempt);
  static KeyedStreams::Wire one_shot_wire();
  base::Task<std::expected<core::Run, Attempted>> start_hidden(Principal who,
                                                               core::NewMessage message,
                                                               std::string keyed_request_id,
                                                               base::Lane* lane);
  base::Task<Attempted> answer(Principal who, std::string run_id, std::stop_token gone,
                               Encode encode);

  Dependencies deps_;
  KeyedStreams one_shots_;
};

// /pair (fathom §5.3). No route here takes an idempotency key: its answers hold secrets.
class PairingResource {
 public:
  struct Dependencies {
    core::Pairings& pairings;
    TrustedProxies proxies{};
    std::vector<std::string> origins{};
  };
  explicit PairingResource(Dependencies deps) : deps_(std::move(deps)) {}

  base::Task<net::Reply> start(Principal who, RequestPtr request);
  base::Task<net::Reply> claim(RequestPtr request);
  base::Task<net::Reply> watch(Principal who, RequestPtr request);

 private:
  Dependencies deps_;
};

// /devices (fathom §3.8).
class DeviceResource {
 public:
  explicit DeviceResource(core::Credentials& credentials) : credentials_(credentials) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> revoke(Principal who, RequestPtr request);

 private:
  core::Credentials& credentials_;
};

// /health and /ready (fathom §3.8), for anyone.
class HealthResource {
 public:
  struct Dependencies {
    core::Runs& runs;
    base::Clock& clock;
    std::string version{};
    base::SteadyTime started_at{};
    std::string mode{};
    std::string profile{};
    std::function<base::Result<void>()> readiness{};
    std::function<std::vector<std::string>()> warnings{};
  };
  explicit HealthResource(Dependencies deps) : deps_(std::move(deps)) {}

  base::Task<net::Reply> health(RequestPtr request);
  base::Task<net::Reply> ready(RequestPtr request);

 private:
  Dependencies deps_;
};

}  // namespace colonnade::dialects::fathom
