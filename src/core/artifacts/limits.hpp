// Limits of artifacts.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t artifact_content_bytes_max = 1'048'576;  // of one revision, platos §3.5
constexpr std::size_t artifact_title_bytes_max = 1 * KiB;
constexpr std::size_t artifact_language_bytes_max = 64;
constexpr std::size_t artifact_metadata_bytes_max = 16 * KiB;
constexpr std::size_t artifact_reason_bytes_max = 4 * KiB;
constexpr std::size_t artifact_key_bytes_max = 128;
constexpr std::size_t artifact_delta_bytes_max = 64 * KiB;  // of one ArtifactDelta event
// What ArtifactCommitted repeats of the content; of a longer one the row alone has it.
constexpr std::size_t artifact_event_content_bytes_max = 192 * KiB;
constexpr std::size_t artifact_rows_default = 100;  // of one list, platos §2.2
constexpr std::size_t artifact_rows_max = 500;
// Of one thread, all revisions counted: what a model in a loop may store before it is told.
constexpr std::size_t artifact_revisions_per_thread = 2000;
constexpr std::size_t artifact_bytes_per_thread = 256 * MiB;

}  // namespace colonnade::limits
