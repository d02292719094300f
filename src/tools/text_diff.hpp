// The unified diff of two texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace colonnade::tools {

// As `diff -u` writes it, with "a/" and "b/" before the path and three lines around each change; ""
// when both are the same. nullopt for a file that is not there (/dev/null). Two texts that differ
// in more than limits::diff_edits_max lines are shown as one removed and one added. Binary files,
// and texts of more than limits::diff_text_bytes_max bytes, are said to differ.
std::string unified_diff(std::string_view path, std::optional<std::string_view> before,
                         std::optional<std::string_view> after);

}  // namespace colonnade::tools
