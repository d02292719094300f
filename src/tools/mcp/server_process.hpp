// A server's process: started in a session and process group of its own, with an environment of its
// own, and ended with all of its group.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tools/descriptor.hpp"
#include "tools/sandboxed_program.hpp"

namespace colonnade::tools::mcp {

struct ServerCommand {
  std::string program{};  // a path, or a name that is looked for in the PATH that the server gets
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> environment{};  // its own variables; secrets may be in them
  // The variables of this process, of which server_environment() takes a few.
  std::map<std::string, std::string, std::less<>> inherited{};
  std::string folder{};   // working folder; "" for ours
  IntoSandbox sandbox{};  // empty: the program runs with all rights of this process's user
};

// The process's whole environment, "NAME=value": HOME, LANG, LOGNAME, PATH, SHELL, TMPDIR, TZ and
// USER of what is inherited, then the server's own. Nothing else, so no secret of another's.
std::vector<std::string> server_environment(const ServerCommand& command);

class ServerProcess {
 public:
  ServerProcess() = default;
  // Kills the group and waits for the process when that has not happened yet.
  ~ServerProcess();
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&&) = delete;

  // ErrorKind::invalid for a command that cannot be one (field "command" or "folder"), unavailable
  // when the system cannot start it.
  static base::Result<ServerProcess> start(const ServerCommand& command);

  // Ours are non-blocking.
  Descriptor input{};   // to its standard input
  Descriptor output{};  // from its standard output
  Descriptor error{};   // from its standard error
  Descriptor exited{};  // readable once it has exited

  // Sends to the whole group; nothing once reaped.
  void signal(int number) const;
  // Kills what is left of the group, then waits for the process: call when it has exited or was
  // killed. How it ended, in words.
  std::string reap();
  pid_t id() const { return pid_; }

 private:
  pid_t pid_ = 0;  // 0: not started, or reaped
};

}  // namespace colonnade::tools::mcp
