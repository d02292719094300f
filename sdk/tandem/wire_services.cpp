// Replies about providers, configuration, MCP, memory, identity, skills and resources.
#include <utility>

#include "sdk/tandem/replies.hpp"
#include "sdk/tandem/wire.hpp"

namespace colonnade::inline v1::tandem {

std::optional<ModelRef> ProvidersConfig::default_model() const {
  if (default_provider) {
    const auto named = providers.find(*default_provider);
    if (named == providers.end() || named->second.default_model.empty()) return std::nullopt;
    return ModelRef{.provider_id = named->first, .model_id = named->second.default_model};
  }
  for (const auto& [id, provider] : providers) {
    if (provider.default_model.empty()) continue;
    return ModelRef{.provider_id = id, .model_id = provider.default_model};
  }
  return std::nullopt;
}

// --- reading
// --------------------------------------------------------------------------------------

struct Limit {
  std::int64_t& context;
};
static void read(Element value, Limit& out) {
  if (const auto context = member(value, "context")) read(*context, out.context);
}

static void read(Element value, ProviderModel& out) {
  Limit limit{out.context_limit};
  read_object(value, out.extra, Field{"name", out.name}, Field{"limit", limit});
}

static void read(Element value, ProviderEntry& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"name", out.name},
              Field{"models", out.models}, Field{"catalog_source", out.catalog_source},
              Field{"catalog_status", out.catalog_status},
              Field{"catalog_message", out.catalog_message});
}

static void read(Element value, ProviderCatalog& out) {
  read_object(value, out.extra, Field{"all", out.all}, Field{"connected", out.connected},
              Field{"default", out.default_provider});
}

static void read(Element value, ProviderConfig& out) {
  read_object(value, out.extra, Field{"default_model", out.default_model},
              Field{"defaultModel", out.default_model});
}

static void read(Element value, ProvidersConfig& out) {
  read_object(value, out.extra, Field{"providers", out.providers},
              Field{"default", out.default_provider});
}

static void read(Element value, ProviderAuth& out) {
  read_object(value, out.extra, Field{"has_key", out.has_key}, Field{"hasKey", out.has_key},
              Field{"configured", out.configured}, Field{"connected", out.connected},
              Field{"source", out.source});
}

static void read(Element value, McpTool& out) {
  Moment fetched{.at = out.fetched_at, .nanos_per_unit = nanos_per_millisecond};
  read_object(value, out.extra, Field{"server_name", out.server_name},
              Field{"serverName", out.server_name}, Field{"tool_name", out.tool_name},
              Field{"toolName", out.tool_name}, Field{"namespaced_name", out.namespaced_name},
              Field{"namespacedName", out.namespaced_name}, Field{"description", out.description},
              Field{"input_schema", out.input_schema}, Field{"inputSchema", out.input_schema},
              Field{"fetched_at_ms", fetched}, Field{"fetchedAtMs", fetched});
}

static void read(Element value, McpServer& out) {
  read_object(value, out.extra, Field{"name", out.name}, Field{"transport", out.transport},
              Field{"enabled", out.enabled}, Field{"connected", out.connected},
              Field{"last_error", out.last_error}, Field{"lastError", out.last_error},
              Field{"headers", out.headers}, Field{"tool_cache", out.tool_cache},
              Field{"toolCache", out.tool_cache});
}

static void read(Element value, McpResource& out) {
  read_object(value, out.extra, Field{"uri", out.uri}, Field{"name", out.name});
}

static void read(Element value, McpResources& out) {
  read_object(value, out.extra, Field{"server", out.server}, Field{"resources", out.resources});
}

static void read(Element value, MemoryPutResult& out) {
  std::string memory_id;
  read_object(value, out.extra, Field{"id", out.id}, Field{"memoryID", memory_id},
              Field{"memory_id", memory_id}, Field{"stored", out.stored}, Field{"tier", out.tier},
              Field{"partition_key", out.partition_key}, Field{"audit_id", out.audit_id});
  if (out.id.empty()) out.id = std::move(memory_id);
}

static void read(Element value, MemoryItem& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_millisecond};
  std::string text;
  read_object(
      value, out.extra, Field{"id", out.id}, Field{"content", out.content}, Field{"text", text},
      Field{"score", out.score}, Field{"kind", out.kind}, Field{"source_type", out.source_type},
      Field{"tier", out.tier}, Field{"visibility", out.visibility}, Field{"run_id", out.run_id},
      Field{"user_id", out.user_id}, Field{"tags", out.tags}, Field{"created_at_ms", created});
  if (out.content.empty()) out.content = std::move(text);
}

static void read(Element value, MemoryPromotion& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"promoted", out.promoted},
              Field{"new_memory_id", out.new_memory_id}, Field{"to_tier", out.to_tier},
              Field{"scrub_report", out.scrub_report}, Field{"audit_id", out.audit_id});
}

static void read(Element value, MemoryAuditEntry& out) {
  Moment at{.at = out.at, .nanos_per_unit = nanos_per_millisecond};
  std::string audit_id;
  read_object(value, out.extra, Field{"id", out.id}, Field{"audit_id", audit_id},
              Field{"action", out.action}, Field{"run_id", out.run_id},
              Field{"memory_id", out.memory_id}, Field{"created_at_ms", at}, Field{"ts_ms", at});
  if (out.id.empty()) out.id = std::move(audit_id);
}

static void read(Element value, Skill& out) {
  if (const auto info = member(value, "info"); info && info->is_object()) value = *info;
  read_object(value, out.extra, Field{"name", out.name}, Field{"description", out.description});
}

