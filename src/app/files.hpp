// Small files: configuration, keys and tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace colonnade::app {

// The whole file. not_found when there is none, invalid when it cannot be read or is larger than
// `bytes_max`; messages name the path.
base::Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);

// A key, token or other secret as a file or an environment variable holds it: without a byte order
// mark, which some editors write, and without blanks and line ends around it.
std::string key_text(std::string_view text);
// That of a file; every file that holds a secret is read by this. Errors as read_small_file(), and
// invalid when nothing is left.
base::Result<std::string> read_key_file(const std::string& path);

// A file that appears whole or not at all: written beside its path, readable by the owner only, and
// put in place by commit(). Without that nothing is left of it.
class AtomicFile {
 public:
  // Makes the folders above it, for the owner only. Errors: invalid, naming the path.
  static base::Result<AtomicFile> begin(const std::string& path);
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  base::Result<void> write(std::string_view content);
  // Synced to the disk, then renamed, which replaces a file of that name.
  base::Result<void> commit();

 private:
  AtomicFile(std::string path, int fd);
  std::string path_;
  int fd_;  // -1 once it is closed
};

// Replaces the file in one step (written beside it, synced, renamed), readable by the owner only.
// Folders above it are made, also for the owner only. Errors: invalid, naming the path.
base::Result<void> write_owner_only_file(const std::string& path, std::string_view content);

// Makes the folder and those above it, for the owner only; one that exists is left as it is.
base::Result<void> make_owner_only_folder(const std::string& path);

// Without blanks and line ends at both ends.
std::string trimmed(std::string_view text);

}  // namespace colonnade::app
