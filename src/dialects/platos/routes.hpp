// The Platos dialect: its one table of routes and its error encoders, over core's use cases. Paths
// and shapes are platos.md's, §1.3 and §2. Who may come in is access.hpp's; what one caller may do
// is caller.hpp's, and each row says which audience it is for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/login_failures.hpp"
#include "core/access/rate_limits.hpp"
#include "core/agents/agents.hpp"
#include "core/artifacts/artifacts.hpp"
#include "core/attachments/attachments.hpp"
#include "core/budgets/budgets.hpp"
#include "core/events/subscriptions.hpp"
#include "core/governance/actions.hpp"
#include "core/runs/runs.hpp"
#include "core/spans/monitoring.hpp"
#include "core/threads/erasure.hpp"
#include "core/threads/threads.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/client_address.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/agents.hpp"
#include "dialects/platos/artifacts.hpp"
#include "dialects/platos/attachments.hpp"
#include "dialects/platos/bgo.hpp"
#include "dialects/platos/budgets.hpp"
#include "dialects/platos/minting.hpp"
#include "dialects/platos/monitoring.hpp"
#include "dialects/platos/tasks.hpp"
#include "dialects/platos/threads.hpp"
#include "dialects/platos/turns.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::platos {

// How every access key begins (platos §1.4).
inline constexpr const char* access_key_prefix = "platos_live_";

// The use cases that the dialect translates to. All must outlive it.
struct Dependencies {
  core::Credentials& credentials;
  core::Entities& entities;
  core::AccessKeys& access_keys;
  core::RateLimits& rate_limits;
  core::LoginFailures& login_failures;
  core::KeyedRequests& keyed_requests;
  core::Agents& agents;
  core::Threads& threads;
  core::Erasure& erasure;
  core::Runs& runs;
  core::Actions& actions;
  core::Artifacts& artifacts;
  core::Attachments& attachments;
  core::Budgets& budgets;
  core::Subscriptions& subscriptions;
  core::Monitoring& monitoring;
  BackgroundUse background;
  base::Clock& clock;
};

struct Options {
  // Direct headers must name a user: without, they stand for the user `service`.
  bool user_id_required = false;
  // "provider:model" of agents without one of their own.
  std::function<std::string()> default_model = [] { return std::string(); };
  TurnStartOptions turns{};
  // Hosts of budgets' webhooks that need not be public; "*" for all.
  std::vector<std::string> private_hosts{};
  // Whose X-Forwarded-For is believed when guests are counted per client, and refused logins.
  TrustedProxies trusted_proxies{};
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
  Access access_;
  MintingResource minting_;
  AnswerOnce answer_once_;
  AgentResource agents_;
  ThreadResource threads_;
  ArtifactResource artifacts_;
  AttachmentResource attachments_;
  MonitoringResource monitoring_;
  BudgetResource budgets_;
  Turns turns_;
  BgoResource bgo_;
  TaskResource tasks_;
};

}  // namespace colonnade::dialects::platos
