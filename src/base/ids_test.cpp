#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <thread>
#include <vector>

namespace colonnade::base {
namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr std::string_view base64url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool made_of(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

TEST(NewId, IsThirtyTwoHexCharactersThatStartWithTheTime) {
  const std::string id = new_id(Time{0x0123'4567'89ab * 1000LL + 999});
  EXPECT_EQ(id.size(), 32u);
  EXPECT_TRUE(made_of(id, hex)) << id;
  EXPECT_EQ(id.substr(0, 12), "0123456789ab");
}

TEST(NewId, IsAUuidWithoutItsDashes) {
  const std::string id = new_id(Time{1'700'000'000'000'000});
  const std::string uuid = uuid_form(id);
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos) << uuid;
  EXPECT_EQ(plain_form(uuid), id);
  EXPECT_EQ(plain_form(id), id);
  for (const std::string other :
       {"", "default", "configured-files", "0123456789abcdef0123456789abcdeg",
        "01234567-89ab-cdef-0123-456789abcdeg", "012345678-9ab-cdef-0123-456789abcdef"}) {
    EXPECT_EQ(uuid_form(other), other);
    EXPECT_EQ(plain_form(other), other);
  }
}

TEST(NewId, SortsByTime) {
  std::string previous = new_id(Time{1'700'000'000'000'000});
  for (int i = 1; i < 1'000; ++i) {
    const std::string id = new_id(Time{1'700'000'000'000'000 + i * 1'000});
    EXPECT_LT(previous, id);
    previous = id;
  }
}

TEST(NewId, IsUniqueAcrossThreadsAtOneMoment) {
  std::vector<std::vector<std::string>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : made) {
      threads.emplace_back([&mine] {
        for (int i = 0; i < 10'000; ++i) mine.push_back(new_id(Time{1}));
      });
    }
  }
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 40'000u);
}

// Chi-squared over 16 values: 15 degrees of freedom, mean 15. Beyond 60 happens once in two
// million.
TEST(RandomHex, UsesEveryDigitEquallyOften) {
  const std::string text = random_hex(100'000);
  ASSERT_EQ(text.size(), 200'000u);
  ASSERT_TRUE(made_of(text, hex));
  std::array<double, 16> counts{};
  for (const char c : text) counts[hex.find(c)] += 1;
  double chi_squared = 0;
  for (const double count : counts) chi_squared += (count - 12'500) * (count - 12'500) / 12'500;
  EXPECT_LT(chi_squared, 60);
  EXPECT_GT(chi_squared, 0.5) << "too even to be random";
}

TEST(RandomHex, TakesAnySize) {
  EXPECT_EQ(random_hex(0), "");
  EXPECT_EQ(random_hex(1).size(), 2u);
  EXPECT_EQ(random_hex(513).size(), 1'026u) << "more than one block of the kernel's bytes";
}

TEST(NewToken, IsBase64UrlOfThirtyTwoBytes) {
  std::set<std::string> seen;
  std::set<char> letters;
  for (int i = 0; i < 2'000; ++i) {
    const std::string token = new_token();
    ASSERT_EQ(token.size(), 43u);
    ASSERT_TRUE(made_of(token, base64url)) << token;
    // 256 bits fill 42 characters and four bits of the last: its low two bits are zero.
    ASSERT_EQ(base64url.find(token.back()) % 4, 0u) << token;
    seen.insert(token);
    letters.insert(token.begin(), token.end());
  }
  EXPECT_EQ(seen.size(), 2'000u);
  EXPECT_EQ(letters.size(), 64u);
}

TEST(RandomDigits, AreDecimalAndKeepLeadingZeros) {
  std::array<double, 10> counts{};
  bool leading_zero = false;
  for (int i = 0; i < 10'000; ++i) {
    const std::string code = random_digits(6);
    ASSERT_EQ(code.size(), 6u);
    ASSERT_TRUE(made_of(code, "0123456789")) << code;
    leading_zero = leading_zero || code.front() == '0';
    for (const char c : code) counts[static_cast<std::size_t>(c - '0')] += 1;
  }
  EXPECT_TRUE(leading_zero);
  double chi_squared = 0;
  for (const double count : counts) chi_squared += (count - 6'000) * (count - 6'000) / 6'000;
  EXPECT_LT(chi_squared, 50) << "9 degrees of freedom";
}

// FIPS 180-2, appendix B, and the empty string.
TEST(Sha256, MatchesThePublishedVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(EqualInConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("token", "token"));
  EXPECT_FALSE(equal_in_constant_time("token", "tokem"));
  EXPECT_FALSE(equal_in_constant_time("token", "toke"));
  EXPECT_FALSE(equal_in_constant_time("", "t"));
}

}  // namespace
}  // namespace colonnade::base
