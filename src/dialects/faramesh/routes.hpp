// The Faramesh dialect: its one table of routes and its error encoders, over core's use cases.
// Paths and shapes are faramesh.md's, §2; what differs is in
// docs/reference/faramesh-differences.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "base/workers.hpp"
#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/audit_feed.hpp"
#include "core/governance/policy_inspector.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/faramesh/access.hpp"
#include "dialects/faramesh/resources.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::faramesh {

// The use cases that the dialect translates to. All must outlive it.
struct Dependencies {
  core::Actions& actions;
  core::Permissions& permissions;
  core::PolicyInspector& policies;
  core::AuditFeed& feed;
  core::Credentials& credentials;
  core::KeyedRequests& keyed_requests;
  base::Workers& workers;
  base::Lanes& lanes;
};

struct Options {
  AccessOptions access;
  // /ready: an error says why not. Called on any lane; must be fast. Empty: always ready.
  std::function<base::Result<void>()> readiness{};
  // What /ready says besides: what an operator should mend although requests are answered. As fast.
  std::function<std::vector<std::string>()> warnings{};
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
  Access access_;
  AnswerOnce answer_once_;
  ActionResource actions_;
  PermissionResource permissions_;
  GateResource gate_;
  PolicyResource policy_;
  FeedResource feed_;
  HealthResource health_;
};

}  // namespace colonnade::dialects::faramesh
