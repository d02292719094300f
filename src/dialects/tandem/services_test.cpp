// What service routes make of names, commands and bodies.
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/memory/tiered_memories.hpp"
#include "dialects/tandem/identity.hpp"
#include "dialects/tandem/mcp_servers.hpp"
#include "dialects/tandem/memory.hpp"
#include "dialects/tandem/providers.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using core::MemoryTier;

TEST(TandemCommands, ArePartedAtBlanksOutsideQuotes) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(command_words("npx -y server"), (Words{"npx", "-y", "server"}));
  EXPECT_EQ(command_words("  a  'b c' \"d e\"f g\\ h '' "), (Words{"a", "b c", "d ef", "g h", ""}));
  EXPECT_EQ(command_words("   "), Words{});
}

TEST(TandemSecrets, AreFoundByTheirNamesAnywhere) {
  EXPECT_TRUE(holds_secret_member({{"a", {{"b", {{{"apiKey", 1}}}}}}}));
  EXPECT_TRUE(holds_secret_member({{"bot_token", nullptr}}));
  EXPECT_FALSE(holds_secret_member({{"default_provider", "api_key"}}));
}

TEST(TandemCapabilities, WithoutOneTheDefaultsHold) {
  const auto none = read_capability(Json::object());
  ASSERT_TRUE(none);
  EXPECT_EQ(none->write, std::set{MemoryTier::session});
  EXPECT_EQ(none->read, (std::set{MemoryTier::session, MemoryTier::project}));
  EXPECT_TRUE(none->promote.empty());
  EXPECT_FALSE(read_capability({{"capability", "opaque"}})->sent);
  EXPECT_TRUE(read_capability({{"capability", R"({"subject":"u"})"}})->sent);
  EXPECT_FALSE(read_capability({{"capability", 7}}));
  EXPECT_FALSE(read_capability({{"capability", {{"memory", {{"read_tiers", {"moon"}}}}}}}));
}

TEST(TandemCapabilities, CountForTheirContextUntilTheyExpire) {
  const auto capability = read_capability(
      {{"capability", {{"org_id", "acme"}, {"run_id", "r1"}, {"expires_at", 2000}}}});
  ASSERT_TRUE(capability);
  const MemoryPartition ours{.organization = "acme"};
  const base::Time before{1'999'000'000};
  EXPECT_TRUE(check_capability(*capability, ours, "r1", before));
  EXPECT_TRUE(check_capability(*capability, ours, "", before));
  EXPECT_EQ(check_capability(*capability, ours, "r2", before).error().kind,
            base::ErrorKind::forbidden);
  EXPECT_EQ(check_capability(*capability, {}, "r1", before).error().kind,
            base::ErrorKind::forbidden);
  EXPECT_EQ(check_capability(*capability, ours, "r1", {2'000'000'000}).error().kind,
            base::ErrorKind::unauthorized);
}

TEST(TandemCapabilities, MayExpireAtAnyNumber) {
  const auto expired = [](std::int64_t at) {
    const auto capability = read_capability({{"capability", {{"expires_at", at}}}});
    return capability && !check_capability(*capability, {}, "", {2'000'000'000});
  };
  EXPECT_FALSE(expired(std::numeric_limits<std::int64_t>::max()));
  EXPECT_FALSE(expired(99'999'999'999)) << "in seconds";
  EXPECT_TRUE(expired(1999));
  EXPECT_TRUE(expired(std::numeric_limits<std::int64_t>::min()));
}

TEST(TandemPartitions, ComeFromTheBodyOrFromTheirObject) {
  EXPECT_EQ(read_partition(Json::object(), {})->key(), "local/default/default/session");
  EXPECT_EQ(read_partition({{"tier", "project"}}, {})->key(), "local/default/default/project");
  EXPECT_EQ(read_partition({{"partition", {{"org_id", "o"}, {"workspaceId", "w"}}}}, {})->key(),
            "o/w/default/session");
  EXPECT_FALSE(read_partition({{"partition", "text"}}, {}));
  EXPECT_FALSE(read_partition({{"partition", {{"project_id", std::string(129, 'p')}}}}, {}));
}

TEST(MemoryTexts, LoseTheirSecretsAndAreBlockedForWorse) {
  EXPECT_EQ(core::scrub_memory_text("plain text").text, "plain text");
  EXPECT_EQ(core::scrub_memory_text("plain text").redactions, 0);
  const auto two = core::scrub_memory_text("password=hunter2hunter2 and token: abcdefgh12345678");
  EXPECT_EQ(two.redactions, 2) << two.text;
  EXPECT_EQ(two.text.find("hunter2"), std::string::npos);
  EXPECT_NE(core::scrub_memory_text("-----BEGIN EC PRIVATE KEY-----").block_reason, "");
  EXPECT_NE(core::scrub_memory_text("export AWS_SECRET_ACCESS_KEY=a").block_reason, "");
}

}  // namespace
}  // namespace colonnade::dialects::tandem
