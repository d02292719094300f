// A child process that never outlives its parent.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace colonnade::bench {

struct ChildOptions {
  std::vector<std::string> command{};      // the program's path first
  std::vector<std::string> environment{};  // "NAME=value", all there is
  std::string output_file{};               // standard output and error, appended; "": discarded
  std::optional<int> cpu{};                // pinned to this one
};

class Child {
 public:
  // Throws std::system_error when it cannot be started.
  explicit Child(const ChildOptions& options);
  // SIGKILL, when it still runs.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  // Its wait status once it has ended; nullopt when it still runs after `patience`.
  std::optional<int> wait(std::chrono::milliseconds patience);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_{};
};

// Resident memory of a process now, bytes.
std::size_t resident_bytes(pid_t pid);
// Processor time it has used, user and system.
std::chrono::microseconds cpu_time(pid_t pid);

}  // namespace colonnade::bench
