// Limits of capabilities and what they are bound to.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t capability_bindings_max = 1000;   // of one scope
constexpr std::size_t capability_text_bytes_max = 200;  // of an id, a provider, a tool's name
constexpr std::size_t capability_aliases_max = 20;      // of one binding
constexpr std::size_t capability_bindings_bytes_max = 1 * MiB;  // of all of a scope, as JSON
// Of one question which tools there are for what.
constexpr std::size_t capabilities_wanted_max = 500;
constexpr std::size_t capability_tools_max = 5000;

}  // namespace colonnade::limits
