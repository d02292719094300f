// How the store keeps structured values: compact JSON text, the same for every backend.
//
// Every object carries a `kind` ("text_delta", "tool_call"), which is also its version: a changed
// shape gets a new kind, and old ones are read for ever. Members that hold their default are left
// out. Writing never fails: invalid UTF-8 becomes U+FFFD, numbers that JSON lacks become null.
// Reading fails with ErrorKind::internal for text that this module did not write.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/agents/agent.hpp"
#include "core/events/event.hpp"
#include "core/threads/message.hpp"

namespace colonnade::storage {

void append_event_body(std::string& out, const core::EventBody& body);
base::Result<core::EventBody> read_event_body(std::string_view text);

void append_parts(std::string& out, const std::vector<core::Part>& parts);
base::Result<std::vector<core::Part>> read_parts(std::string_view text);

// "" when no member is set.
std::string settings_text(const core::ModelSettings& settings);
base::Result<core::ModelSettings> read_settings(std::string_view text);

// A JSON array of strings; nullopt stays nullopt.
std::optional<std::string> names_text(const std::optional<std::vector<std::string>>& names);
base::Result<std::vector<std::string>> read_names(std::string_view text);

// Free-form JSON. Reads back whatever nesting it had, deeper than limits::json_depth_max included.
std::string tree_text(const base::Json& tree);
base::Result<base::Json> read_tree(std::string_view text);

}  // namespace colonnade::storage
