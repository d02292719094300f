// What a command of the model's tries in order to get out, and how it fails.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/tools/limits.hpp"
#include "tool_bench.hpp"
#include "tools/builtin/shell.hpp"
#include "tools/command_watch.hpp"
#include "tools/disk_use.hpp"
#include "tools/limits.hpp"
#include "tools/process_tree.hpp"

namespace colonnade::tools::testing {
namespace {

// A secret that the server itself was started with.
constexpr const char* environment_secret = "sk-live-in-the-server";

class EscapeShell : public ToolBench {
 protected:
  void SetUp() override {
    ::setenv("COLONNADE_TEST_SECRET", environment_secret, 1);
    if (!available()) {
      GTEST_SKIP() << "bubblewrap cannot make a sandbox on this machine: " << shell("true").content;
    }
  }
  void TearDown() override { ::unsetenv("COLONNADE_TEST_SECRET"); }

  bool available() { return !shell("true").is_error; }

  core::ToolOutcome shell(const std::string& command, int timeout_seconds = 20,
                          std::stop_token stop = {}) {
    auto outcome =
        call(tool_, {{"command", command}, {"timeout_seconds", timeout_seconds}}, std::move(stop));
    EXPECT_EQ(outcome.content.find(environment_secret), std::string::npos);
    return outcome;
  }

