#include "app/nearest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace colonnade::app {
namespace {

TEST(Nearest, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("listen", "listen"), 0U);
  EXPECT_EQ(edit_distance("lisen", "listen"), 1U);
  EXPECT_EQ(edit_distance("lsiten", "listen"), 1U);  // a swap of neighbours is one edit
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
}

TEST(Nearest, FindsTheClosestAndNothingForAStranger) {
  const std::vector<std::string> words{"listen", "data_dir", "log.level", "tls"};
  EXPECT_EQ(nearest("lissten", words), "listen");
  EXPECT_EQ(nearest("datadir", words), "data_dir");
  EXPECT_EQ(nearest("log.levle", words), "log.level");
  EXPECT_EQ(nearest("banana", words), "");
  // Three letters changed in three are another word.
  EXPECT_EQ(nearest("xyz", words), "");
}

}  // namespace
}  // namespace colonnade::app
