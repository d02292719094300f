#include "app/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace colonnade::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A folder of its own, removed afterwards.
class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = testing::TempDir() + "colonnade-config-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
};

Environment variables(std::map<std::string, std::string, std::less<>> values) {
  values.emplace("HOME", "/home/ada");
  return Environment(std::move(values));
}

TEST_F(ConfigTest, FlagsThenEnvironmentThenFileThenDefaults) {
  const std::string file = write("c.yaml", "model: file\nprovider: offline\nlog: {level: warn}\n");
  const auto config = load_config({.file = file,
                                   .flags = {{"model", {"flag"}}},
                                   .environment = variables({{"COLONNADE_MODEL", "environment"},
                                                             {"COLONNADE_LOG_LEVEL", "error"}})});
  ASSERT_TRUE(config) << config.error()[0];
  EXPECT_EQ(config->settings.model, "flag");
  EXPECT_EQ(config->origins.at("model"), "flag --model");
  EXPECT_EQ(config->settings.log.level, base::log::Level::error);
  EXPECT_EQ(config->origins.at("log.level"), "environment COLONNADE_LOG_LEVEL");
  EXPECT_EQ(config->settings.provider, "offline");
  EXPECT_EQ(config->origins.at("provider"), "c.yaml:2");
  EXPECT_EQ(config->settings.durability, Durability::full);
  EXPECT_FALSE(config->origins.contains("durability"));
}

TEST_F(ConfigTest, FoldersComeFromXdgThenHome) {
  const auto home = load_config({.environment = variables({})});
  EXPECT_EQ(home->settings.data_dir, "/home/ada/.local/share/colonnade");
  EXPECT_EQ(home->settings.token_file, "/home/ada/.local/share/colonnade/operator.token");
  const auto xdg = load_config({.environment = variables({{"XDG_DATA_HOME", "/data"}})});
  EXPECT_EQ(xdg->settings.data_dir, "/data/colonnade");
  const auto neither = load_config({.environment = Environment{}});
  ASSERT_FALSE(neither);
  EXPECT_THAT(neither.error(), ElementsAre(HasSubstr("set data_dir, COLONNADE_DATA_DIR")));
}

TEST_F(ConfigTest, TheFileIsLookedForInOrder) {
  const std::string xdg = write("xdg/colonnade/colonnade.yaml", "model: xdg\n");
  const std::string named = write("named.yaml", "model: named\n");
  const std::string flag = write("flag.yaml", "model: flag\n");
  auto values =
      std::map<std::string, std::string, std::less<>>{{"XDG_CONFIG_HOME", folder_ + "/xdg"}};
  EXPECT_EQ(load_config({.environment = variables(values)})->settings.model, "xdg");
  values["COLONNADE_CONFIG"] = named;
  EXPECT_EQ(load_config({.environment = variables(values)})->settings.model, "named");
  EXPECT_EQ(load_config({.file = flag, .environment = variables(values)})->settings.model, "flag");
  // A file that was named must be there.
  values["COLONNADE_CONFIG"] = folder_ + "/absent.yaml";
  const auto absent = load_config({.environment = variables(values)});
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error(), ElementsAre(HasSubstr("absent.yaml: No such file")));
  const auto is_folder = load_config({.file = folder_, .environment = variables({})});
  ASSERT_FALSE(is_folder);
  EXPECT_THAT(is_folder.error(), ElementsAre(HasSubstr("Is a directory")));
}

TEST_F(ConfigTest, EnvironmentFaultsNameTheVariable) {
  const auto config = load_config({.environment = variables({{"COLONNADE_IO_THREADS", "many"},
                                                             {"COLONNADE_CLASSIC_PORTS", "yes"}})});
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error(),
              ElementsAre("environment COLONNADE_CLASSIC_PORTS: expected true or false, but found "
                          "\"yes\"",
                          "environment COLONNADE_IO_THREADS: expected an integer from 0 to 256, "
                          "but found \"many\""));
}

TEST_F(ConfigTest, EnvironmentListsAreSplitAtCommas) {
  const auto config =
      load_config({.environment = variables({{"COLONNADE_LISTEN", "127.0.0.1:1, [::1]:2,"}})});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->settings.listen, (std::vector<ListenAddress>{{"127.0.0.1", 1}, {"::1", 2}}));
}

TEST_F(ConfigTest, FlagFaultsNameTheFlag) {
  const auto config =
      load_config({.flags = {{"listen", {"nowhere"}}}, .environment = variables({})});
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error(),
              ElementsAre(HasSubstr("flag --listen: expected a list of addresses")));
}

TEST_F(ConfigTest, KeysInTheEnvironmentMakeProviders) {
  const auto config = load_config({.environment = variables({{"OPENAI_API_KEY", " sk-1\n"},
                                                             {"OPENAI_BASE_URL", "http://o/v1"},
                                                             {"ANTHROPIC_BASE_URL", "http://a"}})});
  ASSERT_TRUE(config) << config.error()[0];
  ASSERT_EQ(config->settings.providers.size(), 1U);  // this base URL alone is no provider
  EXPECT_EQ(config->settings.providers[0].first, "openai");
  EXPECT_EQ(config->settings.providers[0].second.api_key, "sk-1");
  EXPECT_EQ(config->settings.providers[0].second.base_url, "http://o/v1");
  EXPECT_EQ(config->origins.at("providers.openai.api_key"), "environment OPENAI_API_KEY");
}

