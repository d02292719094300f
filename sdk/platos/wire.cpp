#include "sdk/platos/wire.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "sdk/platos/members.hpp"
#include "sdk/platos/replies.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::platos {

using colonnade::detail::CallSpec;
using colonnade::detail::Element;
using colonnade::detail::Field;
using colonnade::detail::Kind;
using colonnade::detail::read;
using colonnade::detail::read_object;
using colonnade::detail::Required;
using ElementArray = simdjson::dom::array;
using ElementObject = simdjson::dom::object;

// --- reading
// --------------------------------------------------------------------------------------
// Not in an unnamed namespace: the readers of lists find them by their argument.

static void read(Element value, Agent& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"name", out.name},
              Field{"slug", out.slug}, Field{"model", out.model},
              Field{"systemPrompt", out.system_prompt}, Field{"isActive", out.is_active},
              Field{"currentVersionId", out.current_version_id}, Field{"createdAt", out.created_at},
              Field{"updatedAt", out.updated_at});
}

static void read(Element value, AgentVersion& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"agentId", out.agent_id},
              Field{"versionNumber", out.version_number}, Field{"createdBy", out.created_by},
              Field{"note", out.note}, Field{"snapshot", out.snapshot},
              Field{"createdAt", out.created_at}, Field{"isCurrent", out.is_current},
              Field{"isCanary", out.is_canary});
}

void read(Element value, Thread& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"agentId", out.agent_id},
              Field{"userId", out.user_id}, Field{"title", out.title}, Field{"status", out.status},
              Field{"turnCount", out.turn_count}, Field{"tags", out.tags},
              Field{"archivedAt", out.archived_at}, Field{"createdAt", out.created_at},
              Field{"updatedAt", out.updated_at});
}

void read(Element value, Message& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"threadId", out.thread_id},
              Field{"role", out.role}, Field{"content", out.content},
              Field{"toolCalls", out.tool_calls}, Field{"thinkingContent", out.thinking_content},
              Field{"responseJson", out.response_json}, Field{"createdAt", out.created_at});
}

static void read(Element value, Artifact& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"threadId", out.thread_id},
              Field{"artifactKey", out.artifact_key}, Field{"revision", out.revision},
              Field{"kind", out.kind}, Field{"title", out.title}, Field{"language", out.language},
              Field{"content", out.content}, Field{"metadata", out.metadata},
              Field{"createdAt", out.created_at}, Field{"revisionCount", out.revision_count});
}

static void read(Element value, Attachment& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"kind", out.kind},
              Field{"mimeType", out.mime_type}, Field{"bytes", out.bytes},
              Field{"originalName", out.original_name}, Field{"expiresAt", out.expires_at});
}

static void read(Element value, Answer& out) {
  read_object(value, out.extra, Field{"messageId", out.message_id},
              Field{"threadId", out.thread_id}, Field{"agentId", out.agent_id},
              Field{"content", out.content}, Field{"stopped", out.stopped},
              Field{"usage", out.usage});
}

static void read(Element value, Approval& out) {
  std::string question;
  std::optional<std::string> context;
  read_object(value, out.extra, Field{"approvalId", out.approval_id}, Field{"status", out.status},
              Field{"agentId", out.agent_id}, Field{"threadId", out.thread_id},
              Field{"runId", out.run_id}, Field{"action", out.action}, Field{"question", question},
              Field{"details", out.details}, Field{"context", context},
              Field{"toolName", out.tool_name}, Field{"args", out.args},
              Field{"comment", out.comment}, Field{"createdAt", out.created_at},
              Field{"resolvedAt", out.resolved_at});
  if (out.action.empty()) out.action = std::move(question);
  if (!out.details) out.details = std::move(context);
  const Json* id = out.extra.find("id");
  if (out.approval_id.empty() && id != nullptr && id->is_string()) {
    out.approval_id = id->as_string();
  }
}

