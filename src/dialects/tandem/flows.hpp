// /automations/v2… (tandem §2.6, §4.5): flows and their runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "core/flows/flow_runs.hpp"
#include "core/flows/flows.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class FlowResource {
 public:
  struct Dependencies {
    core::Flows& flows;
    core::FlowRuns& runs;
    AnswerOnce& answer_once;
  };
  explicit FlowResource(Dependencies deps) : deps_(deps) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> create(core::Principal who, RequestPtr request);
  base::Task<net::Reply> get(core::Principal who, RequestPtr request);
  base::Task<net::Reply> update(core::Principal who, RequestPtr request);
  base::Task<net::Reply> remove(core::Principal who, RequestPtr request);
  base::Task<net::Reply> run_now(core::Principal who, RequestPtr request);
  base::Task<net::Reply> pause(core::Principal who, RequestPtr request);
  base::Task<net::Reply> resume(core::Principal who, RequestPtr request);
  base::Task<net::Reply> runs(core::Principal who, RequestPtr request);
  base::Task<net::Reply> run(core::Principal who, RequestPtr request);
  base::Task<net::Reply> pause_run(core::Principal who, RequestPtr request);
  base::Task<net::Reply> resume_run(core::Principal who, RequestPtr request);
  base::Task<net::Reply> cancel_run(core::Principal who, RequestPtr request);
  base::Task<net::Reply> decide(core::Principal who, RequestPtr request);
  base::Task<net::Reply> recover(core::Principal who, RequestPtr request);
  base::Task<net::Reply> repair(core::Principal who, RequestPtr request);
  // The node and what depends on it begin anew; the other one goes on in its session.
  base::Task<net::Reply> retry_node(core::Principal who, RequestPtr request);
  base::Task<net::Reply> continue_node(core::Principal who, RequestPtr request);
  base::Task<net::Reply> preview_reset(core::Principal who, RequestPtr request);

  base::Task<Attempted> create_once(core::Principal who, RequestPtr request, Attempt attempt);
  base::Task<Attempted> run_once(core::Principal who, RequestPtr request, Attempt attempt);
  base::Task<net::Reply> node_again(core::Principal who, RequestPtr request, bool goes_on);

  Dependencies deps_;
};

}  // namespace colonnade::dialects::tandem
