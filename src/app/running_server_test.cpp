#include "app/running_server.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "app/files.hpp"

namespace colonnade::app {
namespace {

class RunningServerTest : public testing::Test {
 protected:
  RunningServerTest() {
    std::string pattern = testing::TempDir() + "colonnade-note-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~RunningServerTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(RunningServerTest, IsFoundWhileItsProcessLives) {
  EXPECT_FALSE(find_running_server(folder_));
  ASSERT_TRUE(
      leave_note(folder_, {.pid = ::getpid(), .version = "1", .urls = {"http://127.0.0.1:1"}}));
  const auto found = find_running_server(folder_);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid, ::getpid());
  EXPECT_EQ(found->urls, std::vector<std::string>{"http://127.0.0.1:1"});
  struct stat info{};
  ASSERT_EQ(::stat((folder_ + "/server.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  remove_note(folder_);
  EXPECT_FALSE(find_running_server(folder_));
}

TEST_F(RunningServerTest, ADeadProcessDoesNotCount) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_TRUE(leave_note(folder_, {.pid = child, .version = "1", .urls = {"http://x"}}));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(find_running_server(folder_));
}

TEST_F(RunningServerTest, AnotherProcessOfThatNumberDoesNotCount) {
  ASSERT_TRUE(write_owner_only_file(folder_ + "/server.json",
                                    "{\"pid\":" + std::to_string(::getpid()) +
                                        ",\"started\":\"1\",\"version\":\"1\",\"urls\":[\"u\"]}"));
  EXPECT_FALSE(find_running_server(folder_));
}

TEST_F(RunningServerTest, InvalidOutputMeansNoServer) {
  for (const char* text : {"", "{}", "[1]", "not json", "{\"pid\":\"x\"}"}) {
    ASSERT_TRUE(write_owner_only_file(folder_ + "/server.json", text));
    EXPECT_FALSE(find_running_server(folder_)) << text;
  }
}

}  // namespace
}  // namespace colonnade::app
