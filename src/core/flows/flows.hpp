// What can be done with flows. Who sees one decides core/access/visibility: its owner, and an
// operator of its scope; to everybody else it is missing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/notices.hpp"
#include "core/flows/flow_runs.hpp"
#include "core/flows/flow_store.hpp"
#include "core/governance/redaction.hpp"
#include "core/jobs/job_schedules.hpp"

namespace colonnade::core {

struct NewFlow {
  std::string id{};  // "" for one that is made, after "automation-v2-"
  FlowStatus status = FlowStatus::draft;
  FlowDefinition definition{};
  FlowTiming timing{};
  std::string creator_id{"unknown"};
  std::string keyed_request_id{};  // linked to the flow in the same transaction; "" for none
};

// What is given is changed.
struct FlowUpdate {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
  std::optional<FlowStatus> status{};
  std::optional<FlowTiming> timing{};
  std::optional<std::vector<FlowAgent>> agents{};
  std::optional<std::vector<FlowNode>> nodes{};
  std::optional<FlowBounds> bounds{};
  std::optional<FlowToolsAtStop> tools_at_stop{};
  std::optional<std::vector<std::string>> output_targets{};
  std::optional<std::string> workspace{};
  std::optional<base::Json> metadata{};
};

struct RepairedFlow {
  FlowRun run;
  std::optional<ScheduledFlow> flow{};  // nullopt: it is gone, or has no such node any more
};

struct FlowPorts {
  FlowStore& store;
  FlowRuns& runs;
  JobSchedules& schedules;
  EventFeed& feed;
  const Notices& notices;
  const Redaction& redaction;
  base::Clock& clock;
};

// Thread-safe. What a flow's agents are granted is in the audit trail, in the transaction that
// makes or changes it. Errors of all that change: those of a commit.
class Flows {
 public:
  explicit Flows(FlowPorts ports) : ports_(ports) {}

  // Of the caller's. Errors: invalid and too_large, as check_flow() and DueTimes ("timing",
  // "timezone") have them, with the field; too_large beyond limits::flows_per_account.
  base::Task<Result<ScheduledFlow>> create(Principal who, NewFlow input);
  // The caller's own first, else, for an operator, the oldest of that id. not_found.
  base::Task<Result<ScheduledFlow>> get(Principal who, std::string id);
  // In the order of their creation: all that the caller sees, at most limits::list_rows_max.
  base::Task<Result<std::vector<ScheduledFlow>>> list(Principal who);
  // not_found; else as create(). conflict when somebody else changes it all the time.
  base::Task<Result<ScheduledFlow>> update(Principal who, std::string id, FlowUpdate input);
  // Its runs that are under way are paused, too.
  base::Task<Result<ScheduledFlow>> pause(Principal who, std::string id, std::string reason);
  // Its runs stay; their nodes that have not begun will fail. not_found.
  base::Task<Result<Flow>> remove(Principal who, std::string id);
  // FlowRuns::repair(), and the same to the flow itself.
  base::Task<Result<RepairedFlow>> repair(Principal who, std::string run_id, FlowRepair repair);

 private:
  base::Task<Result<Flow>> find(Principal who, std::string id);
  base::Task<Result<ScheduledFlow>> with_schedule(Principal who, Flow flow);
  base::Task<Result<void>> store_update(Principal who, Flow before, Flow after);
  void audit(std::vector<Change>& into, const Principal& who, const Flow& flow,
             std::string_view what) const;
  void tell(NoticeKind kind, const Flow& flow) const;

  FlowPorts ports_;
};

}  // namespace colonnade::core
