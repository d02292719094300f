// Runs one program to its end: bounded output, bounded time, and nothing left behind that its
// process group or its sandbox holds.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace colonnade::tools {

struct ChildOptions {
  std::vector<std::string> command{};      // [0] is the program's absolute path
  std::vector<std::string> environment{};  // "NAME=value"; all that the child gets
  std::string folder{};                    // working folder; "" for this process's own
  // Descriptors that the child gets as 3, 4, … in this order. It gets no other but 0, 1 and 2.
  std::vector<int> descriptors{};
  std::size_t output_bytes_max = 0;  // kept of each stream: its beginning and its end
  std::size_t output_read_max = 0;   // read of both; more ends the child
  std::chrono::milliseconds time_max{};
  // Looked at every limits::shell_watch_interval with the child's id; a text ends the child and
  // says why.
  std::function<std::optional<std::string>(pid_t)> watch{};
};

struct ChildOutput {
  std::string text{};
  std::size_t left_out = 0;  // bytes from the middle
};

struct ChildResult {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  std::string ended_by_us{};  // why; "" when it ended by itself
  ChildOutput out{};
  ChildOutput err{};
};

// Blocks until the child is gone: for worker threads. Standard input is empty. The child leads a
// session of its own; its process group is killed at the end in any case, at once on a stop or a
// limit. ErrorKind::unavailable when it cannot be started.
base::Result<ChildResult> run_child(ChildOptions options, std::stop_token stop);

}  // namespace colonnade::tools
