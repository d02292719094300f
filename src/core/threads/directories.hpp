// The port to the folders of this machine that threads may be bound to.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::core {

// Which texts of a folder are wanted.
struct FolderLook {
  std::size_t files_max = 0;
  std::size_t file_bytes_max = 0;                       // larger ones are passed over
  std::size_t bytes_max = 0;                            // of all together
  std::function<bool(std::string_view path)> wanted{};  // empty: all
};
struct FolderText {
  std::string path{};  // relative to the folder
  std::string text{};
};
struct FolderTexts {
  std::vector<FolderText> texts{};  // in the order of their paths
  std::size_t found = 0;            // wanted files, those that are no text included
};
// UTF-8 without a NUL.
inline bool is_plain_text(std::string_view bytes) {
  return !bytes.contains('\0') && base::is_valid_utf8(bytes);
}

// Thread-safe.
class Directories {
 public:
  virtual ~Directories() = default;
  // The path in the form that a thread keeps: absolute, without ".", ".." and needless slashes, and
  // without links as far as it exists and may be used. That nothing is there, or that it may not be
  // used, is no error: tools say so when they come to work there. A few system calls. Errors:
  // invalid, naming "directory", for what is not absolute, too long, or holds a NUL.
  virtual base::Result<Directory> kept(Directory wanted) const = 0;
  // The absolute folder where the thread's tools work, whether it is there or not. Of a thread
  // without a directory it is the server's own.
  virtual std::string path_of(const Thread& thread) const = 0;
  // Whether tools can work there now. Errors as they report them to the model: forbidden for a
  // folder that the rules keep out, not_found for one that is not there, with the rule and the
  // remedy.
  virtual base::Result<void> check(const Thread& thread) const = 0;
  // The bytes of a regular file below that folder, of at most limits::workspace_file_bytes_max.
  // `path` is absolute or relative to it; what leads outside is forbidden. Blocks: for worker
  // threads.
  virtual base::Result<std::string> read_file(const Thread& thread,
                                              const std::string& path) const = 0;
  // The texts below that folder. Links are not followed; what is hidden (a name that begins with a
  // dot) is passed over. Blocks: for worker threads. Errors: those of check(); too_large beyond the
  // bounds of `look`; cancelled after a stop.
  virtual base::Result<FolderTexts> read_texts(const Thread& thread, const FolderLook& look,
                                               std::stop_token stop) const = 0;
};

}  // namespace colonnade::core
