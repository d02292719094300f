// Packs and capabilities: bodies and replies.
#include <utility>

#include "sdk/tandem/body_members.hpp"
#include "sdk/tandem/replies.hpp"
#include "sdk/tandem/wire_packs.hpp"

namespace colonnade::inline v1::tandem {

// --- reading

static void read(Element value, PackRecord& out) {
  Moment installed{out.installed_at, nanos_per_millisecond};
  read_object(value, out.extra, Field{"pack_id", out.pack_id}, Field{"name", out.name},
              Field{"version", out.version}, Field{"pack_type", out.pack_type},
              Field{"install_path", out.install_path}, Field{"sha256", out.sha256},
              Field{"installed_at_ms", installed}, Field{"source", out.source},
              Field{"routines_enabled", out.routines_enabled});
}

static void read(Element value, std::optional<PackRecord>& out) {
  if (value.is_object()) read(value, out.emplace());
}

static void read(Element value, PackSheet& out) {
  read_object(value, out.extra, Field{"installed", out.installed}, Field{"manifest", out.manifest},
              Field{"trust", out.trust}, Field{"risk", out.risk},
              Field{"permission_sheet", out.permission_sheet},
              Field{"workflow_extensions", out.workflow_extensions});
}

static void read(Element value, std::optional<PackSheet>& out) {
  if (value.is_object()) read(value, out.emplace());
}

static void read(Element value, DetectedPack& out) {
  read_object(value, out.extra, Field{"is_pack", out.is_pack}, Field{"marker", out.marker},
              Field{"pack", out.pack});
}

static void read(Element value, ExportedPack& out) {
  read_object(value, out.extra, Field{"path", out.path}, Field{"sha256", out.sha256},
              Field{"bytes", out.bytes});
}

static void read(Element value, PackUpdates& out) {
  read_object(value, out.extra, Field{"pack_id", out.pack_id}, Field{"name", out.name},
              Field{"current_version", out.current_version}, Field{"updates", out.updates},
              Field{"permissions_diff", out.permissions_diff},
              Field{"reapproval_required", out.reapproval_required});
}

static void read(Element value, PackUpdate& out) {
  read_object(value, out.extra, Field{"updated", out.updated}, Field{"pack_id", out.pack_id},
              Field{"name", out.name}, Field{"current_version", out.current_version},
              Field{"target_version", out.target_version}, Field{"reason", out.reason},
              Field{"permissions_diff", out.permissions_diff},
              Field{"reapproval_required", out.reapproval_required},
              Field{"installed", out.installed});
}

static void read(Element value, CapabilityBinding& out) {
  read_object(value, out.extra, Field{"capability_id", out.capability_id},
              Field{"provider", out.provider}, Field{"tool_name", out.tool_name},
              Field{"tool_name_aliases", out.tool_name_aliases},
              Field{"request_transform", out.request_transform},
              Field{"response_transform", out.response_transform}, Field{"metadata", out.metadata});
}

static void read(Element value, CapabilityBindings& out) {
  Moment merged{out.last_merged_at, nanos_per_millisecond};
  read_object(value, out.extra, Field{"schema_version", out.schema_version},
              Field{"generated_at", out.generated_at},
              Field{"builtin_version", out.builtin_version}, Field{"last_merged_at_ms", merged},
              Field{"bindings", out.bindings});
}

static void read(Element value, CapabilityTool& out) {
  read_object(value, out.extra, Field{"provider", out.provider}, Field{"tool_name", out.tool_name},
              Field{"schema", out.schema});
}

static void read(Element value, ResolvedCapability& out) {
  read_object(value, out.extra, Field{"capability_id", out.capability_id},
              Field{"provider", out.provider}, Field{"tool_name", out.tool_name},
              Field{"binding_index", out.binding_index});
}

static void read(Element value, CapabilityResolution& out) {
  read_object(value, out.extra, Field{"resolved", out.resolved},
              Field{"missing_required", out.missing_required},
              Field{"missing_optional", out.missing_optional},
              Field{"considered_bindings", out.considered_bindings});
}

static void read(Element value, CapabilityReadiness& out) {
  read_object(value, out.extra, Field{"runnable", out.runnable}, Field{"resolved", out.resolved},
              Field{"missing_required_capabilities", out.missing_required},
              Field{"missing_optional_capabilities", out.missing_optional},
              Field{"unbound_capabilities", out.unbound});
}

namespace wire {

namespace {

// The object under `name`.
template <class T>
Result<T> under(const CallSpec& spec, const TransportReply& reply, std::string_view name) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  const auto object = member(*root, name);
  if (!object || !object->is_object()) {
    return malformed(spec, reply, "it lacks \"" + std::string(name) + "\"");
  }
  T out;
  read(*object, out);
  return out;
}

void write_place(Writer& writer, const PackPlace& place) {
  write_unless_empty(writer, "path", place.path);
  write_unless_empty(writer, "url", place.url);
}

}  // namespace

Result<std::vector<PackRecord>> packs(const CallSpec& spec, const TransportReply& reply) {
  return list<PackRecord>(spec, reply, {"packs"}, "name");
}
Result<PackSheet> pack_sheet(const CallSpec& spec, const TransportReply& reply) {
  return under<PackSheet>(spec, reply, "pack");
}
Result<DetectedPack> detected_pack(const CallSpec& spec, const TransportReply& reply) {
  return one<DetectedPack>(spec, reply, "");
}
Result<PackRecord> installed_pack(const CallSpec& spec, const TransportReply& reply) {
  return under<PackRecord>(spec, reply, "installed");
}
Result<PackRecord> removed_pack(const CallSpec& spec, const TransportReply& reply) {
  return under<PackRecord>(spec, reply, "removed");
}
Result<ExportedPack> exported_pack(const CallSpec& spec, const TransportReply& reply) {
  return under<ExportedPack>(spec, reply, "exported");
}
Result<PackUpdates> pack_updates(const CallSpec& spec, const TransportReply& reply) {
  return one<PackUpdates>(spec, reply, "");
}
Result<PackUpdate> pack_update(const CallSpec& spec, const TransportReply& reply) {
  return one<PackUpdate>(spec, reply, "");
}
Result<CapabilityBindings> capability_bindings(const CallSpec& spec, const TransportReply& reply) {
  return under<CapabilityBindings>(spec, reply, "bindings");
}
Result<std::vector<CapabilityTool>> capability_tools(const CallSpec& spec,
                                                     const TransportReply& reply) {
  return list<CapabilityTool>(spec, reply, {"tools"}, "tool_name");
}
Result<CapabilityResolution> capability_resolution(const CallSpec& spec,
                                                   const TransportReply& reply) {
  return under<CapabilityResolution>(spec, reply, "resolution");
}
Result<CapabilityReadiness> capability_readiness(const CallSpec& spec,
                                                 const TransportReply& reply) {
  return under<CapabilityReadiness>(spec, reply, "readiness");
}

// --- writing

std::string install_pack(const InstallPack& request) {
  std::string text;
  Writer writer(text);
  writer.object();
  write_place(writer, request.from);
  write_some_json(writer, "source", request.source);
  writer.end_object();
  return text;
}

std::string install_attached_pack(const InstallPackFromAttachment& request) {
  std::string text;
  Writer writer(text);
  writer.object();
  writer.field("attachment_id", request.attachment_id);
  write_unless_empty(writer, "path", request.path);
  write_unless_empty(writer, "connector", request.connector);
  write_unless_empty(writer, "channel_id", request.channel_id);
  write_unless_empty(writer, "sender_id", request.sender_id);
  writer.end_object();
  return text;
}

std::string detect_pack(const PackPlace& place) {
  std::string text;
  Writer writer(text);
  writer.object();
  write_place(writer, place);
  writer.end_object();
  return text;
}

std::string select_pack(const PackSelector& which, std::string_view output_path) {
  std::string text;
  Writer writer(text);
  writer.object();
  write_unless_empty(writer, "pack_id", which.pack_id);
  write_unless_empty(writer, "name", which.name);
  write_unless_empty(writer, "version", which.version);
  write_unless_empty(writer, "output_path", output_path);
  writer.end_object();
  return text;
}

std::string update_pack(const UpdatePack& request) {
  std::string text;
  Writer writer(text);
  writer.object();
  write_unless_empty(writer, "target_version", request.target_version);
  write_place(writer, request.from);
  if (request.approved) writer.field("approved", true);
  writer.end_object();
  return text;
}

std::string capability_file(const CapabilityBindings& file) {
  std::string text;
  Writer writer(text);
  writer.object().field("schema_version", file.schema_version);
  write_some_json(writer, "generated_at", file.generated_at);
  writer.key("bindings").array();
  for (const CapabilityBinding& one : file.bindings) {
    writer.object();
    writer.field("capability_id", one.capability_id);
    writer.field("provider", one.provider);
    writer.field("tool_name", one.tool_name);
    write_texts(writer, "tool_name_aliases", one.tool_name_aliases);
    write_json(writer, "request_transform", one.request_transform);
    write_json(writer, "response_transform", one.response_transform);
    write_json(writer, "metadata", one.metadata.is_null() ? Json::object() : one.metadata);
    writer.end_object();
  }
  writer.end_array().end_object();
  return text;
}

std::string resolve_capabilities(const ResolveCapabilities& request) {
  std::string text;
  Writer writer(text);
  writer.object();
  write_unless_empty(writer, "workflow_id", request.workflow_id);
  write_texts(writer, "required_capabilities", request.required_capabilities);
  write_some_texts(writer, "optional_capabilities", request.optional_capabilities);
  write_some_texts(writer, "provider_preference", request.provider_preference);
  if (!request.available_tools.empty()) {
    writer.key("available_tools").array();
    for (const CapabilityTool& one : request.available_tools) {
      writer.object();
      write_unless_empty(writer, "provider", one.provider);
      writer.field("tool_name", one.tool_name);
      write_some_json(writer, "schema", one.schema);
      writer.end_object();
    }
    writer.end_array();
  }
  if (request.allow_unbound) writer.field("allow_unbound", true);
  writer.end_object();
  return text;
}

}  // namespace wire
}  // namespace colonnade::inline v1::tandem
