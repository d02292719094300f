#include "app/config_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace colonnade::app {
namespace {

using testing::HasSubstr;
using testing::Not;

Config sample() {
  auto config =
      load_config({.flags = {{"model", {"m"}}},
                   .environment = Environment(
                       {{"HOME", "/home/ada"}, {"ANTHROPIC_API_KEY", "sk-very-secret"}})});
  return std::move(*config);
}

TEST(ConfigView, MasksSecretsEverywhere) {
  const Config config = sample();
  ASSERT_EQ(config.settings.providers[0].second.api_key, "sk-very-secret");
  EXPECT_THAT(config_as_text(config), Not(HasSubstr("sk-very-secret")));
  EXPECT_THAT(config_as_json(config), Not(HasSubstr("sk-very-secret")));
  EXPECT_THAT(config_as_text(config), HasSubstr("providers.anthropic.api_key"));
  EXPECT_THAT(config_as_text(config), HasSubstr("environment ANTHROPIC_API_KEY"));
}

TEST(ConfigView, MasksPasswordsAndKeysInsideUrls) {
  const auto config = load_config(
      {.flags = {{"memory.embeddings.url", {"https://ada:hunter2@e.example/v1?api_key=sk-inside"}},
                 {"memory.embeddings.model", {"m"}}},
       .environment = Environment({{"HOME", "/home/ada"},
                                   {"OPENAI_BASE_URL", "http://bob:hunter3@127.0.0.1/v1"},
                                   {"OPENAI_API_KEY", "k"}})});
  ASSERT_TRUE(config) << config.error()[0];
  for (const std::string& shown : {config_as_text(*config), config_as_json(*config)}) {
    EXPECT_THAT(shown, HasSubstr("https://ada:***@e.example/v1?api_key=***"));
    EXPECT_THAT(shown, HasSubstr("http://bob:***@127.0.0.1/v1"));
    for (const char* secret : {"hunter", "sk-inside"}) EXPECT_THAT(shown, Not(HasSubstr(secret)));
  }
}

TEST(ConfigView, ShowsEverySettingWithItsOrigin) {
  const auto json = nlohmann::json::parse(config_as_json(sample()));
  EXPECT_EQ(json["file"], "");
  std::map<std::string, std::string> from;
  for (const auto& row : json["settings"]) from[row["name"]] = row["from"];
  for (const Setting& setting : settings_table()) {
    EXPECT_TRUE(from.contains(std::string(setting.name))) << setting.name;
  }
  EXPECT_EQ(from["model"], "flag --model");
  EXPECT_EQ(from["listen"], "default");
}

TEST(ConfigView, TheReferencePageIsWhatTheTableSays) {
  std::ifstream in(COLONNADE_SOURCE_DIR "/docs/reference/configuration.md");
  std::ostringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), configuration_reference())
      << "run: colonnade config reference > docs/reference/configuration.md";
}

}  // namespace
}  // namespace colonnade::app
