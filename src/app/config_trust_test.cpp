#include "app/config_trust.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/config.hpp"

namespace colonnade::app {
namespace {

using testing::HasSubstr;

// In a folder of its own, which is the current one meanwhile.
class ConfigTrust : public testing::Test {
 protected:
  ConfigTrust() : before_(std::filesystem::current_path()) {
    std::string pattern = testing::TempDir() + "colonnade-trust-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    variables_["HOME"] = folder_;
    std::filesystem::create_directories(folder_ + "/checkout");
    std::filesystem::current_path(folder_ + "/checkout");
  }
  ~ConfigTrust() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  static void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::absolute(path).parent_path());
    std::ofstream(path) << text;
  }
  Config load(bool current_folder = true) const {
    auto config =
        load_config({.current_folder = current_folder, .environment = Environment(variables_)});
    EXPECT_TRUE(config);
    return config ? std::move(*config) : Config{};
  }

  std::filesystem::path before_;
  std::string folder_;
  std::map<std::string, std::string, std::less<>> variables_{};
};

TEST_F(ConfigTrust, TheFileOfTheCurrentFolderCountsOnlyOnceItIsTrusted) {
  write("colonnade.yaml", "model: hostile\n");
  const Config before = load();
  EXPECT_EQ(before.settings.model, "");
  EXPECT_EQ(before.file, "");
  EXPECT_EQ(before.ignored_file, "colonnade.yaml");

  const auto trusted = trust_config(Environment(variables_), "colonnade.yaml");
  ASSERT_TRUE(trusted);
  const std::string store = folder_ + "/.local/state/colonnade/trusted-configs";
  struct stat info{};
  ASSERT_EQ(::stat(store.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const Config after = load();
  EXPECT_EQ(after.settings.model, "hostile");
  EXPECT_EQ(after.ignored_file, "");
  EXPECT_EQ(after.origins.at("model"), "colonnade.yaml:1");
  EXPECT_EQ(load(false).settings.model, "") << "a command that never reads it";
  EXPECT_EQ(load(false).ignored_file, "colonnade.yaml");
}

TEST_F(ConfigTrust, AnotherContentOrAnotherPlaceIsNotTrusted) {
  write("colonnade.yaml", "model: mine\n");
  ASSERT_TRUE(trust_config(Environment(variables_), "colonnade.yaml"));
  EXPECT_TRUE(is_trusted_config(Environment(variables_), "colonnade.yaml", "model: mine\n"));
  write("colonnade.yaml", "model: changed\n");
  EXPECT_EQ(load().settings.model, "");
  write("../elsewhere/colonnade.yaml", "model: mine\n");
  std::filesystem::current_path(folder_ + "/elsewhere");
  EXPECT_EQ(load().settings.model, "");
  // Who changed it and trusts it again has the new content alone.
  std::filesystem::current_path(folder_ + "/checkout");
  ASSERT_TRUE(trust_config(Environment(variables_), "colonnade.yaml"));
  EXPECT_EQ(load().settings.model, "changed");
  EXPECT_FALSE(is_trusted_config(Environment(variables_), "colonnade.yaml", "model: mine\n"));
}

TEST_F(ConfigTrust, AStoreThatOthersMayWriteDoesNotCount) {
  write("colonnade.yaml", "model: mine\n");
  ASSERT_TRUE(trust_config(Environment(variables_), "colonnade.yaml"));
  ASSERT_EQ(::chmod(trust_store_path(Environment(variables_)).c_str(), 0666), 0);
  EXPECT_EQ(load().settings.model, "");
}

TEST_F(ConfigTrust, TheUsersOwnFileCountsWhereItLies) {
  write(folder_ + "/.config/colonnade/colonnade.yaml", "model: own\n");
  write("colonnade.yaml", "model: hostile\n");
  EXPECT_EQ(load().settings.model, "own");
  std::filesystem::current_path(folder_ + "/.config/colonnade");
  EXPECT_EQ(load().settings.model, "own");
  EXPECT_EQ(load().ignored_file, "") << "it is read";
}

TEST_F(ConfigTrust, WhatIsNotThereCannotBeTrusted) {
  const auto absent = trust_config(Environment(variables_), "colonnade.yaml");
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().message, HasSubstr("colonnade.yaml"));
  const auto homeless = trust_config(Environment{}, "colonnade.yaml");
  ASSERT_FALSE(homeless);
  EXPECT_THAT(homeless.error().message, HasSubstr("--config"));
}

}  // namespace
}  // namespace colonnade::app
