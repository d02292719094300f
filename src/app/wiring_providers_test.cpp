#include "app/wiring_providers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "app/config.hpp"
#include "base/ids.hpp"

namespace colonnade::app {
namespace {

TEST(ProviderKinds, AreTheChoicesOfTheSetting) {
  const auto& table = provider_settings_table();
  const auto kind = std::ranges::find(table, "kind", &ProviderSetting::name);
  ASSERT_NE(kind, table.end());
  EXPECT_EQ(kind->choices, provider_kinds());
}

TEST(ProviderKinds, AWellKnownNameSaysItsOwn) {
  for (const KnownProvider& known : known_providers()) {
    const auto kinds = provider_kinds();
    EXPECT_NE(std::ranges::find(kinds, known.kind), kinds.end()) << known.name;
    EXPECT_EQ(kind_of(known.name, {}), known.kind);
    EXPECT_EQ(kind_of(known.name, {.kind = "anthropic"}), "anthropic");
  }
  EXPECT_EQ(kind_of("ours", {}), "");
  EXPECT_EQ(kind_of("ours", {.kind = "chat_completions"}), "chat_completions");
}

// What SIGHUP reads again.
TEST(ProviderKeys, ThoseOfFilesAreReadAgain) {
  const std::string file = ::testing::TempDir() + "/provider-" + base::random_hex(8) + ".key";
  std::ofstream(file) << "key-one-1111\n";
  Settings settings;
  settings.providers.emplace_back("ours", ProviderSettings{.kind = "chat_completions",
                                                           .base_url = "http://127.0.0.1:1/v1",
                                                           .api_key_file = file});
  settings.providers.emplace_back("anthropic", ProviderSettings{.api_key = "given"});
  ASSERT_TRUE(resolve_secrets(settings, Environment()));
  base::Lanes lanes(1);
  net::HttpClient client(lanes);
  const core::Prices prices;
  ModelMeter meter(prices);
  core::ModelProviders providers;
  const auto keys = add_providers(settings, client, meter, providers).from_files;
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0]->get(), "key-one-1111");
  std::ofstream(file) << "\xef\xbb\xbfkey-two-2222\r\n";
  keys[0]->reload();
  EXPECT_EQ(keys[0]->get(), "key-two-2222");
  std::filesystem::remove(file);
  keys[0]->reload();
  EXPECT_EQ(keys[0]->get(), "key-two-2222") << "what cannot be read stays as it was";
}

}  // namespace
}  // namespace colonnade::app