static void read(Element value, ResourceRecord& out) {
  Moment updated{.at = out.updated_at, .nanos_per_unit = nanos_per_millisecond};
  read_object(value, out.extra, Field{"key", out.key}, Field{"value", out.value},
              Field{"rev", out.rev}, Field{"updated_by", out.updated_by},
              Field{"updatedBy", out.updated_by}, Field{"updated_at_ms", updated},
              Field{"updatedAtMs", updated});
}

static void read(Element value, ResourceWriteResult& out) {
  read_object(value, out.extra, Field{"ok", out.ok}, Field{"rev", out.rev});
  // An engine gives the whole record instead.
  const auto resource = member(value, "resource");
  const auto rev = resource ? member(*resource, "rev") : std::nullopt;
  if (rev && !member(value, "rev")) read(*rev, out.rev);
}

namespace wire {

Result<ProviderCatalog> provider_catalog(const CallSpec& spec, const TransportReply& reply) {
  return one<ProviderCatalog>(spec, reply, "");
}
Result<ProvidersConfig> providers_config(const CallSpec& spec, const TransportReply& reply) {
  return one<ProvidersConfig>(spec, reply, "");
}

Result<std::map<std::string, ProviderAuth>> auth_status(const CallSpec& spec,
                                                        const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  std::map<std::string, ProviderAuth> out;
  read(member(*root, "providers").value_or(*root), out);
  return out;
}

Result<EngineConfig> config(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  EngineConfig out;
  read(member(*root, "effective").value_or(*root), out.effective);
  if (const auto layers = member(*root, "layers")) read(*layers, out.layers);
  return out;
}

Result<std::string> new_token(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  std::string token = text_member(*root, {"token"});
  // The body may hold a token under another name: it stays out of the error.
  if (token.empty()) return malformed(spec, {.status = reply.status}, "it lacks \"token\"");
  return token;
}

Result<std::map<std::string, McpServer>> mcp_servers(const CallSpec& spec,
                                                     const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  std::map<std::string, McpServer> out;
  read(*root, out);
  return out;
}
Result<std::vector<McpTool>> mcp_tools(const CallSpec& spec, const TransportReply& reply) {
  return list<McpTool>(spec, reply, {"tools"}, "");
}
Result<std::vector<McpResources>> mcp_resources(const CallSpec& spec, const TransportReply& reply) {
  return list<McpResources>(spec, reply, {"resources"}, "");
}

Result<MemoryPutResult> stored_memory(const CallSpec& spec, const TransportReply& reply) {
  auto stored = one<MemoryPutResult>(spec, reply, "");
  if (stored && stored->id.empty()) return malformed(spec, reply, "it lacks \"id\"");
  return stored;
}

// The list under `name` and how many there are of all.
template <class T, class Out>
static Result<Out> page(const CallSpec& spec, const TransportReply& reply, std::string_view name,
                        std::vector<T> Out::* items) {
  const auto root = open(spec, reply);
  if (!root) return root.error();
  const auto found = list_in(*root, {name});
  if (!found) return malformed(spec, reply, "it lacks \"" + std::string(name) + "\"");
  auto all = items_of<T>(spec, reply, *found, "id");
  if (!all) return std::move(all).error();
  Out out;
  out.*items = *std::move(all);
  out.count = count_in(*root, (out.*items).size());
  Json ignored;
  read_object(*root, out.extra, Field{name, ignored}, Field{"count", ignored});
  return out;
}

Result<MemorySearchResult> found_memories(const CallSpec& spec, const TransportReply& reply) {
  return page<MemoryItem>(spec, reply, "results", &MemorySearchResult::results);
}
Result<MemoryList> memory_list(const CallSpec& spec, const TransportReply& reply) {
  return page<MemoryItem>(spec, reply, "items", &MemoryList::items);
}
Result<MemoryPromotion> promotion(const CallSpec& spec, const TransportReply& reply) {
  return one<MemoryPromotion>(spec, reply, "");
}

Result<MemoryAudit> memory_audit(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply);
  if (!root) return root.error();
  const auto found = list_in(*root, {"entries", "events"});
  if (!found) return malformed(spec, reply, "it lacks \"entries\"");
  auto entries = items_of<MemoryAuditEntry>(spec, reply, *found, "");
  if (!entries) return std::move(entries).error();
  MemoryAudit out{.entries = *std::move(entries), .count = 0};
  out.count = count_in(*root, out.entries.size());
  return out;
}

Result<Identity> identity(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  Identity out;
  if (const auto value = member(*root, "identity")) read(*value, out.identity);
  if (const auto value = member(*root, "presets")) read(*value, out.presets);
  return out;
}

Result<std::vector<Skill>> skills(const CallSpec& spec, const TransportReply& reply) {
  return list<Skill>(spec, reply, {"skills"}, "");
}
Result<std::vector<Skill>> skill_templates(const CallSpec& spec, const TransportReply& reply) {
  return list<Skill>(spec, reply, {"templates"}, "");
}
Result<Skill> skill(const CallSpec& spec, const TransportReply& reply) {
  return one<Skill>(spec, reply, "");
}

Result<std::vector<ResourceRecord>> resources(const CallSpec& spec, const TransportReply& reply) {
  return list<ResourceRecord>(spec, reply, {"items", "resources"}, "key");
}
Result<ResourceRecord> resource(const CallSpec& spec, const TransportReply& reply) {
  return one<ResourceRecord>(spec, reply, "key", "resource");
}
Result<ResourceWriteResult> written_resource(const CallSpec& spec, const TransportReply& reply) {
  return one<ResourceWriteResult>(spec, reply, "");
}

}  // namespace wire
}  // namespace colonnade::inline v1::tandem