  ShellTool tool_{workers_, SandboxOptions{}};
};

TEST_F(EscapeShell, WorksInsideTheWorkspace) {
  const auto outcome = shell("echo hello > a.txt; cat a.txt; pwd; echo oops >&2; id -un");
  EXPECT_FALSE(outcome.is_error) << outcome.content;
  EXPECT_EQ(outcome.content,
            "exit code: 0\n--- stdout ---\nhello\n/workspace\nuser\n--- stderr ---\noops\n");
  EXPECT_EQ(bytes_of(workspace_ / "a.txt"), "hello\n");
  EXPECT_EQ(shell("id -u").content.find("\n0\n"), std::string::npos);
  EXPECT_EQ(shell("exit 7").content, "exit code: 7\n");
}

struct Attempt {
  const char* name;
  const char* command;
  const char* reason;
};
void PrintTo(const Attempt& attempt, std::ostream* out) { *out << attempt.name; }

class EscapeAttempt : public EscapeShell, public ::testing::WithParamInterface<Attempt> {};

TEST_P(EscapeAttempt, FailsAndSaysWhy) {
  expect_refused(shell(GetParam().command), GetParam().reason);
}

constexpr const char* no_such = "No such file or directory";
constexpr const char* read_only = "Read-only file system";

const Attempt attempts[] = {
    {"ReadsShadow", "cat /etc/shadow", no_such},
    {"ReadsSslPrivateKeys", "ls /etc/ssl/private", no_such},
    {"ReadsHome", "ls /home", no_such},
    {"ReadsRootHome", "ls /root", no_such},
    {"ReadsVar", "ls /var/lib", no_such},
    {"ReadsAnotherThreadsWorkspace", "cat /workspace/../th2/other.txt", no_such},
    {"WritesToTheSystem", "touch /usr/bin/evil", read_only},
    {"WritesToEtc", "echo x >> /etc/passwd || touch /etc/evil", read_only},
    {"WritesToTheRoot", "touch /evil", read_only},
    {"WritesToDev", "dd if=/dev/zero of=/dev/fill bs=1M count=1", read_only},
    {"WritesKernelSettings", "echo 1 > /proc/sys/vm/drop_caches", read_only},
    {"WritesSysrq", "echo b > /proc/sysrq-trigger", "/proc/sysrq-trigger"},
    {"ReachesTheRootThroughProc", "cat /proc/self/root/etc/shadow", no_such},
    {"ReachesTheRootThroughInit", "cat /proc/1/root/etc/shadow", "cat: /proc/1/root/etc/shadow: "},
    {"ReadsTheServersEnvironment",
     "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep COLONNADE && exit 0; echo nothing found; "
     "exit "
     "1",
     "nothing found"},
    {"ReadsItsOwnEnvironment",
     "env | cut -d= -f1 | grep -vE '^(PATH|HOME|LANG|TERM|PWD|SHLVL|_|OLDPWD)$' && exit 0; echo "
     "nothing else; exit 1",
     "nothing else"},
    {"SeesDescriptorsOfTheServer",
     "ls /proc/self/fd | grep -vE '^[0-3]$' && exit 0; echo none; exit 1", "none"},
    {"FollowsALinkOutside", "ln -s /etc/shadow s; cat s", no_such},
    {"HardLinksTheSystem", "ln /usr/bin/env hard", "Invalid cross-device link"},
    {"MakesADevice", "mknod null c 1 3", "Operation not permitted"},
    {"MakesADiskDevice", "mknod disk b 8 0", "Operation not permitted"},
    {"ReadsMemory", "cat /dev/mem", no_such},
    {"ReadsKernelMessages", "dmesg", "Operation not permitted"},
    {"TalksOverBashTcp", "exec 3<>/dev/tcp/1.1.1.1/80", "Network is unreachable"},
    {"TalksToTheHostsLoopback", "exec 3<>/dev/tcp/127.0.0.1/22", "Connection refused"},
    {"TalksOverIpv6", "exec 3<>/dev/tcp/2606:4700:4700::1111/80", "Network is unreachable"},
    {"TalksToMetadata", "exec 3<>/dev/tcp/169.254.169.254/80", "Network is unreachable"},
    {"ResolvesNames", "getent hosts example.com || { echo cannot resolve; exit 1; }",
     "cannot resolve"},
    {"FetchesWithCurl", "curl -sS -m 5 http://1.1.1.1/ || { echo failed; exit 1; }", "failed"},
    {"SeesNetworkDevices", "grep -vE '^ *lo:|\\|' /proc/net/dev && exit 0; echo only lo; exit 1",
     "only lo"},
    {"Mounts", "mount -t tmpfs none /tmp", "must be superuser"},
    {"Unmounts", "umount /workspace", "umount"},
    {"RemountsTheSystem", "mount -o remount,rw,bind /usr", "must be superuser"},
    {"ChangesTheRoot", "/usr/sbin/chroot /tmp /bin/sh", "Operation not permitted"},
    {"MakesAUserNamespace", "unshare -r id", "Operation not permitted"},
    {"MakesANetworkNamespace", "unshare -n id", "Operation not permitted"},
    {"EntersANamespace", "nsenter -t 1 -m id", "ermi"},
    {"BecomesRootWithSu", "su -c id", "user root does not exist"},
    {"SetsTheUserIdBit",
     "cp /usr/bin/id .; chmod u+s id; ./id -u | grep -v \"^$(id -u)$\" && exit 0; echo still the "
     "same; exit "
     "1",
     "still the same"},
    {"HasCapabilities",
     "grep -E '^Cap(Eff|Prm|Bnd|Amb):.*[1-9a-f]' /proc/self/status && exit 0; echo no capability; "
     "exit 1",
     "no capability"},
    {"GainsPrivileges",
     "grep -q 'NoNewPrivs:.*1' /proc/self/status && { echo none to gain; exit 1; }",
     "none to gain"},
    {"SeesProcessesOutside",
     "test $(ls -d /proc/[0-9]* | wc -l) -lt 8 && { echo few processes; exit 1; }",
     "few processes"},
    {"KillsEverything", "kill -9 1; kill -9 -1", "No such process"},
    {"RaisesItsLimits", "ulimit -n 100000", "cannot modify limit"},
    {"RaisesProcessorTime", "ulimit -t unlimited", "cannot modify limit"},
};

INSTANTIATE_TEST_SUITE_P(Case, EscapeAttempt, ::testing::ValuesIn(attempts),
                         [](const auto& info) { return info.param.name; });

// Programs in a language with raw system calls.
class EscapeSystemCall : public EscapeAttempt {};
TEST_P(EscapeSystemCall, FailsAndSaysWhy) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "needs python3";
  put(workspace_ / "try.py", GetParam().command);
  expect_refused(shell("/usr/bin/python3 try.py"), GetParam().reason);
}

const Attempt system_calls[] = {
    {"RawSocket", "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
     "Operation not permitted"},
    {"PacketSocket", "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)",
     "Operation not permitted"},
    {"VsockToTheHost", "import socket\nsocket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
     "Operation not permitted"},
    {"UdpToTheWorld",
     "import socket\ns=socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.sendto(b'x',('8.8.8.8',"
     "53))",
     "Network is unreachable"},
    {"Ptrace",
     "import ctypes,os\nl=ctypes.CDLL(None,use_errno=True)\n"
     "raise SystemExit(os.strerror(ctypes.get_errno()) if l.ptrace(16,1,0,0) else 0)",
     "Operation not permitted"},
    {"KernelKeys",
     "import ctypes,os\nl=ctypes.CDLL(None,use_errno=True)\n"
     "raise SystemExit(os.strerror(ctypes.get_errno()) if l.syscall(250,0,-3,0)<0 else 0)",
     "Operation not permitted"},
    {"CloneWithANamespace",
     "import ctypes,os\nl=ctypes.CDLL(None,use_errno=True)\n"
     "r=l.syscall(56,0x10000000|17,0,0,0,0)\n"
     "raise SystemExit(os.strerror(ctypes.get_errno()) if r<0 else 0)",
     "Operation not permitted"},
    {"Clone3WithANamespace",
     "import ctypes,os\nl=ctypes.CDLL(None,use_errno=True)\n"
     "a=(ctypes.c_uint64*11)(0x10000000)\nr=l.syscall(435,a,88)\n"
     "raise SystemExit(os.strerror(ctypes.get_errno()) if r<0 else 0)",
     "Function not implemented"},
    {"IoUring",
     "import ctypes,os\nl=ctypes.CDLL(None,use_errno=True)\n"
     "raise SystemExit(os.strerror(ctypes.get_errno()) if l.syscall(425,1,0)<0 else 0)",
     "Operation not permitted"},
    {"MemoryFile", "import os\nos.memfd_create('x')", "Function not implemented"},
    {"SystemVSegment",
     "import ctypes,os\nl=ctypes.CDLL(None,use_errno=True)\n"
     "raise SystemExit(os.strerror(ctypes.get_errno()) if l.shmget(0,1<<20,0o1600)<0 else 0)",
     "Function not implemented"},
    {"SystemVQueue",
     "import ctypes,os\nl=ctypes.CDLL(None,use_errno=True)\n"
     "raise SystemExit(os.strerror(ctypes.get_errno()) if l.msgget(0,0o1600)<0 else 0)",
     "Function not implemented"},
    {"SystemVSemaphores",
     "import ctypes,os\nl=ctypes.CDLL(None,use_errno=True)\n"
     "raise SystemExit(os.strerror(ctypes.get_errno()) if l.semget(0,32000,0o1600)<0 else 0)",
     "Function not implemented"},
    // Of 2600 MiB that it holds, no page is its own at any look.
    {"SharedMemoryThatItDoesNotShow",
     "import mmap,time\na=mmap.mmap(-1,2600<<20)\nfor i in range(8):\n a[i<<20]=1\n"
     "a.madvise(mmap.MADV_DONTNEED)\ntime.sleep(20)",
     "bytes of memory"},
    {"FilesOfNoBytes",
     "import time\nfor i in range(70000): open('/tmp/%d' % i, 'w').close()\ntime.sleep(20)",
     "files in /tmp"},
    {"MemoryBomb", "a=[]\nwhile True: a.append(bytearray(b'x')*(64<<20))", "bytes of memory"},
    {"AddressSpaceBomb",
     "import mmap\nf=mmap.MAP_PRIVATE|mmap.MAP_ANONYMOUS\n"
     "a=[mmap.mmap(-1,1<<30,flags=f) for i in range(8)]",
     "Cannot allocate memory"},
    {"ABigFile", "f=open('/workspace/big','wb')\nf.truncate(4<<30)", "File too large"},
    {"AFullTmp", "f=open('/tmp/big','wb')\nwhile True: f.write(b'x'*(1<<20))",
     "No space left on device"},
    {"AFullSharedMemory", "f=open('/dev/shm/big','wb')\nwhile True: f.write(b'x'*(1<<20))",
     "No space left on device"},
};
INSTANTIATE_TEST_SUITE_P(Case, EscapeSystemCall, ::testing::ValuesIn(system_calls),
                         [](const auto& info) { return info.param.name; });

TEST_F(EscapeShell, ReadsTheDataFolder) {
  expect_refused(shell("cat " + (data_ / "operator.token").string()), no_such);
  expect_refused(shell("cat ../../operator.token"), no_such);
  expect_refused(shell("find / -xdev -name operator.token | grep . && exit 0; echo none; exit 1"),
                 "none");
}

TEST_F(EscapeShell, WritesToTheDataFolder) {
  const std::string file = (data_ / "operator.token").string();
  expect_refused(shell("echo mine > " + file), no_such);
  EXPECT_EQ(bytes_of(file), secret);
}

// A server of the host's on a Unix socket with an abstract name.
TEST_F(EscapeShell, TalksToAnAbstractUnixSocket) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "needs python3";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "colonnade-test-" + std::to_string(::getpid());
  name.copy(address.sun_path + 1, name.size());
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(server, 1), 0);
  expect_refused(shell("python3 -c \"import socket; socket.socket(socket.AF_UNIX).connect('\\\\0" +
                       name + "')\""),
                 "Connection refused");
  ::close(server);
}

