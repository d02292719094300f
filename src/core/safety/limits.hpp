// Limits of the safety filter.
#pragma once

#include <cstddef>

namespace colonnade::limits {

constexpr std::size_t safety_text_characters_max = 50'000;  // platos §5.2: above it, exfiltration
constexpr std::size_t safety_findings_max = 64;             // of one text; the rest are not listed
constexpr std::size_t safety_shown_characters = 4;          // platos §3.5: of what was found

}  // namespace colonnade::limits
