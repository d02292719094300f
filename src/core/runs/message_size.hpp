// Whether a user's message is small enough, before anything is stored of it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/agents/agent.hpp"
#include "core/context/context.hpp"
#include "core/models/model_provider.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

// Of its texts, files and arguments, as they were sent.
std::size_t size_of(const std::vector<Part>& parts);

// too_large with the field "content", naming the setting.
base::Result<void> check_size(const std::vector<Part>& parts, std::size_t bytes_max);

// Who would be asked.
struct AskedModel {
  std::string provider{};
  std::string model{};
  ModelSettings settings{};
};
// too_large with the field "content" when the message, the agent's instructions and `tools`, which
// the model is shown, leave it no room to answer, by estimate.
base::Result<void> check_window(const Message& message, const Agent& agent, const AskedModel& asked,
                                const ContextOptions& options,
                                const std::vector<ToolDefinition>& tools);
// Whether that need not be asked, as its bytes say: limits::tool_tokens_usual are left for tools.
bool surely_fits_window(const Message& message, const Agent& agent, const AskedModel& asked,
                        const ContextOptions& options);

}  // namespace colonnade::core
