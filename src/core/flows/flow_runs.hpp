// What can be done with the runs of flows. Each is driven by a job; who sees it decides
// core/access/visibility: its owner, and an operator of its scope.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/notices.hpp"
#include "core/flows/flow_machine.hpp"
#include "core/flows/flow_store.hpp"
#include "core/governance/redaction.hpp"
#include "core/jobs/job_schedule.hpp"

namespace colonnade::core {

struct NewFlowRun {
  bool is_dry = false;             // nothing begins: the run is over at once
  std::string keyed_request_id{};  // linked to the run in the same transaction; "" for none
};

// What becomes of a node whose run is repaired; unset members stay.
struct FlowRepair {
  std::string node_id{};
  std::optional<std::string> objective{};
  std::optional<std::string> template_id{};  // of the node's agent
  std::optional<std::string> provider{};     // the same
  std::optional<std::string> model{};
  std::string reason{};

  bool is_empty() const { return !objective && !template_id && !provider && !model; }
};
// Does that to a definition. invalid with flow_node_field when it has no such node, or the node no
// agent whose model could be changed.
base::Result<void> repair_definition(FlowDefinition& definition, const FlowRepair& repair);

struct FlowRunPorts {
  FlowStore& store;
  EventFeed& feed;
  const Notices& notices;
  const Redaction& redaction;
  base::Clock& clock;
};

// Thread-safe. Errors of all: not_found for what the caller does not see; those of a commit. Of
// those that change a run: conflict and invalid as FlowMachine::on() has them; too_large for a
// reason beyond limits::flow_reason_bytes_max. What humans decide is in the audit trail.
class FlowRuns {
 public:
  explicit FlowRuns(FlowRunPorts ports) : ports_(ports) {}

  // A run now, whatever the flow's status. rate_limited and too_large as InsertJob and PutFlowRun
  // have them.
  base::Task<Result<FlowRun>> begin(Principal who, Flow flow, NewFlowRun input);
  base::Task<Result<FlowRun>> get(Principal who, std::string id);
  // Newest first; `limit` at most, and of limits::flow_list_bytes_max of texts.
  base::Task<Result<std::vector<FlowRun>>> list(Principal who, Flow of, std::size_t limit);

  // Tools that run are cancelled or come to their end, as the flow says; the run is paused when
  // none is left.
  base::Task<Result<FlowRun>> pause(Principal who, std::string id, std::string reason);
  // Completed nodes stay; one that was interrupted goes on in its session.
  base::Task<Result<FlowRun>> resume(Principal who, std::string id, std::string reason);
  base::Task<Result<FlowRun>> cancel(Principal who, std::string id, std::string reason);
  base::Task<Result<FlowRun>> decide(Principal who, std::string id, FlowVerdict verdict,
                                     std::string reason);
  base::Task<Result<FlowRun>> recover(Principal who, std::string id, std::string reason);
  // Changes the run's own copy of the flow. invalid with the field "repair" when it is empty.
  base::Task<Result<FlowRun>> repair(Principal who, std::string id, FlowRepair repair);
  // The node and all that depend on it begin anew; `goes_on`: the node itself in its session.
  base::Task<Result<FlowRun>> retry(Principal who, std::string id, std::string node_id,
                                    bool goes_on, std::string reason);

  // Those of the flow that run are paused. How many.
  base::Task<Result<int>> pause_all(Principal who, Flow of, std::string reason);

 private:
  struct Change {
    FlowEvent event;
    std::string_view audited{};  // what the trail says of it
    std::string reason{};
    std::optional<FlowRepair> repair{};
  };
  base::Task<Result<FlowRun>> change(Principal who, std::string id, Change change);
  Result<Unit> unit_of(const Principal& who, FlowRun& run, const Change& change) const;
  void audit(Unit& unit, const Principal& who, const FlowRun& run, std::string_view what,
             const std::string& reason) const;

  FlowRunPorts ports_;
};

// What all jobs of the flow have in common. `run_id`: of the run that the job goes on with; "" for
// one that begins.
JobTemplate flow_job(const Flow& flow, std::string run_id = {});

}  // namespace colonnade::core
