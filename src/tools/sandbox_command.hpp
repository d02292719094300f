// The command line of bubblewrap that shows a program a part of this machine. For tools/'s own .cpp
// files.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "tools/descriptor.hpp"

namespace colonnade::tools {

struct SandboxMount {
  std::string from{};  // outside
  std::string to{};    // inside
  bool writable = false;
};

struct SandboxView {
  std::string bubblewrap{};
  // Folders below /usr that must not be seen there.
  std::vector<std::string> hidden_folders{};
  std::vector<SandboxMount> mounts{};
  std::string folder{"/"};  // where the program starts
  std::string home{};       // for /etc/passwd
  // Root may change to another user and needs no user namespace; everybody else gets one.
  bool change_user = false;
  std::string user{};   // its number inside
  std::string group{};  // its number inside
  bool network = false;
  // "NAME=value" each: all that it gets. They stand on the command line, which others see.
  std::vector<std::string> environment{};
  bool inherits_environment = false;  // besides, what this command is started with
};

// Up to where the program's own words begin. It wants sandbox_descriptors() as 3, 4 and 5.
std::vector<std::string> sandbox_command(const SandboxView& view);

// The files of users and groups and the filter of system calls, in the order that
// sandbox_command() wants. ErrorKind::unavailable when the system gives none.
base::Result<std::vector<Descriptor>> sandbox_descriptors(const SandboxView& view);

}  // namespace colonnade::tools
