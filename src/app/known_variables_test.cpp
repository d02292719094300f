#include "app/known_variables.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "app/config.hpp"
#include "app/config_view.hpp"

namespace colonnade::app {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

std::expected<Config, ConfigFaults> load(Variables variables, FlagValues flags = {}) {
  variables.emplace("HOME", "/nonexistent/home");
  return load_config({.flags = std::move(flags), .environment = Environment(std::move(variables))});
}

TEST(KnownVariables, AreOtherNamesOfSettings) {
  const auto config = load({{"FARAMESH_TOKEN", " one , two,"},
                            {"FARA_AUTH_TOKEN", "not looked at"},
                            {"TANDEM_API_TOKEN", "tk_1"},
                            {"FARA_POLICY_FILE", "/etc/policy.yaml"},
                            {"FARAMESH_PROFILE_FILE", "/etc/profile.yaml"},
                            {"FARAMESH_POLICY_VERSION", "v7"},
                            {"FARA_ACTION_TIMEOUT", "45"},
                            {"FARAMESH_ENABLE_CORS", "1"},
                            {"FARAMESH_PORT", "8123"}});
  ASSERT_TRUE(config) << config.error().front();
  const Settings& s = config->settings;
  EXPECT_EQ(s.faramesh.tokens, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(s.tandem.tokens, std::vector<std::string>{"tk_1"});
  EXPECT_EQ(s.policy.file, "/etc/policy.yaml");
  EXPECT_EQ(s.policy.profile, "/etc/profile.yaml");
  EXPECT_EQ(s.policy.version, "v7");
  EXPECT_EQ(s.limits.tool_time, std::chrono::seconds(45));
  EXPECT_EQ(s.cors.origins, std::vector<std::string>{"*"});
  EXPECT_EQ(s.listen, (std::vector<ListenAddress>{{"127.0.0.1", 8123}}));
  EXPECT_FALSE(s.faramesh.open);
}

TEST(KnownVariables, OurOwnNamesComeFirst) {
  const auto config = load({{"FARA_POLICY_FILE", "/theirs.yaml"},
                            {"COLONNADE_POLICY_FILE", "/ours.yaml"},
                            {"FARAMESH_HOST", "0.0.0.0"},
                            {"FARAMESH_ENABLE_CORS", "0"}},
                           {{"listen", {"127.0.0.1:1"}}});
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->settings.policy.file, "/ours.yaml");
  EXPECT_EQ(config->settings.listen, (std::vector<ListenAddress>{{"127.0.0.1", 1}}));
  EXPECT_TRUE(config->settings.cors.origins.empty());
}

TEST(KnownVariables, TheHostAloneKeepsTheUsualPort) {
  const auto listen = [](Variables variables) {
    return load(std::move(variables))->settings.listen;
  };
  EXPECT_EQ(listen({{"FARA_API_HOST", "::1"}}), (std::vector<ListenAddress>{{"::1", 8000}}));
  EXPECT_EQ(listen({{"FARAMESH_HOST", "localhost"}, {"FARA_API_PORT", "9"}}),
            (std::vector<ListenAddress>{{"localhost", 9}}));
}

TEST(KnownVariables, TheScanForSecretsIsStrictByOneAndByTrue) {
  const auto is_strict = [](Variables variables) {
    return load(std::move(variables))->settings.packs.secret_scan_strict;
  };
  EXPECT_FALSE(is_strict({}));
  EXPECT_TRUE(is_strict({{"TANDEM_PACK_SECRET_SCAN_STRICT", "1"}}));
  EXPECT_TRUE(is_strict({{"TANDEM_PACK_SECRET_SCAN_STRICT", "true"}}));
  EXPECT_FALSE(is_strict({{"TANDEM_PACK_SECRET_SCAN_STRICT", "0"}}));
  EXPECT_FALSE(is_strict(
      {{"TANDEM_PACK_SECRET_SCAN_STRICT", "1"}, {"COLONNADE_PACKS_SECRET_SCAN_STRICT", "false"}}))
      << "our own name comes first";
}

TEST(KnownVariables, WrongValuesAreNamed) {
  const auto config = load({{"FARA_ACTION_TIMEOUT", "soon"}});
  ASSERT_FALSE(config);
  EXPECT_TRUE(config.error().front().contains("FARA_ACTION_TIMEOUT")) << config.error().front();
}

TEST(SecretSettings, AreShownNowhere) {
  const auto config = load({{"FARAMESH_TOKEN", "s3cret"}});
  ASSERT_TRUE(config);
  for (const std::string& text : {config_as_text(*config), config_as_json(*config)}) {
    EXPECT_FALSE(text.contains("s3cret"));
    EXPECT_TRUE(text.contains("(secret, set)"));
    EXPECT_TRUE(text.contains("FARAMESH_TOKEN"));
  }
}

}  // namespace
}  // namespace colonnade::app