TEST_F(EscapeShell, AForkBombEndsWithTheCall) {
  expect_refused(shell("bomb() { bomb | bomb & }; bomb; sleep 15", 20), "processes");
  // It is over when the call is: the next one finds the machine as before.
  EXPECT_FALSE(shell("echo fine").is_error);
}

// Commands of one thread share a user, and the kernel counts by user: what the others run must not
// hide that this one runs too much.
TEST_F(EscapeShell, AForkBombIsSeenBesideOthersOfTheSameUser) {
  std::stop_source stop;
  std::jthread beside([&] {
    base::Lanes lanes{1};
    ToolContext context{.lane = &lanes[0],
                        .scope = core::Scope::main(),
                        .thread_id = "th1",
                        .run_id = "r1",
                        .tool_call_id = "c2",
                        .workspace = workspace_.string()};
    base::Json arguments = {
        {"command", "for i in $(seq 100); do sleep 60 & done; touch ready; wait"},
        {"timeout_seconds", 60}};
    base::run_on(lanes[0], tool_.run(std::move(context), std::move(arguments), stop.get_token()));
  });
  EXPECT_FALSE(shell("until [ -e ready ]; do sleep 0.01; done").is_error);
  expect_refused(shell("bomb() { bomb | bomb & }; bomb; sleep 15", 20), "processes");
  stop.request_stop();
}

