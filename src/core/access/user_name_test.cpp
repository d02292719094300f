#include "core/access/user_name.hpp"

#include <gtest/gtest.h>

namespace colonnade::core {
namespace {

TEST(UserNames, AreWhatPeopleAndProgramsAreCalled) {
  for (const char* name :
       {"ada", "ada@example.org", "Zo\u00eb", "\u674e", "org/team:7", "a.b-c_d"}) {
    EXPECT_TRUE(check_user_name(name)) << name;
  }
  EXPECT_TRUE(check_user_name(std::string(user_name_bytes_max, 'a')));
}

TEST(UserNames, HaveNothingThatDoesNotShow) {
  using namespace std::string_view_literals;
  for (const std::string_view name :
       {""sv, " "sv, "ada lovelace"sv, " ada"sv, "ada\n"sv, "ada\r"sv, "a\tb"sv, "ada\0x"sv,
        "a\x1b[2J"sv, "a\x7f"sv, "a\u0085"sv, "a\u00a0b"sv, "a\u200bb"sv, "a\u2028"sv, "a\u202eb"sv,
        "\u3000"sv,
        "\ufeff"sv
        "a"sv,
        "\xff"sv, "\xed\xa0\x80"sv}) {
    const auto named = check_user_name(name);
    ASSERT_FALSE(named) << name;
    EXPECT_EQ(named.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(named.error().field, "user");
  }
  EXPECT_FALSE(check_user_name(std::string(user_name_bytes_max + 1, 'a')));
}

}  // namespace
}  // namespace colonnade::core
