#include "core/capabilities/capability.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace colonnade::core {
namespace {

constexpr std::string_view builtin_version = "2026-03-07-github-mcp-v1";
constexpr std::array<std::string_view, 4> provider_order = {"composio", "arcade", "mcp", "custom"};

struct BuiltinCapability {
  std::string_view capability;
  std::string_view tool;
};

// Tools of the server's own, under the names that clients know.
constexpr std::array<BuiltinCapability, 12> own_capabilities = {{
    {"files.read", "read"},
    {"files.write", "write"},
    {"files.edit", "edit"},
    {"files.find", "glob"},
    {"files.search", "grep"},
    {"code.patch", "apply_patch"},
    {"code.search", "codesearch"},
    {"shell.run", "bash"},
    {"web.fetch", "webfetch"},
    {"web.search", "websearch"},
    {"human.ask", "question"},
    {"skills.load", "skill"},
}};

// Of GitHub's MCP server, under the name "github".
constexpr std::array<std::string_view, 10> github_actions = {
    "create_pull_request", "list_pull_requests", "get_pull_request", "merge_pull_request",
    "create_issue",        "list_issues",        "get_issue",        "update_issue",
    "add_issue_comment",   "search_code"};

std::vector<CapabilityBinding> make_builtin_bindings() {
  std::vector<CapabilityBinding> out;
  for (const std::string_view action : github_actions) {
    out.push_back({.capability_id = "github." + std::string(action),
                   .provider = "mcp",
                   .tool_name = "mcp.github." + std::string(action),
                   .tool_aliases = {"mcp.github_" + std::string(action)},
                   .metadata = {{"spine", true}}});
  }
  for (const BuiltinCapability& one : own_capabilities) {
    out.push_back({.capability_id = std::string(one.capability),
                   .provider = "custom",
                   .tool_name = std::string(one.tool),
                   .metadata = {{"spine", true}}});
  }
  return out;
}

auto binding_key(const CapabilityBinding& one) {
  return std::tie(one.capability_id, one.provider, one.tool_name);
}

bool is_programs(const CapabilityBinding& one) {
  const auto spine = one.metadata.is_object() ? one.metadata.find("spine") : one.metadata.end();
  return spine != one.metadata.end() && spine->is_boolean() && spine->get<bool>();
}

std::size_t rank_of(std::string_view provider, const std::vector<std::string>& preference) {
  if (!preference.empty()) {
    return static_cast<std::size_t>(std::ranges::find(preference, provider) - preference.begin());
  }
  return static_cast<std::size_t>(std::ranges::find(provider_order, provider) -
                                  provider_order.begin());
}

// The tools that are there, by canonical name.
using ToolsThere = std::map<std::string, const CapabilityTool*>;

const CapabilityTool* tool_of(const CapabilityBinding& binding, const ToolsThere& there) {
  const auto find = [&](const std::string& name) -> const CapabilityTool* {
    const auto found = there.find(canonical_tool_name(name));
    const bool fits = found != there.end() && found->second->provider == binding.provider;
    return fits ? found->second : nullptr;
  };
  if (const CapabilityTool* tool = find(binding.tool_name)) return tool;
  for (const std::string& alias : binding.tool_aliases) {
    if (const CapabilityTool* tool = find(alias)) return tool;
  }
  return nullptr;
}

std::optional<ResolvedCapability> best_binding(const std::string& capability,
                                               const CapabilityBindings& all,
                                               const std::vector<std::string>& preference,
                                               const ToolsThere& there) {
  std::optional<ResolvedCapability> best;
  std::size_t best_rank = 0;
  for (std::size_t i = 0; i < all.bindings.size(); ++i) {
    const CapabilityBinding& one = all.bindings[i];
    if (one.capability_id != capability) continue;
    const CapabilityTool* tool = tool_of(one, there);
    const std::size_t rank = rank_of(one.provider, preference);
    if (tool == nullptr || (best && best_rank <= rank)) continue;
    best_rank = rank;
    best = ResolvedCapability{.capability_id = capability,
                              .provider = one.provider,
                              .tool_name = tool->tool_name,
                              .binding_index = i};
  }
  return best;
}

CapabilitySuggestion suggestion_for(const std::string& capability, const CapabilityBindings& all) {
  CapabilitySuggestion out{.capability_id = capability};
  for (const CapabilityBinding& one : all.bindings) {
    if (one.capability_id == capability) {
      out.bindings.push_back(one.provider + ":" + one.tool_name);
    }
  }
  return out;
}

}  // namespace

std::string capability_provider_of(std::string_view tool_name) {
  if (tool_name.starts_with("mcp.composio.")) return "composio";
  if (tool_name.starts_with("mcp.arcade.")) return "arcade";
  return tool_name.starts_with("mcp.") ? "mcp" : "custom";
}

std::string canonical_tool_name(std::string_view tool_name) {
  std::string out;
  for (const char c : tool_name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_word = is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_word) {
      out += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  while (out.ends_with('_')) out.pop_back();
  return out;
}

const std::vector<CapabilityBinding>& builtin_capability_bindings() {
  static const std::vector<CapabilityBinding> bindings = make_builtin_bindings();
  return bindings;
}

std::string_view builtin_capability_version() { return builtin_version; }

void merge_builtin_bindings(CapabilityBindings& into) {
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> places;
  for (std::size_t i = 0; i < into.bindings.size(); ++i) {
    places.emplace(binding_key(into.bindings[i]), i);
  }
  for (const CapabilityBinding& one : builtin_capability_bindings()) {
    const auto known = places.find(binding_key(one));
    if (known == places.end()) {
      into.bindings.push_back(one);
    } else if (is_programs(into.bindings[known->second])) {
      into.bindings[known->second] = one;
    }
  }
  into.builtin_version = std::string(builtin_version);
}

CapabilityResolution resolve_capabilities(const CapabilityBindings& bindings,
                                          const CapabilityQuestion& question,
                                          const std::vector<CapabilityTool>& available) {
  ToolsThere there;
  for (const CapabilityTool& one : available) {
    there.emplace(canonical_tool_name(one.tool_name), &one);
  }
  // Each once; what is required and optional is required.
  std::map<std::string, bool> wanted;
  for (const std::string& one : question.optional) wanted[one] = false;
  for (const std::string& one : question.required) wanted[one] = true;
  CapabilityResolution out{.considered_bindings = bindings.bindings.size()};
  for (const auto& [capability, is_required] : wanted) {
    auto best = best_binding(capability, bindings, question.provider_preference, there);
    if (best) {
      out.resolved.push_back(std::move(*best));
    } else if (!is_required) {
      out.missing_optional.push_back(capability);
    } else {
      out.missing_required.push_back(capability);
      out.suggestions.push_back(suggestion_for(capability, bindings));
      if (out.suggestions.back().bindings.empty()) out.unbound.push_back(capability);
    }
  }
  return out;
}

}  // namespace colonnade::core
