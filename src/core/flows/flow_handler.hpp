// Drives the runs of flows: does what the flow machine says. Each node is a run of its agent in a
// session of its own, as the flow's owner and under the flow's grant.
//
// What is to happen is stored before it happens: a node's session and run have their names in the
// store before either is made, so that a node taken up again finds its run, and begins no second
// one. While nodes work, or humans are waited for, the job is parked: it has no slot, no lane and
// no memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/notices.hpp"
#include "core/flows/flow_machine.hpp"
#include "core/flows/flow_store.hpp"
#include "core/jobs/job_work.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

struct FlowHandlerPorts {
  FlowStore& store;
  EventFeed& feed;
  Threads& threads;
  Runs& runs;
  const ToolRunner& tools;  // says which calls have effects
  const Notices& notices;
  base::Clock& clock;
};

struct FlowHandlerOptions {
  // A call that no grant allows and a human would be asked about is asked; else denied at once.
  bool asks = true;
};

// Thread-safe. All must outlive it.
class FlowHandler final : public JobHandler {
 public:
  FlowHandler(FlowHandlerPorts ports, FlowHandlerOptions options)
      : ports_(ports), options_(options) {}

  base::Task<JobStep> run(JobContext context) override;
  base::Task<bool> may_go_on(Job job) override;
  // Stops its nodes.
  base::Task<void> stopped(Job job) override;

 private:
  struct Attempt;
  using AttemptPtr = std::shared_ptr<Attempt>;
  enum class Begun { yes, later, never };
  struct Beginning {
    Begun begun = Begun::yes;
    std::string why{};
  };

  base::Task<Result<void>> load(AttemptPtr attempt);
  base::Task<std::optional<JobStep>> look(AttemptPtr attempt);
  base::Task<Result<void>> take_in(AttemptPtr attempt);
  base::Task<Result<std::optional<FlowEvent>>> what_became_of(AttemptPtr attempt,
                                                              std::string node_id);
  FlowNodeEnded ending_of(const FlowNode& node, const RunDetail& detail) const;
  base::Task<Result<void>> put(AttemptPtr attempt);
  base::Task<Result<bool>> start_nodes(AttemptPtr attempt, std::vector<std::string> nodes);
  base::Task<Beginning> begin_node(AttemptPtr attempt, std::string node_id);
  base::Task<Result<void>> make_thread(AttemptPtr attempt, std::string node_id);
  Result<NewMessage> message_for(const Attempt& attempt, const FlowNode& node,
                                 const FlowDefinition& defined_now) const;
  base::Task<bool> stop_nodes(AttemptPtr attempt, std::vector<std::string> nodes);
  base::Task<void> stop_run(Principal who, std::string run_id, FlowToolsAtStop tools);
  JobStep failed_or_later(base::Error error) const;
  JobStep end_of(const FlowRun& run) const;
  void tell(const FlowRun& run, std::int64_t moments_before, bool is_new) const;

  FlowHandlerPorts ports_;
  FlowHandlerOptions options_;
};

// Tells of the moments of a run's history since there were so many.
void tell_of_flow(const Notices& notices, const FlowRun& run, std::int64_t moments_before,
                  base::Time at);

}  // namespace colonnade::core
