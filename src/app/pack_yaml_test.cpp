#include "app/pack_yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace colonnade::app {
namespace {

using base::Json;
using ::testing::HasSubstr;

Json read(const std::string& text) {
  auto out = pack_yaml(text, "tandempack.yaml");
  EXPECT_TRUE(out) << out.error().message;
  return out.value_or(Json());
}

TEST(PackYaml, ScalarsAreWhatTheyLookLike) {
  const Json tree = read(
      "version: 1.10\nnumber: 3600\nnegative: -2\noctal: 010\nlong: 1234567890123456\n"
      "yes: true\nno: False\nnothing: ~\nempty:\nquoted: \"7\"\nword: on\n");
  EXPECT_EQ(tree.at("version"), "1.10") << "and not 1.1";
  EXPECT_EQ(tree.at("number"), 3600);
  EXPECT_EQ(tree.at("negative"), -2);
  EXPECT_EQ(tree.at("octal"), "010");
  EXPECT_EQ(tree.at("long"), "1234567890123456");
  EXPECT_EQ(tree.at("yes"), true);
  EXPECT_EQ(tree.at("no"), false);
  EXPECT_TRUE(tree.at("nothing").is_null());
  EXPECT_TRUE(tree.at("empty").is_null());
  EXPECT_EQ(tree.at("quoted"), "7");
  EXPECT_EQ(tree.at("word"), "on");
}

TEST(PackYaml, ListsAndGroupsMayBeInEitherForm) {
  EXPECT_EQ(read("a: [x, {b: 1}]\n"), read("a:\n  - x\n  - b: 1\n"));
  EXPECT_EQ(read("{\"a\": [1, 2]}"), (Json{{"a", {1, 2}}})) << "JSON is YAML";
}

TEST(PackYaml, AFaultHasItsLine) {
  const auto fault = [](const std::string& text) {
    const auto out = pack_yaml(text, "tandempack.yaml");
    EXPECT_FALSE(out) << text;
    return out ? std::string() : out.error().message;
  };
  EXPECT_THAT(fault("a: 1\nb: [\n"), HasSubstr("tandempack.yaml:"));
  EXPECT_THAT(fault("a: 1\na: 2\n"), HasSubstr("tandempack.yaml:2: "));
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + std::string(1, c) + " [";
    for (int i = 0; i < 10; ++i) bomb += (i == 0 ? "*" : ", *") + before;
    bomb += "]\n";
  }
  EXPECT_THAT(fault(bomb), HasSubstr("tandempack.yaml:")) << "aliases of aliases";
}

}  // namespace
}  // namespace colonnade::app
