// The known word that a mistyped one was probably meant to be.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace colonnade::app {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the smallest distance, the first of equals; "" when even that one is further
// away than a third of the word (at least two edits).
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace colonnade::app
