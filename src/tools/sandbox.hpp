// How a command of the model's is kept to its thread's workspace.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tools/child_process.hpp"
#include "tools/sandboxed_program.hpp"

namespace colonnade::tools {

enum class SandboxMode {
  required,  // bubblewrap, or no command runs
  off,       // the operator's explicit choice: limits and a clean environment, no namespaces
};

struct SandboxOptions {
  SandboxMode mode = SandboxMode::required;
  std::string bubblewrap{"/usr/bin/bwrap"};
  // Folders that a command must not see even where they lie below /usr: the data folder.
  std::vector<std::string> hidden_folders{};
  // The folder that holds a workspace for each thread ("" for none): those are bounded, and any
  // other folder that a command works in may be of any size. nullopt: all are bounded.
  std::optional<std::string> own_workspaces{};
};

// What a program that is no command of a model's is shown, besides a read-only system.
struct SandboxedFolders {
  std::string name{};                // whose user it gets where the server runs as root
  std::vector<std::string> read{};   // at their own paths
  std::vector<std::string> write{};  // at their own paths; the first is its working folder
  bool network = false;
};

// With SandboxMode::required a command sees a read-only /usr, a handful of files of /etc, its
// workspace at /workspace (writable), a small /tmp, /proc and /dev of its own, and nothing else. It
// has no network, no capabilities, cannot make namespaces, and system calls that reach past
// namespaces are refused (seccomp). In both modes it gets an environment of four variables, limits
// on processor time, memory, processes, files and output (base/limits.hpp), and ends with the call.
//
// A server that runs as root runs commands as the owner of the workspace (sandbox_user.hpp); where
// that is root too, processes are counted by looking at them and not by the kernel.
//
// Any thread. Without namespaces (`off`) a process that leaves its session outlives the call.
class Sandbox {
 public:
  explicit Sandbox(SandboxOptions options);

  // Runs `command` in a shell in the workspace and blocks until everything it started is gone: for
  // worker threads. A folder that is swapped for another while the command starts is not entered:
  // the command does not run then (exit code 126). ErrorKind::unavailable when there is no sandbox
  // and one is required; the message says how to get one.
  base::Result<ChildResult> run(const std::string& workspace, const std::string& command,
                                std::chrono::milliseconds time_max, std::stop_token stop) const;

  // The command line that runs `program` (its path and arguments) in a sandbox, with the variables
  // that the command line is started with but HOME and TMPDIR, which are its own /tmp. Nothing
  // bounds its time and memory. ErrorKind::unavailable without bubblewrap.
  base::Result<SandboxedProgram> wrap(const SandboxedFolders& folders,
                                      std::vector<std::string> program) const;

  SandboxMode mode() const { return options_.mode; }

 private:
  std::function<std::optional<std::string>(pid_t)> watch_of(const std::string& workspace,
                                                            bool in_sandbox) const;
  base::Result<void> prove(const std::string& workspace, const struct stat& status,
                           std::stop_token stop) const;
  base::Result<ChildResult> run_inside(const std::string& workspace, const struct stat& status,
                                       std::vector<std::string> program,
                                       std::chrono::milliseconds time_max,
                                       std::stop_token stop) const;

  SandboxOptions options_;
  mutable std::atomic<bool> verified_{false};
};

}  // namespace colonnade::tools
