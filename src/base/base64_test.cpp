#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace colonnade::base {
namespace {

TEST(Base64, IsRfc4648s) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("\xfb\xff\xfe"), "+//+");
}

TEST(Base64, IsReadBackStrictly) {
  for (const char* text : {"", "f", "fo", "foo", "foob", "\xFB\xFF\xFE"}) {
    EXPECT_EQ(from_base64(to_base64(text)), text);
  }
  // No padding, too much of it, padding inside, the other alphabet, bits behind the last byte,
  // blanks.
  for (const char* bad :
       {"Zg", "Zg=", "Z===", "====", "Zg==Zg==", "-_-8", "Zh==", "Zm9=", "Zg= "}) {
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  }
}

TEST(Base64, IsReadLooselyWhereClientsAreLoose) {
  for (const char* text : {"Zg==", "Zg=", "Zg", "Zh", "Zg===="}) {
    EXPECT_EQ(from_loose_base64(text), "f") << text;
  }
  EXPECT_EQ(from_loose_base64("Z-8"), std::nullopt);
  EXPECT_EQ(from_loose_base64("Z g="), std::nullopt);
}

TEST(Base64Url, IsStrict) {
  EXPECT_EQ(to_base64url(""), "");
  EXPECT_EQ(to_base64url("f"), "Zg");
  EXPECT_EQ(to_base64url("fo"), "Zm8");
  EXPECT_EQ(to_base64url("foo"), "Zm9v");
  EXPECT_EQ(to_base64url("\xFB\xFF"), "-_8");
  for (const char* text : {"", "f", "fo", "foo", "foob", "\xFB\xFF\xFE"}) {
    EXPECT_EQ(from_base64url(to_base64url(text)), text);
  }
  // Padding, the other alphabet, one digit too many, bits behind the last byte, blanks.
  for (const char* bad : {"Zg==", "+/8", "Z", "Zm9vZ", "Zh", "Zm9", " Zg", "Zg\n"}) {
    EXPECT_EQ(from_base64url(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace colonnade::base
