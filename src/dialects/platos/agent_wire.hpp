// Agents and their versions as JSON (platos §2.1). Members that core does not act on are kept as
// they came and given back as they are (AgentProfile::members).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/agents/agent.hpp"

namespace colonnade::dialects::platos {

struct AgentView {
  core::Agent agent;
  std::size_t threads = 0;  // that the caller may see
};

// `default_model`, "provider:model", is what an agent without a model of its own uses.
std::string encode_agent(const AgentView& view, std::string_view default_model);
std::string encode_agents(std::span<const AgentView> views, std::size_t total,
                          std::string_view default_model);
// {"agent": …}
std::string encode_rolled_back(const AgentView& view, std::string_view default_model);

struct VersionsPage {
  std::span<const core::AgentVersion> versions{};
  const core::Agent* agent = nullptr;  // theirs
  std::size_t page_size = 0;
  bool more = false;
};
std::string encode_versions(const VersionsPage& page, std::string_view default_model);

// What an agent that is made over this wire has before its body is read (platos §2.1).
core::Agent agent_template(core::Scope scope);
// Lays the body's members over the agent; those it lacks stay. Unknown ones are ignored. Errors:
// invalid, naming the member as the wire does.
base::Result<void> apply_agent_body(const base::Json& body, core::Agent& agent);

// How the model reaches its tools, in the wire's word, by an agent's members that are kept
// (AgentProfile::members): `toolMode`, else the `mode` that is said beside the tools, else direct.
std::string_view tool_mode_of(const base::Json& members);

struct CanaryBody {
  std::string version_id{};  // "" ends it
  int percent = 0;
};
base::Result<CanaryBody> decode_canary(const base::Json& body);

}  // namespace colonnade::dialects::platos