TEST_F(EscapeShell, EndlessOutputIsCutAndEnded) {
  const auto outcome = shell("yes");
  expect_refused(outcome, "it wrote more than");
  EXPECT_NE(outcome.content.find("bytes left out"), std::string::npos);
  EXPECT_LT(outcome.content.size(), limits::tool_output_bytes_max);
}

TEST_F(EscapeShell, EndlessErrorsAreCutAndEnded) {
  expect_refused(shell("yes >&2"), "it wrote more than");
}

TEST_F(EscapeShell, ManyFilesFillTheSharedMemoryOnlyUpToItsSize) {
  expect_refused(shell("for i in $(seq 200); do head -c 1000000 /dev/zero > /dev/shm/$i || exit 1; "
                       "done"),
                 "No space left on device");
}

TEST_F(EscapeShell, NothingEndsByItselfButTheTimeLimit) {
  expect_refused(shell("trap '' TERM INT HUP; while true; do sleep 1; done", 1), "time limit");
}

// The folder is shared with the command, so the test sees what still runs by what it writes.
bool still_written(const fs::path& file) {
  const std::string before = bytes_of(file);
  // That nothing happens can only be seen by waiting.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // allow(sleep): nothing to wait for
  return bytes_of(file) != before;
}

TEST_F(EscapeShell, SurvivorsInTheBackgroundEndWithTheCall) {
  EXPECT_FALSE(shell("(while true; do date +%N > beat; sleep 0.02; done) & sleep 0.2").is_error);
  EXPECT_FALSE(still_written(workspace_ / "beat"));
}

