// What starts, shows and ends a session's runs (tandem §2.2, §4.1).
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/tandem/caller.hpp"
#include "dialects/tandem/file_parts.hpp"
#include "dialects/tandem/notices.hpp"
#include "dialects/tandem/streams.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class PromptResource {
 public:
  struct Dependencies {
    core::Agents& agents;
    core::Threads& threads;
    core::Runs& runs;
    FileParts& files;
    AnswerOnce& answer_once;
    Notices& notices;
    StreamResource& streams;
    base::Clock& clock;
  };
  explicit PromptResource(Dependencies deps) : deps_(deps) {}

  // What is wrong with the body is refused. A provider that is not there, and a file that cannot be
  // had, make a run that fails with that (tandem §4.1, §6), so that a stream tells of it.
  base::Task<net::Reply> prompt_async(core::Principal who, RequestPtr request);
  // Waits for the answer; the run goes on when the client leaves.
  base::Task<net::Reply> prompt_sync(core::Principal who, RequestPtr request);
  base::Task<net::Reply> active_run(core::Principal who, RequestPtr request);
  base::Task<net::Reply> abort(core::Principal who, RequestPtr request);
  base::Task<net::Reply> cancel_run(core::Principal who, RequestPtr request);

 private:
  using Started = std::expected<core::Run, net::Response>;
  // What a body asks of the session, or what is wrong with it.
  base::Task<std::expected<core::NewMessage, net::Response>> message_of(core::Principal who,
                                                                        RequestPtr request);
  base::Task<Started> start(core::Principal who, core::NewMessage message, base::Lane* lane);
  // The run of a prompt: begun, or found by its Idempotency-Key.
  base::Task<Started> run_of(core::Principal who, RequestPtr request);
  base::Task<net::Response> conflict(core::Principal who, std::string session_id);
  base::Task<Attempted> prompt_once(core::Principal who, RequestPtr request,
                                    std::shared_ptr<core::Run> begun, Attempt attempt);
  base::Task<net::Reply> stop(core::Principal who, RequestPtr request, std::string only);
  // An agent of that id, slug or name; "" for none, which is the session's own.
  base::Task<base::Result<std::string>> agent_id(core::Principal who, std::string named);

  Dependencies deps_;
};

std::vector<net::Route> prompt_routes(const Callers& in, PromptResource& prompts);

}  // namespace colonnade::dialects::tandem
