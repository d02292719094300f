// The body of a prompt (tandem §2.2): its parts, and how it is to be answered.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/agents/agent.hpp"
#include "core/runs/turn_options.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// A text, or a file that is yet to be found.
struct PromptPart {
  std::string text{};
  bool is_file = false;
  std::string mime{};
  std::string filename{};
  std::string url{};  // data:, http(s):, file:, attachment: or a path
};

struct Prompt {
  std::vector<PromptPart> parts{};
  core::ModelSettings settings{};
  std::string agent{};  // as the client calls it; "" for none
  core::ToolUse tool_use = core::ToolUse::automatic;
  std::optional<std::vector<std::string>> tools{};
};

// Errors name the member. A prompt without a part is invalid.
base::Result<Prompt> decode_prompt(const base::Json& body);

// Who sent it, of the headers that the engine reads: {"clientID","agentID","correlationID"}; null
// when there are none.
base::Json client_of(const net::Request& request);

}  // namespace colonnade::dialects::tandem
