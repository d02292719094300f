// The MCP dialect: this server's agents, approvals and gate as tools for other programs' agents,
// and its threads as resources. Served at /api/mcp; docs/reference/mcp-server.md lists what is
// offered.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/agents/agents.hpp"
#include "core/events/subscriptions.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/policy_inspector.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/mcp/endpoint.hpp"
#include "dialects/mcp/toolbox.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::mcp {

// The use cases that the dialect translates to. All must outlive it.
struct Dependencies {
  core::Agents& agents;
  core::Threads& threads;
  core::Runs& runs;
  core::Actions& actions;
  core::PolicyInspector& policies;
  core::Credentials& credentials;
  core::KeyedRequests& keyed_requests;
  core::Subscriptions& subscriptions;
  base::Clock& clock;
};

struct Options {
  std::string version{};  // of the server, as clients are told
  // Web pages that may ask, by origin; "*" for all. Pages of this machine always may.
  std::vector<std::string> origins{};
  // Whether what a call does can be stored: an error says why not. Called on any lane; must be
  // fast. Empty: always.
  std::function<base::Result<void>()> readiness{};
};

class Dialect {
 public:
  Dialect(Dependencies deps, Options options);
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;

  // The handlers refer to this object, which must outlive the router and the server.
  std::vector<net::Route> routes();
  void add_to(net::Router& router);

  // Ends the calls that wait, and refuses new ones; the runs that they wait for are not touched.
  // After Runs::park_all(): before the connections end, so that answers are sent, and once more
  // behind, for those that nobody took. Blocks for a moment; not from a lane.
  void stop() { endpoint_.stop(); }

 private:
  core::Credentials& credentials_;
  AnswerOnce answer_once_;
  Toolbox toolbox_;
  Endpoint endpoint_;
};

}  // namespace colonnade::dialects::mcp
