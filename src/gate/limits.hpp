// Limits of submitted actions and of policy files.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t action_text_characters_max = 10'000;  // faramesh §2.5, after trimming
constexpr std::size_t action_object_levels_max = 10;        // faramesh §2.5, below params itself
constexpr std::size_t action_params_bytes_max = 100'000;    // faramesh §2.5, as ASCII JSON
constexpr std::size_t action_context_bytes_max = 10'000;    // faramesh §2.5, as ASCII JSON
constexpr std::size_t policy_file_bytes_max = 16 * MiB;     // room for policy_rules_max
constexpr std::size_t policy_rules_max = 100'000;           // rules of each kind in one file
constexpr std::size_t policy_values_max = 4'000'000;        // nodes of a file, its aliases expanded
constexpr std::size_t policy_depth_max = 64;                // nested groups and lists of a file
constexpr std::size_t policy_pattern_bytes_max = 4 * KiB;   // one regular expression
constexpr std::int64_t policy_pattern_memory_bytes_max = 1 * 1024 * 1024;  // its compiled form
constexpr std::size_t explained_rules_max = 1000;  // rules that an explanation lists

// Steps of its compiled regular expressions, 16 bytes each: room for 100,000 usual ones. A text of
// half a megabyte can ask for billions.
constexpr std::size_t policy_pattern_steps_max = 4'000'000;

}  // namespace colonnade::limits
