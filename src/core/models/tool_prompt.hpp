// A prompt that is one tool call (tandem §4.1): "/tool NAME {json}".
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace colonnade::core {

// The provider that makes such a call instead of asking a model (providers/tool_prompt): what a
// message's settings name for it.
constexpr std::string_view tool_prompt_provider = "tool_prompt";

struct PromptedCall {
  std::string tool{};  // as it was written
  base::Json arguments = base::Json::object();
};

// nullopt for any other text. Arguments that are missing or no JSON object are {}.
std::optional<PromptedCall> prompted_call(std::string_view text);

}  // namespace colonnade::core
