#include "providers/upstream/citations.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/models/limits.hpp"

namespace colonnade::providers::upstream {
namespace {

using base::Json;

std::vector<core::Citation> citations_of(const Json& list) {
  std::vector<core::Citation> out;
  add_citations(list, {.url = {"url", "source"}, .title = {"title"}, .text = {"cited"}}, out);
  return out;
}

TEST(Citations, AreReadByTheirMembers) {
  const auto made = citations_of(Json::parse(R"([
      {"url": "https://example.org/a", "title": "A", "cited": "so"},
      {"source": "http://example.org/b"},
      {"title": "A document", "url": null}])"));
  const std::vector<core::Citation> wanted{
      {.url = "https://example.org/a", .title = "A", .text = "so"},
      {.url = "http://example.org/b"},
      {.title = "A document"}};
  EXPECT_EQ(made, wanted);
}

TEST(Citations, WhatNamesNoSourceIsPassedOver) {
  EXPECT_TRUE(citations_of(Json::parse(R"([{"cited": "x"}, 1, null, {}])")).empty());
  EXPECT_TRUE(citations_of(Json::parse(R"({"url": "https://example.org"})")).empty());
  const auto bad = citations_of(Json::parse(R"([{"url": "javascript:go", "title": "T"}])"));
  ASSERT_EQ(bad.size(), 1U);
  EXPECT_EQ(bad.front().url, "");
}

TEST(Citations, AreBounded) {
  Json many = Json::array();
  for (std::size_t i = 0; i < 2 * limits::citations_per_reply_max; ++i) {
    many.push_back({{"url", "https://example.org"}});
  }
  EXPECT_EQ(citations_of(many).size(), limits::citations_per_reply_max);
  const std::string long_text(100'000, 'x');
  const auto cut = citations_of(
      Json::array({{{"url", "https://" + long_text}, {"title", long_text}, {"cited", long_text}}}));
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_EQ(cut.front().url, "");
  EXPECT_EQ(cut.front().title.size(), limits::citation_title_bytes_max);
  EXPECT_EQ(cut.front().text.size(), limits::citation_text_bytes_max);
}

}  // namespace
}  // namespace colonnade::providers::upstream
