#include "base/signing_key.hpp"

#include <gtest/gtest.h>

namespace colonnade::base {
namespace {

// RFC 8032, 7.1, test 2.
constexpr const char* rfc_public =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
constexpr const char* rfc_signature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

TEST(SigningKey, AcceptsWhatTheStandardSigns) {
  const auto key = VerifyingKey::from_hex(rfc_public);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->accepts("\x72", rfc_signature));
  EXPECT_FALSE(key->accepts("\x73", rfc_signature));
  EXPECT_FALSE(key->accepts("\x72", std::string(128, '0')));
  EXPECT_FALSE(key->accepts("\x72", "no signature"));
}

TEST(SigningKey, SignsAndIsKeptAsText) {
  const SigningKey made = SigningKey::make();
  const auto again = SigningKey::from_pem(made.to_pem());
  ASSERT_TRUE(again);
  const std::string signature = again->sign("a message");
  EXPECT_EQ(signature.size(), 128U);
  EXPECT_TRUE(made.verifying_key().accepts("a message", signature));
  EXPECT_FALSE(made.verifying_key().accepts("another", signature));
  EXPECT_FALSE(SigningKey::make().verifying_key().accepts("a message", signature));
  const auto shown = VerifyingKey::from_pem(made.verifying_key().to_pem());
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->hex(), made.verifying_key().hex());
}

TEST(SigningKey, RefusesWhatIsNoKey) {
  for (const std::string& text : {std::string(), std::string("no key"), std::string(64, 'x'),
                                  SigningKey::make().to_pem().substr(0, 60)}) {
    EXPECT_FALSE(SigningKey::from_pem(text)) << text;
    EXPECT_FALSE(VerifyingKey::from_pem(text)) << text;
    EXPECT_FALSE(VerifyingKey::from_hex(text)) << text;
  }
  const SigningKey key = SigningKey::make();
  EXPECT_FALSE(SigningKey::from_pem(key.verifying_key().to_pem())) << "the public half";
  EXPECT_FALSE(VerifyingKey::from_pem(key.to_pem())) << "the private half";
}

}  // namespace
}  // namespace colonnade::base
