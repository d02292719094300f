// The handlers of Phoson's routes, one class per resource. Each decodes, calls a use case, encodes.
// All are thread-safe and serve every lane; they must outlive the server.
#pragma once

#include <stop_token>
#include <string>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/erasure.hpp"
#include "core/threads/threads.hpp"
#include "core/tools/tool_servers.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/keyed_stream.hpp"
#include "dialects/phoson/wire.hpp"
#include "dialects/route_handlers.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::phoson {

using core::Principal;
using dialects::RequestPtr;

// HTTP statuses of answers to changes (phoson §3).
constexpr int created = 201;
constexpr int no_content = 204;

// /v1/agents and the servers that are attached to one (phoson §3, §5.3).
class AgentResource {
 public:
  struct Dependencies {
    core::Agents& agents;
    core::ToolServers& tool_servers;
    core::Erasure& erasure;
    AnswerOnce& answer_once;
  };
  explicit AgentResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> create(Principal who, RequestPtr request);
  base::Task<net::Reply> get(Principal who, RequestPtr request);
  base::Task<net::Reply> update(Principal who, RequestPtr request);
  base::Task<net::Reply> remove(Principal who, RequestPtr request);
  base::Task<net::Reply> attach(Principal who, RequestPtr request);
  base::Task<net::Reply> detach(Principal who, RequestPtr request);

 private:
  base::Task<Attempted> create_once(Principal who, core::NewAgent input, Attempt attempt);

  Dependencies deps_;
};

// /v1/conversations (phoson §3): threads.
class ConversationResource {
 public:
  struct Dependencies {
    core::Agents& agents;
    core::Threads& threads;
    core::Erasure& erasure;
    AnswerOnce& answer_once;
  };
  explicit ConversationResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> create(Principal who, RequestPtr request);
  base::Task<net::Reply> get(Principal who, RequestPtr request);
  base::Task<net::Reply> update(Principal who, RequestPtr request);
  base::Task<net::Reply> remove(Principal who, RequestPtr request);

 private:
  base::Task<Attempted> create_once(Principal who, core::NewThread input, Attempt attempt);

  Dependencies deps_;
};

// /v1/conversations/{id}/messages (phoson §3.1, §4, §5.1): one turn of the agent, streamed or not.
class MessageResource {
 public:
  struct Dependencies {
    core::Threads& threads;
    core::Runs& runs;
    core::Subscriptions& subscriptions;
    AnswerOnce& answer_once;
    core::ModelSettings defaults{};  // for what neither the request nor the configuration says
  };
  explicit MessageResource(Dependencies deps);

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> send(Principal who, RequestPtr request);

 private:
  // What is asked, and by which client: on which lane, and how it says that it has gone away.
  struct Question {
    core::NewMessage message{};
    base::Lane* lane = nullptr;
    std::stop_token gone{};
  };

  base::Task<Attempted> send_once(Principal who, Question question, Attempt attempt);
  base::Task<net::Reply> stream(Principal who, Question question, std::optional<RequestKey> key);
  base::Task<std::expected<core::Run, Attempted>> start(Principal who, Question question);

  Dependencies deps_;
  KeyedStreams streams_;
};

// /v1/mcp (phoson §5.3), for operators.
class ToolServerResource {
 public:
  struct Dependencies {
    core::ToolServers& tool_servers;
    AnswerOnce& answer_once;
  };
  explicit ToolServerResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> create(Principal who, RequestPtr request);
  base::Task<net::Reply> remove(Principal who, RequestPtr request);

 private:
  base::Task<Attempted> create_once(Principal who, core::NewToolServer input, Attempt attempt);

  Dependencies deps_;
};

// /v1/health, for anyone.
class HealthResource {
 public:
  base::Task<net::Reply> health(RequestPtr request);
};

}  // namespace colonnade::dialects::phoson
