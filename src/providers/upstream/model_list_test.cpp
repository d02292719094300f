#include "providers/upstream/model_list.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "providers/vendors.hpp"

namespace colonnade::providers::upstream {
namespace {

const Vendor vendor{.name = "acme"};

TEST(ModelList, ReadsEveryVendorsForm) {
  struct Case {
    const char* what;
    const char* body;
    std::int64_t context;
    const char* name;
  };
  const Case cases[] = {
      {"openai", R"({"object":"list","data":[{"id":"m","object":"model"}]})", 0, ""},
      {"openrouter", R"({"data":[{"id":"m","name":"M","context_length":128000}]})", 128000, "M"},
      {"anthropic", R"({"data":[{"type":"model","id":"m","display_name":"M"}],"has_more":false})",
       0, "M"},
      {"groq", R"({"data":[{"id":"m","context_window":8192}]})", 8192, ""},
      {"mistral", R"({"data":[{"id":"m","max_context_length":32768}]})", 32768, ""},
      {"together", R"([{"id":"m","display_name":"M","context_length":4096}])", 4096, "M"},
  };
  for (const Case& one : cases) {
    const auto models = read_model_list(vendor, one.body);
    ASSERT_TRUE(models) << one.what;
    ASSERT_EQ(models->size(), 1U) << one.what;
    EXPECT_EQ(models->front().id, "m") << one.what;
    EXPECT_EQ(models->front().context_tokens, one.context) << one.what;
    EXPECT_EQ(models->front().name, one.name) << one.what;
  }
}

TEST(ModelList, LeavesOutWhatNoModelCanBeCalledBy) {
  const auto models = read_model_list(
      vendor, R"({"data":[1,{"name":"no id"},{"id":""},{"id":7},{"id":"m","context_length":-1}]})");
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 1U);
  EXPECT_EQ(models->front().id, "m");
  EXPECT_EQ(models->front().context_tokens, 0);
}

TEST(ModelList, SaysWhoseAnswerIsUnusable) {
  for (const char* body : {"<html>", "{}", R"({"data":{}})", "7"}) {
    const auto models = read_model_list(vendor, body);
    ASSERT_FALSE(models) << body;
    EXPECT_EQ(models.error().kind, base::ErrorKind::upstream);
    EXPECT_NE(models.error().message.find("acme"), std::string::npos);
  }
}

TEST(KnownVendors, AreTheContractsEachOnce) {
  std::set<std::string_view> ids;
  for (const KnownVendor& one : known_vendors()) {
    EXPECT_TRUE(ids.insert(one.id).second) << one.id;
    EXPECT_EQ(one.wire == Wire::none, one.base_url.empty()) << one.id;
    EXPECT_EQ(find_vendor(one.id), &one);
  }
  // tandem §2.4
  EXPECT_EQ(ids, (std::set<std::string_view>{"openrouter", "openai", "anthropic", "ollama", "groq",
                                             "mistral", "together", "cohere", "azure", "bedrock",
                                             "vertex", "copilot"}));
  EXPECT_EQ(find_vendor("acme"), nullptr);
}

}  // namespace
}  // namespace colonnade::providers::upstream
