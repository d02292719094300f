#include "base/joined.hpp"

#include <gtest/gtest.h>

namespace colonnade::base {
namespace {

TEST(Joined, KeepsTextsApart) {
  EXPECT_NE(joined({"a", "b\nc"}), joined({"a\nb", "c"}));
  EXPECT_NE(joined({"a1:", "b"}), joined({"a", "1:b"}));
  EXPECT_NE(joined({"", "a"}), joined({"a", ""}));
  EXPECT_EQ(joined({"a", "b"}), joined({"a", "b"}));
}

}  // namespace
}  // namespace colonnade::base
