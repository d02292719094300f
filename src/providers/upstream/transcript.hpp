// A conversation laid out the way every vendor wants it. One assistant message of ours holds a
// whole turn; vendors want the model's words, then the tools' results, then the model's words
// again, and they refuse a call without its result.
#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "core/models/model_provider.hpp"
#include "core/threads/message.hpp"

namespace colonnade::providers::upstream {

enum class EntryKind { system, user, assistant, tool_results };

struct Entry {
  EntryKind kind = EntryKind::user;
  std::vector<const core::Part*> parts{};  // tool_results: only ToolResultParts
};

// What a call gets whose result was never stored.
inline constexpr std::string_view missing_result =
    "No result: the turn ended before this tool did. Whether it had an effect is unknown.";

class Transcript {
 public:
  // Keeps pointers into `messages`, which must outlive it.
  explicit Transcript(const std::vector<core::Message>& messages);
  Transcript(const Transcript&) = delete;
  Transcript& operator=(const Transcript&) = delete;

  // In order. Every call of an assistant entry has exactly one result in the tool_results entry
  // right behind it; results without a call are left out.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  void add_turn(const std::vector<core::Part>& parts);
  void settle(std::vector<const core::ToolCallPart*>& open);

  std::vector<Entry> entries_;
  std::deque<core::Part> synthetic_results_;  // results for calls that have none
};

// The name of a called tool as vendors take it in a history: a model may have called one that there
// is not, by a name that they refuse. A good one as it is.
std::string called_name(std::string_view name);

// A tool's input schema as vendors require it: an object schema, {} included, without combinations
// at its top, whose properties it has instead, and with what else some of them refuse mended. One
// tool of a stranger's would otherwise fail every request that offers it; what its server wants it
// checks itself.
base::Json object_schema(const base::Json& schema);

}  // namespace colonnade::providers::upstream
