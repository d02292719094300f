#include "base/secret_box.hpp"

#include <gtest/gtest.h>

namespace colonnade::base {
namespace {

TEST(SecretBox, OpensWhatItSealed) {
  const SecretBox box(SecretBox::new_key());
  for (const std::string& secret :
       {std::string(), std::string("s"), std::string("a\0b", 3), std::string(100'000, 'x')}) {
    const std::string sealed = box.seal(secret, "server/1");
    EXPECT_EQ(box.open(sealed, "server/1"), secret);
    if (secret.size() > 3) EXPECT_EQ(sealed.find(secret.substr(0, 16)), std::string::npos);
  }
}

TEST(SecretBox, NeverSealsTheSameTwice) {
  const SecretBox box(SecretBox::new_key());
  EXPECT_NE(box.seal("s", "p"), box.seal("s", "p"));
}

TEST(SecretBox, RefusesAnotherKeyAnotherPurposeAndEveryChange) {
  const SecretBox box(SecretBox::new_key());
  const std::string sealed = box.seal("secret", "server/1");
  EXPECT_EQ(SecretBox(SecretBox::new_key()).open(sealed, "server/1").error().kind,
            ErrorKind::invalid);
  EXPECT_EQ(box.open(sealed, "server/2").error().kind, ErrorKind::invalid);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    // Also a change that only touches bits which a base64 text does not use.
    for (const char other : {'A', 'B', 'Q', 'g', 'w', '='}) {
      changed[i] = other;
      if (changed != sealed) EXPECT_FALSE(box.open(changed, "server/1")) << i << other;
    }
    EXPECT_FALSE(box.open(sealed.substr(0, i), "server/1")) << i;
  }
  EXPECT_FALSE(box.open("", ""));
}

}  // namespace
}  // namespace colonnade::base
