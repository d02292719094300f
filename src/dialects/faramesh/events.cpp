#include "dialects/faramesh/events.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/canonical_json.hpp"
#include "base/ids.hpp"
#include "dialects/faramesh/wire.hpp"

namespace colonnade::dialects::faramesh {
namespace {

using base::Json;
using base::JsonWriter;
namespace kind = core::audit_kind;

// What is stored when a human gives no reason; on the wire that is null (§3.3).
constexpr std::string_view approved_by_human = "Approved by human";
constexpr std::string_view denied_by_human = "Denied by human";
// The same when an action had no executor, in its log's words (recorded examples).
constexpr std::string_view no_executor = "No executor for this tool type";
constexpr std::string_view no_executor_in_log = "No executor";
constexpr std::string_view reported_success = "Execution completed";

std::string text_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A version 4 UUID's form, made of a hash.
std::string uuid_of(std::string_view seed) {
  std::string hex = base::sha256_hex(seed).substr(0, 32);
  hex[12] = '4';
  constexpr std::string_view variants = "89ab";
  hex[16] = variants[static_cast<std::size_t>(hex[16] % 4)];
  for (const std::size_t dash : {20, 16, 12, 8}) hex.insert(dash, "-");
  return hex;
}

void write_text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

// One record, read.
struct Entry {
  const core::AuditRecord& record;
  base::Time at{};
  Json details = Json::object();
};

Entry entry_of(const core::AuditRecord& record) {
  Entry out{.record = record};
  const auto text = base::parse_json(record.text, "audit record");
  if (!text || !text->is_object()) return out;
  out.at = base::parse_rfc3339(text_in(*text, "at")).value_or(base::Time{});
  if (const auto found = text->find("details"); found != text->end()) out.details = *found;
  return out;
}

core::Decision decision_in(const Json& details) {
  core::Decision d{
      .outcome = core::outcome_from(text_in(details, "outcome")).value_or(core::Outcome::halt),
      .reason_code = text_in(details, "reason_code"),
      .reason = text_in(details, "reason"),
      .risk_level = text_in(details, "risk_level"),
      .request_hash = text_in(details, "request_hash")};
  return wire_decision(std::move(d));
}

// Gathers the log, linking each event to the one before.
class Log {
 public:
  explicit Log(const core::Action& action) : action_(action) {}

  void add(const Entry& entry) {
    const std::string_view what = entry.record.kind;
    if (what == kind::decision) add_decision(entry);
    if (what == kind::approval) add_verdict(entry, text_in(entry.details, "state") != "denied");
    if (what == kind::execution_started) append(entry, "started", "{}");
    if (what == kind::execution_finished) add_end(entry);
  }
  std::vector<ActionEvent> take() { return std::move(events_); }

 private:
  // A tool call that a human approved is decided on once more when it runs; that says nothing new.
  void add_decision(const Entry& entry) {
    if (!events_.empty()) return;
    const core::Decision d = decision_in(entry.details);
    std::string created;
    JsonWriter first(created);
    first.object().field("decision", decision_word(d.outcome));
    write_text_or_null(first, "risk_level", d.risk_level);
    first.end_object();
    append(entry, "created", std::move(created));
    std::string made;
    JsonWriter json(made);
    json.object().field("decision", decision_word(d.outcome));
    json.field("outcome", core::to_string(d.outcome)).field("reason_code", d.reason_code);
    json.field("reason", d.reason);
    write_text_or_null(json, "risk_level", d.risk_level);
    json.field("request_hash", d.request_hash).end_object();
    append(entry, "decision_made", std::move(made));
    if (text_in(entry.details, "granted_by") == "permission") {
      append(entry, "approved", R"({"reason":"Approved by a standing permission"})");
    }
  }

  void add_verdict(const Entry& entry, bool approved) {
    std::string reason = text_in(entry.details, "reason");
    if (reason == (approved ? approved_by_human : denied_by_human)) reason.clear();
    std::string meta;
    JsonWriter json(meta);
    json.object();
    write_text_or_null(json, "reason", reason);
    json.end_object();
    append(entry, approved ? "approved" : "denied", std::move(meta));
  }

