#include "tools/directory_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tools/workspaces.hpp"

namespace colonnade::tools {
namespace {

namespace fs = std::filesystem;

using base::ErrorKind;
using ::testing::HasSubstr;
using ::testing::Not;

// data/            the server's own: operator.token, workspaces/other
// projects/app     may be named by everybody
// home/ann         may be named by operators
class DirectoryRulesTest : public testing::Test {
 protected:
  DirectoryRulesTest() {
    fs::create_directories(root_ / "data/workspaces/other");
    fs::create_directories(root_ / "projects/app/src");
    fs::create_directories(root_ / "home/ann");
    fs::create_directories(root_ / "keys");
    std::ofstream(root_ / "data/operator.token") << "secret";
    std::ofstream(root_ / "keys/tls.key") << "secret";
    rules_ = {.allowed = {at("projects")},
              .own_folders = {{"data_dir", at("data")}},
              .own_files = {{"tls.private_key_file", at("keys/tls.key")}}};
  }
  ~DirectoryRulesTest() override { fs::remove_all(root_); }

  std::string at(const std::string& name) const { return (root_ / name).string(); }
  core::Directory users(const std::string& name) const { return {.path = at(name)}; }
  core::Directory operators(const std::string& name) const {
    return {.path = at(name), .by_operator = true};
  }
  // "": it may be used.
  std::string refusal(const core::Directory& directory) const {
    const auto out = check_directory(rules_, directory);
    return out ? "" : std::string(to_string(out.error().kind)) + ": " + out.error().message;
  }
  std::string kept(core::Directory wanted) const {
    auto out = kept_directory(rules_, std::move(wanted));
    return out ? out->path : "refused: " + out.error().field + ": " + out.error().message;
  }

  static fs::path new_folder() {
    std::string name = (fs::temp_directory_path() / "colonnade-XXXXXX").string();
    return fs::canonical(::mkdtemp(name.data()));
  }

