#include "dialects/tandem/caller.hpp"

#include <gtest/gtest.h>

namespace colonnade::dialects::tandem {
namespace {

std::string token_of(net::Headers headers) { return sent_token({.headers = std::move(headers)}); }

// tandem §1.2
TEST(TandemToken, TheFirstHeaderThatIsNotEmptyCounts) {
  const net::Header agent{"X-Agent-Token", "a"};
  const net::Header tandem{"X-Tandem-Token", " t\t"};
  const net::Header bearer{"Authorization", "Bearer  b "};
  EXPECT_EQ(token_of({bearer, tandem, agent}), "a");
  EXPECT_EQ(token_of({bearer, tandem}), "t");
  EXPECT_EQ(token_of({bearer}), "b");
  EXPECT_EQ(token_of({bearer, {"X-Tandem-Token", ""}, {"X-Agent-Token", "  "}}), "b");
  EXPECT_EQ(token_of({}), "");
}

TEST(TandemToken, OnlyTwoSpellingsOfTheSchemeCount) {
  EXPECT_EQ(token_of({{"Authorization", "bearer b"}}), "b");
  for (const char* value : {"BEARER b", "Bearerb", "Basic b", "Bearer ", "b", ""}) {
    EXPECT_EQ(token_of({{"Authorization", value}}), "") << value;
  }
}

TEST(TandemRows, AreThereBelowApiToo) {
  const auto rows = also_below_api({{.method = net::Method::get, .pattern = "/session/{id}"},
                                    {.method = net::Method::get, .pattern = "/session"}});
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].pattern, "/session/{id}");
  EXPECT_EQ(rows[2].pattern, "/api/session/{id}");
  EXPECT_EQ(rows[3].pattern, "/api/session");
}

}  // namespace
}  // namespace colonnade::dialects::tandem
