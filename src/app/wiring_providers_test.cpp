#include "app/wiring_providers.hpp"

#include <gtest/gtest.h>

#include <algorithm>

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

}  // namespace
}  // namespace colonnade::app
