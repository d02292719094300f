#include "emulator.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace colonnade::peers {
namespace {

std::string read_line(int descriptor) {
  std::string line;
  char c = 0;
  while (::read(descriptor, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

}  // namespace

Emulator::Emulator() {
  const auto folder = std::filesystem::path(COLONNADE_SOURCE_DIR) / "tests/peers";
  if (!std::filesystem::exists(folder / "node_modules/@copilotkit/aimock")) return;
  int to_child[2];
  int from_child[2];
  if (::pipe2(to_child, O_CLOEXEC) != 0 || ::pipe2(from_child, O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
  std::string node = "node";
  std::string script = (folder / "emulator.mjs").string();
  char* arguments[] = {node.data(), script.data(), nullptr};
  const bool started =
      ::posix_spawnp(&process_, "node", &actions, nullptr, arguments, environ) == 0;
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(to_child[0]);
  ::close(from_child[1]);
  input_ = to_child[1];
  if (started) url_ = read_line(from_child[0]);
  if (!started) process_ = 0;
  ::close(from_child[0]);
}

Emulator::~Emulator() {
  if (input_ >= 0) ::close(input_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

}  // namespace colonnade::peers
