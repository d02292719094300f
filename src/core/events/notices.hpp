// Notices: that something besides a thread has changed, for whoever follows it live.
//
// They are told after what they tell of was committed. They are not stored: whoever comes later
// reads the present state instead. In this process only.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/access/principal.hpp"
#include "core/access/scope.hpp"
#include "core/access/visibility.hpp"

namespace colonnade::core {

enum class NoticeKind {
  memory_put,
  memory_skipped,  // there was one like it, or it was refused
  memory_promoted,
  memory_demoted,
  memory_removed,
  memory_searched,
  memory_imported,
  tool_server_connected,
  tool_server_disconnected,
  tool_server_asks,  // a human has to authorize it
  tool_server_changed,
  tool_server_removed,
  tools_changed,
  resource_put,
  resource_removed,
  // Of a routine, and of its runs, which `routine_run` has.
  routine_created,
  routine_updated,
  routine_removed,
  routine_fired,
  routine_run_created,
  routine_approval_required,
  routine_blocked,
  routine_run_started,
  routine_model_selected,
  routine_run_approved,
  routine_run_denied,
  routine_run_paused,
  routine_run_resumed,
  routine_tool_denied,
  routine_artifact_added,  // the last of the run's
  routine_run_completed,
  routine_run_failed,
  // Of packs; what they are about is a path or the name of one.
  pack_detected,
  pack_install_started,
  pack_install_succeeded,
  pack_install_failed,
  pack_update_not_available,
  pack_registry_changed,
  capabilities_evaluated,
  // Of a flow, and of its runs, which `flow_run` has.
  flow_created,
  flow_updated,
  flow_removed,
  flow_run_created,
  flow_run_moved,  // one more line of its history: "event", "node", "reason"
};

struct FlowRun;     // core/flows/flow_run.hpp
struct RoutineRun;  // core/routines/routine.hpp

struct Notice {
  Scope scope;
  std::string owner{};  // a user id: whose it is; "" for the whole scope's
  NoticeKind kind = NoticeKind::memory_put;
  std::string subject{};  // the id, name or key of what has changed
  std::string thread_id{};
  std::string run_id{};
  base::Json details = nullptr;  // an object, with the kind's own members; null for none
  base::Time at{};
  std::shared_ptr<const RoutineRun> routine_run{};  // of the kinds that say so
  std::shared_ptr<const FlowRun> flow_run{};        // the same
};

// Whether somebody may hear of it: everybody in the scope of its tool servers and of which packs
// there are; of routines, flows and work on packs whoever sees them; of memories and resources
// their owner alone, as nobody else sees those, an operator included.
inline bool may_hear(const Principal& who, const Notice& notice) {
  switch (notice.kind) {
    case NoticeKind::tool_server_connected:
    case NoticeKind::tool_server_disconnected:
    case NoticeKind::tool_server_asks:
    case NoticeKind::tool_server_changed:
    case NoticeKind::tool_server_removed:
    case NoticeKind::pack_registry_changed:
    case NoticeKind::tools_changed: return who.scope == notice.scope;
    case NoticeKind::routine_created:
    case NoticeKind::routine_updated:
    case NoticeKind::routine_removed:
    case NoticeKind::routine_fired:
    case NoticeKind::routine_run_created:
    case NoticeKind::routine_approval_required:
    case NoticeKind::routine_blocked:
    case NoticeKind::routine_run_started:
    case NoticeKind::routine_model_selected:
    case NoticeKind::routine_run_approved:
    case NoticeKind::routine_run_denied:
    case NoticeKind::routine_run_paused:
    case NoticeKind::routine_run_resumed:
    case NoticeKind::routine_tool_denied:
    case NoticeKind::routine_artifact_added:
    case NoticeKind::routine_run_completed:
    case NoticeKind::routine_run_failed:
    case NoticeKind::pack_detected:
    case NoticeKind::pack_install_started:
    case NoticeKind::pack_install_succeeded:
    case NoticeKind::pack_install_failed:
    case NoticeKind::pack_update_not_available:
    case NoticeKind::capabilities_evaluated: return may_see(who, notice.scope, notice.owner);
    case NoticeKind::flow_created:
    case NoticeKind::flow_updated:
    case NoticeKind::flow_removed:
    case NoticeKind::flow_run_created:
    case NoticeKind::flow_run_moved: return may_see(who, notice.scope, notice.owner);
    case NoticeKind::memory_put:
    case NoticeKind::memory_skipped:
    case NoticeKind::memory_promoted:
    case NoticeKind::memory_demoted:
    case NoticeKind::memory_removed:
    case NoticeKind::memory_searched:
    case NoticeKind::memory_imported:
    case NoticeKind::resource_put:
    case NoticeKind::resource_removed: break;
  }
  return is_own(who, notice.scope, notice.owner);
}

// Thread-safe.
class Notices {
 public:
  // On the thread of whoever publishes: must not block. All listeners before the first notice; what
  // they use must outlive the last one.
  using Listener = std::function<void(const Notice&)>;
  void listen(Listener listener) { listeners_.push_back(std::move(listener)); }
  void publish(const Notice& notice) const {
    for (const Listener& one : listeners_) one(notice);
  }

 private:
  std::vector<Listener> listeners_;
};

}  // namespace colonnade::core
