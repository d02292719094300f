// The Phoson dialect: its one table of routes and its error encoders, over core's use cases. Paths
// and shapes are phoson.md's.
#pragma once

#include <vector>

#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/agents/agents.hpp"
#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/erasure.hpp"
#include "core/threads/threads.hpp"
#include "core/tools/tool_servers.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/phoson/resources.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::phoson {

// The use cases that the dialect translates to. All must outlive it.
struct Dependencies {
  core::Agents& agents;
  core::Threads& threads;
  core::Runs& runs;
  core::Erasure& erasure;
  core::ToolServers& tool_servers;
  core::Subscriptions& subscriptions;
  core::Credentials& credentials;
  core::KeyedRequests& keyed_requests;
};

struct Options {
  // What the configuration says of model calls; where it is silent, the contract's defaults hold
  // (§3.2).
  core::ModelSettings configured{};
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
  AgentResource agents_;
  ConversationResource conversations_;
  MessageResource messages_;
  ToolServerResource tool_servers_;
  HealthResource health_;
};

}  // namespace colonnade::dialects::phoson
