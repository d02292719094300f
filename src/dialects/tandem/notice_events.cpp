#include "dialects/tandem/notice_events.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "dialects/tandem/run_words.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using base::JsonWriter;
using core::NoticeKind;

const Json* detail(const core::Notice& notice, const char* name) {
  if (!notice.details.is_object()) return nullptr;
  const auto found = notice.details.find(name);
  return found == notice.details.end() || found->is_null() ? nullptr : &*found;
}

bool is_set(const core::Notice& notice, const char* name) {
  const Json* found = detail(notice, name);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

// The member of the details, under the name that clients know, where there is one.
void copy(JsonWriter& json, std::string_view shown, const core::Notice& notice, const char* name) {
  if (const Json* found = detail(notice, name)) json.field(shown, *found);
}

void copy_id(JsonWriter& json, std::string_view shown, const core::Notice& notice,
             const char* name) {
  const Json* found = detail(notice, name);
  if (found == nullptr || !found->is_string()) return;
  json.field(shown, base::uuid_form(found->get_ref<const std::string&>()));
}

class NoticeWriting {
 public:
  NoticeWriting(const core::Notice& notice, std::vector<EventText>& out)
      : notice_(notice),
        session_id_(base::plain_form(notice.thread_id)),
        run_id_(base::plain_form(notice.run_id)),
        out_(out) {}

  void add(std::string_view type, const std::function<void(JsonWriter&)>& members) {
    out_.push_back(event_text({.type = type,
                               .session_id = session_id_,
                               .run_id = run_id_,
                               .channel = run_id_.empty() ? "" : "log",
                               .at = notice_.at},
                              members));
  }

  // A memory that is to be kept is tried, then kept or not, and what was put by hand is told of
  // once more.
  void memory_written() {
    const bool kept = notice_.kind == NoticeKind::memory_put;
    const auto source = [this](JsonWriter& json) {
      copy(json, "sourceType", notice_, "kind");
      copy(json, "messageID", notice_, "message_id");
    };
    add("memory.write.attempted", source);
    add(kept ? "memory.write.succeeded" : "memory.write.skipped", [&](JsonWriter& json) {
      source(json);
      copy(json, "reason", notice_, "reason");
      if (notice_.subject.empty()) return;
      memory_id(json);
      json.field("deduped", !kept);
      redactions(json);
    });
    if (!kept || is_set(notice_, "ingested")) return;
    add("memory.put", [this](JsonWriter& json) {
      memory_id(json);
      copy(json, "kind", notice_, "kind");
      copy(json, "tier", notice_, "tier");
      copy(json, "partitionKey", notice_, "partition");
      copy_id(json, "auditID", notice_, "record_id");
    });
    memory_updated("put");
  }

  void memory_promoted() {
    add("memory.promote", [this](JsonWriter& json) {
      copy_id(json, "sourceMemoryID", notice_, "from_id");
      memory_id(json);
      copy(json, "toTier", notice_, "tier");
      copy(json, "partitionKey", notice_, "partition");
      json.field("scrubStatus", redaction_status());
      copy_id(json, "auditID", notice_, "record_id");
    });
    memory_updated("promote");
  }

  void memory_updated(std::string_view action) {
    add("memory.updated", [&](JsonWriter& json) {
      memory_id(json);
      json.field("action", action);
    });
  }

  void memory_imported() {
    add("memory.updated", [this](JsonWriter& json) {
      json.field("action", "import");
      copy(json, "count", notice_, "count");
      copy(json, "removedCount", notice_, "removed");
      copy_id(json, "auditID", notice_, "record_id");
    });
  }

  void memory_removed() {
    add("memory.deleted", [this](JsonWriter& json) {
      memory_id(json);
      copy_id(json, "auditID", notice_, "record_id");
    });
  }

  void memory_searched() {
    add("memory.search", [this](JsonWriter& json) {
      copy(json, "resultCount", notice_, "count");
      copy_id(json, "auditID", notice_, "record_id");
    });
  }

  void tool_server(std::string_view type) {
    add(type, [this](JsonWriter& json) {
      json.field("name", notice_.subject);
      for (const char* name : {"enabled", "removedToolCount", "reason", "count"}) {
        copy(json, name, notice_, name);
      }
    });
  }

  // The engine tells it of a tool's call, ours as soon as the server says so.
  void authorization_asked() {
    add("mcp.auth.required", [this](JsonWriter& json) {
      json.field("server", notice_.subject);
      copy(json, "authorizationUrl", notice_, "authorization_url");
      json.field("message", "a human has to open this address");
    });
  }

  void resource(std::string_view type) {
    add(type, [this](JsonWriter& json) {
      json.field("key", notice_.subject);
      copy(json, "rev", notice_, "rev");
      copy(json, "updatedBy", notice_, "updated_by");
      json.field("updatedAtMs", milliseconds_of(notice_.at));
    });
  }

  // The details are what clients are told, nulls included (tandem §3.6).
  void as_told(std::string_view type) {
    add(type, [this](JsonWriter& json) {
      if (!notice_.details.is_object()) return;
      for (const auto& [name, value] : notice_.details.items()) json.field(name, value);
    });
  }

 private:
  void memory_id(JsonWriter& json) const {
    json.field("memoryID", base::uuid_form(notice_.subject));
  }
  std::string_view redaction_status() const {
    const Json* count = detail(notice_, "redactions");
    const bool redacted = count != nullptr && count->is_number_integer() && *count > 0;
    return redacted ? "redacted" : "passed";
  }
  void redactions(JsonWriter& json) const {
    json.field("redactionStatus", redaction_status());
    copy(json, "redactionCount", notice_, "redactions");
  }

  const core::Notice& notice_;
  std::string session_id_;
  std::string run_id_;
  std::vector<EventText>& out_;
};

}  // namespace

