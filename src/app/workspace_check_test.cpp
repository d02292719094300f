#include "app/workspace_check.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/ids.hpp"
#include "tools/directory_rules.hpp"

namespace colonnade::app {
namespace {

namespace fs = std::filesystem;

class WorkspaceCheck : public ::testing::Test {
 protected:
  WorkspaceCheck() : root_(fs::path(::testing::TempDir()) / base::random_hex(8)) {
    fs::create_directories(root_ / "home/.data");
    fs::create_directories(root_ / "work");
    fs::create_directories(root_ / "etc");
    for (const char* name : {"etc/token", "etc/key", "etc/policy.yaml", "etc/colonnade.yaml"}) {
      std::ofstream(root_ / name) << "x";
    }
    config_.settings.data_dir = path("home/.data");
    config_.settings.token_file = path("home/.data/operator.token");
  }
  ~WorkspaceCheck() override { fs::remove_all(root_); }

  std::string path(const std::string& name) const { return (root_ / name).string(); }
  std::string fault_with(const std::string& workspace) {
    config_.settings.tools.workspace = workspace;
    const auto faults = workspace_faults(config_);
    return faults.empty() ? "" : faults.front();
  }

  fs::path root_;
  Config config_;
};

TEST_F(WorkspaceCheck, TheDefaultsAndAFolderApartAreFine) {
  EXPECT_EQ(fault_with(""), "");
  EXPECT_EQ(fault_with(path("work")), "");
  EXPECT_EQ(fault_with(path("not/there/yet")), "");
  EXPECT_EQ(fault_with(path("home/.data-of-others")), "") << "only begins alike";
  EXPECT_EQ(fault_with(path("home/.data/workspaces/shared")), "");
}

TEST_F(WorkspaceCheck, AHomeFolderWithTheDataFolderIsRefusedNamingBoth) {
  const std::string fault = fault_with(path("home"));
  EXPECT_NE(fault.find("tools.workspace: " + path("home") + " holds data_dir"), std::string::npos)
      << fault;
  EXPECT_NE(fault.find(path("home/.data")), std::string::npos);
  EXPECT_NE(fault_with(path("home/")), "");
  EXPECT_NE(fault_with(path("work/../home/.data/..")), "");
  EXPECT_NE(fault_with("/"), "");
  EXPECT_NE(fault_with(path("home/.data")), "");
}

TEST_F(WorkspaceCheck, AFolderWithinTheDataFolderIsRefused) {
  EXPECT_NE(fault_with(path("home/.data/backups")).find("lies in data_dir"), std::string::npos);
}

TEST_F(WorkspaceCheck, LinksLeadToWhatTheyNameAndCountWhereTheyLie) {
  fs::create_directory_symlink(path("home"), path("link"));
  EXPECT_NE(fault_with(path("link")), "");
  fs::create_directory_symlink(path("home/.data"), path("data-link"));
  config_.settings.data_dir = path("data-link");
  EXPECT_NE(fault_with(path("home")), "");
  config_.settings.data_dir = path("home/.data");
  fs::create_symlink(path("etc/policy.yaml"), path("work/policy.yaml"));
  config_.settings.policy.file = path("work/policy.yaml");
  EXPECT_NE(fault_with(path("work")).find("policy.file"), std::string::npos);
  fs::create_symlink(path("work/real.yaml"), path("etc/link.yaml"));
  config_.settings.policy.file = path("etc/link.yaml");
  EXPECT_NE(fault_with(path("work")).find("policy.file"), std::string::npos);
}

// The default root may be a link of the operator's, to where the disk is larger.
TEST_F(WorkspaceCheck, TheDefaultRootMustNotLeadToTheDataFolder) {
  fs::create_directory_symlink(path("work"), path("home/.data/workspaces"));
  EXPECT_EQ(fault_with(""), "");
  fs::remove(path("home/.data/workspaces"));
  fs::create_directory_symlink(path("home"), path("home/.data/workspaces"));
  EXPECT_NE(fault_with("").find("tools.workspaces"), std::string::npos);
}

TEST_F(WorkspaceCheck, TokensKeysPoliciesAndTheConfigurationStayOutside) {
  Settings& s = config_.settings;
  EXPECT_EQ(fault_with(path("etc")), "");
  const auto refused = [&](const std::string& setting) {
    return fault_with(path("etc")).find("holds " + setting) != std::string::npos;
  };
  s.token_file = path("etc/token");
  EXPECT_TRUE(refused("token_file"));
  s.token_file = path("home/.data/operator.token");
  s.secret_key_file = path("etc/key");
  EXPECT_TRUE(refused("secret_key_file"));
  s.secret_key_file = "";
  s.policy.file = path("etc/policy.yaml");
  EXPECT_TRUE(refused("policy.file"));
  s.policy.file = "";
  s.tls.private_key_file = path("etc/key");
  EXPECT_TRUE(refused("tls.private_key_file"));
  s.tls.private_key_file = "";
  s.providers.emplace_back("ours", ProviderSettings{.api_key_file = path("etc/key")});
  EXPECT_TRUE(refused("providers.ours.api_key_file"));
  s.providers.clear();
  config_.file = path("etc/colonnade.yaml");
  EXPECT_TRUE(refused("the configuration"));
}

// What is written there instructs everybody's agents.
TEST_F(WorkspaceCheck, SkillsLieWhereNoToolWrites) {
  Settings& s = config_.settings;
  const auto fault_of = [&](const std::string& skills, const std::string& workspace) {
    s.skills.folder = path(skills);
    return fault_with(workspace.empty() ? "" : path(workspace));
  };
  EXPECT_EQ(fault_of("skills", "work"), "");
  EXPECT_EQ(fault_of("work-of-others", "work"), "") << "only begins alike";
  EXPECT_EQ(fault_of("home/.data/skills", "work"), "") << "where they lie without the setting";
  const std::string holds = "tools.workspace: " + path("work") + " holds skills.folder";
  EXPECT_NE(fault_of("work/skills", "work").find(holds), std::string::npos);
  EXPECT_NE(fault_of("work", "work").find(holds), std::string::npos);
  EXPECT_NE(fault_of("work", "work/inner").find("lies in skills.folder"), std::string::npos);
  EXPECT_NE(fault_of("home/.data/workspaces/skills", "").find("lies in data_dir"),
            std::string::npos);
  EXPECT_NE(fault_of("home/.data/backups", "work").find("skills.folder: "), std::string::npos);
  EXPECT_NE(fault_of("home", "work").find("holds data_dir"), std::string::npos);
  fs::create_directory_symlink(path("work"), path("linked-skills"));
  EXPECT_NE(fault_of("linked-skills", "work"), "") << "a link leads to what it names";
  s.mcp.servers.emplace_back("files",
                             McpServerSettings{.sandbox = true, .sandbox_write = {path("etc")}});
  EXPECT_NE(fault_of("etc/skills", "work").find("mcp.servers.files.sandbox_write"),
            std::string::npos);
  s.mcp.servers.front().second = {.sandbox = true, .sandbox_read = {path("etc")}};
  EXPECT_EQ(fault_of("etc/skills", "work"), "") << "reading does not change a skill";
}

TEST_F(WorkspaceCheck, NoThreadIsBoundToAFolderOfSkills) {
  fs::create_directories(path("etc/skills/deeper"));
  config_.settings.skills.folder = path("etc/skills");
  const tools::DirectoryRules rules = directory_rules(config_.settings);
  for (const char* name : {"etc", "etc/skills", "etc/skills/deeper"}) {
    const core::Directory named{.path = tools::real_path(path(name)).string(), .by_operator = true};
    const auto may = tools::check_directory(rules, named);
    ASSERT_FALSE(may) << name;
    EXPECT_EQ(may.error().kind, base::ErrorKind::forbidden) << name;
    EXPECT_NE(may.error().message.find("skills.folder"), std::string::npos) << may.error().message;
  }
  const core::Directory apart{.path = tools::real_path(path("work")).string(), .by_operator = true};
  EXPECT_TRUE(tools::check_directory(rules, apart));
}

TEST_F(WorkspaceCheck, SandboxedMcpServersGetNoSuchFolderEither) {
  config_.settings.mcp.servers.emplace_back(
      "files", McpServerSettings{.sandbox = true, .sandbox_read = {path("home")}});
  EXPECT_NE(fault_with("").find("mcp.servers.files.sandbox_read: "), std::string::npos);
  config_.settings.mcp.servers.front().second.sandbox_read = {path("work")};
  EXPECT_EQ(fault_with(""), "");
}

}  // namespace
}  // namespace colonnade::app
