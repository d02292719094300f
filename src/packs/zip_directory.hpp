// The table of contents at the end of a zip, and what of it is refused before anything is unpacked.
//
// It is read here and not by libzip, which says less of it than must be known: names with a NUL,
// marks of encryption, links, files that share bytes. libzip then unpacks, and must find the same
// (packs/zip_archive.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace colonnade::packs {

// The bytes of an archive.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // Exactly `count` bytes from `offset` on, which lie within size(). unavailable when the disk
  // refuses.
  virtual base::Result<std::string> read(std::uint64_t offset, std::size_t count) const = 0;
};

struct ZipEntry {
  std::string name{};  // as it stands there, with any NUL
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint64_t packed_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;  // of its own head
  std::uint32_t attributes = 0;
  std::uint16_t disk = 0;

  bool is_folder() const { return name.ends_with('/'); }
};

// In the order of the table. Errors: invalid with the field "archive": no zip, one that is cut off,
// has two ends, several parts or bytes that belong to nothing; a table beyond
// limits::pack_directory_bytes_max or of more files than limits::pack_files_max; unavailable.
base::Result<std::vector<ZipEntry>> read_zip_directory(const ByteSource& source);

// Whether they may be unpacked: every limit of core/packs/limits.hpp, names (packs/entry_name.hpp),
// no links and devices, nothing encrypted, stored or deflated, no bytes that two files share.
// `archive_bytes`: of the whole file. Errors: invalid with the field "archive".
base::Result<void> check_zip_entries(const std::vector<ZipEntry>& entries,
                                     std::uint64_t archive_bytes);

}  // namespace colonnade::packs
