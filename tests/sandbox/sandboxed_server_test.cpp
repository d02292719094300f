// An MCP server's command in the sandbox: what it sees, what it may change, and what it gets.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "tool_bench.hpp"
#include "tools/mcp/server_process.hpp"
#include "tools/sandbox.hpp"

namespace colonnade::tools::testing {
namespace {

class SandboxedServer : public ToolBench {
 protected:
  void SetUp() override {
    put(data_ / "shown/read.txt", "may be read");
    fs::create_directories(data_ / "changed");
    // Where the tests run as root, the server is another user.
    fs::permissions(data_, fs::perms(0755));
    fs::permissions(data_ / "changed", fs::perms(0777));
    ::chmod((data_ / "operator.token").c_str(), 0600);
    const Sandbox sandbox({});
    if (!sandbox.run(workspace_.string(), "true", std::chrono::seconds(20), {})) {
      GTEST_SKIP() << "bubblewrap cannot run here";
    }
  }

  // What `script` writes until it ends.
  std::string output_of(const std::string& script, SandboxedFolders folders) {
    mcp::ServerCommand command;
    command.program = "/bin/sh";
    command.arguments = {"-c", "exec 2>&1; " + script};
    command.environment = {{"SERVER_SECRET", "for-the-server"}, {"PATH", "/usr/bin:/bin"}};
    const Sandbox sandbox({});
    command.sandbox = [&](std::vector<std::string> program) {
      return sandbox.wrap(folders, std::move(program));
    };
    auto process = mcp::ServerProcess::start(command);
    if (!process) return process.error().message;
    process->input.reset();
    ::fcntl(process->output.number(), F_SETFL, 0);
    std::string out;
    std::array<char, 4096> bytes{};
    for (;;) {
      const ssize_t got = ::read(process->output.number(), bytes.data(), bytes.size());
      if (got <= 0) break;
      out.append(bytes.data(), static_cast<std::size_t>(got));
    }
    process->reap();
    return out;
  }
  std::string path(const std::string& name) const { return (data_ / name).string(); }
};

TEST_F(SandboxedServer, SeesOnlyItsFoldersAndChangesOnlySomeOfThem) {
  const SandboxedFolders folders{.name = "t", .read = {path("shown")}, .write = {path("changed")}};
  const std::string out = output_of("cat " + path("shown/read.txt") + "; echo; pwd; echo new > " +
                                        path("changed/new.txt") + "; echo no > " +
                                        path("shown/no.txt") + "; cat " + path("operator.token"),
                                    folders);
  EXPECT_NE(out.find("may be read\n" + path("changed") + "\n"), std::string::npos) << out;
  EXPECT_NE(out.find("Read-only file system"), std::string::npos) << out;
  EXPECT_EQ(out.find(secret), std::string::npos) << out;
  EXPECT_EQ(bytes_of(data_ / "changed/new.txt"), "new\n");
  EXPECT_FALSE(fs::exists(data_ / "shown/no.txt"));
}

TEST_F(SandboxedServer, HasItsVariablesAndNoOneElsesProcesses) {
  const std::string out = output_of(
      "echo \"[$SERVER_SECRET] [$HOME]\"; ls -d /proc/[0-9]* | wc -l; ls /root /home; cat "
      "/proc/net/route | wc -l",
      {.name = "t"});
  EXPECT_NE(out.find("[for-the-server] [/tmp]"), std::string::npos) << out;
  EXPECT_NE(out.find("No such file"), std::string::npos) << out;
}

TEST_F(SandboxedServer, ItsVariablesAreNotOnACommandLine) {
  const Sandbox sandbox({});
  const auto wrapped = sandbox.wrap({.name = "t"}, {"/bin/sh"});
  ASSERT_TRUE(wrapped);
  for (const std::string& word : wrapped->command) {
    EXPECT_EQ(word.find("for-the-server"), std::string::npos);
    EXPECT_NE(word, "--clearenv");
  }
}

TEST_F(SandboxedServer, IsNotStartedWithoutBubblewrap) {
  const Sandbox sandbox({.bubblewrap = "/usr/bin/no-bwrap-here"});
  const auto wrapped = sandbox.wrap({.name = "t"}, {"/bin/sh"});
  ASSERT_FALSE(wrapped);
  EXPECT_NE(wrapped.error().message.find("sandbox: false"), std::string::npos);
}

}  // namespace
}  // namespace colonnade::tools::testing
