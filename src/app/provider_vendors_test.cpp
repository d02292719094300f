#include "app/provider_vendors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/lane.hpp"
#include "core/models/prices.hpp"

namespace colonnade::app {
namespace {

using core::VendorKey;

class ProviderVendorsTest : public ::testing::Test {
 protected:
  ProviderVendorsTest() {
    settings_.providers.emplace_back("openai", ProviderSettings{.api_key = "sk-configured"});
    settings_.providers.emplace_back(
        "ours", ProviderSettings{.kind = "chat_completions", .base_url = "http://127.0.0.1:1/v1"});
    settings_.providers.emplace_back("mistral",
                                     ProviderSettings{.base_url = "http://127.0.0.1:1/v1"});
  }
  core::VendorState state(const std::string& id) {
    const auto all = vendors().states();
    const auto found = std::ranges::find(all, id, &core::VendorState::id);
    EXPECT_NE(found, all.end()) << id;
    return found == all.end() ? core::VendorState{} : *found;
  }
  ProviderVendors& vendors() {
    if (!vendors_) vendors_.emplace(settings_, client_, meter_, providers_);
    return *vendors_;
  }

  Settings settings_;
  base::Lanes lanes_{1};
  net::HttpClient client_{lanes_};
  core::Prices prices_;
  ModelMeter meter_{prices_};
  core::ModelProviders providers_;
  std::optional<ProviderVendors> vendors_;
};

TEST_F(ProviderVendorsTest, SaysWhoCanBeAsked) {
  EXPECT_EQ(state("openai").key, VendorKey::environment);
  EXPECT_TRUE(state("openai").connected());
  EXPECT_FALSE(state("groq").connected()) << "no key";
  EXPECT_FALSE(state("ollama").connected()) << "needs none, but nobody said that it is there";
  EXPECT_TRUE(state("ours").connected());
  EXPECT_TRUE(state("mistral").connected()) << "a server of one's own may need no key";
  EXPECT_TRUE(state("offline").connected());
  EXPECT_FALSE(state("bedrock").supported);
  EXPECT_EQ(state("groq").default_model, "llama-3.3-70b-versatile");
}

TEST_F(ProviderVendorsTest, AKeyMakesAProviderThatWasNotConfigured) {
  ASSERT_EQ(vendors().states().empty(), false);
  ASSERT_EQ(providers_.find("groq"), nullptr);
  ASSERT_TRUE(vendors().use_key("groq", "gsk-1"));
  ASSERT_NE(providers_.find("groq"), nullptr);
  EXPECT_EQ(providers_.find("groq")->default_model(), "llama-3.3-70b-versatile");
  EXPECT_EQ(state("groq").key, VendorKey::given);
  EXPECT_TRUE(vendors().use_key("groq", ""));
  EXPECT_EQ(state("groq").key, VendorKey::none);
  EXPECT_FALSE(vendors().use_key("bedrock", "k"));
  EXPECT_FALSE(vendors().use_key("nobody", "k"));
}

TEST_F(ProviderVendorsTest, AGivenKeyStandsBeforeTheConfiguredOneAndGoesAgain) {
  EXPECT_TRUE(vendors().use_key("openai", "sk-given"));
  EXPECT_EQ(state("openai").key, VendorKey::given);
  EXPECT_TRUE(vendors().use_key("openai", ""));
  EXPECT_EQ(state("openai").key, VendorKey::environment);
}

}  // namespace
}  // namespace colonnade::app
