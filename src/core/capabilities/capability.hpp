// A capability: what work needs, in words that name no tool ("github.create_issue"). Bindings say
// which tools have it; which of them are there is asked each time (tandem §4.11).
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace colonnade::core {

struct CapabilityBinding {
  std::string capability_id{};
  std::string provider{};   // "composio", "arcade", "mcp", "custom", or another
  std::string tool_name{};  // as clients name it (core/tools/tool_names.hpp)
  std::vector<std::string> tool_aliases{};
  base::Json request_transform = nullptr;   // kept for clients; nothing is transformed here
  base::Json response_transform = nullptr;  // the same
  base::Json metadata = base::Json::object();
};

// All bindings of a scope: its operator's, and the built-in ones.
struct CapabilityBindings {
  std::string schema_version{"v1"};
  base::Json generated_at = nullptr;  // as whoever set them says
  std::string builtin_version{};
  base::Time merged_at{};  // when they last came together: they were set, or the program began
  std::vector<CapabilityBinding> bindings{};
};

// A tool that is there.
struct CapabilityTool {
  std::string provider{};
  std::string tool_name{};
  base::Json schema = base::Json::object();
};

struct CapabilityQuestion {
  std::string workflow_id{};
  std::vector<std::string> required{};
  std::vector<std::string> optional{};
  std::vector<std::string> provider_preference{};  // empty: composio, arcade, mcp, custom
  std::vector<CapabilityTool> available{};         // empty: what the caller's tools are
  bool allow_unbound = false;                      // of readiness alone
};

struct ResolvedCapability {
  std::string capability_id{};
  std::string provider{};
  std::string tool_name{};  // as the available tool is called
  std::size_t binding_index = 0;
};

// What a missing capability could be bound to.
struct CapabilitySuggestion {
  std::string capability_id{};
  std::vector<std::string> bindings{};  // "provider:tool"
};

struct CapabilityResolution {
  std::vector<ResolvedCapability> resolved{};  // this and the lists below by capability id
  std::vector<std::string> missing_required{};
  std::vector<std::string> missing_optional{};
  std::vector<std::string>
      unbound{};  // those of the missing required ones that nothing is bound to
  std::vector<CapabilitySuggestion> suggestions{};  // for the missing required ones
  std::size_t considered_bindings = 0;
};

// --- rules; pure ---

// What a client's name of a tool says of who provides it.
std::string capability_provider_of(std::string_view tool_name);
// Names that differ in case and in what parts their words are one: lower case, any run of other
// characters than letters and digits is one '_'.
std::string canonical_tool_name(std::string_view tool_name);

// The bindings that the program knows, and which edition of them it is.
const std::vector<CapabilityBinding>& builtin_capability_bindings();
std::string_view builtin_capability_version();
// Those that are missing by (capability, provider, tool) are added; those whose metadata say
// "spine" are the program's, and brought up to date.
void merge_builtin_bindings(CapabilityBindings& into);

// For each capability the best binding whose tool is available: by the providers that are
// preferred, then by the order of the bindings.
CapabilityResolution resolve_capabilities(const CapabilityBindings& bindings,
                                          const CapabilityQuestion& question,
                                          const std::vector<CapabilityTool>& available);

}  // namespace colonnade::core
