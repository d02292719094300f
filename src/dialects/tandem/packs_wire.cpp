#include "dialects/tandem/packs_wire.hpp"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "core/packs/pack_skills.hpp"
#include "core/tools/tool_names.hpp"
#include "dialects/tandem/run_words.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::fail;
using base::Json;
using base::Result;
using core::PackItemKind;

bool is_zip(const net::Request& request) {
  const std::string_view type = request.header("Content-Type");
  return type.starts_with("application/zip") || type.starts_with("application/octet-stream") ||
         type.starts_with("application/x-zip-compressed");
}

Json ids_of(const core::PackManifest& manifest, PackItemKind kind) {
  Json out = Json::array();
  for (const core::PackItem& one : manifest.items) {
    if (one.kind == kind) out.push_back(one.id);
  }
  return out;
}

Json items_of(const core::PackManifest& manifest, PackItemKind kind) {
  Json out = Json::array();
  for (const core::PackItem& one : manifest.items) {
    if (one.kind == kind) out.push_back({{"id", one.id}, {"path", one.path}});
  }
  return out;
}

Json shown_tool_names(const std::vector<std::string>& tools) {
  Json out = Json::array();
  for (const std::string& one : tools) out.push_back(core::engine_tool(one));
  return out;
}

Json agents_of(const core::PackSheet& sheet) {
  Json out = Json::array();
  for (const core::PackAgent& one : sheet.definitions.agents) {
    // Without a list an agent may see all tools.
    out.push_back({{"id", one.item_id},
                   {"name", one.agent.name},
                   {"tools", one.agent.tools ? shown_tool_names(*one.agent.tools) : Json()}});
  }
  return out;
}

Json routines_of(const core::PackSheet& sheet) {
  Json out = Json::array();
  for (const core::PackRoutine& one : sheet.definitions.routines) {
    const core::RoutineTask& task = one.routine.task;
    out.push_back({{"id", one.item_id},
                   {"routine_id", one.routine.id},
                   {"name", one.routine.name},
                   {"scheduled", one.routine.timing.has_value()},
                   {"allowed_tools", task.allowed_tools},
                   {"requires_approval", task.requires_approval},
                   {"external_integrations_allowed", task.external_integrations_allowed}});
  }
  return out;
}

Json skills_of(const core::PackManifest& manifest) {
  Json out = Json::array();
  for (const core::PackItem& one : manifest.items) {
    if (one.kind != PackItemKind::skill) continue;
    out.push_back(core::pack_skill_name(manifest, one.id));
  }
  return out;
}

Json registered_of(const core::Pack& pack) {
  Json out = Json::array();
  for (const core::PackMade& one : pack.made) {
    out.push_back({{"kind", core::to_string(one.kind)}, {"item", one.item_id}, {"id", one.id}});
  }
  return out;
}

Json trust_of(const core::Pack& pack) {
  const bool is_verified = pack.trust == core::PackTrust::verified;
  const char* word = is_verified ? "verified" : "unverified";
  Json out = {{"publisher_verification", word},
              {"verification_badge", word},
              {"signature", core::to_string(pack.trust)}};
  if (is_verified) out["publisher"] = pack.publisher;
  return out;
}

Json risk_of(const core::PackManifest& m) {
  return {{"routines_enabled", false},
          {"routines_declared", !ids_of(m, PackItemKind::routine).empty()},
          {"workflows_declared", !ids_of(m, PackItemKind::workflow).empty()},
          {"workflow_hooks_declared", !ids_of(m, PackItemKind::workflow_hook).empty()},
          {"required_capabilities_count", m.capabilities.required.size()},
          {"optional_capabilities_count", m.capabilities.optional.size()},
          {"non_portable_dependencies", !m.capabilities.provider_specific.empty()}};
}

// More than a pack of skills and agents: it acts by itself, or works with one vendor alone.
bool is_elevated(const core::PackManifest& m) {
  return !ids_of(m, PackItemKind::routine).empty() ||
         !ids_of(m, PackItemKind::workflow_hook).empty() ||
         !m.capabilities.provider_specific.empty();
}