TEST_F(EscapeShell, SurvivorsInTheirOwnSessionEndWithTheCall) {
  EXPECT_FALSE(
      shell(
          "setsid -f sh -c 'setsid -f sh -c \"while true; do date +%N > beat; sleep 0.02; done\"';"
          "nohup setsid sh -c 'trap \"\" TERM; sleep 60' >/dev/null 2>&1 & sleep 0.3")
          .is_error);
  EXPECT_TRUE(fs::exists(workspace_ / "beat"));
  EXPECT_FALSE(still_written(workspace_ / "beat"));
}

TEST_F(EscapeShell, AStopEndsEverything) {
  std::stop_source stop;
  std::thread stopper([&] {
    while (!fs::exists(workspace_ / "beat")) std::this_thread::yield();
    stop.request_stop();
  });
  const auto outcome = shell(
      "trap '' TERM; setsid -f sh -c 'while true; do date +%N > beat; sleep 0.02; done'; sleep "
      "60",
      60, stop.get_token());
  stopper.join();
  expect_refused(outcome, "it was stopped");
  EXPECT_FALSE(still_written(workspace_ / "beat"));
}

TEST_F(EscapeShell, AnAllocationOfManyProcessesTogetherIsEnded) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "needs python3";
  put(workspace_ / "eat.py",
      "import time\na=bytearray(400<<20)\nfor i in range(0,len(a),4096): a[i]=1\ntime.sleep(15)\n");
  expect_refused(shell("for i in 1 2 3 4 5 6 7 8; do python3 eat.py & done; wait"),
                 "bytes of memory");
}

// --- without a sandbox
// ----------------------------------------------------------------------------

class NoSandbox : public ToolBench {
 protected:
  void SetUp() override { ::setenv("COLONNADE_TEST_SECRET", environment_secret, 1); }
  void TearDown() override { ::unsetenv("COLONNADE_TEST_SECRET"); }
};

TEST_F(NoSandbox, IsRefusedWhereBubblewrapIsMissing) {
  ShellTool tool(workers_, {.bubblewrap = "/usr/bin/no-bwrap-here"});
  const auto outcome = call(tool, {{"command", "touch ran"}});
  expect_refused(outcome, "there is no /usr/bin/no-bwrap-here");
  EXPECT_NE(outcome.content.find("tools.sandbox: off"), std::string::npos);
  EXPECT_FALSE(fs::exists(workspace_ / "ran"));
}

TEST_F(NoSandbox, IsRefusedWhereBubblewrapFails) {
  put(data_ / "bwrap", "#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n");
  ::chmod((data_ / "bwrap").c_str(), 0755);
  ShellTool tool(workers_, {.bubblewrap = (data_ / "bwrap").string()});
  const auto outcome = call(tool, {{"command", "touch ran"}});
  expect_refused(outcome, "No permissions to create new namespace");
  EXPECT_NE(outcome.content.find("tools.sandbox: off"), std::string::npos);
  EXPECT_FALSE(fs::exists(workspace_ / "ran"));
}

TEST_F(NoSandbox, StillHasACleanEnvironmentLimitsAndAnEnd) {
  ShellTool tool(workers_, {.mode = SandboxMode::off});
  const auto environment = call(tool, {{"command", "env; pwd"}});
  EXPECT_FALSE(environment.is_error) << environment.content;
  EXPECT_EQ(environment.content.find(environment_secret), std::string::npos);
  EXPECT_NE(environment.content.find("HOME=" + workspace_.string()), std::string::npos);
  expect_refused(call(tool, {{"command",
                              "ulimit -n 100000 2>&1 && ulimit -f unlimited; "
                              "head -c 600000000 /dev/zero > big"}}),
                 "");
  expect_refused(call(tool, {{"command", "trap '' TERM; sleep 60"}, {"timeout_seconds", 1}}),
                 "time limit");
  EXPECT_FALSE(call(tool, {{"command",
                            "(while true; do date +%N > beat; sleep 0.02; done) & sleep "
                            "0.2"}})
                   .is_error);
  EXPECT_FALSE(still_written(workspace_ / "beat"));
}

