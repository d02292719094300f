#include "dialects/platos/thread_wire.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/limits.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::JsonWriter;
using base::Result;

namespace {

constexpr std::size_t threads_default = 20;    // platos §2.2
constexpr std::size_t messages_default = 500;  // platos §7.10
constexpr std::size_t offset_max = 1'000'000'000;
constexpr std::int64_t micros_per_millisecond = 1000;

// --- threads ------------------------------------------------------------------------------------

std::string_view status_of(const core::Thread& thread) {
  if (thread.archived_at) return "archived";
  return thread.completed ? "completed" : "active";
}

// A summary is made inside of a turn, and is there when it has ended: none is ever under way by
// itself.
void write_summary(JsonWriter& json, const core::ThreadSummary* summary) {
  write_text_or_null(json, "compactedSummary", summary ? std::string_view(summary->text) : "");
  write_optional_time(json, "compactedAt",
                      summary ? std::optional(summary->created_at) : std::nullopt);
  write_text_or_null(json, "compactedUpToMessageId",
                     summary ? std::string_view(summary->up_to_message_id) : "");
  json.field("compactionInFlight", false);
}

void write_thread(JsonWriter& json, const core::Thread& thread, const Summaries& summaries) {
  const ScopeNames scope = names_of(thread.scope);
  json.object().field("id", thread.id).field("agentId", wire_agent_id(thread.agent_id));
  json.field("organizationId", scope.organization).field("projectId", scope.project);
  json.field("environmentId", scope.environment).field("userId", thread.owner);
  json.key("createdByUserId").null().key("platosEndUserId").null();
  write_text_or_null(json, "title", thread.title);
  json.field("status", status_of(thread));
  const auto summary = summaries.find(thread.id);
  write_summary(json, summary == summaries.end() ? nullptr : &summary->second);
  json.field("turnCount", thread.turns);
  write_text_or_null(json, "lockedVersionId", thread.version_id);
  json.field("sessionContext", thread.session_context).key("tags").array();
  for (const std::string& tag : thread.tags) json.value(tag);
  json.end_array();
  write_optional_time(json, "pinnedAt", thread.pinned_at);
  write_optional_time(json, "archivedAt", thread.archived_at);
  write_text_or_null(json, "parentThreadId", thread.parent_id);
  write_text_or_null(json, "forkedFromMessageId", thread.forked_from_message_id);
  json.key("clusteringId").null();
  json.field("createdAt", wire_time(thread.created_at));
  json.field("updatedAt", wire_time(thread.updated_at)).end_object();
}

// --- messages -----------------------------------------------------------------------------------

// What a tool said: as JSON when it is a JSON object or array, else as its text.
void write_result(JsonWriter& json, const std::string& content) {
  json.key("result");
  const bool looks_structured = !content.empty() && (content[0] == '{' || content[0] == '[');
  auto tree = looks_structured ? base::parse_json(content, "result") : Result<Json>(Json());
  if (looks_structured && tree) {
    json.value(*tree);
  } else {
    json.value(content);
  }
}

void write_tool_calls(JsonWriter& json, const std::vector<core::Part>& parts) {
  bool any = false;
  json.key("toolCalls");
  for (const core::Part& part : parts) {
    const auto* call = std::get_if<core::ToolCallPart>(&part);
    const auto* result = std::get_if<core::ToolResultPart>(&part);
    if (call == nullptr && result == nullptr) continue;
    if (!std::exchange(any, true)) json.array();
    json.object();
    if (call != nullptr) {
      json.field("type", "call").field("name", call->tool).field("params", call->arguments);
    } else {
      json.field("type", "result").field("name", result->tool);
      write_result(json, result->content);
    }
    json.end_object();
  }
  if (any) {
    json.end_array();
  } else {
    json.null();
  }
}

std::string thinking_of(const std::vector<core::Part>& parts) {
  std::string out;
  for (const core::Part& part : parts) {
    const auto* reasoning = std::get_if<core::ReasoningPart>(&part);
    if (reasoning == nullptr || reasoning->text.empty()) continue;
    if (!out.empty()) out += "\n\n";
    out += reasoning->text;
  }
  return out;
}

void write_message_usage(JsonWriter& json, const core::Usage& usage, std::string_view provider,
                         double cents) {
  json.key("usage").object();
  json.field("inputTokens", usage.input_tokens).field("outputTokens", usage.output_tokens);
  json.field("promptTokens", usage.input_tokens).field("completionTokens", usage.output_tokens);
  json.field("totalTokens", usage.input_tokens + usage.output_tokens);
  json.field("cachedTokens", usage.cached_input_tokens).field("costCents", cents);
  json.field("cacheCreationInputTokens", usage.cache_write_tokens);
  json.field("cacheReadInputTokens", usage.cached_input_tokens);
  json.field("reasoningTokens", usage.reasoning_tokens).field("provider", provider);
  json.field("noCacheInputTokens",
             std::max<std::int64_t>(
                 0, usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens));
  json.end_object();
}

void write_response(JsonWriter& json, const core::Message& message) {
  json.key("responseJson");
  if (message.role != core::Role::assistant) {
    json.null();
    return;
  }
  const core::AnswerOrigin origin = message.origin.value_or(core::AnswerOrigin{});
  const double cents = cents_of(origin.cost_micros);
  const bool named = !message.provider.empty() && !message.model.empty();
  json.object().field("model", named ? message.provider + ":" + message.model : message.model);
  write_message_usage(json, message.usage.value_or(core::Usage{}), message.provider, cents);
  json.field("cost_cents", cents).field("cost_with_cache_cents", cents);
  json.field("latency_ms", origin.took_micros / micros_per_millisecond);
  json.field("agent_id", wire_agent_id(origin.agent_id));
  write_text_or_null(json, "trace_id", message.run_id);
  write_text_or_null(json, "version_id", origin.version_id);
  json.field("version_bucket", origin.version_bucket.empty() ? "current" : origin.version_bucket);
  if (!origin.structured_output.is_null()) {
    json.field("structured_output", origin.structured_output);
  }
  json.end_object();
}

void write_kept_of_turn(JsonWriter& json, const core::Message& message, const char* name) {
  json.key(name);
  const auto found = message.metadata.find(name);
  if (message.metadata.is_object() && found != message.metadata.end()) {
    json.value(*found);
  } else {
    json.null();
  }
}

void write_message(JsonWriter& json, const core::Message& message, int replies) {
  json.object().field("id", message.id).field("threadId", message.thread_id);
  json.field("role", core::to_string(message.role));
  json.field("content", core::visible_text(message.parts));
  write_tool_calls(json, message.parts);
  write_text_or_null(json, "thinkingContent", thinking_of(message.parts));
  write_response(json, message);
  json.key("encKeyVersion").null();
  write_kept_of_turn(json, message, prompt_override_key);
  write_kept_of_turn(json, message, output_schema_key);
  json.field("status", message.edited_out ? "edited_out" : "active");
  write_text_or_null(json, "editParentMessageId", message.edits);
  json.field("revision", message.revision);
  write_text_or_null(json, "threadReplyToId", message.reply_to);
  json.field("replyCount", replies).key("authorAgentId");
  if (message.role == core::Role::assistant) {
    json.value(wire_agent_id(message.origin ? message.origin->agent_id : std::string()));
  } else {
    json.null();
  }
  json.field("createdAt", wire_time(message.created_at)).end_object();
}

// --- bodies -------------------------------------------------------------------------------------

std::unexpected<base::Error> wrong_member(std::string_view name, std::string_view must) {
  return fail(ErrorKind::invalid, std::string(name) + " must be " + std::string(must),
              std::string(name));
}

// null is ""; nullopt when it is not there.
Result<std::optional<std::string>> text_member(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end()) return std::optional<std::string>();
  if (found->is_null()) return std::optional<std::string>("");
  if (!found->is_string()) return wrong_member(name, "a string or null");
  return std::optional<std::string>(found->get<std::string>());
}

