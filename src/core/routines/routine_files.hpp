// Files that runs of routines left in their workspaces, kept apart from those.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/attachments/attachment_store.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::core {

// One as a client gets it.
struct KeptRoutineFile {
  std::string name{};
  std::string mime{};
  std::string bytes{};
};

// What a run has written.
struct WrittenFile {
  std::string path{};  // relative to the thread's directory
  std::string bytes{};
};
struct WrittenFiles {
  std::vector<WrittenFile> files{};
  std::vector<std::string> notes{};  // what was left out, and why
};

// The port to a thread's folder.
class WrittenFileSource {
 public:
  virtual ~WrittenFileSource() = default;
  // What the run added and changed there and is still there, by path; as far as the limits of
  // core/routines/limits.hpp go. Empty when nothing was. Reads on worker threads.
  virtual base::Task<base::Result<WrittenFiles>> written_by(Thread thread, std::string run_id) = 0;
};

// Thread-safe. The bytes lie with those of uploads, each file under an id of its own: what is
// nobody's any more goes with what has expired of those, and what has no row with the sweep at the
// start.
class RoutineFiles {
 public:
  // Files are written and read on `workers`.
  RoutineFiles(AttachmentFiles& files, base::Workers& workers) : files_(files), workers_(workers) {}

  // Durable when it returns.
  base::Task<base::Result<void>> keep(std::string account, std::string id, std::string bytes);
  base::Task<base::Result<std::string>> read(std::string account, std::string id);
  // Of one that no run has; nothing when there is none.
  base::Task<base::Result<void>> remove(std::string account, std::string id);

 private:
  AttachmentFiles& files_;
  base::Workers& workers_;
};

// By the end of the name; "application/octet-stream" for what is not known.
std::string mime_of(std::string_view path);

}  // namespace colonnade::core