  fs::path root_ = new_folder();
  DirectoryRules rules_;
};

TEST_F(DirectoryRulesTest, UsersMayNameWhatTheConfigurationNames) {
  EXPECT_EQ(refusal(users("projects")), "");
  EXPECT_EQ(refusal(users("projects/app/src")), "");
  EXPECT_THAT(refusal(users("home/ann")), HasSubstr("tandem.directories (" + at("projects") + ")"));
  EXPECT_THAT(refusal(users("home/ann")), HasSubstr(at("home/ann")));
  EXPECT_THAT(refusal(users("projects-of-others")), HasSubstr("forbidden"))
      << "a name that begins alike is another folder";
  EXPECT_THAT(refusal({.path = "/"}), HasSubstr("forbidden"));
  rules_.allowed.clear();
  EXPECT_THAT(refusal(users("projects")), HasSubstr("tandem.directories (none)"));
}

TEST_F(DirectoryRulesTest, OperatorsMayNameAnyFolderOfTheMachine) {
  EXPECT_EQ(refusal(operators("home/ann")), "");
  EXPECT_EQ(refusal({.path = "/usr", .by_operator = true}), "");
}

TEST_F(DirectoryRulesTest, NobodysDirectoryOverlapsTheServersOwn) {
  rules_.allowed = {"/"};
  for (const core::Directory& one :
       {users("data"), operators("data"), operators("data/workspaces"),
        operators("data/workspaces/other"), users("data/workspaces/other"),
        core::Directory{.path = root_.string(), .by_operator = true},
        core::Directory{.path = root_.parent_path().string(), .by_operator = true},
        core::Directory{.path = "/", .by_operator = true}}) {
    EXPECT_THAT(refusal(one), HasSubstr("(the setting data_dir)")) << one.path;
  }
  EXPECT_THAT(refusal(operators("keys")), HasSubstr("(the setting tls.private_key_file)"));
  EXPECT_THAT(refusal(operators("keys")), Not(HasSubstr("tls.key")))
      << "where the key lies is nobody's business";
}

TEST_F(DirectoryRulesTest, WhatIsLinkedToCountsAsWhatItIs) {
  fs::create_directory_symlink(at("keys"), at("linked-keys"));
  rules_.own_files = {{"policy.file", at("linked-keys/tls.key")}};
  EXPECT_THAT(refusal(operators("keys")), HasSubstr("policy.file"));
  rules_.own_folders = {{"data_dir", at("linked-data")}};
  fs::create_directory_symlink(at("data"), at("linked-data"));
  EXPECT_THAT(refusal(operators("data")), HasSubstr("data_dir"));
}

TEST_F(DirectoryRulesTest, ALinkOnTheWayIsRefusedWhoeverNamedIt) {
  fs::create_directory_symlink(at("home/ann"), at("projects/link"));
  EXPECT_THAT(refusal(users("projects/link")), HasSubstr("goes through a link"));
  EXPECT_THAT(refusal(operators("projects/link")), HasSubstr("goes through a link"));
  fs::create_directory_symlink(at("data"), at("projects/own"));
  EXPECT_NE(refusal(operators("projects/own")), "");
}

TEST_F(DirectoryRulesTest, ADirectoryThatIsNotThereIsSaidToBeMissing) {
  EXPECT_THAT(refusal(users("projects/none")), HasSubstr("does not exist; make it"));
  std::ofstream(root_ / "projects/file") << "x";
  EXPECT_THAT(refusal(users("projects/file")), HasSubstr("is not a folder"));
  EXPECT_THAT(refusal(users("home/none")), Not(HasSubstr("does not exist")))
      << "who may not use it learns nothing of what is there";
}

TEST_F(DirectoryRulesTest, TheKernelsFoldersAreNoDirectories) {
  EXPECT_THAT(refusal({.path = "/proc/self", .by_operator = true}), Not(HasSubstr("may be used")));
  EXPECT_NE(refusal({.path = "/proc/1", .by_operator = true}), "");
  EXPECT_THAT(refusal({.path = "/sys", .by_operator = true}), HasSubstr("kernel"));
}

TEST_F(DirectoryRulesTest, PathsAreKeptInOneForm) {
  EXPECT_EQ(kept(operators("home/../home/./ann/")), at("home/ann"));
  EXPECT_EQ(kept(users("projects//app/")), at("projects/app"));
  EXPECT_EQ(kept(users("projects/none/yet")), at("projects/none/yet"));
  EXPECT_EQ(kept({.path = "/"}), "/");
  EXPECT_EQ(kept({.path = "/../.."}), "/");
  fs::create_directory_symlink(at("projects/app"), at("projects/link"));
  EXPECT_EQ(kept(users("projects/link/src")), at("projects/app/src"));
  fs::create_directory_symlink(at("home"), at("projects/out"));
  EXPECT_EQ(kept(users("projects/out/ann")), at("home/ann"));
  EXPECT_NE(refusal({.path = kept(users("projects/out/ann"))}), "") << "it leads outside";
  EXPECT_EQ(kept(users("projects/app/../../home")), at("home"));
  fs::create_directory_symlink(at("data"), at("home/link"));
  EXPECT_EQ(kept(users("home/link")), at("home/link")) << "where it leads is not for users to know";
}

TEST_F(DirectoryRulesTest, PathsThatAreNoneAreRefused) {
  EXPECT_THAT(kept({.path = "projects"}), HasSubstr("directory: the directory is not an absolute"));
  EXPECT_THAT(kept({.path = ""}), HasSubstr("not an absolute"));
  EXPECT_THAT(kept({.path = std::string("/a\0b", 4)}), HasSubstr("NUL"));
  EXPECT_THAT(kept({.path = "/" + std::string(5000, 'a')}), HasSubstr("longer than 4095"));
}

TEST_F(DirectoryRulesTest, AFolderThatMayBeNamedMayBeALinkItself) {
  fs::create_directory_symlink(at("projects"), at("shortcut"));
  rules_.allowed = {at("shortcut")};
  EXPECT_EQ(kept(users("shortcut/app")), at("projects/app"));
  EXPECT_EQ(refusal(users("projects/app")), "");
}

TEST_F(DirectoryRulesTest, ABoundThreadWorksThereAndItsFolderIsNeverRemoved) {
  const Workspaces workspaces({.root = at("data/workspaces"), .rules = rules_});
  const auto folder = workspaces.folder_of(core::Scope::main(), "t1", users("projects/app"));
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(*folder, at("projects/app"));
  EXPECT_EQ(workspaces.folder_of(core::Scope::main(), "t1", users("home/ann")).error().kind,
            ErrorKind::forbidden);
  EXPECT_EQ(workspaces.folder_of(core::Scope::main(), "t1", users("projects/none")).error().kind,
            ErrorKind::not_found);
  EXPECT_FALSE(fs::exists(at("projects/none"))) << "never made";
  ASSERT_TRUE(workspaces.remove("t1"));
  EXPECT_TRUE(fs::exists(at("projects/app/src")));
}

TEST_F(DirectoryRulesTest, FilesOfMessagesAreReadBelowTheDirectoryOnly) {
  const Workspaces workspaces({.root = at("data/workspaces"), .rules = rules_});
  std::ofstream(root_ / "projects/app/a.txt") << "text";
  core::Thread thread{.id = "t1", .scope = core::Scope::main(), .directory = users("projects/app")};
  EXPECT_EQ(workspaces.path_of(thread), at("projects/app"));
  EXPECT_EQ(*workspaces.read_file(thread, "a.txt"), "text");
  EXPECT_EQ(*workspaces.read_file(thread, at("projects/app/a.txt")), "text");
  for (const std::string& path :
       {at("data/operator.token"), std::string("../../data/operator.token"), at("home/ann")}) {
    EXPECT_EQ(workspaces.read_file(thread, path).error().kind, ErrorKind::forbidden) << path;
  }
  thread.directory = {};
  EXPECT_EQ(workspaces.path_of(thread), at("data/workspaces/t1"));
}

}  // namespace
}  // namespace colonnade::tools