Result<std::optional<bool>> flag_member(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return std::optional<bool>();
  if (!found->is_boolean()) return wrong_member(name, "true or false");
  return std::optional<bool>(found->get<bool>());
}

Result<std::optional<std::vector<std::string>>> tags_member(const Json& body) {
  const auto found = body.find("tags");
  if (found == body.end()) return std::optional<std::vector<std::string>>();
  const bool texts = found->is_array() &&
                     std::ranges::all_of(*found, [](const Json& each) { return each.is_string(); });
  if (!texts) return wrong_member("tags", "a list of strings");
  std::vector<std::string> out;
  for (const Json& each : *found) out.push_back(each.get<std::string>());
  return std::optional(std::move(out));
}

Result<std::optional<Json>> context_member(const Json& body) {
  const auto found = body.find("sessionContext");
  if (found == body.end()) return std::optional<Json>();
  if (!found->is_object() && !found->is_null()) {
    return wrong_member("sessionContext", "an object or null");
  }
  return std::optional<Json>(*found);
}

Result<void> take_status(const Json& body, core::ThreadArrangement& out) {
  const auto status = body.find("status");
  if (status == body.end()) return {};
  const bool archived = *status == "archived";
  const bool completed = *status == "completed";
  if (!archived && !completed && *status != "active") {
    return wrong_member("status", "active, completed or archived");
  }
  out.archived = archived;
  if (!archived) out.completed = completed;
  return {};
}

}  // namespace

