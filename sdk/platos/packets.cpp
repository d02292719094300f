#include "sdk/platos/packets.hpp"

#include <iterator>
#include <utility>

#include "base/json.hpp"
#include "sdk/platos/members.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::platos {

using colonnade::detail::Element;
using colonnade::detail::Field;
using colonnade::detail::read;
using colonnade::detail::read_object;
using ElementArray = simdjson::dom::array;

// Not in an unnamed namespace: the readers of optionals find them by their argument.

static void read(Element value, std::optional<Usage>& out) {
  if (value.is_object()) read(value, out.emplace());
}

namespace wire {
namespace {

using Writer = base::JsonWriter;

constexpr std::string_view agent_namespace = "/agent,";

std::string event_packet(std::string_view name, std::string_view payload) {
  std::string out = "42";
  out += agent_namespace;
  out += "[\"";
  out += name;
  out += "\",";
  out += payload;
  out += ']';
  return out;
}

PacketKind kind_of(char type) {
  switch (type) {
    case '0': return PacketKind::joined;
    case '1': return PacketKind::left;
    case '2': return PacketKind::event;
    case '4': return PacketKind::refused;
    default: return PacketKind::unimportant;
  }
}

}  // namespace

Packet read_packet(std::string_view text) {
  if (text.empty()) return {};
  const char engine = text.front();
  text.remove_prefix(1);
  switch (engine) {
    case '0': return {.kind = PacketKind::open, .data = text};
    case '1': return {.kind = PacketKind::close};
    case '2': return {.kind = PacketKind::ping, .data = text};
    case '4': break;
    default: return {};
  }
  if (text.empty()) return {};
  const PacketKind kind = kind_of(text.front());
  text.remove_prefix(1);
  // Packets of other namespaces, the main one among them, are nothing to us.
  if (!text.starts_with("/agent")) return {};
  text.remove_prefix(agent_namespace.size() - 1);
  if (!text.empty() && text.front() != ',') return {};
  if (!text.empty()) text.remove_prefix(1);
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    text.remove_prefix(1);  // an acknowledgement's id, which nobody waits for
  }
  return {.kind = kind, .data = text};
}

std::optional<std::int64_t> silence_ms(std::string_view open_data) {
  const auto root = colonnade::detail::parse_document(open_data);
  if (!root || !root->is_object()) return std::nullopt;
  const std::int64_t interval = member_int(*root, "pingInterval");
  const std::int64_t timeout = member_int(*root, "pingTimeout");
  constexpr std::int64_t longest = 24LL * 3600 * 1000;
  if (interval <= 0 || timeout <= 0 || interval > longest || timeout > longest) return std::nullopt;
  return interval + timeout;
}

Refused read_refused(std::string_view data) {
  Refused out;
  const auto root = colonnade::detail::parse_document(data);
  if (!root || !root->is_object()) return out;
  out.message = member_text(*root, "message");
  Element inner;
  if (root->at_key("data").get(inner) == simdjson::SUCCESS && inner.is_object()) {
    out.status = static_cast<int>(member_int(inner, "status"));
    out.code = member_text(inner, "code");
  }
  return out;
}

