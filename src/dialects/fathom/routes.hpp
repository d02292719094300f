// The Fathom dialect: its one table of routes and its error encoders, over core's use cases. Paths
// and shapes are fathom.md's, §3 and §3.8.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/pairings.hpp"
#include "core/events/revisions.hpp"
#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/client_address.hpp"
#include "dialects/fathom/resources.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::fathom {

// The use cases that the dialect translates to. All must outlive it.
struct Dependencies {
  core::Threads& threads;
  core::Runs& runs;
  core::Credentials& credentials;
  core::Pairings& pairings;
  core::KeyedRequests& keyed_requests;
  core::Subscriptions& subscriptions;
  const core::Revisions& revisions;
  base::Clock& clock;
  base::Lanes& lanes;
};

struct Options {
  std::string version{};          // of the server, as /health says it
  base::SteadyTime started_at{};  // /health counts its uptime from here
  std::string mode{"personal"};   // /health: how many people share the server
  std::string profile{"full"};    // /health: which set of features is built in
  // /ready: an error says why not. Called on any lane; must be fast. Empty: always ready.
  std::function<base::Result<void>()> readiness{};
  // What /ready says besides: what an operator should mend although requests are answered. As fast.
  std::function<std::vector<std::string>()> warnings{};
  // Whose X-Forwarded-For is believed when pairing attempts are counted per client.
  TrustedProxies trusted_proxies{};
  // Web origins whose pages may claim a code besides the server's own; "*" for all.
  std::vector<std::string> origins{};
};

class Dialect {
 public:
  Dialect(Dependencies deps, Options options);
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;

  // The handlers refer to this object, which must outlive the router and the server.
  std::vector<net::Route> routes();
  void add_to(net::Router& router);

 private:
  core::Credentials& credentials_;
  AnswerOnce answer_once_;
  ThreadResource threads_;
  MessageResource messages_;
  PairingResource pairing_;
  DeviceResource devices_;
  HealthResource health_;
};

}  // namespace colonnade::dialects::fathom