std::string encode_thread(const core::Thread& thread, const Summaries& summaries) {
  std::string out;
  JsonWriter json(out);
  write_thread(json, thread, summaries);
  return out;
}

std::string encode_threads(std::span<const core::Thread> threads, const Summaries& summaries,
                           std::size_t total) {
  std::string out;
  JsonWriter json(out);
  json.object().key("threads").array();
  for (const core::Thread& thread : threads) write_thread(json, thread, summaries);
  json.end_array().field("total", static_cast<std::uint64_t>(total)).end_object();
  return out;
}

std::string encode_deleted(const core::Thread& thread) {
  std::string out;
  JsonWriter json(out);
  json.object().field("archived", true);
  write_optional_time(json, "archivedAt", thread.archived_at);
  json.end_object();
  return out;
}

std::string encode_thread_event(const core::Event& event) {
  const auto* changed = std::get_if<core::ThreadChanged>(&event.body);
  if (changed == nullptr) return {};
  std::string_view type;
  switch (changed->kind) {
    case core::ThreadChangeKind::other: return {};
    case core::ThreadChangeKind::renamed: type = "thread.renamed"; break;
    case core::ThreadChangeKind::archived: type = "thread.archived"; break;
    case core::ThreadChangeKind::unarchived: type = "thread.unarchived"; break;
  }
  const ScopeNames scope = names_of(event.scope);
  std::string out;
  JsonWriter json(out);
  json.object().field("type", type).field("threadId", event.thread_id);
  if (changed->kind == core::ThreadChangeKind::renamed) {
    write_text_or_null(json, "title", changed->title);
  }
  json.field("updatedAt", wire_time(event.at)).field("organizationId", scope.organization);
  json.field("projectId", scope.project).field("environmentId", scope.environment).end_object();
  return out;
}

std::string encode_message(const core::Message& message, int replies) {
  std::string out;
  JsonWriter json(out);
  write_message(json, message, replies);
  return out;
}

std::string encode_messages(const core::MessageList& list) {
  std::string out;
  JsonWriter json(out);
  json.object().key("messages").array();
  for (const core::Message& message : list.messages) {
    const auto replies = list.replies.find(message.id);
    write_message(json, message, replies == list.replies.end() ? 0 : replies->second);
  }
  json.end_array().field("total", static_cast<std::uint64_t>(list.total)).end_object();
  return out;
}

Result<NewThreadBody> decode_new_thread(std::string_view body) {
  const auto tree = parse_object(body);
  if (!tree) return fail(tree.error());
  auto agent = text_member(*tree, "agentId");
  if (!agent) return fail(std::move(agent.error()));
  auto title = text_member(*tree, "title");
  if (!title) return fail(std::move(title.error()));
  auto context = context_member(*tree);
  if (!context) return fail(std::move(context.error()));
  NewThreadBody out{.agent_id = agent->value_or(""),
                    .title = core::tidy_title(title->value_or("")),
                    .session_context = context->value_or(nullptr)};
  if (out.agent_id.empty()) out.agent_id = core::default_agent_id;
  return out;
}

Result<core::ThreadArrangement> decode_arrangement(std::string_view body) {
  const auto tree = parse_object(body);
  if (!tree) return fail(tree.error());
  core::ThreadArrangement out;
  auto title = text_member(*tree, "title");
  if (!title) return fail(std::move(title.error()));
  out.title = std::move(*title);
  auto tags = tags_member(*tree);
  if (!tags) return fail(std::move(tags.error()));
  out.tags = std::move(*tags);
  auto pinned = flag_member(*tree, "pinned");
  if (!pinned) return fail(std::move(pinned.error()));
  out.pinned = *pinned;
  auto context = context_member(*tree);
  if (!context) return fail(std::move(context.error()));
  out.session_context = std::move(*context);
  if (auto status = take_status(*tree, out); !status) return fail(std::move(status.error()));
  return out;
}

