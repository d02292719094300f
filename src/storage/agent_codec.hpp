// How the store keeps an agent's profile and a turn's options, as event_codec.hpp says of all.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/agents/agent_profile.hpp"
#include "core/runs/turn_options.hpp"

namespace colonnade::storage {

// "" when every member is its default.
std::string profile_text(const core::AgentProfile& profile);
base::Result<core::AgentProfile> read_profile(std::string_view text);
std::string turn_options_text(const core::TurnOptions& options);
base::Result<core::TurnOptions> read_turn_options(std::string_view text);

}  // namespace colonnade::storage
