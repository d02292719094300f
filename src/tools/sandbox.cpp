#include "tools/sandbox.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/log.hpp"
#include "tools/command_watch.hpp"
#include "tools/descriptor.hpp"
#include "tools/directory_rules.hpp"
#include "tools/limits.hpp"
#include "tools/process_tree.hpp"
#include "tools/sandbox_command.hpp"
#include "tools/sandbox_user.hpp"
#include "tools/workspace.hpp"

namespace colonnade::tools {
namespace {

using base::ErrorKind;
using base::Result;

constexpr const char* search_path = "/usr/local/bin:/usr/bin:/bin";
constexpr const char* user_inside = "1000";  // in a user namespace
constexpr const char* how_to_allow =
    "; install bubblewrap and allow user namespaces (kernel.unprivileged_userns_clone=1, in a "
    "container also its seccomp and AppArmor profile), or set tools.sandbox: off to run commands "
    "without a sandbox";
constexpr const char* how_to_allow_servers =
    "; install bubblewrap, or set mcp.servers.<name>.sandbox: false to run the MCP server with all "
    "rights of the server's user";

bool is_threads_own(const std::string& workspace, const std::optional<std::string>& own) {
  if (!own) return true;
  return !own->empty() && workspace.starts_with(real_path(*own).string() + "/");
}

bool is_readable(const char* path) { return ::access(path, X_OK) == 0; }

// prlimit sets the limits on itself and becomes the program: nothing runs in between.
std::vector<std::string> limited(std::size_t tasks_max, std::vector<std::string> program) {
  const auto limit = [](const char* name, auto value) {
    return std::string("--") + name + "=" + std::to_string(value);
  };
  std::vector<std::string> out = {
      "/usr/bin/prlimit",
      limit("cpu", std::chrono::seconds(limits::shell_cpu_time_max).count()),
      limit("as", limits::shell_address_space_max),
      limit("fsize", limits::shell_file_bytes_max),
      limit("nofile", limits::shell_open_files_max),
      limit("nproc", tasks_max),
      limit("core", 0),
      "--"};
  for (std::string& word : program) out.push_back(std::move(word));
  return out;
}

std::vector<std::string> clean_environment(std::string_view home) {
  return {std::string("PATH=") + search_path, "HOME=" + std::string(home), "LANG=C.UTF-8",
          "TERM=dumb"};
}

ChildOptions child_options(std::vector<std::string> command, std::chrono::milliseconds time_max) {
  ChildOptions out;
  out.command = std::move(command);
  out.output_bytes_max = limits::shell_output_bytes_max;
  out.output_read_max = limits::shell_output_read_max;
  out.time_max = time_max;
  return out;
}

std::vector<std::string> shell(const std::string& command) {
  const char* program = is_readable("/bin/bash") ? "/bin/bash" : "/bin/sh";
  return {program, "-c", command};
}

// The folder that a command is given, as it is looked at before: its name may lead to another place
// a moment later, where somebody may write above it.
Result<struct stat> identity_of(const std::string& workspace) {
  const Descriptor folder(open_folder_without_links(workspace));
  struct stat status{};
  if (folder.open() && ::fstat(folder.number(), &status) == 0) return status;
  return base::fail(ErrorKind::unavailable,
                    "the workspace cannot be opened: " + std::generic_category().message(errno));
}

// Becomes the program if the folder that it was put into is that one.
std::vector<std::string> only_in(const struct stat& folder, std::vector<std::string> program) {
  std::vector<std::string> out = {
      "/bin/sh", "-c",
      "if [ \"$(stat -c %d:%i .)\" = \"$0\" ]; then exec \"$@\"; fi; echo 'the workspace was "
      "replaced by another folder while the command was started; call again' >&2; exit 126",
      std::to_string(folder.st_dev) + ":" + std::to_string(folder.st_ino)};
  for (std::string& word : program) out.push_back(std::move(word));
  return out;
}

}  // namespace

Sandbox::Sandbox(SandboxOptions options) : options_(std::move(options)) {
  if (options_.mode == SandboxMode::off) {
    base::log::warn("sandbox_off", {{"error", std::string_view("commands of the shell tool run "
                                                               "without a sandbox")}});
  }
}

std::function<std::optional<std::string>(pid_t)> Sandbox::watch_of(const std::string& workspace,
                                                                   bool in_sandbox) const {
  auto watch = std::make_shared<CommandWatch>(
      CommandWatchOptions{.workspace = workspace,
                          .is_shared = !is_threads_own(workspace, options_.own_workspaces),
                          .in_sandbox = in_sandbox});
  return [watch](pid_t child) { return watch->overuse(child); };
}

Result<ChildResult> Sandbox::run(const std::string& workspace, const std::string& command,
                                 std::chrono::milliseconds time_max, std::stop_token stop) const {
  const auto folder = identity_of(workspace);
  if (!folder) return base::fail(folder.error());
  if (options_.mode == SandboxMode::off) {
    // Here the kernel counts everything that this user runs.
    auto program = limited(tasks_of_this_user() + limits::shell_user_tasks_max, shell(command));
    auto options = child_options(only_in(*folder, std::move(program)), time_max);
    options.watch = watch_of(workspace, /*in_sandbox=*/false);
    options.environment = clean_environment(workspace);
    options.folder = workspace;
    base::log::info("command_without_sandbox", {});
    return run_child(std::move(options), std::move(stop));
  }
  if (auto proven = prove(workspace, *folder, stop); !proven) return base::fail(proven.error());
  auto program = limited(limits::shell_user_tasks_max, shell(command));
  return run_inside(workspace, *folder, only_in(*folder, std::move(program)), time_max,
                    std::move(stop));
}

Result<ChildResult> Sandbox::run_inside(const std::string& workspace, const struct stat& status,
                                        std::vector<std::string> program,
                                        std::chrono::milliseconds time_max,
                                        std::stop_token stop) const {
  const bool as_user = can_change_users() && status.st_uid != 0;
  const std::string inside(workspace_in_sandbox);
  const SandboxView view{
      .bubblewrap = options_.bubblewrap,
      .hidden_folders = options_.hidden_folders,
      .mounts = {{.from = workspace, .to = inside, .writable = true}},
      .folder = inside,
      .home = inside,
      .change_user = as_user,
      .user = as_user ? std::to_string(status.st_uid) : user_inside,
      .group = as_user ? std::to_string(status.st_gid) : user_inside,
      .environment = clean_environment(inside),
  };
  auto files = sandbox_descriptors(view);
  if (!files) return base::fail(files.error());
  std::vector<std::string> command = sandbox_command(view);
  for (std::string& word : program) command.push_back(std::move(word));
  auto options = child_options(std::move(command), time_max);
  options.watch = watch_of(workspace, /*in_sandbox=*/true);
  options.environment = clean_environment(inside);
  options.folder = "/";
  for (const Descriptor& file : *files) options.descriptors.push_back(file.number());
  return run_child(std::move(options), std::move(stop));
}

Result<SandboxedProgram> Sandbox::wrap(const SandboxedFolders& folders,
                                       std::vector<std::string> program) const {
  if (!is_readable(options_.bubblewrap.c_str())) {
    return base::fail(ErrorKind::unavailable,
                      "there is no " + options_.bubblewrap + how_to_allow_servers);
  }
  struct stat status{};
  const bool has_owner =
      !folders.write.empty() && ::stat(folders.write.front().c_str(), &status) == 0;
  const bool as_user = can_change_users();
  std::string user = user_inside;
  std::string group = user_inside;
  if (as_user) {
    // That of the folder that it may change; nobody's else, so that it is never root.
    const uid_t own = user_of_thread(folders.name);
    const bool owned = has_owner && status.st_uid != 0;
    user = std::to_string(owned ? status.st_uid : own);
    group = std::to_string(owned ? status.st_gid : own);
  }
  SandboxView view{.bubblewrap = options_.bubblewrap,
                   .hidden_folders = options_.hidden_folders,
                   .folder = folders.write.empty() ? "/tmp" : folders.write.front(),
                   .home = "/tmp",
                   .change_user = as_user,
                   .user = user,
                   .group = group,
                   .network = folders.network,
                   .environment = {"HOME=/tmp", "TMPDIR=/tmp"},
                   .inherits_environment = true};
  for (const std::string& path : folders.read) view.mounts.push_back({path, path, false});
  for (const std::string& path : folders.write) view.mounts.push_back({path, path, true});
  auto files = sandbox_descriptors(view);
  if (!files) return base::fail(files.error());
  SandboxedProgram out{.command = sandbox_command(view), .descriptors = std::move(*files)};
  for (std::string& word : program) out.command.push_back(std::move(word));
  return out;
}

// A failure of bubblewrap's own looks like one of the command's, so it is tried once with a command
// that cannot fail. Only success is remembered: an operator may mend the rest meanwhile.
Result<void> Sandbox::prove(const std::string& workspace, const struct stat& status,
                            std::stop_token stop) const {
  if (verified_.load()) return {};
  if (!is_readable(options_.bubblewrap.c_str())) {
    return base::fail(ErrorKind::unavailable, "commands run in a sandbox only, and there is no " +
                                                  options_.bubblewrap + how_to_allow);
  }
  auto result =
      run_inside(workspace, status, {"/bin/true"}, limits::child_end_time_max, std::move(stop));
  if (!result) return base::fail(result.error());
  if (result->exit_code == 0) {
    verified_.store(true);
    return {};
  }
  const std::string& said = result->err.text.empty() ? result->ended_by_us : result->err.text;
  return base::fail(ErrorKind::unavailable,
                    "commands run in a sandbox only, and bubblewrap cannot make one here (" +
                        said.substr(0, said.find('\n')) + ")" + how_to_allow);
}

}  // namespace colonnade::tools
