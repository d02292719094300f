// The port to archives of packs and to the folder that packs are installed in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/packs/limits.hpp"

namespace colonnade::core {

// An archive that was copied into the folder of packs, to be looked at there and then installed or
// dropped. Nobody else changes it meanwhile.
struct StagedPack {
  std::string id{};
  std::uint64_t bytes = 0;
  std::string sha256{};  // 64 hexadecimal digits
};

struct PackFile {
  std::string path{};  // as it will lie in the pack's folder
  std::uint64_t bytes = 0;
  std::string sha256{};
};

// What is in an archive that is safe to unpack.
struct PackListing {
  std::vector<PackFile> files{};       // by path, byte by byte
  std::vector<std::string> secrets{};  // paths of files that hold what looks like a key
};

// Where an installed pack lies.
struct PackPlace {
  PackPlace(Scope scope_in, std::string name_in, std::string version_in)
      : scope(std::move(scope_in)), name(std::move(name_in)), version(std::move(version_in)) {}
  Scope scope;
  std::string name;
  std::string version;
};

struct ExportedPack {
  std::string path{};
  std::string sha256{};
  std::uint64_t bytes = 0;
};

// Thread-safe. Every call works in the share of `account` and resumes on the calling lane. Errors
// besides those named: unavailable and retryable (the disk refuses), those of base::Workers.
class PackFiles {
 public:
  virtual ~PackFiles() = default;

  // Removes what the process before left unfinished; once, at the start.
  virtual base::Task<void> clear() = 0;

  // Copies an archive. Errors, with the field "path": not_found, invalid (no regular file),
  // forbidden (not readable), too_large beyond limits::pack_archive_bytes_max.
  virtual base::Task<base::Result<StagedPack>> stage_file(std::string account, std::string path,
                                                          std::stop_token stop) = 0;
  virtual base::Task<base::Result<StagedPack>> stage_bytes(std::string account, std::string bytes,
                                                           std::stop_token stop) = 0;
  // Fetches it. Errors, with the field "url": invalid (no http or https URL), forbidden (an address
  // that outbound calls may not go to), upstream (no 200), too_large beyond
  // limits::pack_download_bytes_max; those of the HTTP client.
  virtual base::Task<base::Result<StagedPack>> stage_url(std::string account, std::string url,
                                                         std::stop_token stop) = 0;
  // Reads all of it and writes nothing. Errors: invalid with the field "archive": no zip, broken,
  // or unsafe, saying which rule it breaks and where.
  virtual base::Task<base::Result<PackListing>> look(std::string account, StagedPack pack,
                                                     std::stop_token stop) = 0;
  // The texts of those files, by path. Errors as look(); too_large for one that is longer than
  // `bytes_max` or for all beyond limits::pack_definitions_bytes_max; not_found for a file that is
  // not there.
  virtual base::Task<base::Result<std::map<std::string, std::string>>> texts(
      std::string account, StagedPack pack, std::vector<std::string> paths, std::size_t bytes_max,
      std::stop_token stop) = 0;
  // Forgets it. For what was installed, too.
  virtual base::Task<void> drop(StagedPack pack) = 0;

  // Where a pack lies once it is unpacked.
  virtual std::string path_of(const PackPlace& place) const = 0;
  // Unpacks it into its place, where what a broken attempt left is replaced, and keeps the archive.
  // Durable when it returns. Errors as look().
  virtual base::Task<base::Result<void>> unpack(std::string account, StagedPack pack,
                                                PackPlace place, std::stop_token stop) = 0;
  // Both the files and the archive; nothing when there are none.
  virtual base::Task<base::Result<void>> remove(std::string account, PackPlace place) = 0;
  // One file of an installed pack. not_found, too_large.
  virtual base::Task<base::Result<std::string>> text(std::string account, PackPlace place,
                                                     std::string path, std::size_t bytes_max,
                                                     std::stop_token stop) = 0;
  // Writes the archive as it came to `path`, which must not exist yet; "" for a file in the folder
  // of exports, where an older one is replaced. Errors: conflict with the field "output_path".
  virtual base::Task<base::Result<ExportedPack>> write_archive(std::string account, PackPlace place,
                                                               std::string path) = 0;
};

}  // namespace colonnade::core
