// /session: threads as Tandem has them (tandem §2.2).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/directories.hpp"
#include "core/threads/threads.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/tandem/caller.hpp"
#include "dialects/tandem/notices.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class SessionResource {
 public:
  struct Dependencies {
    core::Threads& threads;
    core::Runs& runs;
    const core::Directories& directories;
    AnswerOnce& answer_once;
    Notices& notices;
  };
  explicit SessionResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> create(core::Principal who, RequestPtr request);
  base::Task<net::Reply> get(core::Principal who, RequestPtr request);
  base::Task<net::Reply> update(core::Principal who, RequestPtr request);
  // 200 also for one that is not there; what runs in it is cancelled first.
  base::Task<net::Reply> remove(core::Principal who, RequestPtr request);
  base::Task<net::Reply> messages(core::Principal who, RequestPtr request);
  base::Task<net::Reply> todos(core::Principal who, RequestPtr request);
  base::Task<net::Reply> children(core::Principal who, RequestPtr request);
  base::Task<net::Reply> fork(core::Principal who, RequestPtr request);
  base::Task<net::Reply> attach(core::Principal who, RequestPtr request);

 private:
  base::Task<Attempted> create_once(core::Principal who, core::NewThread input, Attempt attempt);
  base::Task<Attempted> fork_once(core::Principal who, core::Thread thread, Attempt attempt);
  std::string encode(const core::Thread& thread) const;

  Dependencies deps_;
};

// The session of the path, not deleted. 404 SESSION_NOT_FOUND.
base::Task<base::Result<core::Thread>> session_of(core::Threads* threads, core::Principal who,
                                                  RequestPtr request);
net::Response session_error(const base::Error& error);

// Asks the session's run to stop and waits until it has; the id of it, "" when none was under way.
// With `only`, no other run than that one.
base::Task<base::Result<std::string>> stop_run(core::Runs* runs, core::Principal who,
                                               std::string session_id, std::string only);

std::vector<net::Route> session_routes(const Callers& in, SessionResource& sessions);

}  // namespace colonnade::dialects::tandem
