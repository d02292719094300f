#include "tools/builtin/apply_patch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace colonnade::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ApplyPatchTest : public ::testing::Test {
 protected:
  ApplyPatchTest() {
    folder_ = ::testing::TempDir() + "colonnade-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    fs::create_directories(folder_ + "/src");
    file("src/a.txt", "one\ntwo\n");
    file("b.txt", "bee\n");
  }
  ~ApplyPatchTest() override {
    fs::permissions(folder_ + "/src", fs::perms::owner_all);
    fs::remove_all(folder_);
    workers_.end();
  }

  void file(const std::string& path, const std::string& text) {
    std::ofstream(folder_ + "/" + path, std::ios::binary) << text;
  }
  std::string text(const std::string& path) {
    std::ifstream in(folder_ + "/" + path, std::ios::binary);
    if (!in) return "(none)";
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  base::Result<base::Json> judged(const std::string& patch) {
    return tool_->canonical(context(), {{"patchText", patch}}, core::ArgumentsFrom::model);
  }
  core::ToolOutcome apply(const std::string& patch) {
    const auto arguments = judged(patch);
    if (!arguments) return failed(arguments.error().message);
    return run(*arguments);
  }
  core::ToolOutcome run(base::Json arguments) {
    return base::run_on(lanes_[0], tool_->run(context(), std::move(arguments), {}));
  }
  ToolContext context() {
    return {.lane = &lanes_[0], .scope = core::Scope::main(), .workspace = folder_};
  }

  std::string folder_;
  base::Lanes lanes_{1};
  base::Workers workers_{1};
  std::unique_ptr<Tool> tool_ = apply_patch_tool(workers_);
};

