// What the file tools are asked in order to get out of the workspace, and how they refuse.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tool_bench.hpp"
#include "tools/builtin/edit.hpp"
#include "tools/builtin/glob.hpp"
#include "tools/builtin/grep.hpp"
#include "tools/builtin/read.hpp"
#include "tools/builtin/write.hpp"
#include "tools/workspace.hpp"

namespace colonnade::tools::testing {
namespace {

constexpr const char* only_workspace = "only the workspace can be reached";

class EscapeFiles : public ToolBench {
 protected:
  core::ToolOutcome read(const std::string& path) { return call(*read_, {{"path", path}}); }
  core::ToolOutcome write(const std::string& path, const std::string& content = "mine") {
    return call(*write_, {{"path", path}, {"content", content}});
  }
  core::ToolOutcome edit(const std::string& path) {
    return call(*edit_, {{"path", path}, {"old_text", "top"}, {"new_text", "low"}});
  }
  void link(const std::string& target, const std::string& name) {
    fs::create_symlink(target, workspace_ / name);
  }
  void expect_untouched() {
    EXPECT_EQ(bytes_of(data_ / "operator.token"), secret);
    EXPECT_EQ(bytes_of(data_ / "workspaces/th2/other.txt"), secret);
  }

  std::unique_ptr<Tool> read_ = read_tool(workers_);
  std::unique_ptr<Tool> write_ = write_tool(workers_);
  std::unique_ptr<Tool> edit_ = edit_tool(workers_);
  std::unique_ptr<Tool> glob_ = glob_tool(workers_);
  std::unique_ptr<Tool> grep_ = grep_tool(workers_);
};

TEST_F(EscapeFiles, PathsInsideWorkHoweverTheyAreWritten) {
  ASSERT_FALSE(write("a/b/c.txt", "one\ntwo\n").is_error);
  for (const std::string& path :
       {std::string("a/b/c.txt"), std::string("./a//b/../b/c.txt"),
        (workspace_ / "a/b/c.txt").string(), std::string("/workspace/a/b/c.txt")}) {
    EXPECT_EQ(read(path).content, "     1\tone\n     2\ttwo\n") << path;
  }
  link("a/b", "into");
  link("into/c.txt", "file");
  EXPECT_FALSE(read("file").is_error);
  EXPECT_FALSE(write("file", "three").is_error);
  EXPECT_EQ(bytes_of(workspace_ / "a/b/c.txt"), "three");
  EXPECT_TRUE(fs::is_symlink(workspace_ / "file"));
}

// What the gate is told is what is opened.
TEST_F(EscapeFiles, APathHasOneForm) {
  ASSERT_FALSE(write("secrets/key", "k").is_error);
  link("secrets", "public");
  link("../secrets/key", "secrets/again");
  fs::create_directory_symlink("missing/../secrets", workspace_ / "dangling");
  const auto workspace = Workspace::open(workspace_.string());
  ASSERT_TRUE(workspace);
  const auto form = [&](const std::string& path) {
    const auto out = workspace->canonical(path);
    return out ? *out : out.error().message;
  };
  for (const std::string& path :
       {std::string("secrets/key"), std::string("./secrets/key"), std::string(".//secrets//key"),
        std::string("secrets/key/"), std::string("secrets/./key"), std::string("public/key"),
        std::string("public/../secrets/key"), std::string("secrets/again"),
        std::string("/workspace/secrets/key"), (workspace_ / "secrets/key").string(),
        std::string("none/../secrets/key"), std::string("dangling/key")}) {
    EXPECT_EQ(form(path), "secrets/key") << path;
  }
  EXPECT_EQ(form(""), ".");
  EXPECT_EQ(form("secrets/.."), ".");
  EXPECT_EQ(form("new/./folder//file"), "new/folder/file");
  EXPECT_NE(form("../th2/other.txt").find(only_workspace), std::string::npos);
  EXPECT_NE(form("secrets/../../x").find(only_workspace), std::string::npos);
  // A folder is everything below it.
  const ToolContext context{.scope = core::Scope::main(), .workspace = workspace_.string()};
  const auto folder = [&](base::Json arguments) {
    return grep_->canonical(context, std::move(arguments), core::ArgumentsFrom::model)
        ->at("path")
        .get<std::string>();
  };
  EXPECT_EQ(folder({{"pattern", "k"}, {"path", "./public"}}), "secrets/");
  EXPECT_EQ(folder({{"pattern", "k"}}), ".");
}

// Something else in the workspace (a shell that still runs) makes a link where there was none.
TEST_F(EscapeFiles, ALinkThatIsMadeAfterTheJudgingIsNotFollowed) {
  put(workspace_ / "secrets/key", secret);
  put(workspace_ / "public/key", "public");
  before_run_ = [&] {
    fs::remove_all(workspace_ / "public");
    fs::create_symlink("secrets", workspace_ / "public");
  };
  expect_refused(read("public/key"), "since the call was judged");
  before_run_ = [&] {
    fs::remove(workspace_ / "note");
    fs::create_symlink("secrets/key", workspace_ / "note");
  };
  expect_refused(write("note"), "since the call was judged");
  EXPECT_EQ(bytes_of(workspace_ / "secrets/key"), secret);
}

TEST_F(EscapeFiles, ReadsThroughDotDot) {
  expect_refused(read("../../operator.token"), only_workspace);
  expect_refused(read("a/../../../operator.token"), "");
  expect_refused(read(".."), only_workspace);
}

TEST_F(EscapeFiles, ReadsAnAbsolutePath) {
  expect_refused(read((data_ / "operator.token").string()), only_workspace);
  expect_refused(read("/etc/shadow"), only_workspace);
}

TEST_F(EscapeFiles, ReadsAFolderWhoseNameBeginsAlike) {
  put(workspace_.string() + "-more/x.txt", secret);
  expect_refused(read(workspace_.string() + "-more/x.txt"), only_workspace);
  expect_refused(read("/workspaces/x.txt"), only_workspace);
}

TEST_F(EscapeFiles, ReadsAbsolutePathWithDotDotBehindThePrefix) {
  expect_refused(read(workspace_.string() + "/../../operator.token"), only_workspace);
  expect_refused(read("/workspace/../../operator.token"), only_workspace);
}

TEST_F(EscapeFiles, ReadsAnotherThreadsFile) {
  expect_refused(read("../th2/other.txt"), only_workspace);
}

TEST_F(EscapeFiles, ReadsThroughARelativeLink) {
  link("../../operator.token", "innocent");
  expect_refused(read("innocent"), only_workspace);
}

TEST_F(EscapeFiles, ReadsThroughAnAbsoluteLink) {
  link((data_ / "operator.token").string(), "innocent");
  expect_refused(read("innocent"), only_workspace);
}

TEST_F(EscapeFiles, ReadsThroughALinkedFolder) {
  link("../..", "up");
  expect_refused(read("up/operator.token"), only_workspace);
}

TEST_F(EscapeFiles, ReadsThroughAChainOfLinks) {
  fs::create_directories(workspace_ / "deep/deeper");
  link("deep/deeper", "a");
  link("a/../../../../operator.token", "b");
  link("b", "c");
  expect_refused(read("c"), only_workspace);
}

TEST_F(EscapeFiles, ReadsThroughProcSelfRoot) {
  expect_refused(read("/proc/self/root/etc/shadow"), only_workspace);
  link("/proc/self/root", "root");
  expect_refused(read("root/etc/shadow"), only_workspace);
}

TEST_F(EscapeFiles, ReadsThroughTheServersDescriptors) {
  link("/proc/self/fd/3", "magic");
  expect_refused(read("magic"), only_workspace);
  expect_refused(read("/proc/self/environ"), only_workspace);
}

TEST_F(EscapeFiles, ReadsACircleOfLinks) {
  link("b", "a");
  link("a", "b");
  expect_refused(read("a"), "links in a circle");
  expect_refused(write("a"), "workspace");
}

TEST_F(EscapeFiles, WritesThroughDotDot) {
  expect_refused(write("../../operator.token"), only_workspace);
  expect_refused(write("../th2/new.txt"), only_workspace);
  expect_refused(write("../../new/file"), only_workspace);
  EXPECT_FALSE(fs::exists(data_ / "workspaces/th2/new.txt"));
  EXPECT_FALSE(fs::exists(data_ / "new"));
  expect_untouched();
}

TEST_F(EscapeFiles, WritesAnAbsolutePath) {
  expect_refused(write((data_ / "operator.token").string()), only_workspace);
  expect_untouched();
}

TEST_F(EscapeFiles, WritesThroughALink) {
  link("../../operator.token", "relative");
  link((data_ / "operator.token").string(), "absolute");
  link("../../fresh.txt", "dangling");
  expect_refused(write("relative"), only_workspace);
  expect_refused(write("absolute"), only_workspace);
  expect_refused(write("dangling"), only_workspace);
  EXPECT_FALSE(fs::exists(data_ / "fresh.txt"));
  expect_untouched();
}

TEST_F(EscapeFiles, WritesThroughALinkedFolder) {
  link("../th2", "folder");
  expect_refused(write("folder/other.txt"), only_workspace);
  expect_refused(write("folder/new/other.txt"), only_workspace);
  EXPECT_FALSE(fs::exists(data_ / "workspaces/th2/new"));
  expect_untouched();
}

TEST_F(EscapeFiles, EditsThroughALink) {
  link("../../operator.token", "innocent");
  expect_refused(edit("innocent"), only_workspace);
  expect_refused(edit("../../operator.token"), only_workspace);
  expect_untouched();
}

TEST_F(EscapeFiles, WritingBreaksAHardLinkInsteadOfWritingThroughIt) {
  fs::create_hard_link(data_ / "operator.token", workspace_ / "hard");
  EXPECT_FALSE(write("hard").is_error);
  expect_untouched();
  EXPECT_EQ(bytes_of(workspace_ / "hard"), "mine");
}

TEST_F(EscapeFiles, OpensAFifoWithoutWaitingForItsOtherEnd) {
  ASSERT_EQ(::mkfifo((workspace_ / "pipe").c_str(), 0600), 0);
  expect_refused(read("pipe"), "is a FIFO");
  expect_refused(write("pipe"), "is a FIFO");
}

TEST_F(EscapeFiles, OpensASocket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = workspace_ / "socket";
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  expect_refused(read("socket"), "is a socket");
  expect_refused(write("socket"), "is a socket");
  ::close(server);
}

TEST_F(EscapeFiles, OpensADevice) {
  if (::mknod((workspace_ / "zero").c_str(), S_IFCHR | 0600, makedev(1, 5)) != 0) {
    GTEST_SKIP() << "only root can make a device";
  }
  expect_refused(read("zero"), "is a device");
  expect_refused(write("zero"), "is a device");
}

TEST_F(EscapeFiles, ReadsAFolderOrWritesOne) {
  fs::create_directory(workspace_ / "folder");
  expect_refused(read("folder"), "is a folder");
  expect_refused(write("folder"), "is a folder");
  expect_refused(write("."), "is a folder");
}

TEST_F(EscapeFiles, PutsANulIntoAPath) {
  expect_refused(read(std::string("a\0/../../operator.token", 24)), "NUL");
}

TEST_F(EscapeFiles, GivesAnEndlessPath) {
  expect_refused(read(std::string(100'000, 'a')), "shorten it");
  expect_refused(read(std::string(300, 'a')), "File name too long");
}

TEST_F(EscapeFiles, SearchesOutside) {
  link("../..", "up");
  put(workspace_ / "inside.txt", "top of the page\n");
  expect_refused(call(*glob_, {{"pattern", "**"}, {"path", "../.."}}), only_workspace);
  expect_refused(call(*grep_, {{"pattern", "top"}, {"path", "/etc"}}), only_workspace);
  expect_refused(call(*grep_, {{"pattern", "top"}, {"path", "up"}}), only_workspace);
  // A link below the folder is not followed.
  EXPECT_EQ(call(*glob_, {{"pattern", "**"}}).content, "inside.txt\n");
  EXPECT_EQ(call(*grep_, {{"pattern", "top"}}).content, "inside.txt:1: top of the page\n");
}

TEST_F(EscapeFiles, SearchesWithAPatternThatExplodes) {
  put(workspace_ / "a.txt", std::string(30'000, 'a'));
  EXPECT_FALSE(call(*grep_, {{"pattern", "(a*)*b"}}).is_error);
  expect_refused(call(*grep_, {{"pattern", "(((a{1,100}){1,100}){1,100})"}}), "regular expression");
}

// A thread swaps a folder for a link to the outside and back while the tools go through it.
TEST_F(EscapeFiles, WinsARaceAgainstARename) {
  fs::create_directory(workspace_ / "real");
  put(workspace_ / "real/operator.token", "inside");
  link("../..", "evil");
  fs::create_directory(workspace_ / "door");
  put(workspace_ / "door/operator.token", "inside");
  std::atomic<bool> over = false;
  std::thread swapper([&] {
    const std::string door = workspace_ / "door";
    const std::string evil = workspace_ / "evil";
    while (!over) ::renameat2(AT_FDCWD, door.c_str(), AT_FDCWD, evil.c_str(), RENAME_EXCHANGE);
  });
  int reached = 0;
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto seen = read("door/operator.token");
    EXPECT_EQ(seen.content.find(secret), std::string::npos);
    ++(seen.is_error ? refused : reached);
    if (seen.is_error) {
      EXPECT_NE(seen.content.find("workspace"), std::string::npos);
    }
    write("door/operator.token", "inside");
    write("door/planted-" + std::to_string(i % 8), "x");
  }
  over = true;
  swapper.join();
  EXPECT_GT(reached, 0);
  EXPECT_GT(refused, 0);
  expect_untouched();
  for (const auto& entry : fs::directory_iterator(data_)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("planted")) << entry.path();
    EXPECT_FALSE(entry.path().filename().string().starts_with(".colonnade")) << entry.path();
  }
}

TEST_F(EscapeFiles, ThreadIdsCannotNameAFolderElsewhere) {
  const Workspaces workspaces({.root = (data_ / "workspaces").string()});
  for (const char* id : {"", ".", "..", "../th2", "a/b", "/etc"}) {
    const auto folder = workspaces.folder_of(core::Scope::main(), id);
    ASSERT_FALSE(folder) << id;
    EXPECT_EQ(folder.error().field, "thread_id");
  }
  struct stat status{};
  ASSERT_EQ(::stat(workspace_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

}  // namespace
}  // namespace colonnade::tools::testing
