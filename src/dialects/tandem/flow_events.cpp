#include "dialects/tandem/flow_events.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "core/flows/flow_run.hpp"
#include "dialects/tandem/flows_wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::JsonWriter;
using core::NoticeKind;

std::string flow_detail(const core::Notice& notice, const char* name) {
  if (!notice.details.is_object()) return {};
  const auto found = notice.details.find(name);
  return found != notice.details.end() && found->is_string() ? found->get<std::string>()
                                                             : std::string();
}

// "run_paused" is "automation.v2.run.paused".
std::string flow_event_type(const core::Notice& notice) {
  const std::string prefix = "automation.v2.";
  switch (notice.kind) {
    case NoticeKind::flow_created: return prefix + "created";
    case NoticeKind::flow_updated: return prefix + "updated";
    case NoticeKind::flow_removed: return prefix + "deleted";
    case NoticeKind::flow_run_created: return prefix + "run.created";
    case NoticeKind::flow_run_moved: break;
    default: return {};
  }
  std::string event = flow_detail(notice, "event");
  if (const auto at = event.find('_'); at != std::string::npos) event[at] = '.';
  return prefix + event;
}

}  // namespace

std::vector<Notice> flow_notices_of(const core::Notice& notice) {
  const std::string type = flow_event_type(notice);
  if (type.empty()) return {};
  const core::FlowRun* run = notice.flow_run.get();
  const std::string shown = run != nullptr ? shown_flow_run_id(run->id) : std::string();
  const auto members = [&](JsonWriter& json) {
    json.field("automationID", notice.subject);
    if (run == nullptr) {
      json.field("name", flow_detail(notice, "name"));
      json.field("status", flow_detail(notice, "status"));
      return;
    }
    json.field("triggerType", core::to_string(run->trigger));
    if (notice.kind == NoticeKind::flow_run_created) {
      json.key("run").raw(encode_flow_run(*run, FlowWords::engine));
      return;
    }
    json.field("status", core::to_string(run->state()));
    if (const std::string node = flow_detail(notice, "node"); !node.empty()) {
      json.field("nodeID", node);
    }
    if (const std::string reason = flow_detail(notice, "reason"); !reason.empty()) {
      json.field("reason", reason);
    }
  };
  std::vector<Notice> out;
  out.push_back({.event = event_text({.type = type,
                                      .session_id = base::plain_form(notice.thread_id),
                                      .run_id = shown,
                                      .channel = "",
                                      .at = notice.at},
                                     members),
                 .flow_id = notice.subject,
                 .flow_run_id = run != nullptr ? run->id : std::string()});
  return out;
}

}  // namespace colonnade::dialects::tandem