std::vector<EventText> events_of(const core::Notice& notice) {
  std::vector<EventText> out;
  NoticeWriting writing(notice, out);
  switch (notice.kind) {
    case NoticeKind::memory_put:
    case NoticeKind::memory_skipped: writing.memory_written(); break;
    case NoticeKind::memory_promoted: writing.memory_promoted(); break;
    case NoticeKind::memory_demoted: writing.memory_updated("demote"); break;
    case NoticeKind::memory_removed: writing.memory_removed(); break;
    case NoticeKind::memory_imported: writing.memory_imported(); break;
    case NoticeKind::memory_searched: writing.memory_searched(); break;
    case NoticeKind::tool_server_connected: writing.tool_server("mcp.server.connected"); break;
    case NoticeKind::tool_server_disconnected:
      writing.tool_server("mcp.server.disconnected");
      break;
    case NoticeKind::tool_server_asks: writing.authorization_asked(); break;
    case NoticeKind::tool_server_changed: writing.tool_server("mcp.server.updated"); break;
    case NoticeKind::tool_server_removed: writing.tool_server("mcp.server.deleted"); break;
    case NoticeKind::tools_changed: writing.tool_server("mcp.tools.updated"); break;
    case NoticeKind::resource_put: writing.resource("resource.updated"); break;
    case NoticeKind::resource_removed: writing.resource("resource.deleted"); break;
    case NoticeKind::pack_detected: writing.as_told("pack.detected"); break;
    case NoticeKind::pack_install_started: writing.as_told("pack.install.started"); break;
    case NoticeKind::pack_install_succeeded: writing.as_told("pack.install.succeeded"); break;
    case NoticeKind::pack_install_failed: writing.as_told("pack.install.failed"); break;
    case NoticeKind::pack_update_not_available: writing.as_told("pack.update.not_available"); break;
    case NoticeKind::pack_registry_changed: writing.as_told("registry.updated"); break;
    case NoticeKind::capabilities_evaluated:
      writing.as_told("capabilities.readiness.evaluated");
      break;
    // routine_events.hpp
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
    // flow_events.hpp
    case NoticeKind::flow_created:
    case NoticeKind::flow_updated:
    case NoticeKind::flow_removed:
    case NoticeKind::flow_run_created:
    case NoticeKind::flow_run_moved: break;
  }
  return out;
}

}  // namespace colonnade::dialects::tandem
