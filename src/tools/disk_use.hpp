// What a folder takes of its disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace colonnade::tools {

struct DiskUse {
  std::uint64_t bytes = 0;  // of blocks
  std::size_t files = 0;    // and folders
};

// Of everything below the folder, on its file system, without following links; a file with several
// names counts for each. Stops counting beyond `files_max`. What comes and goes meanwhile may be
// missed or counted. Blocks.
DiskUse disk_use(const std::string& folder, std::size_t files_max);

}  // namespace colonnade::tools
