// How the store keeps spans: a line for each, a JSON array of what it is, when it began, how long
// it took, its error and what it is of.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/spans/span.hpp"

namespace colonnade::storage {

// "" for none; else each line with its end, so that texts can be put behind each other.
std::string spans_text(std::span<const core::Span> spans);
// Adds them to `out`. internal when the store holds something else.
base::Result<void> read_spans(std::string_view text, std::vector<core::Span>& out);

}  // namespace colonnade::storage
