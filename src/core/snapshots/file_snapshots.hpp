// The port to what is kept of the files that runs change. What a run is about to change is kept
// before (the tools see to that), so that a stop of the server at any moment loses nothing.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/snapshots/snapshot.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::core {

// Thread-safe. No run is active in the thread while it is reverted or unreverted. Errors also: what
// Directories::check() says of the thread's directory; conflict when the thread was moved since.
class FileSnapshots {
 public:
  virtual ~FileSnapshots() = default;
  virtual base::Task<base::Result<FileDiff>> diff(Thread thread) = 0;
  // Restores the files as they were before the last run that changed something and was not undone.
  virtual base::Task<base::Result<RestoredFiles>> revert(Thread thread) = 0;
  // Takes the last revert back, as long as no run has changed files since.
  virtual base::Task<base::Result<RestoredFiles>> unrevert(Thread thread) = 0;
};

}  // namespace colonnade::core
