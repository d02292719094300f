// The port to the files that a thread's tools have made.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// Thread-safe.
class ThreadFiles {
 public:
  virtual ~ThreadFiles() = default;
  // Removes all of the thread's own files; none is no error. Nothing of the thread runs any more.
  virtual base::Task<base::Result<void>> remove(Scope scope, std::string thread_id) = 0;
};

}  // namespace colonnade::core
