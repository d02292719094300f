#include "tools/sandbox.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/log.hpp"
#include "tools/descriptor.hpp"
#include "tools/limits.hpp"
#include "tools/process_tree.hpp"
#include "tools/sandbox_user.hpp"
#include "tools/system_call_filter.hpp"
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

void append(std::vector<std::string>& to, std::initializer_list<std::string> more) {
  to.insert(to.end(), more);
}

// An unnamed file in memory with these bytes, to be read from its beginning.
Result<Descriptor> memory_file(std::string_view bytes) {
  Descriptor file(::memfd_create("colonnade", MFD_CLOEXEC));
  const bool written =
      file.open() &&
      ::write(file.number(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      ::lseek(file.number(), 0, SEEK_SET) == 0;
  if (written) return file;
  return base::fail(ErrorKind::unavailable,
                    "the sandbox cannot be prepared: " + std::generic_category().message(errno));
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

// Ends what no limit of the kernel's bounds: all processes together, and for root any number of
// them.
std::optional<std::string> overuse(pid_t child, const std::string& workspace) {
  constexpr std::size_t tasks_max = limits::shell_tasks_max;
  const TreeUse use = use_of_tree(child, tasks_max);
  if (use.tasks > tasks_max) {
    return "it started more than " + std::to_string(tasks_max) + " processes and threads";
  }
  if (use.resident_bytes > limits::shell_memory_max) {
    return "it used more than " + std::to_string(limits::shell_memory_max) + " bytes of memory";
  }
  struct statvfs disk{};
  if (::statvfs(workspace.c_str(), &disk) == 0 &&
      disk.f_bavail * disk.f_frsize < limits::shell_disk_free_min) {
    return "less than " + std::to_string(limits::shell_disk_free_min) +
           " bytes are free on the workspace's disk";
  }
  return std::nullopt;
}

std::vector<std::string> clean_environment(std::string_view home) {
  return {std::string("PATH=") + search_path, "HOME=" + std::string(home), "LANG=C.UTF-8",
          "TERM=dumb"};
}

ChildOptions child_options(const std::string& workspace, std::vector<std::string> command,
                           std::chrono::milliseconds time_max) {
  ChildOptions out;
  out.command = std::move(command);
  out.output_bytes_max = limits::shell_output_bytes_max;
  out.output_read_max = limits::shell_output_read_max;
  out.time_max = time_max;
  out.watch = [workspace](pid_t child) { return overuse(child, workspace); };
  return out;
}

std::vector<std::string> shell(const std::string& command) {
  const char* program = is_readable("/bin/bash") ? "/bin/bash" : "/bin/sh";
  return {program, "-c", command};
}

void add_system(std::vector<std::string>& out) {
  append(out, {"--ro-bind", "/usr", "/usr", "--perms", "0755", "--dir", "/etc"});
  append(out, {"--perms", "0755", "--dir", "/etc/ssl"});
  // On a merged system these are links into /usr, else folders of their own.
  for (const char* folder : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    char target[64];
    const ssize_t size = ::readlink(folder, target, sizeof target);
    if (size > 0 && static_cast<std::size_t>(size) < sizeof target) {
      append(out, {"--symlink", std::string(target, static_cast<std::size_t>(size)), folder});
    } else {
      append(out, {"--ro-bind-try", folder, folder});
    }
  }
  for (const char* file : {"/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime",
                           "/etc/mime.types", "/etc/ssl/certs", "/etc/ssl/openssl.cnf"}) {
    append(out, {"--ro-bind-try", file, file});
  }
}

// What bubblewrap does, in the order in which it does it. Descriptors: 3 passwd, 4 group, 5 the
// filter of system calls.
std::vector<std::string> sandbox_command(const SandboxOptions& options,
                                         const std::string& workspace, bool as_user) {
  std::vector<std::string> out = {options.bubblewrap};
  if (as_user) {
    // Root needs no user namespace; the filter of system calls keeps the command from making one.
    append(out, {"--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
                 "--unshare-cgroup-try", "--cap-drop", "ALL", "--cap-add", "CAP_SETUID",
                 "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"});
  } else {
    append(out, {"--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL",
                 "--uid", user_inside, "--gid", user_inside});
  }
  append(out, {"--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox"});
  add_system(out);
  append(out, {"--perms", "0644", "--ro-bind-data", "3", "/etc/passwd"});
  append(out, {"--perms", "0644", "--ro-bind-data", "4", "/etc/group"});
  append(out, {"--proc", "/proc", "--dev", "/dev"});
  append(out, {"--size", std::to_string(limits::shell_shared_memory_bytes_max), "--perms", "1777",
               "--tmpfs", "/dev/shm"});
  append(out, {"--size", std::to_string(limits::shell_temporary_bytes_max), "--perms", "1777",
               "--tmpfs", "/tmp"});
  for (const std::string& folder : options.hidden_folders) {
    if (folder.starts_with("/usr/")) append(out, {"--tmpfs", folder, "--remount-ro", folder});
  }
  const std::string inside(workspace_in_sandbox);
  // Root without capabilities may not enter another's folder; env does it after the change of user.
  append(out, {"--bind", workspace, inside, "--chdir", as_user ? "/" : inside});
  // /proc holds the kernel's settings, which a server that runs as root could write. The other two
  // are memory without a size.
  append(out, {"--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"});
  for (const std::string& variable : clean_environment(inside)) {
    const std::size_t equals = variable.find('=');
    append(out, {"--setenv", variable.substr(0, equals), variable.substr(equals + 1)});
  }
  append(out, {"--seccomp", "5", "--"});
  return out;
}

}  // namespace

Sandbox::Sandbox(SandboxOptions options) : options_(std::move(options)) {
  if (options_.mode == SandboxMode::off) {
    base::log::warn("sandbox_off", {{"error", std::string_view("commands of the shell tool run "
                                                               "without a sandbox")}});
  }
}

Result<ChildResult> Sandbox::run(const std::string& workspace, const std::string& command,
                                 std::chrono::milliseconds time_max, std::stop_token stop) const {
  if (options_.mode == SandboxMode::off) {
    // Here the kernel counts everything that this user runs.
    auto program = limited(tasks_of_this_user() + limits::shell_user_tasks_max, shell(command));
    auto options = child_options(workspace, std::move(program), time_max);
    options.environment = clean_environment(workspace);
    options.folder = workspace;
    base::log::info("command_without_sandbox", {});
    return run_child(std::move(options), std::move(stop));
  }
  if (auto proven = prove(workspace, stop); !proven) return base::fail(proven.error());
  return run_inside(workspace, limited(limits::shell_user_tasks_max, shell(command)), time_max,
                    std::move(stop));
}

Result<ChildResult> Sandbox::run_inside(const std::string& workspace,
                                        std::vector<std::string> program,
                                        std::chrono::milliseconds time_max,
                                        std::stop_token stop) const {
  struct stat status{};
  const bool as_user =
      can_change_users() && ::stat(workspace.c_str(), &status) == 0 && status.st_uid != 0;
  const std::string user = as_user ? std::to_string(status.st_uid) : user_inside;
  const std::string group = as_user ? std::to_string(status.st_gid) : user_inside;
  auto users = memory_file("user:x:" + user + ":" + group + ":user:/workspace:/bin/bash\n");
  auto groups = memory_file("user:x:" + group + ":\n");
  auto filter = memory_file(system_call_filter());
  for (const auto* file : {&users, &groups, &filter}) {
    if (!*file) return base::fail(file->error());
  }
  std::vector<std::string> command = sandbox_command(options_, workspace, as_user);
  if (as_user) {
    append(command, {"/usr/bin/setpriv", "--reuid=" + user, "--regid=" + group, "--clear-groups",
                     "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--",
                     "/usr/bin/env", "--chdir=" + std::string(workspace_in_sandbox)});
  }
  for (std::string& word : program) command.push_back(std::move(word));
  auto options = child_options(workspace, std::move(command), time_max);
  options.environment = clean_environment(workspace_in_sandbox);
  options.folder = "/";
  options.descriptors = {users->number(), groups->number(), filter->number()};
  return run_child(std::move(options), std::move(stop));
}

// A failure of bubblewrap's own looks like one of the command's, so it is tried once with a command
// that cannot fail. Only success is remembered: an operator may mend the rest meanwhile.
Result<void> Sandbox::prove(const std::string& workspace, std::stop_token stop) const {
  if (verified_.load()) return {};
  if (!is_readable(options_.bubblewrap.c_str())) {
    return base::fail(ErrorKind::unavailable, "commands run in a sandbox only, and there is no " +
                                                  options_.bubblewrap + how_to_allow);
  }
  auto result = run_inside(workspace, {"/bin/true"}, limits::child_end_time_max, std::move(stop));
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