Result<core::ThreadArrangement> decode_rename(std::string_view body) {
  const auto tree = parse_object(body);
  if (!tree) return fail(tree.error());
  auto title = text_member(*tree, "title");
  if (!title) return fail(std::move(title.error()));
  if (!*title) return wrong_member("title", "a string or null");
  return core::ThreadArrangement{.title = std::move(*title)};
}

Result<core::ThreadArrangement> decode_tags(std::string_view body) {
  const auto tree = parse_object(body);
  if (!tree) return fail(tree.error());
  auto tags = tags_member(*tree);
  if (!tags) return fail(std::move(tags.error()));
  if (!*tags) return wrong_member("tags", "a list of strings");
  return core::ThreadArrangement{.tags = std::move(*tags)};
}

Result<core::ThreadArrangement> decode_pin(std::string_view body) {
  const auto tree = parse_object(body);
  if (!tree) return fail(tree.error());
  const auto pinned = flag_member(*tree, "pinned");
  if (!pinned) return fail(pinned.error());
  return core::ThreadArrangement{.pinned = pinned->value_or(true)};
}

Result<core::Fork> decode_fork(std::string_view body) {
  const auto tree = parse_object(body);
  if (!tree) return fail(tree.error());
  // Both names are met: that of the route's own field, and that of the thread that it makes.
  auto message = text_member(*tree, "messageId");
  if (!message) return fail(std::move(message.error()));
  auto from = text_member(*tree, "fromMessageId");
  if (!from) return fail(std::move(from.error()));
  auto title = text_member(*tree, "title");
  if (!title) return fail(std::move(title.error()));
  if (!*message) message = std::move(from);
  core::Fork out{.message_id = message->value_or("")};
  if (*title && !(*title)->empty()) out.title = std::move(*title);
  return out;
}

Result<ThreadsQuery> decode_threads_query(const net::Request& request) {
  ThreadsQuery out;
  core::ThreadPage& page = out.page;
  page.pinned_first = true;
  const std::string agent = request.query_parameter("agentId").value_or("");
  if (!agent.empty()) page.agent_id = agent;
  page.tag = request.query_parameter("tag").value_or("");
  const auto limit = query_number(request, "limit", threads_default, limits::list_rows_max);
  if (!limit) return fail(limit.error());
  page.limit = *limit;
  const auto offset = query_number(request, "offset", 0, offset_max);
  if (!offset) return fail(offset.error());
  page.offset = *offset;
  const auto pinned = query_flag(request, "pinned");
  if (!pinned) return fail(pinned.error());
  page.pinned = *pinned;
  const auto all_users = query_flag(request, "allUsers");
  if (!all_users) return fail(all_users.error());
  out.all_users = all_users->value_or(false);
  page.shown = core::ThreadsShown::not_archived;
  const std::string archived = request.query_parameter("archived").value_or("");
  if (archived == "true" || archived == "1") {
    page.shown = core::ThreadsShown::all;
  } else if (archived == "only") {
    page.shown = core::ThreadsShown::archived;
  } else if (!archived.empty() && archived != "false" && archived != "0") {
    return wrong_member("archived", "true, false or only");
  }
  const std::string status = request.query_parameter("status").value_or("");
  if (status == "archived") {
    page.shown = core::ThreadsShown::archived;
  } else if (status == "active" || status == "completed") {
    page.shown = core::ThreadsShown::not_archived;
    page.completed = status == "completed";
  } else if (!status.empty()) {
    return wrong_member("status", "active, completed or archived");
  }
  return out;
}

Result<core::MessagePage> decode_messages_query(const net::Request& request) {
  const auto limit = query_number(request, "limit", messages_default, limits::list_rows_max);
  if (!limit) return fail(limit.error());
  const auto offset = query_number(request, "offset", 0, offset_max);
  if (!offset) return fail(offset.error());
  const auto edited = query_flag(request, "includeEdited");
  if (!edited) return fail(edited.error());
  return core::MessagePage{.from = *offset, .limit = *limit, .edited_out = edited->value_or(false)};
}

}  // namespace colonnade::dialects::platos
