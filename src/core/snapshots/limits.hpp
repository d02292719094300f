// Limits of undoing what runs changed.
#pragma once

#include <cstddef>

namespace colonnade::limits {

// Paths that the audit trail names of one undoing; the record says how many there were.
constexpr std::size_t restored_paths_recorded_max = 200;

}  // namespace colonnade::limits