TEST_F(NoSandbox, TheProcessTreeIsCounted) {
  const auto use = [] { return use_of_tree(::getpid(), 1000, limits::shell_memory_max); };
  EXPECT_GE(use().tasks, 1U);
  EXPECT_GT(use().memory_bytes, 0U);
  EXPECT_GE(tasks_of_this_user(), use().tasks);
}

// --- the disk
// ------------------------------------------------------------------------------------

class SmallDisk : public ToolBench {
 protected:
  SmallDisk() {
    bounds_.workspace_bytes_max = 1 << 20;
    bounds_.workspace_files_max = 20;
    bounds_.low_disk_bytes = 64 << 10;
    bounds_.low_disk_files = 10;
    bounds_.walk_interval = std::chrono::milliseconds(0);
  }
  // As if next to nothing were free.
  void fill_disk() { bounds_.free_bytes_min = std::uint64_t{1} << 62; }
  CommandWatch watch(const fs::path& workspace, bool is_shared = false) {
    return CommandWatch({.workspace = workspace.string(), .is_shared = is_shared, .disk = bounds_});
  }
  CommandWatch watch() { return watch(workspace_); }
  void add(const std::string& name, std::size_t bytes) {
    put(workspace_ / name, std::string(bytes, 'x'));
  }

  DiskBounds bounds_;
};

TEST_F(SmallDisk, AWorkspaceHasSoManyBytesAndFiles) {
  auto bytes = watch();
  EXPECT_FALSE(bytes.disk_overuse());
  add("big", 2 << 20);
  EXPECT_NE(bytes.disk_overuse().value_or("").find("1048576 bytes"), std::string::npos);
  fs::remove(workspace_ / "big");
  auto files = watch();
  EXPECT_FALSE(files.disk_overuse());
  for (int i = 0; i < 30; ++i) add("empty-" + std::to_string(i), 0);
  EXPECT_NE(files.disk_overuse().value_or("").find("20 files"), std::string::npos);
}

TEST_F(SmallDisk, WhatIsTooMuchMayBeRemoved) {
  add("big", 2 << 20);
  add("more", 2 << 20);
  auto removing = watch();
  EXPECT_FALSE(removing.disk_overuse());
  fs::remove(workspace_ / "more");
  EXPECT_FALSE(removing.disk_overuse());
}

// Whoever filled the disk takes tools from nobody else.
TEST_F(SmallDisk, AFullDiskEndsCommandsOfLargeWorkspacesOnly) {
  fill_disk();
  const fs::path other = data_ / "workspaces/th2";
  auto small = watch(other);
  EXPECT_FALSE(small.disk_overuse());
  put(other / "result.txt", "a few bytes");
  EXPECT_FALSE(small.disk_overuse());
  auto large = watch();
  EXPECT_FALSE(large.disk_overuse());
  add("big", 200 << 10);
  EXPECT_NE(large.disk_overuse().value_or("").find("on the workspace's disk"), std::string::npos);
  auto again = watch();
  EXPECT_FALSE(again.disk_overuse()) << "it may look, and remove";
}

TEST_F(SmallDisk, AWorkspaceOfAllThreadsMayBeOfAnySize) {
  add("big", 2 << 20);
  for (int i = 0; i < 30; ++i) add("empty-" + std::to_string(i), 0);
  auto shared = watch(workspace_, true);
  EXPECT_FALSE(shared.disk_overuse());
}

TEST_F(SmallDisk, AWalkFollowsNoLinks) {
  add("one", 8192);
  fs::create_directory_symlink("/usr", workspace_ / "usr");
  fs::create_hard_link(workspace_ / "one", workspace_ / "two");
  const DiskUse use = disk_use(workspace_.string(), 1000);
  EXPECT_EQ(use.files, 3U);
  EXPECT_GE(use.bytes, 16384U);
  EXPECT_LT(use.bytes, 65536U);
  EXPECT_EQ(disk_use(workspace_.string(), 1).files, 2U) << "stops counting";
}

}  // namespace
}  // namespace colonnade::tools::testing