TEST_F(ApplyPatchTest, ChangesAllThatThePatchSays) {
  ::chmod((folder_ + "/src/a.txt").c_str(), 0750);
  const auto outcome = apply(
      "*** Begin Patch\n*** Add File: deep/new.txt\n+hello\n*** Delete File: b.txt\n"
      "*** Update File: src/a.txt\n*** Move to: src/moved.txt\n@@\n-two\n+2\n*** End Patch\n");
  EXPECT_FALSE(outcome.is_error) << outcome.content;
  EXPECT_EQ(outcome.content, "A deep/new.txt\nD b.txt\nR src/a.txt -> src/moved.txt\n");
  EXPECT_EQ(text("deep/new.txt"), "hello\n");
  EXPECT_EQ(text("b.txt"), "(none)");
  EXPECT_EQ(text("src/a.txt"), "(none)");
  EXPECT_EQ(text("src/moved.txt"), "one\n2\n");
  struct stat status{};
  ASSERT_EQ(::stat((folder_ + "/src/moved.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0750U) << "a moved file keeps its permissions";
}

TEST_F(ApplyPatchTest, SectionsOfOneFileFollowEachOther) {
  const auto outcome = apply(
      "--- a/b.txt\n+++ b/b.txt\n@@ -1 +1,2 @@\n bee\n+cee\n"
      "--- a/b.txt\n+++ b/b.txt\n@@ -2 +2 @@\n-cee\n+dee\n");
  EXPECT_FALSE(outcome.is_error) << outcome.content;
  EXPECT_EQ(text("b.txt"), "bee\ndee\n");
}

TEST_F(ApplyPatchTest, NothingChangesWhenAPartDoesNotFit) {
  const char* patches[] = {
      "*** Begin Patch\n*** Update File: b.txt\n@@\n-bee\n+B\n*** Update File: "
      "src/a.txt\n@@\n-x\n+y\n"
      "*** End Patch\n",
      "*** Begin Patch\n*** Update File: b.txt\n@@\n-bee\n+B\n*** Add File: src/a.txt\n+y\n"
      "*** End Patch\n",
      "*** Begin Patch\n*** Update File: b.txt\n@@\n-bee\n+B\n*** Delete File: none\n*** End "
      "Patch\n",
      "*** Begin Patch\n*** Update File: b.txt\n@@\n-bee\n+B\n*** Update File: none\n@@\n-a\n+b\n"
      "*** End Patch\n",
      "*** Begin Patch\n*** Update File: b.txt\n*** Move to: src/a.txt\n@@\n-bee\n+B\n*** End "
      "Patch\n",
      "--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-bee\n+B\n--- a/src/a.txt\n+++ /dev/null\n@@ -1 +0,0 "
      "@@\n"
      "-one\n",
  };
  for (const char* patch : patches) {
    const auto outcome = apply(patch);
    EXPECT_TRUE(outcome.is_error) << patch;
    EXPECT_THAT(outcome.content, HasSubstr("Nothing was changed")) << patch;
    EXPECT_EQ(text("b.txt"), "bee\n") << patch;
    EXPECT_EQ(text("src/a.txt"), "one\ntwo\n") << patch;
  }
}

// A folder that is to be made where the patch has a file: what was written before is put back.
TEST_F(ApplyPatchTest, WhatWasWrittenBeforeAFailureIsPutBack) {
  const auto outcome = apply(
      "*** Begin Patch\n*** Update File: b.txt\n@@\n-bee\n+B\n*** Add File: new.txt\n+x\n"
      "*** Add File: new.txt/below.txt\n+x\n*** End Patch\n");
  EXPECT_TRUE(outcome.is_error);
  EXPECT_EQ(text("b.txt"), "bee\n");
  EXPECT_EQ(text("new.txt"), "(none)");
}

TEST_F(ApplyPatchTest, TheGateIsToldEveryPathAsItWillBeOpened) {
  fs::create_symlink("src", folder_ + "/link");
  const auto arguments = judged(
      "*** Begin Patch\n*** Update File: ./link/../link/a.txt\n*** Move to: /workspace/c.txt\n@@\n"
      "-two\n+2\n*** Delete File: b.txt\n*** End Patch\n");
  ASSERT_TRUE(arguments) << arguments.error().message;
  EXPECT_THAT(arguments->at("paths").get<std::vector<std::string>>(),
              ElementsAre("src/a.txt", "c.txt", "b.txt"));
  EXPECT_EQ(*tool_->canonical(context(), *arguments, core::ArgumentsFrom::approver), *arguments)
      << "again changes nothing";
  // Whoever approves cannot name other paths than the patch does.
  base::Json other = *arguments;
  other["paths"] = {"b.txt"};
  EXPECT_EQ(*tool_->canonical(context(), other, core::ArgumentsFrom::approver), *arguments);
  EXPECT_FALSE(run(*arguments).is_error);
  EXPECT_EQ(text("c.txt"), "one\n2\n");
}

TEST_F(ApplyPatchTest, NoPathLeavesTheWorkspace) {
  for (const char* path : {"../x", "/etc/passwd", "src/../../x"}) {
    const auto arguments =
        judged("*** Begin Patch\n*** Add File: " + std::string(path) + "\n+x\n*** End Patch\n");
    ASSERT_FALSE(arguments) << path;
    EXPECT_EQ(arguments.error().kind, base::ErrorKind::forbidden) << path;
  }
}

TEST_F(ApplyPatchTest, ALinkThatWasMadeSinceIsNotFollowed) {
  const auto arguments =
      judged("*** Begin Patch\n*** Update File: src/a.txt\n@@\n-two\n+2\n*** End Patch\n");
  ASSERT_TRUE(arguments);
  fs::create_directories(folder_ + "/secrets");
  file("secrets/a.txt", "one\ntwo\n");
  fs::remove_all(folder_ + "/src");
  fs::create_symlink("secrets", folder_ + "/src");
  const auto outcome = run(*arguments);
  EXPECT_TRUE(outcome.is_error);
  EXPECT_THAT(outcome.content, HasSubstr("call again"));
  EXPECT_EQ(text("secrets/a.txt"), "one\ntwo\n");
  fs::remove(folder_ + "/src");
  fs::create_directories(folder_ + "/src");
}

TEST_F(ApplyPatchTest, BinaryFilesAreLeftAlone) {
  file("b.txt", std::string("bee\n\0", 5));
  const auto outcome =
      apply("*** Begin Patch\n*** Update File: b.txt\n@@\n-bee\n+B\n*** End Patch\n");
  EXPECT_TRUE(outcome.is_error);
  EXPECT_THAT(outcome.content, HasSubstr("is binary"));
}

}  // namespace
}  // namespace colonnade::tools