namespace {

Event::Value read_artifact_event(Element value, const std::string& type) {
  Json rest;
  if (type == "artifact_start") {
    ArtifactStart out;
    read_object(value, rest, Field{"artifactId", out.artifact_id},
                Field{"artifactKey", out.artifact_key}, Field{"kind", out.kind},
                Field{"revision", out.revision}, Field{"title", out.title}, Field{"op", out.op});
    return out;
  }
  if (type == "artifact_delta") {
    ArtifactDelta out;
    read_object(value, rest, Field{"artifactId", out.artifact_id},
                Field{"artifactKey", out.artifact_key}, Field{"chunk", out.chunk});
    return out;
  }
  if (type == "artifact_committed") {
    ArtifactCommitted out;
    read_object(value, rest, Field{"artifactId", out.artifact_id},
                Field{"artifactKey", out.artifact_key}, Field{"kind", out.kind},
                Field{"revision", out.revision}, Field{"title", out.title},
                Field{"finalContent", out.final_content}, Field{"truncated", out.truncated});
    return out;
  }
  ArtifactError out;
  read_object(value, rest, Field{"artifactKey", out.artifact_key}, Field{"code", out.code},
              Field{"message", out.message});
  return out;
}

Event::Value read_tool_or_run_event(Element value, const std::string& type) {
  Json rest;
  if (type == "tool_call") {
    ToolCall out;
    read_object(value, rest, Field{"name", out.name}, Field{"params", out.params},
                Field{"callId", out.call_id});
    return out;
  }
  if (type == "tool_result") {
    ToolResult out;
    read_object(value, rest, Field{"name", out.name}, Field{"result", out.result},
                Field{"callId", out.call_id}, Field{"isError", out.is_error},
                Field{"display", out.display});
    return out;
  }
  RunUpdate out;
  std::string job;  // its name in later versions
  read_object(value, rest, Field{"runId", out.run_id}, Field{"jobId", job},
              Field{"status", out.status}, Field{"metadata", out.metadata},
              Field{"output", out.output}, Field{"error", out.error});
  if (out.run_id.empty()) out.run_id = std::move(job);
  return out;
}

Failed read_failed(Element value) {
  Failed out;
  Json rest;
  double seconds = -1;
  read_object(value, rest, Field{"message", out.message}, Field{"code", out.code},
              Field{"retryAfterSeconds", seconds});
  if (seconds >= 0) out.retry_after_seconds = seconds;
  return out;
}

Citation read_citation(Element value) {
  Citation out;
  Element source;
  if (value.at_key("source").get(source) != simdjson::SUCCESS) return out;
  out.source = colonnade::detail::to_json(source);
  if (!source.is_object()) return out;
  out.id = member_text(source, "id");
  out.source_type = member_text(source, "sourceType");
  out.url = member_text(source, "url");
  out.title = member_text(source, "title");
  out.cited_text = member_text(source, "citedText");
  return out;
}

Done read_done(Element value) {
  Done out;
  Json rest;
  read_object(value, rest, Field{"stopped", out.stopped}, Field{"usage", out.usage});
  return out;
}

Event::Value read_event_value(Element value, const std::string& type) {
  Json rest;
  if (type == "token") return Token{.text = member_text(value, "text")};
  if (type == "thinking") return Thinking{.text = member_text(value, "text")};
  if (type == "status") return Status{.status = member_text(value, "status")};
  if (type == "message_boundary") return MessageBoundary{};
  if (type == "done") return read_done(value);
  if (type == "error") return read_failed(value);
  if (type == "meta") {
    Meta out;
    read_object(value, rest, Field{"thread_id", out.thread_id}, Field{"agent_id", out.agent_id},
                Field{"usage", out.usage});
    return out;
  }
  if (type == "tool_call" || type == "tool_result" || type == "run_update" ||
      type == "job_update") {
    return read_tool_or_run_event(value, type);
  }
  if (type == "artifact_start" || type == "artifact_delta" || type == "artifact_committed" ||
      type == "artifact_error") {
    return read_artifact_event(value, type);
  }
  if (type == "approval_needed") {
    ApprovalNeeded out;
    read_object(value, rest, Field{"approvalId", out.approval_id}, Field{"action", out.action},
                Field{"details", out.details}, Field{"agentId", out.agent_id},
                Field{"requestedBy", out.requested_by});
    return out;
  }
  if (type == "approval_resolved") {
    ApprovalResolved out;
    read_object(value, rest, Field{"approvalId", out.approval_id}, Field{"status", out.status},
                Field{"respondedBy", out.responded_by});
    return out;
  }
  if (type == "safety_flags") {
    SafetyFlags out;
    read_object(value, rest, Field{"flags", out.flags});
    return out;
  }
  if (type == "structured_output") {
    StructuredOutput out;
    read_object(value, rest, Field{"object", out.object}, Field{"attempts", out.attempts},
                Field{"retryCount", out.attempts});
    return out;
  }
  if (type == "citation") return read_citation(value);
  if (type == "message_persisted") {
    MessagePersisted out;
    read_object(value, rest, Field{"messageId", out.message_id},
                Field{"costCents", out.cost_cents});
    return out;
  }
  return OtherEvent{.type = type, .data = colonnade::detail::to_json(value)};
}

}  // namespace

