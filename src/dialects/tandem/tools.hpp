// Tools (tandem §2.1): which there are, and a user's own call of one, through the gate like every
// call. A tool is shown once, under the name that the engine's clients know.
//
// A call that waits for a human is answered with 409 and the waiting approval, or, when the caller
// says how long it waits (`wait_ms`), with the result after the answer. The same call again finds
// its question, and runs once that is approved.
#pragma once

#include <vector>

#include "base/task.hpp"
#include "core/governance/user_calls.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class ToolsResource {
 public:
  ToolsResource(core::UserCalls& calls, AnswerOnce& answer_once)
      : calls_(calls), answer_once_(answer_once) {}

  base::Task<net::Reply> ids(core::Principal who, RequestPtr request);
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  // With an Idempotency-Key the tool runs once, whatever becomes of the server and of the answer. A
  // key whose call waits for a human is free: the same request goes on with that.
  base::Task<net::Reply> execute(core::Principal who, RequestPtr request);

 private:
  base::Task<Attempted> execute_once(core::Principal who, RequestPtr request, Attempt attempt);

  core::UserCalls& calls_;
  AnswerOnce& answer_once_;
};

// Below /api, too. The resource must outlive the routes.
std::vector<net::Route> tools_routes(const Callers& in, ToolsResource& tools);

}  // namespace colonnade::dialects::tandem
