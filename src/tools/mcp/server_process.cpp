#include "tools/mcp/server_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Result;

std::string reason(int code) { return std::generic_category().message(code); }

bool is_program(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string_view value_of(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& one : environment) {
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return std::string_view(one).substr(name.size() + 1);
    }
  }
  return {};
}

// The path of the program, "" when there is none.
std::string find_program(const std::string& program, std::string_view path) {
  if (program.find('/') != std::string::npos) return is_program(program) ? program : "";
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string candidate = std::string(path.substr(0, end)) + "/" + program;
    if (end > 0 && is_program(candidate)) return candidate;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return {};
}

Result<std::string> check(const ServerCommand& command,
                          const std::vector<std::string>& environment) {
  const auto bad = [](std::string message, std::string field) {
    return base::fail(ErrorKind::invalid, std::move(message), std::move(field));
  };
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (command.program.empty()) return bad("an MCP server needs a program to run", "command");
  bool nul = has_nul(command.program);
  for (const std::string& one : command.arguments) nul = nul || has_nul(one);
  for (const std::string& one : environment) nul = nul || has_nul(one);
  if (nul) return bad("a command and its variables hold no NUL character", "command");
  std::string program = find_program(command.program, value_of(environment, "PATH"));
  if (program.empty()) {
    return bad(
        "there is no program '" + command.program + "': give its full path, or a PATH that has it",
        "command");
  }
  struct stat status{};
  if (!command.folder.empty() &&
      (::stat(command.folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))) {
    return bad("there is no folder '" + command.folder + "'", "folder");
  }
  return program;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  // posix_spawn does not write to them.
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// What posix_spawn is told, released in the end.
struct Plan {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};

  Plan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t all;
    sigfillset(&all);
    sigset_t none;
    sigemptyset(&none);
    // SIGPIPE among them, which this process ignores.
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~Plan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
};

// What is executed: the program itself, or what puts it into a sandbox.
struct Start {
  std::string program{};
  std::vector<std::string> words{};
  std::vector<Descriptor> descriptors{};
};

Result<Start> start_of(const ServerCommand& command, const std::string& program) {
  std::vector<std::string> words = {command.sandbox ? program : command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  if (!command.sandbox) return Start{.program = program, .words = std::move(words)};
  auto wrapped = command.sandbox(std::move(words));
  if (!wrapped) return base::fail(wrapped.error());
  const std::string outer = wrapped->command.front();
  return Start{.program = outer,
               .words = std::move(wrapped->command),
               .descriptors = std::move(wrapped->descriptors)};
}

struct Pipe {
  Descriptor ours;
  Descriptor theirs;  // above 2, so that placing one does not overwrite another
};

Result<Pipe> make_pipe(bool we_read) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::fail(ErrorKind::unavailable, "no pipe for an MCP server: " + reason(errno));
  }
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  Descriptor& theirs = we_read ? write_end : read_end;
  Pipe out{std::move(we_read ? read_end : write_end),
           Descriptor(::fcntl(theirs.number(), F_DUPFD_CLOEXEC, 3))};
  if (!out.theirs.open()) {
    return base::fail(ErrorKind::unavailable, "no pipe for an MCP server: " + reason(errno));
  }
  ::fcntl(out.ours.number(), F_SETFL, O_NONBLOCK);
  return out;
}

}  // namespace

std::vector<std::string> server_environment(const ServerCommand& command) {
  std::vector<std::string> out;
  for (const char* name : {"HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"}) {
    const auto found = command.inherited.find(name);
    if (found == command.inherited.end() || command.environment.contains(name)) continue;
    out.push_back(found->first + "=" + found->second);
  }
  for (const auto& [name, value] : command.environment) out.push_back(name + "=" + value);
  return out;
}

Result<ServerProcess> ServerProcess::start(const ServerCommand& command) {
  const std::vector<std::string> environment = server_environment(command);
  auto program = check(command, environment);
  if (!program) return base::fail(program.error());
  auto wrapped = start_of(command, *program);
  if (!wrapped) return base::fail(wrapped.error());
  auto in = make_pipe(false);
  if (!in) return base::fail(in.error());
  auto out = make_pipe(true);
  if (!out) return base::fail(out.error());
  auto err = make_pipe(true);
  if (!err) return base::fail(err.error());
  Plan plan;
  posix_spawn_file_actions_adddup2(&plan.actions, in->theirs.number(), 0);
  posix_spawn_file_actions_adddup2(&plan.actions, out->theirs.number(), 1);
  posix_spawn_file_actions_adddup2(&plan.actions, err->theirs.number(), 2);
  // Moved out of the way of the numbers that they get.
  std::vector<Descriptor> moved;
  for (const Descriptor& file : wrapped->descriptors) {
    const int above = 3 + static_cast<int>(wrapped->descriptors.size());
    moved.emplace_back(::fcntl(file.number(), F_DUPFD_CLOEXEC, above));
    if (!moved.back().open()) {
      return base::fail(ErrorKind::unavailable, "no descriptor for a sandbox: " + reason(errno));
    }
  }
  int target = 3;
  for (const Descriptor& file : moved) {
    posix_spawn_file_actions_adddup2(&plan.actions, file.number(), target++);
  }
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, target);
  if (!command.folder.empty()) {
    posix_spawn_file_actions_addchdir_np(&plan.actions, command.folder.c_str());
  }
  ServerProcess process;
  const int code =
      posix_spawn(&process.pid_, wrapped->program.c_str(), &plan.actions, &plan.attributes,
                  pointers(wrapped->words).data(), pointers(environment).data());
  if (code != 0) {
    process.pid_ = 0;
    return base::fail(ErrorKind::unavailable,
                      "the MCP server '" + command.program + "' cannot be started: " + reason(code),
                      "command");
  }
  process.exited.reset(static_cast<int>(::syscall(SYS_pidfd_open, process.pid_, 0)));
  if (!process.exited.open()) {
    return base::fail(ErrorKind::unavailable, "a process cannot be watched: " + reason(errno));
  }
  process.input = std::move(in->ours);
  process.output = std::move(out->ours);
  process.error = std::move(err->ours);
  return process;
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : input(std::move(other.input)),
      output(std::move(other.output)),
      error(std::move(other.error)),
      exited(std::move(other.exited)),
      pid_(std::exchange(other.pid_, 0)) {}

ServerProcess::~ServerProcess() { reap(); }

// The process itself too: until it has called setsid() it is in our group.
void ServerProcess::signal(int number) const {
  if (pid_ == 0) return;
  ::kill(-pid_, number);
  ::kill(pid_, number);
}

// The group is killed before the process is waited for: until then its id cannot be another's.
std::string ServerProcess::reap() {
  if (pid_ == 0) return {};
  signal(SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  if (WIFEXITED(status)) return "it exited with code " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const char* name = ::sigabbrev_np(number);
  return std::string("it was ended by SIG") + (name == nullptr ? "?" : name);
}

}  // namespace colonnade::tools::mcp
