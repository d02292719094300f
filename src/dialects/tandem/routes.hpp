// The Tandem dialect: its one table of routes and its error encoders, over core's use cases. Paths
// and shapes are tandem.md's, §1 to §3. Each resource has a file of its own; what the contract has
// and this server does not is pending.hpp's.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/workers.hpp"
#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/agents/agents.hpp"
#include "core/attachments/attachments.hpp"
#include "core/events/notices.hpp"
#include "core/events/subscriptions.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/permissions.hpp"
#include "core/governance/user_calls.hpp"
#include "core/runs/runs.hpp"
#include "core/snapshots/snapshots.hpp"
#include "core/threads/directories.hpp"
#include "core/threads/erasure.hpp"
#include "core/threads/threads.hpp"
#include "core/tools/skills.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/tandem/caller.hpp"
#include "dialects/tandem/file_changes.hpp"
#include "dialects/tandem/file_parts.hpp"
#include "dialects/tandem/health.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/notices.hpp"
#include "dialects/tandem/permissions.hpp"
#include "dialects/tandem/prompts.hpp"
#include "dialects/tandem/services.hpp"
#include "dialects/tandem/sessions.hpp"
#include "dialects/tandem/skills.hpp"
#include "dialects/tandem/streams.hpp"
#include "dialects/tandem/summaries.hpp"
#include "dialects/tandem/tools.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

// The use cases that the dialect translates to. All must outlive it.
struct Dependencies {
  core::Credentials& credentials;
  core::KeyedRequests& keyed_requests;
  core::Agents& agents;
  core::Threads& threads;
  core::Runs& runs;
  core::UserCalls& user_calls;
  core::Skills& skills;
  core::Actions& actions;
  core::Permissions& permissions;
  core::Attachments& attachments;
  core::Erasure& erasure;
  const core::Directories& directories;
  core::Snapshots& snapshots;
  core::Subscriptions& subscriptions;
  base::Workers& workers;
  base::Clock& clock;
  ServiceDependencies services;
};

struct Options {
  CallerOptions callers{};
  std::string version{};
  base::SteadyTime started_at{};
  // Of streams that are silent otherwise (tandem §3.2).
  std::chrono::milliseconds keepalive_interval = limits::tandem_keepalive_interval;
};

class Dialect {
 public:
  Dialect(Dependencies deps, Options options);
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;

  // Tells what core tells to whoever follows Tandem's streams. Before the first notice; this object
  // must outlive the last one.
  void follow(core::Notices& notices);

  // The handlers refer to this object, which must outlive the router and the server.
  std::vector<net::Route> routes();
  void add_to(net::Router& router);

 private:
  AnswerOnce answer_once_;
  Callers callers_;
  Notices notices_;
  HealthResource health_;
  ToolsResource tools_;
  SkillsResource skills_;
  FileParts files_;
  StreamResource streams_;
  SessionResource sessions_;
  PromptResource prompts_;
  PermissionResource permissions_;
  QuestionResource questions_;
  SummaryResource summaries_;
  FileChangeResource file_changes_;
  Services services_;
};

}  // namespace colonnade::dialects::tandem
