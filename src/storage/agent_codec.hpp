// How the store keeps an agent's profile, a turn's options, and a thread's rules and moves, as
// event_codec.hpp says of all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/agents/agent_profile.hpp"
#include "core/runs/turn_options.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::storage {

// "" when every member is its default.
std::string profile_text(const core::AgentProfile& profile);
base::Result<core::AgentProfile> read_profile(std::string_view text);
std::string turn_options_text(const core::TurnOptions& options);
base::Result<core::TurnOptions> read_turn_options(std::string_view text);
// "" for none.
std::string rules_text(const std::vector<core::PermissionRule>& rules);
base::Result<std::vector<core::PermissionRule>> read_rules(std::string_view text);
std::string move_text(const std::optional<core::DirectoryMove>& move);
base::Result<std::optional<core::DirectoryMove>> read_move(std::string_view text);

}  // namespace colonnade::storage
