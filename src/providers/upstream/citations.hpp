// Citations as vendors give them, brought into core's form and bounds.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "core/models/citation.hpp"

namespace colonnade::providers::upstream {

// Which members of a vendor's object hold what; of several the first that is there counts.
struct CitationMembers {
  std::vector<std::string_view> url{};
  std::vector<std::string_view> title{};
  std::vector<std::string_view> text{};
};

// Adds what the objects of `list` cite. One that names no source is passed over, as are those
// beyond limits::citations_per_reply_max; an address that is none of the web's, or too long, is
// left out, and longer titles and texts are cut.
void add_citations(const base::Json& list, const CitationMembers& members,
                   std::vector<core::Citation>& out);

}  // namespace colonnade::providers::upstream
