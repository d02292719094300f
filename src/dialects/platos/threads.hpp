// /api/v1/agent/threads (platos §2.2), but for the turns and the artifacts in them.
#pragma once

#include <string>

#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/threads/threads.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/thread_wire.hpp"
#include "dialects/route_handlers.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// Thread-safe; must outlive the server.
class ThreadResource {
 public:
  struct Dependencies {
    core::Agents& agents;
    core::Threads& threads;
    AnswerOnce& answer_once;
  };
  explicit ThreadResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> list(Caller caller, RequestPtr request);
  base::Task<net::Reply> create(Caller caller, RequestPtr request);
  base::Task<net::Reply> get(Caller caller, RequestPtr request);
  base::Task<net::Reply> update(Caller caller, RequestPtr request);
  base::Task<net::Reply> rename(Caller caller, RequestPtr request);
  base::Task<net::Reply> tag(Caller caller, RequestPtr request);
  base::Task<net::Reply> pin(Caller caller, RequestPtr request);
  base::Task<net::Reply> unpin(Caller caller, RequestPtr request);
  base::Task<net::Reply> archive(Caller caller, RequestPtr request);
  base::Task<net::Reply> unarchive(Caller caller, RequestPtr request);
  base::Task<net::Reply> remove(Caller caller, RequestPtr request);  // archives
  base::Task<net::Reply> fork(Caller caller, RequestPtr request);
  base::Task<net::Reply> messages(Caller caller, RequestPtr request);
  base::Task<net::Reply> replies(Caller caller, RequestPtr request);

 private:
  base::Task<Attempted> create_once(core::Principal who, core::NewThread input, Attempt attempt);
  base::Task<Attempted> fork_once(core::Principal who, std::string id, core::Fork fork,
                                  Attempt attempt);
  base::Task<net::Reply> show(core::Principal who, const core::Thread* thread, int status);
  base::Task<base::Result<void>> check_new_thread(const Caller* caller, std::string agent_id);
  base::Task<net::Reply> arrange(Caller caller, RequestPtr request,
                                 base::Result<core::ThreadArrangement> wanted, int status);

  Dependencies deps_;
};

}  // namespace colonnade::dialects::platos
