// The store port for attachments' rows, as core/events/journal.hpp says of all, and the port to
// their bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/every_scope.hpp"
#include "core/access/scope.hpp"
#include "core/attachments/attachment.hpp"
#include "core/attachments/limits.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

// A file beside the rows.
struct FilePlace {
  Scope scope;
  std::string id{};
};

class AttachmentStore {
 public:
  virtual ~AttachmentStore() = default;
  // Whoever's it is: the use case compares.
  virtual base::Task<Result<std::optional<Attachment>>> attachment(Scope scope, std::string id) = 0;
  // Those of every scope whose bytes are to go: uploads that expired by `now` or were left by a
  // thread that was erased, and files of routines' runs (core/routines) that are nobody's any more.
  virtual base::Task<Result<std::vector<FilePlace>>> files_to_remove(Time now,
                                                                     EveryScopePage page) = 0;
  // Whether there is a row of that id, in any scope, of an upload or of a file that a routine's run
  // has left (core/routines); for the sweep of files without one.
  virtual base::Task<Result<bool>> any_attachment(std::string id) = 0;
};

// conflict when the id is taken; too_large when its owner would have more than these.
struct InsertAttachment {
  Attachment attachment;
  std::size_t rows_max = limits::attachments_per_account;
  std::size_t bytes_max = limits::attachment_bytes_per_account;
};
// A message of the thread has it: it belongs to the first such thread, and is kept until
// `expires_at`, or longer when it is kept longer already. not_found unless it is the owner's and
// has not expired at `at`.
struct UseAttachment {
  std::string id{};
  std::string owner{};
  std::string thread_id{};
  Time at{};
  Time expires_at{};
};
// The row, of any of files_to_remove(); its file goes first. Nothing when there is none.
struct RemoveAttachment {
  std::string id{};
};

// Where the bytes lie, apart from the rows. Thread-safe. Every call may wait for the disk: call it
// on a worker thread. Errors: unavailable and retryable when the disk refuses, internal for an id
// that is no name of a file.
class AttachmentFiles {
 public:
  virtual ~AttachmentFiles() = default;
  // Durable when it returns: a power cut does not take it. Nothing is left of one that fails.
  virtual Result<void> write(const std::string& id, std::string_view bytes) = 0;
  // not_found when there is none.
  virtual Result<std::string> read(const std::string& id) = 0;
  // Gone for good when it returns; nothing when there is none.
  virtual Result<void> remove(const std::string& id) = 0;
  // The ids of all files.
  virtual Result<std::vector<std::string>> ids() = 0;
};

}  // namespace colonnade::core
