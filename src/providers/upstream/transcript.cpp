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

std::string called_name(std::string_view name) {
  constexpr std::size_t bytes_max = 64;
  std::string out(name.substr(0, bytes_max));
  for (char& c : out) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
    if (!fits) c = '_';
  }
  return out.empty() ? "_" : out;
}

namespace {

bool is_of_arrays(const base::Json& schema) {
  const auto type = schema.find("type");
  if (type == schema.end()) return false;
  if (type->is_string()) return *type == "array";
  return type->is_array() && std::ranges::find(*type, base::Json("array")) != type->end();
}

// OpenAI wants arrays to say what is in them, and members to be of their kind; in all of a schema.
void mend_schema(base::Json& schema) {
  if (!schema.is_object()) return;
  for (const char* name : {"properties", "patternProperties", "$defs", "definitions"}) {
    const auto found = schema.find(name);
    if (found == schema.end()) continue;
    if (!found->is_object()) {
      schema.erase(name);
      continue;
    }
    for (base::Json& one : *found) mend_schema(one);
  }
  for (const char* name : {"anyOf", "oneOf", "allOf"}) {
    const auto found = schema.find(name);
    if (found == schema.end()) continue;
    if (!found->is_array()) {
      schema.erase(name);
      continue;
    }
    for (base::Json& one : *found) mend_schema(one);
  }
  for (const char* name : {"items", "additionalProperties", "not"}) {
    if (const auto found = schema.find(name); found != schema.end()) mend_schema(*found);
  }
  const auto required = schema.find("required");
  if (required != schema.end() && !required->is_array()) schema.erase("required");
  if (is_of_arrays(schema) && !schema.contains("items")) schema["items"] = base::Json::object();
}

// What the branches of a combination have is there, and nothing of it has to be.
void flatten_top(base::Json& schema) {
  for (const char* name : {"allOf", "anyOf", "oneOf"}) {
    const auto found = schema.find(name);
    if (found == schema.end()) continue;
    const base::Json branches = std::move(*found);
    schema.erase(name);
    for (const base::Json& branch : branches) {
      const auto properties = branch.is_object() ? branch.find("properties") : branch.end();
      if (properties == branch.end() || !properties->is_object()) continue;
      for (const auto& [key, value] : properties->items()) {
        if (!schema["properties"].contains(key)) schema["properties"][key] = value;
      }
    }
  }
  schema.erase("enum");
  schema.erase("not");
}

}  // namespace

base::Json object_schema(const base::Json& schema) {
  base::Json out = schema.is_object() ? schema : base::Json::object();
  mend_schema(out);
  out["type"] = "object";
  if (!out.contains("properties")) out["properties"] = base::Json::object();
  flatten_top(out);
  return out;
}

}  // namespace colonnade::providers::upstream