Json permission_sheet_of(const core::PackSheet& sheet) {
  const core::PackManifest& m = sheet.pack.manifest;
  return {{"required_capabilities", m.capabilities.required},
          {"optional_capabilities", m.capabilities.optional},
          {"provider_specific_dependencies", m.capabilities.provider_specific},
          {"routines_declared", ids_of(m, PackItemKind::routine)},
          {"workflows_declared", ids_of(m, PackItemKind::workflow)},
          {"workflow_hooks_declared", ids_of(m, PackItemKind::workflow_hook)},
          {"routines_enabled", false},
          {"risk_level", is_elevated(m) ? "elevated" : "standard"},
          {"agents", agents_of(sheet)},
          {"routines", routines_of(sheet)},
          {"skills", skills_of(m)}};
}

Json workflow_extensions_of(const core::PackManifest& m) {
  Json workflows = items_of(m, PackItemKind::workflow);
  Json hooks = items_of(m, PackItemKind::workflow_hook);
  const std::size_t workflow_count = workflows.size();
  const std::size_t hook_count = hooks.size();
  return {{"workflow_entrypoints", m.entry_workflows},
          {"workflows", std::move(workflows)},
          {"workflow_hooks", std::move(hooks)},
          {"workflow_count", workflow_count},
          {"workflow_hook_count", hook_count}};
}

Result<void> read_text(const Json& body, std::initializer_list<std::string_view> names,
                       std::string& into) {
  auto text = text_member(body, names);
  if (!text) return fail(std::move(text.error()));
  into = std::move(*text).value_or("");
  return {};
}

}  // namespace

Result<core::PackInput> decode_pack_input(const net::Request& request) {
  core::PackInput out;
  if (is_zip(request)) {
    out.bytes = request.body;
    return out;
  }
  const auto body = body_of(request);
  if (!body) return fail(body.error());
  if (auto r = read_text(*body, {"path"}, out.path); !r) return fail(r.error());
  if (auto r = read_text(*body, {"url"}, out.url); !r) return fail(r.error());
  if (auto r = read_text(*body, {"attachment_id", "attachmentId"}, out.attachment_id); !r) {
    return fail(r.error());
  }
  if (auto r = read_text(*body, {"connector"}, out.connector); !r) return fail(r.error());
  if (auto r = read_text(*body, {"channel_id", "channelId"}, out.channel_id); !r) {
    return fail(r.error());
  }
  if (auto r = read_text(*body, {"sender_id", "senderId"}, out.sender_id); !r) {
    return fail(r.error());
  }
  if (const Json* source = member(*body, {"source"})) out.source = *source;
  return out;
}

Result<core::PackSelector> decode_pack_selector(const Json& body) {
  core::PackSelector out;
  if (auto r = read_text(body, {"pack_id", "packId", "packID"}, out.pack_id); !r) {
    return fail(r.error());
  }
  if (auto r = read_text(body, {"name"}, out.name); !r) return fail(r.error());
  if (auto r = read_text(body, {"version"}, out.version); !r) return fail(r.error());
  return out;
}

Json encode_pack(const core::Pack& pack) {
  return {{"pack_id", pack.manifest.pack_id},
          {"name", pack.manifest.name},
          {"version", pack.manifest.version},
          {"pack_type", pack.manifest.type},
          {"install_path", pack.install_path},
          {"sha256", pack.sha256},
          {"installed_at_ms", milliseconds_of(pack.installed_at)},
          {"source", pack.source},
          {"marker_detected", true},
          {"routines_enabled", false}};
}

Json encode_pack_sheet(const core::PackSheet& sheet) {
  const core::PackManifest& m = sheet.pack.manifest;
  Json out = {{"manifest", m.tree},
              {"trust", trust_of(sheet.pack)},
              {"risk", risk_of(m)},
              {"permission_sheet", permission_sheet_of(sheet)},
              {"workflow_extensions", workflow_extensions_of(m)},
              {"files", sheet.pack.files},
              {"bytes", sheet.pack.bytes}};
  if (sheet.pack.revision != 0) {
    out["installed"] = encode_pack(sheet.pack);
    out["registered"] = registered_of(sheet.pack);
  } else {
    out["sha256"] = sheet.pack.sha256;
    out["possible_secrets"] = sheet.secrets;
  }
  return out;
}

Json encode_pack_difference(const core::PackDifference& difference) {
  return {{"added_required_capabilities", difference.added_required},
          {"removed_required_capabilities", difference.removed_required},
          {"added_provider_specific_dependencies", difference.added_provider_specific},
          {"removed_provider_specific_dependencies", difference.removed_provider_specific},
          {"routine_scope_changed", difference.routines_differ}};
}

}  // namespace colonnade::dialects::tandem
