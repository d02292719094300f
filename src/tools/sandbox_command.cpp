#include "tools/sandbox_command.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <string_view>
#include <system_error>

#include "tools/limits.hpp"
#include "tools/system_call_filter.hpp"

namespace colonnade::tools {
namespace {

using base::ErrorKind;
using base::Result;

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

// "/a/b/c" → "/a", "/a/b"
std::vector<std::string> folders_above(const std::string& path) {
  std::vector<std::string> out;
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    out.push_back(path.substr(0, at));
  }
  return out;
}

}  // namespace

// In the order in which bubblewrap does it. Descriptors: 3 passwd, 4 group, 5 the filter of system
// calls.
std::vector<std::string> sandbox_command(const SandboxView& view) {
  std::vector<std::string> out = {view.bubblewrap};
  if (view.change_user) {
    // Root needs no user namespace; the filter of system calls keeps the program from making one.
    append(out, {"--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try",
                 "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
                 "--cap-add", "CAP_SETPCAP"});
    if (!view.network) append(out, {"--unshare-net"});
  } else {
    append(out, {"--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL",
                 "--uid", view.user, "--gid", view.group});
    if (view.network) append(out, {"--share-net"});
  }
  append(out, {"--die-with-parent", "--new-session", "--hostname", "sandbox"});
  if (!view.inherits_environment) append(out, {"--clearenv"});
  add_system(out);
  if (view.network) {
    for (const char* file : {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"}) {
      append(out, {"--ro-bind-try", file, file});
    }
  }
  append(out, {"--perms", "0644", "--ro-bind-data", "3", "/etc/passwd"});
  append(out, {"--perms", "0644", "--ro-bind-data", "4", "/etc/group"});
  append(out, {"--proc", "/proc", "--dev", "/dev"});
  append(out, {"--size", std::to_string(limits::shell_shared_memory_bytes_max), "--perms", "1777",
               "--tmpfs", "/dev/shm"});
  append(out, {"--size", std::to_string(limits::shell_temporary_bytes_max), "--perms", "1777",
               "--tmpfs", "/tmp"});
  for (const std::string& folder : view.hidden_folders) {
    if (folder.starts_with("/usr/")) append(out, {"--tmpfs", folder, "--remount-ro", folder});
  }
  for (const SandboxMount& mount : view.mounts) {
    // Made by a mount, they would be for their owner only, who may be another user by then.
    for (const std::string& folder : folders_above(mount.to)) {
      append(out, {"--perms", "0755", "--dir", folder});
    }
    append(out, {mount.writable ? "--bind" : "--ro-bind", mount.from, mount.to});
  }
  // Root without capabilities may not enter another's folder; env does it after the change of user.
  append(out, {"--chdir", view.change_user ? "/" : view.folder});
  // /proc holds the kernel's settings, which a server that runs as root could write. The other two
  // are memory without a size.
  append(out, {"--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"});
  for (const std::string& variable : view.environment) {
    const std::size_t equals = variable.find('=');
    append(out, {"--setenv", variable.substr(0, equals), variable.substr(equals + 1)});
  }
  append(out, {"--seccomp", "5", "--"});
  if (view.change_user) {
    append(out, {"/usr/bin/setpriv", "--reuid=" + view.user, "--regid=" + view.group,
                 "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all",
                 "--", "/usr/bin/env", "--chdir=" + view.folder});
  }
  return out;
}

Result<std::vector<Descriptor>> sandbox_descriptors(const SandboxView& view) {
  std::vector<Descriptor> out;
  for (const std::string& bytes :
       {"user:x:" + view.user + ":" + view.group + ":user:" + view.home + ":/bin/bash\n",
        "user:x:" + view.group + ":\n", system_call_filter()}) {
    auto file = memory_file(bytes);
    if (!file) return base::fail(file.error());
    out.push_back(std::move(*file));
  }
  return out;
}

}  // namespace colonnade::tools
