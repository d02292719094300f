// Limits of packs: their archives, what those say, and how many there may be.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t packs_per_scope = 100;
constexpr std::uint64_t pack_bytes_per_scope = 4096ULL * MiB;  // of the files of all of them
// Of an archive. The first six are the contract's (tandem §4.10).
constexpr std::uint64_t pack_archive_bytes_max = 512ULL * MiB;
constexpr std::uint64_t pack_bytes_max = 512ULL * MiB;  // of all files, unpacked
constexpr std::size_t pack_files_max = 5000;
constexpr std::uint64_t pack_file_bytes_max = 32ULL * MiB;
constexpr std::size_t pack_depth_max = 24;             // names in one path
constexpr std::uint64_t pack_ratio_max = 200;          // unpacked to packed: of a file, and of all
constexpr std::size_t pack_path_bytes_max = 1024;      // of a file in it
constexpr std::size_t pack_name_part_bytes_max = 255;  // as the kernel's NAME_MAX
// The table of contents at an archive's end, which is read before anything else is believed.
constexpr std::uint64_t pack_directory_bytes_max = 16ULL * MiB;
// Of the ways that a pack comes in other than by a path: it is in memory meanwhile.
constexpr std::size_t pack_upload_bytes_max = 20 * MiB;
constexpr std::size_t pack_download_bytes_max = 64 * MiB;
constexpr std::size_t pack_downloads_per_account = 1;
constexpr std::size_t pack_downloads = 4;
constexpr auto pack_download_time_max = 120s;
constexpr auto pack_work_time_max = 300s;  // one look at an archive, or one unpacking
// Of what a pack says.
constexpr std::size_t pack_manifest_bytes_max = 64 * KiB;
constexpr std::size_t pack_definition_bytes_max = 64 * KiB;  // of one agent, routine or skill
constexpr std::size_t pack_definitions_bytes_max = 4 * MiB;  // of all that one pack has
constexpr std::size_t pack_source_bytes_max = 4 * KiB;  // where it came from, as a client says it
constexpr std::size_t pack_name_bytes_max = 48;
constexpr std::size_t pack_version_bytes_max = 32;
constexpr std::size_t pack_id_bytes_max = 100;
constexpr std::size_t pack_item_id_bytes_max = 64;
constexpr std::size_t pack_skill_name_bytes_max = 64;  // "pack:skill", as the skill tool takes it
constexpr std::size_t pack_items_max = 200;            // of each kind
constexpr std::size_t pack_capabilities_max = 200;
constexpr std::size_t pack_secrets_shown_max = 20;  // files that an error names

}  // namespace colonnade::limits