namespace wire {

Result<std::vector<Agent>> agents(const CallSpec& spec, const TransportReply& reply) {
  return list<Agent>(spec, reply, {"agents"});
}
Result<Agent> agent(const CallSpec& spec, const TransportReply& reply) {
  return one<Agent>(spec, reply, "id");
}
Result<Agent> wrapped_agent(const CallSpec& spec, const TransportReply& reply) {
  const auto root = colonnade::detail::open_object(spec, reply, "Platos", {});
  if (!root) return root.error();
  Element inner;
  if (root->at_key("agent").get(inner) != simdjson::SUCCESS || !inner.is_object()) {
    return not_promised(spec, reply, "it lacks the object \"agent\"");
  }
  Agent out;
  read(inner, out);
  return out;
}
Result<std::vector<AgentVersion>> versions(const CallSpec& spec, const TransportReply& reply) {
  return list<AgentVersion>(spec, reply, {"versions"});
}
Result<std::vector<Thread>> threads(const CallSpec& spec, const TransportReply& reply) {
  return list<Thread>(spec, reply, {"threads"});
}
Result<Thread> thread(const CallSpec& spec, const TransportReply& reply) {
  return one<Thread>(spec, reply, "id");
}
Result<std::vector<Message>> messages(const CallSpec& spec, const TransportReply& reply) {
  return list<Message>(spec, reply, {"messages"});
}
Result<MessagePage> message_page(const CallSpec& spec, const TransportReply& reply) {
  auto rows = messages(spec, reply);
  if (!rows) return std::move(rows).error();
  MessagePage page{.messages = *std::move(rows)};
  const auto root = colonnade::detail::parse_document(reply.body);
  if (root && root->is_object()) page.total = member_int(*root, "total");
  page.total = std::max(page.total, static_cast<std::int64_t>(page.messages.size()));
  return page;
}
Result<std::vector<Artifact>> artifacts(const CallSpec& spec, const TransportReply& reply) {
  return list<Artifact>(spec, reply, {"artifacts"});
}
Result<Attachment> attachment(const CallSpec& spec, const TransportReply& reply) {
  return one<Attachment>(spec, reply, "id");
}
Result<Answer> answer(const CallSpec& spec, const TransportReply& reply) {
  return one<Answer>(spec, reply, "content");
}
Result<std::vector<Approval>> approvals(const CallSpec& spec, const TransportReply& reply) {
  return list<Approval>(spec, reply, {"approvals", "rows"});
}
Result<Approval> approval(const CallSpec& spec, const TransportReply& reply) {
  const auto root =
      colonnade::detail::open_object(spec, reply, "Platos", {Required{"status", Kind::string}});
  if (!root) return root.error();
  Approval out;
  read(*root, out);
  return out;
}

Result<ResolvedApproval> resolved(const CallSpec& spec, const TransportReply& reply) {
  const auto root = colonnade::detail::open_object(spec, reply, "Platos", {});
  if (!root) return root.error();
  ResolvedApproval out;
  std::optional<bool> approved;
  Element value;
  bool flag = false;
  if (root->at_key("approved").get(flag) == simdjson::SUCCESS) approved = flag;
  if (!approved && root->at_key("status").get(value) == simdjson::SUCCESS) {
    approved = member_text(*root, "status") == "approved";
  }
  if (!approved) {
    return not_promised(spec, reply, "it says neither \"approved\" nor a \"status\"");
  }
  read_object(*root, out.extra, Field{"approvalId", out.approval_id}, Field{"approved", flag},
              Field{"editedArgsApplied", out.edited_args_applied});
  if (out.approval_id.empty()) out.approval_id = member_text(*root, "id");
  out.approved = *approved;
  return out;
}

Result<bool> done(const CallSpec&, const TransportReply&) { return true; }

Result<Json> any_json(const CallSpec&, const TransportReply& reply) {
  if (reply.body.empty()) return Json();
  auto parsed = Json::try_parse(reply.body);
  if (!parsed) return Json(reply.body);
  return *std::move(parsed);
}

int hidden_status(const std::string& body) {
  if (body.find("\"error\"") == std::string::npos) return 0;
  const auto root = colonnade::detail::parse_document(body);
  if (!root || !root->is_object()) return 0;
  Element error;
  if (root->at_key("error").get(error) != simdjson::SUCCESS || !error.is_string()) return 0;
  const std::int64_t status = member_int(*root, "status");
  return status >= 400 && status < 600 ? static_cast<int>(status) : 0;
}

// --- writing
// --------------------------------------------------------------------------------------

Result<std::string> agent_settings(const AgentSettings& settings) {
  std::string out;
  Writer writer(out);
  writer.object();
  write_if_set(writer, "name", settings.name);
  write_if_set(writer, "slug", settings.slug);
  write_if_set(writer, "model", settings.model);
  write_if_set(writer, "systemPrompt", settings.system_prompt);
  write_if_set(writer, "maxSteps", settings.max_steps);
  write_if_set(writer, "contextLimit", settings.context_limit);
  write_if_set(writer, "isActive", settings.is_active);
  write_if_set(writer, "visibility", settings.visibility);
  if (!settings.more.is_null() && !settings.more.is_object()) {
    return colonnade::detail::usage("AgentSettings::more is no object");
  }
  if (settings.more.is_object()) {
    for (const auto& [name, value] : settings.more.as_object()) {
      writer.key(name).raw(value.dump());
    }
  }
  writer.end_object();
  return out;
}

std::string canary(std::string_view version_id, std::int64_t percent) {
  std::string out;
  Writer writer(out);
  writer.object().key("canaryVersionId");
  version_id.empty() ? writer.null() : writer.value(version_id);
  writer.field("canaryPercent", percent).end_object();
  return out;
}

std::string rename(std::string_view title) {
  std::string out;
  Writer writer(out);
  writer.object().key("title");
  title.empty() ? writer.null() : writer.value(title);
  writer.end_object();
  return out;
}

std::string tags(const std::vector<std::string>& tags) {
  std::string out;
  Writer writer(out);
  writer.object().key("tags").array();
  for (const std::string& tag : tags) writer.value(tag);
  writer.end_array().end_object();
  return out;
}

std::string fork(const ForkThread& request) {
  std::string out;
  Writer writer(out);
  writer.object();
  write_unless_empty(writer, "messageId", request.message_id);
  write_if_set(writer, "title", request.title);
  writer.end_object();
  return out;
}

std::string ask(std::string_view message, const SendOptions& options) {
  std::string out;
  Writer writer(out);
  writer.object().field("message", message);
  write_unless_empty(writer, "agentId", options.agent_id);
  write_unless_empty(writer, "modelLabel", options.model_label);
  if (!options.attachment_ids.empty()) {
    writer.key("attachmentIds").array();
    for (const std::string& id : options.attachment_ids) writer.value(id);
    writer.end_array();
  }
  writer.end_object();
  return out;
}

std::string create_thread(const CreateThread& request) {
  std::string out;
  Writer writer(out);
  writer.object().field("agentId", request.agent_id).key("title");
  if (request.title) {
    writer.value(*request.title);
  } else {
    writer.null();
  }
  writer.end_object();
  return out;
}

// Both dialects at once: a real server reads `approved` alone, others `response` (platos §2.3).
std::string resolve(const Resolution& resolution) {
  const bool approved = resolution.verdict == Verdict::approve;
  std::string out;
  Writer writer(out);
  writer.object()
      .field("approved", approved)
      .field("response", std::string_view(approved ? "approve" : "reject"));
  write_unless_empty(writer, "comment", resolution.reason);
  write_unless_empty(writer, "reason", resolution.reason);
  if (!resolution.edited_args.is_null()) {
    writer.key("editedArgs").raw(resolution.edited_args.dump());
  }
  writer.end_object();
  return out;
}

}  // namespace wire
}  // namespace colonnade::inline v1::platos
