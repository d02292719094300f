// Bodies of requests.
#include <utility>

#include "sdk/tandem/body_members.hpp"
#include "sdk/tandem/wire.hpp"

namespace colonnade::inline v1::tandem::wire {
namespace {

void write_model(Writer& writer, std::string_view provider, std::string_view model) {
  writer.key("model").object().field("providerID", provider).field("modelID", model).end_object();
}

std::string_view name_of(ToolMode mode) {
  switch (mode) {
    case ToolMode::automatic: return "auto";
    case ToolMode::none: return "none";
    case ToolMode::required: return "required";
  }
  return "auto";
}

std::string_view name_of(ContextMode mode) {
  switch (mode) {
    case ContextMode::automatic: return "auto";
    case ContextMode::compact: return "compact";
    case ContextMode::full: return "full";
  }
  return "auto";
}

std::string_view name_of(PermissionReply reply) {
  switch (reply) {
    case PermissionReply::once: return "once";
    case PermissionReply::always: return "always";
    case PermissionReply::allow: return "allow";
    case PermissionReply::reject: return "reject";
    case PermissionReply::deny: return "deny";
  }
  return "deny";
}

struct PartWriter {
  Writer& writer;
  void operator()(const TextPart& part) const {
    writer.object().field("type", "text").field("text", part.text).end_object();
  }
  void operator()(const FilePart& part) const {
    writer.object().field("type", "file").field("mime", part.mime);
    write_unless_empty(writer, "filename", part.filename);
    writer.field("url", part.url).end_object();
  }
  void operator()(const Json& part) const { writer.raw(part.dump()); }
};

void write_partition(Writer& writer, const MemoryPartition& partition) {
  writer.key("partition").object();
  writer.field("org_id", partition.org_id).field("workspace_id", partition.workspace_id);
  writer.field("project_id", partition.project_id).field("tier", partition.tier).end_object();
}

// What a real engine demands goes where it is one, and where the caller names a partition.
std::optional<MemoryPartition> partition_for(bool real_engine,
                                             const std::optional<MemoryPartition>& given) {
  if (given || !real_engine) return given;
  return MemoryPartition{};
}

}  // namespace

std::string create_session(const CreateSession& request, const ModelRef* model) {
  std::string text;
  Writer writer(text);
  writer.object().field("title", request.title).field("directory", request.directory);
  if (!request.provider.empty() && !request.model.empty()) {
    write_model(writer, request.provider, request.model);
    writer.field("provider", request.provider);
  } else if (model != nullptr) {
    write_model(writer, model->provider_id, model->model_id);
    writer.field("provider", model->provider_id);
  }
  if (!request.permission.empty()) {
    writer.key("permission").array();
    for (const PermissionRule& rule : request.permission) {
      writer.object().field("permission", rule.permission);
      write_unless_empty(writer, "pattern", rule.pattern);
      writer.field("action", rule.action).end_object();
    }
    writer.end_array();
  }
  writer.end_object();
  return text;
}

std::string update_session(const UpdateSession& changes) {
  std::string text;
  Writer writer(text);
  writer.object();
  if (changes.title) writer.field("title", *changes.title);
  write_if_set(writer, "archived", changes.archived);
  writer.end_object();
  return text;
}

std::string prompt(const std::vector<PromptPart>& parts, const PromptOptions& options) {
  std::string text;
  Writer writer(text);
  writer.object().key("parts").array();
  for (const PromptPart& part : parts) std::visit(PartWriter{writer}, part);
  writer.end_array();
  if (options.tool_mode) writer.field("toolMode", name_of(*options.tool_mode));
  write_some_texts(writer, "toolAllowlist", options.tool_allowlist);
  if (options.context_mode) writer.field("contextMode", name_of(*options.context_mode));
  if (options.model) write_model(writer, options.model->provider_id, options.model->model_id);
  write_unless_empty(writer, "agent", options.agent);
  write_if_set(writer, "writeRequired", options.write_required);
  writer.end_object();
  return text;
}

std::string text_body(std::string_view name, std::string_view value) {
  std::string text;
  Writer(text).object().field(name, value).end_object();
  return text;
}

std::string text_body(std::string_view name, std::string_view value, std::string_view second,
                      std::string_view second_value) {
  std::string text;
  Writer writer(text);
  writer.object().field(name, value);
  write_unless_empty(writer, second, second_value);
  writer.end_object();
  return text;
}

std::string execute_tool(std::string_view tool, const Json& args) {
  std::string text;
  Writer writer(text);
  writer.object().field("tool", tool);
  write_json(writer, "args", args.is_null() ? Json::object() : args);
  writer.end_object();
  return text;
}

std::string permission_reply(PermissionReply reply) { return text_body("reply", name_of(reply)); }

std::string provider_defaults(std::string_view provider, std::string_view model) {
  std::string text;
  Writer writer(text);
  writer.object().field("default_provider", provider).key("providers").object();
  writer.key(provider).object().field("default_model", model).end_object();
  writer.end_object().end_object();
  return text;
}

std::string add_mcp(std::string_view name, std::string_view transport,
                    const AddMcpServer& options) {
  std::string text;
  Writer writer(text);
  writer.object().field("name", name).field("transport", transport);
  writer.field("enabled", options.enabled);
  if (!options.headers.empty()) {
    writer.key("headers").object();
    for (const auto& [header, value] : options.headers) writer.field(header, value);
    writer.end_object();
  }
  writer.end_object();
  return text;
}

std::string enabled(bool flag) {
  std::string text;
  Writer(text).object().field("enabled", flag).end_object();
  return text;
}

std::string put_memory(bool real_engine, std::string_view content, const PutMemory& options) {
  const auto partition = partition_for(real_engine, options.partition);
  std::string text;
  Writer writer(text);
  writer.object();
  if (partition) {
    writer.field("run_id", options.run_id);
    write_partition(writer, *partition);
    writer.field("kind", options.kind).field("content", content);
    writer.key("artifact_refs").array().end_array();
    writer.field("classification", options.classification);
  } else {
    writer.field("text", content);
    write_unless_empty(writer, "run_id", options.run_id);
  }
  write_some_texts(writer, "tags", options.tags);
  write_unless_empty(writer, "source", options.source);
  write_unless_empty(writer, "session_id", options.session_id);
  write_some_json(writer, "metadata", options.metadata);
  write_some_json(writer, "capability", options.capability);
  writer.end_object();
  return text;
}

std::string search_memory(bool real_engine, std::string_view query, const SearchMemory& options) {
  const auto partition = partition_for(real_engine, options.partition);
  std::string text;
  Writer writer(text);
  writer.object();
  if (partition) {
    writer.field("run_id", options.run_id);
    write_texts(writer, "read_scopes", options.read_scopes);
    write_partition(writer, *partition);
  } else {
    write_unless_empty(writer, "run_id", options.run_id);
  }
  writer.field("query", query);
  if (options.limit != 0) writer.field("limit", options.limit);
  write_some_texts(writer, "tags", options.tags);
  write_unless_empty(writer, "session_id", options.session_id);
  write_some_json(writer, "capability", options.capability);
  writer.end_object();
  return text;
}

std::string promote_memory(bool real_engine, std::string_view id, const PromoteMemory& options) {
  const auto partition = partition_for(real_engine, options.partition);
  std::string text;
  Writer writer(text);
  writer.object();
  if (partition) {
    writer.field("run_id", options.run_id).field("source_memory_id", id);
    writer.field("from_tier", partition->tier).field("to_tier", options.to_tier);
    write_partition(writer, *partition);
    writer.field("reason", options.reason).key("review").object();
    writer.field("required", !options.reviewer_id.empty());
    write_unless_empty(writer, "reviewer_id", options.reviewer_id);
    write_unless_empty(writer, "approval_id", options.approval_id);
    writer.end_object();
  } else {
    writer.field("id", id);
  }
  write_some_json(writer, "capability", options.capability);
  writer.end_object();
  return text;
}

std::string demote_memory(bool real_engine, std::string_view id, std::string_view run_id) {
  std::string text;
  Writer writer(text);
  writer.object().field("id", id);
  if (real_engine || !run_id.empty()) writer.field("run_id", run_id);
  writer.end_object();
  return text;
}

std::string write_resource(std::string_view key, const Json& value, const WriteResource& options) {
  std::string text;
  Writer writer(text);
  writer.object();
  write_unless_empty(writer, "key", key);
  write_json(writer, "value", value);
  if (options.if_match_rev) writer.field("if_match_rev", *options.if_match_rev);
  write_unless_empty(writer, "updated_by", options.updated_by);
  if (options.ttl) writer.field("ttl_ms", static_cast<std::int64_t>(options.ttl->count()));
  writer.end_object();
  return text;
}

}  // namespace colonnade::inline v1::tandem::wire
