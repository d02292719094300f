// Counts the system calls of a running process with strace.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "harness/child.hpp"

namespace colonnade::bench {

class SystemCalls {
 public:
  // Attaches to all threads of `process` and returns once every call is counted. `file` and
  // `file`.out are written. Throws std::runtime_error when strace is missing or may not attach.
  SystemCalls(pid_t process, std::string file);

  // Detaches; the calls since the constructor returned.
  std::uint64_t stop();

 private:
  std::string file_;
  std::unique_ptr<Child> child_;
};

// The calls in the table that `strace -c` prints. Throws std::runtime_error when it is none.
std::uint64_t calls_in_summary(const std::string& table);

}  // namespace colonnade::bench
