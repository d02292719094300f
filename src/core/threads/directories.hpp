// The port to the folders of this machine that threads may be bound to.
#pragma once

#include <string>

#include "base/result.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::core {

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
};

}  // namespace colonnade::core
