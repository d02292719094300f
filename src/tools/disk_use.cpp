#include "tools/disk_use.hpp"

#include <fts.h>
#include <sys/stat.h>

#include <array>
#include <memory>

namespace colonnade::tools {

DiskUse disk_use(const std::string& folder, std::size_t files_max) {
  constexpr std::uint64_t block_bytes = 512;  // of st_blocks, whatever the file system's are
  DiskUse out;
  std::string path = folder;
  std::array<char*, 2> roots = {path.data(), nullptr};
  const std::unique_ptr<FTS, decltype(&::fts_close)> walk(
      ::fts_open(roots.data(), FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nullptr), &::fts_close);
  if (!walk) return out;
  while (const FTSENT* entry = ::fts_read(walk.get())) {
    if (entry->fts_level == 0 || entry->fts_info == FTS_DP || entry->fts_info == FTS_NS) continue;
    ++out.files;
    out.bytes += static_cast<std::uint64_t>(entry->fts_statp->st_blocks) * block_bytes;
    if (out.files > files_max) break;
  }
  return out;
}

}  // namespace colonnade::tools