// A local server of that wire needs no key.
TEST_F(ConfigTest, AnOpenAiBaseUrlAloneMakesAProvider) {
  const auto config =
      load_config({.environment = variables({{"OPENAI_BASE_URL", "http://127.0.0.1:11434/v1"}})});
  ASSERT_TRUE(config) << config.error()[0];
  ASSERT_EQ(config->settings.providers.size(), 1U);
  EXPECT_EQ(config->settings.providers[0].second.base_url, "http://127.0.0.1:11434/v1");
}

TEST_F(ConfigTest, SettingsThatDoNotFitTogether) {
  const auto faults_of = [&](const std::string& text) {
    const std::string file = write("c.yaml", text);
    const auto config = load_config({.file = file, .environment = variables({})});
    return config ? ConfigFaults{} : config.error();
  };
  EXPECT_THAT(faults_of("tls: {certificate_file: c.pem}\n"),
              ElementsAre("tls.private_key_file: TLS needs both files; set this one too, or "
                          "neither"));
  EXPECT_THAT(faults_of("memory: {embeddings: {url: 127.0.0.1:11434/v1}}\n"),
              ElementsAre(HasSubstr("memory.embeddings.url: expected an address"),
                          HasSubstr("memory.embeddings.model: missing")));
  EXPECT_THAT(faults_of("memory: {embeddings: {model: m}}\n"),
              ElementsAre(HasSubstr("memory.embeddings.url: missing")));
  EXPECT_THAT(faults_of("base_path: c/r1/\n"),
              ElementsAre(HasSubstr("base_path: expected a path")));
  EXPECT_THAT(faults_of("provider: opnai\nproviders: {openai: {api_key: k}}\n"),
              ElementsAre("provider: no provider is named \"opnai\"; did you mean \"openai\"?"));
  EXPECT_THAT(faults_of("provider: openai\n"), ElementsAre(HasSubstr("add it under providers")));
  EXPECT_THAT(faults_of("providers: {mine: {api_key: k}}\n"),
              ElementsAre(HasSubstr("providers.mine.kind: missing"),
                          HasSubstr("providers.mine.base_url: missing")));
  EXPECT_THAT(faults_of("providers: {openai: {base_url: localhost}}\n"),
              ElementsAre(HasSubstr("begins with http:// or https://")));
}

TEST_F(ConfigTest, SecretsComeFromVariablesAndFiles) {
  Settings settings;
  settings.provider_entry("a").api_key_env = "MY_KEY";
  settings.provider_entry("b").api_key_file = write("key", "from-file\n");
  ASSERT_TRUE(resolve_secrets(settings, Environment({{"MY_KEY", "from-variable"}})));
  EXPECT_EQ(settings.providers[0].second.api_key, "from-variable");
  EXPECT_EQ(settings.providers[1].second.api_key, "from-file");

  Settings wrong;
  wrong.provider_entry("a").api_key_env = "MY_KEY";
  wrong.provider_entry("b").api_key_file = folder_ + "/absent";
  wrong.provider_entry("c").api_key_file = write("empty", "\n");
  const auto faults = resolve_secrets(wrong, Environment{});
  ASSERT_FALSE(faults);
  EXPECT_THAT(
      faults.error(),
      ElementsAre("providers.a.api_key_env: the environment variable MY_KEY is not set",
                  HasSubstr("providers.b.api_key_file: cannot read"), HasSubstr("is empty")));
}

TEST_F(ConfigTest, BudgetsNeedWhatTheyAreToldToUse) {
  Settings settings;
  settings.budgets.webhook_secret_file = write("hook", "0123456789abcdef\n");
  ASSERT_TRUE(resolve_secrets(settings, Environment{}));
  EXPECT_EQ(settings.budgets.webhook_secret, "0123456789abcdef");

  Settings wrong;
  wrong.budgets.webhook_secret = "short";
  wrong.budgets.unknown_price = UnknownPrice::assume;
  wrong.budgets.assumed_input_price = 1;
  const auto faults = resolve_secrets(wrong, Environment{});
  ASSERT_FALSE(faults);
  EXPECT_THAT(faults.error(), ElementsAre(HasSubstr("budgets.webhook_secret: has fewer than 16"),
                                          HasSubstr("budgets.assumed_output_price")));
}

TEST_F(ConfigTest, UnknownVariablesAreFoundWithTheirNeighbour) {
  const auto found = unknown_variables(
      Environment({{"COLONNADE_LOGLEVEL", "x"}, {"COLONNADE_MODEL", "m"}, {"OTHER", "y"}}));
  EXPECT_THAT(found, ElementsAre(std::pair("COLONNADE_LOGLEVEL", "COLONNADE_LOG_LEVEL")));
}

}  // namespace
}  // namespace colonnade::app
