#include "providers/upstream/transcript.hpp"

#include <algorithm>

namespace colonnade::providers::upstream {

Transcript::Transcript(const std::vector<core::Message>& messages) {
  for (const auto& message : messages) {
    if (message.role == core::Role::assistant) {
      add_turn(message.parts);
      continue;
    }
    Entry entry{.kind = message.role == core::Role::system ? EntryKind::system : EntryKind::user};
    for (const auto& part : message.parts) entry.parts.push_back(&part);
    entries_.push_back(std::move(entry));
  }
}

void Transcript::add_turn(const std::vector<core::Part>& parts) {
  std::vector<const core::ToolCallPart*> open;
  entries_.push_back({.kind = EntryKind::assistant});
  for (const auto& part : parts) {
    if (const auto* result = std::get_if<core::ToolResultPart>(&part)) {
      const auto call = std::ranges::find(open, result->call_id, &core::ToolCallPart::call_id);
      if (call == open.end()) continue;
      open.erase(call);
      if (entries_.back().kind != EntryKind::tool_results) {
        entries_.push_back({.kind = EntryKind::tool_results});
      }
    } else if (entries_.back().kind == EntryKind::tool_results) {
      settle(open);
      entries_.push_back({.kind = EntryKind::assistant});
    }
    entries_.back().parts.push_back(&part);
    if (const auto* call = std::get_if<core::ToolCallPart>(&part)) open.push_back(call);
  }
  settle(open);
}

void Transcript::settle(std::vector<const core::ToolCallPart*>& open) {
  if (open.empty()) return;
  if (entries_.back().kind != EntryKind::tool_results) {
    entries_.push_back({.kind = EntryKind::tool_results});
  }
  for (const auto* call : open) {
    synthetic_results_.push_back(core::ToolResultPart{.call_id = call->call_id,
                                                      .tool = call->tool,
                                                      .content = std::string(missing_result),
                                                      .is_error = true});
    entries_.back().parts.push_back(&synthetic_results_.back());
  }
  open.clear();
}

base::Json object_schema(const base::Json& schema) {
  base::Json out = schema.is_object() ? schema : base::Json::object();
  if (!out.contains("type")) out["type"] = "object";
  if (!out.contains("properties")) out["properties"] = base::Json::object();
  return out;
}

}  // namespace colonnade::providers::upstream
