// Stands in for a model where the user's message is one tool call (tandem §4.1): "/tool NAME
// {json}" becomes that call, and its result the answer. The call passes the gate, waits for humans
// and is recorded as a model's; whoever starts the run chooses this provider by its name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "core/models/model_provider.hpp"

namespace colonnade::providers::tool_prompt {

// A message that is no tool call is answered with how to write one. Arguments that are left out, or
// are no JSON object, count as {}.
std::unique_ptr<core::ModelProvider> make_provider();

}  // namespace colonnade::providers::tool_prompt