std::optional<Incoming> read_event(std::string_view data) {
  const auto root = colonnade::detail::parse_document(data);
  if (!root) return std::nullopt;
  ElementArray items;
  std::string_view name;
  if (root->get(items) != simdjson::SUCCESS) return std::nullopt;
  if (items.at(0).get(name) != simdjson::SUCCESS) return std::nullopt;
  Incoming out{.name = std::string(name)};
  Element value;
  if (items.at(1).get(value) != simdjson::SUCCESS || !value.is_object()) return out;
  out.type = name == "agent_event" ? member_text(value, "type") : std::string(name);
  out.thread_id = member_text(value, "threadId");
  out.code = member_text(value, "code");
  out.message = member_text(value, "message");
  out.approval_id = member_text(value, "approvalId");
  out.status = static_cast<int>(member_int(value, "status"));
  out.seq = member_int(value, "_seq");
  out.event = Event(read_event_value(value, out.type), std::string(simdjson::minify(value)));
  return out;
}

std::string join(const Json& credentials) {
  std::string out = "40";
  out += agent_namespace;
  return out + credentials.dump();
}

std::string send_message(std::string_view thread_id, std::string_view message,
                         const SendOptions& options) {
  std::string payload;
  Writer writer(payload);
  writer.object().field("message", message).field("threadId", thread_id);
  write_unless_empty(writer, "agentId", options.agent_id);
  write_unless_empty(writer, "contextType", options.context_type);
  write_unless_empty(writer, "contextId", options.context_id);
  if (!options.dynamic_blocks.empty()) {
    writer.key("dynamicBlocks").object();
    for (const auto& [key, text] : options.dynamic_blocks) writer.field(key, text);
    writer.end_object();
  }
  if (!options.attachment_ids.empty()) {
    writer.key("attachmentIds").array();
    for (const std::string& id : options.attachment_ids) writer.value(id);
    writer.end_array();
  }
  write_unless_empty(writer, "modelLabel", options.model_label);
  write_unless_empty(writer, "replyToMessageId", options.reply_to_message_id);
  write_unless_empty(writer, "idempotencyKey", options.idempotency_key);
  writer.end_object();
  return event_packet("message", payload);
}

std::string stop(std::string_view thread_id) {
  std::string payload;
  Writer writer(payload);
  writer.object().field("threadId", thread_id).end_object();
  return event_packet("stop", payload);
}

std::string resume(std::string_view thread_id, std::int64_t last_seq) {
  std::string payload;
  Writer writer(payload);
  writer.object().field("threadId", thread_id);
  if (last_seq > 0) writer.field("lastSeq", last_seq);
  writer.end_object();
  return event_packet("resume_stream", payload);
}

}  // namespace wire

// --- events
// ---------------------------------------------------------------------------------------

std::string_view Event::type() const noexcept {
  // In the order of Value.
  constexpr std::string_view names[] = {"connected",
                                        "disconnected",
                                        "reconnecting",
                                        "meta",
                                        "status",
                                        "token",
                                        "message_boundary",
                                        "thinking",
                                        "tool_call",
                                        "tool_result",
                                        "approval_needed",
                                        "approval_resolved",
                                        "artifact_start",
                                        "artifact_delta",
                                        "artifact_committed",
                                        "artifact_error",
                                        "safety_flags",
                                        "structured_output",
                                        "run_update",
                                        "citation",
                                        "message_persisted",
                                        "error",
                                        "done"};
  static_assert(std::size(names) + 1 == std::variant_size_v<Value>);
  if (const auto* other = as<OtherEvent>()) return other->type;
  return names[value_.index()];
}

Json Event::data() const {
  if (!raw_.empty()) {
    Json out = Json::parse(raw_);
    if (!out.contains("type")) out.set("type", type());  // the bare events of a real server
    return out;
  }
  Json out{{"type", type()}};
  if (const auto* lost = as<Disconnected>()) out.set("reason", lost->reason);
  if (const auto* again = as<Reconnecting>()) out.set("attempt", again->attempt);
  if (const auto* token = as<Token>()) out.set("text", token->text);
  if (const auto* failed = as<Failed>()) out.set("message", failed->message);
  if (const auto* end = as<Done>(); end != nullptr && end->stopped) out.set("stopped", true);
  if (const auto* other = as<OtherEvent>()) return other->data;
  return out;
}

}  // namespace colonnade::inline v1::platos
