// A message and its parts.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/models/usage.hpp"

namespace colonnade::core {

struct TextPart {
  std::string text{};
  bool operator==(const TextPart&) const = default;
};

// What the model thought. Kept and sent back unchanged to the provider that produced it, because it
// may check its signature; other providers never see it.
struct ReasoningPart {
  std::string provider{};   // who produced it
  std::string text{};       // "" for a redacted block
  std::string signature{};  // opaque
  std::string redacted{};   // opaque encrypted block; "" when the text is open
  base::Json details =
      nullptr;  // vendor's own form where it needs more (OpenRouter reasoning_details)
  bool operator==(const ReasoningPart&) const = default;
};

// The model declined. Shown like text, but never sent back as if it were an answer.
struct RefusalPart {
  std::string text{};
  bool operator==(const RefusalPart&) const = default;
};

struct FilePart {
  std::string mime{};
  std::string filename{};
  std::string url{};       // data:, https:, attachment:ID or a path in the workspace
  std::int64_t bytes = 0;  // of an attachment; 0: the URL says it, or nobody knows
  bool operator==(const FilePart&) const = default;
};

struct ToolCallPart {
  std::string call_id{};  // the provider's id of the call, or ours
  std::string tool{};
  base::Json arguments = base::Json::object();
  // The text of arguments that were not a JSON object; then `arguments` is {}. The call fails.
  std::string malformed_arguments{};
  bool operator==(const ToolCallPart&) const = default;
};

struct ToolResultPart {
  std::string call_id{};
  std::string tool{};
  std::string content{};
  bool is_error = false;
  bool operator==(const ToolResultPart&) const = default;
};

// A content block of the provider's that we do not interpret (server tools, citations). Sent back
// unchanged to that provider, dropped for others.
struct ProviderPart {
  std::string provider{};
  base::Json block = nullptr;
  bool operator==(const ProviderPart&) const = default;
};

using Part = std::variant<TextPart, ReasoningPart, RefusalPart, FilePart, ToolCallPart,
                          ToolResultPart, ProviderPart>;

enum class Role { user, assistant, system };
std::string_view to_string(Role role);
std::optional<Role> role_from(std::string_view text);

// How an assistant's message came about.
struct AnswerOrigin {
  std::string agent_id{};
  std::string version_id{};                // of the agent; "" for none
  std::string version_bucket{};            // VersionChoice::bucket
  std::int64_t cost_micros = 0;            // micro-US-dollars; 0 when the price is unknown
  std::int64_t took_micros = 0;            // from the run's start to its end
  base::Json structured_output = nullptr;  // the answer as the value that a schema asked for
  bool operator==(const AnswerOrigin&) const = default;
};

// One message. An assistant's message holds its whole turn in order: reasoning, text, calls, the
// calls' results, text again. Append-only: what a stored message says never changes.
struct Message {
  std::string id{};
  std::string thread_id{};
  std::string run_id{};  // the run that it started or that made it; "" for neither
  Role role = Role::user;
  std::vector<Part> parts{};
  std::string user_id{};    // author of a user message
  std::string device_id{};  // author's device, or ""
  base::Time created_at{};
  std::string model{};            // assistant: as the provider reported it
  std::string provider{};         // assistant: who was asked, by its configured name
  std::optional<Usage> usage{};   // assistant: summed over the turn's model calls
  base::Json metadata = nullptr;  // a client's own, e.g. {"clientMessageId": "…"}; null when none
  std::string reply_to{};         // the message that it answers beside the main line; "" for none
  // Taken back by a later message in its place: out of every page that does not ask for such.
  bool edited_out = false;
  std::string edits{};                   // the message in whose place it stands; "" for none
  int revision = 1;                      // counts up with each edit
  std::optional<AnswerOrigin> origin{};  // assistant
};

// Text and refusal parts joined; what a plain-text dialect shows.
std::string visible_text(const std::vector<Part>& parts);

}  // namespace colonnade::core