  void add_end(const Entry& entry) {
    const std::string state = text_in(entry.details, "state");
    const std::string stored = text_in(entry.details, "reason");
    const std::string reason =
        stored == no_executor ? std::string(no_executor_in_log) : wire_reason(action_, stored);
    std::string meta;
    JsonWriter json(meta);
    json.object();
    write_text_or_null(json, "reason", reason);
    if (state == "timeout") {
      json.field("error", "timeout");
    } else if (state != "succeeded") {
      write_text_or_null(json, "error", reason);
    } else if (stored == reported_success) {
      json.key("error").null();
    }
    json.end_object();
    append(entry, state == "succeeded" ? "succeeded" : "failed", std::move(meta));
  }

  void append(const Entry& entry, std::string type, std::string meta) {
    ActionEvent event{.id = uuid_of(entry.record.hash + "/" + type),
                      .type = std::move(type),
                      .meta = std::move(meta),
                      .at = entry.at};
    if (!events_.empty()) event.prev_hash = events_.back().record_hash;
    event.record_hash = hash_of(event);
    events_.push_back(std::move(event));
  }

  std::string hash_of(const ActionEvent& event) const {
    std::string text;
    JsonWriter json(text);
    json.object().field("action_id", action_.id);
    json.field("created_at", wire_time_without_zone(event.at));
    json.field("event_type", event.type).field("id", event.id);
    json.key("meta").raw(event.meta).end_object();
    return base::sha256_hex(base::canonical_json(text).value_or("") + event.prev_hash);
  }

  const core::Action& action_;
  std::vector<ActionEvent> events_;
};

// "" for kinds that the feed has no word for.
std::string_view frame_type(const core::AuditNews& news) {
  const std::string_view what = news.record.kind;
  const std::string state = text_in(news.details, "state");
  if (what == kind::decision) {
    // The second decision on a tool call that a human approved says nothing new.
    return text_in(news.details, "granted_by") == "approval" ? "" : "action.created";
  }
  if (what == kind::approval) return state == "denied" ? "action.denied" : "action.approved";
  if (what == kind::execution_started) return "action.started";
  if (what == kind::execution_finished) {
    return state == "succeeded" ? "action.succeeded" : "action.failed";
  }
  return "";
}

// As it was then: what is a secret is out of the record, what changed since is not in it.
core::Action action_then(const core::AuditNews& news) {
  core::Action out = *news.action;
  out.state = core::action_state_from(text_in(news.details, "state")).value_or(out.state);
  out.reason = text_in(news.details, "reason");
  return out;
}

}  // namespace

std::vector<ActionEvent> events_of(const core::Action& action,
                                   std::span<const core::AuditRecord> records) {
  Log log(action);
  for (const core::AuditRecord& record : records) log.add(entry_of(record));
  return log.take();
}

std::string encode_events(std::string_view action_id, std::span<const ActionEvent> events) {
  std::string out;
  JsonWriter json(out);
  json.array();
  for (const ActionEvent& event : events) {
    json.object().field("id", event.id).field("action_id", action_id);
    json.field("event_type", event.type).key("meta").raw(event.meta);
    json.field("created_at", wire_time_without_zone(event.at));
    write_text_or_null(json, "prev_hash", event.prev_hash);
    json.field("record_hash", event.record_hash).end_object();
  }
  json.end_array();
  return out;
}

std::string encode_frame(const core::AuditNews& news) {
  const std::string_view type = frame_type(news);
  if (type.empty() || !news.action) return {};
  const core::Action action = action_then(news);
  const core::Decision decision = wire_decision(action.decision);
  const std::string reason =
      news.record.kind == kind::decision ? decision.reason : wire_reason(action, action.reason);
  std::string out = "id: " + std::to_string(news.record.seq) + "\ndata: ";
  JsonWriter json(out);
  json.object().field("type", type).key("data").object();
  json.field("id", action.id).field("status", core::to_string(action.state));
  json.field("decision", decision_word(action)).field("agent_id", action.request.agent_id);
  json.field("tool", action.request.tool).field("operation", action.request.operation);
  write_text_or_null(json, "reason", reason);
  write_text_or_null(json, "risk_level", decision.risk_level);
  json.end_object().field("timestamp", wire_time(news.at));
  json.field("action_id", action.id).end_object();
  out.append("\n\n");
  return out;
}

}  // namespace colonnade::dialects::faramesh
