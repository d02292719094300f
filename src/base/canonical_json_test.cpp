// The canonical form against vectors computed by the system it comes from; skips without them.
#include "base/canonical_json.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace colonnade::base {
namespace {

TEST(CanonicalJson, every_vector) {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/faramesh-canonicalization-vectors.jsonl");
  if (!file) GTEST_SKIP() << "no canonicalization vectors in " << COLONNADE_CONTRACTS;
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    if (row["fn"] != "canonicalize") continue;
    const auto given = canonical_json(row["input_json"].get<std::string>());
    if (row["canonical"].is_null()) {
      EXPECT_FALSE(given) << row["note"];
    } else {
      ASSERT_TRUE(given) << row["note"];
      EXPECT_EQ(*given, row["canonical"].get<std::string>()) << row["note"];
    }
    ++rows;
  }
  EXPECT_EQ(rows, 21);
}

TEST(CanonicalJson, drops_named_members_of_the_outermost_object_only) {
  const auto drop = [](std::string_view name) { return name == "id"; };
  EXPECT_EQ(canonical_json(R"({"id":1,"a":{"id":2}})", drop), R"({"a":{"id":2}})");
  EXPECT_EQ(canonical_json(R"([{"id":1}])", drop), R"([{"id":1}])");
}

TEST(CanonicalJson, names_that_a_request_hash_leaves_out) {
  for (const char* name : {"id", "approval_token", "outcome", "request_hash", "_any", "_"}) {
    EXPECT_TRUE(is_left_out_of_request_hash(name)) << name;
  }
  for (const char* name : {"", "agent_id", "tool", "operation", "params", "context", "ID", "a_"}) {
    EXPECT_FALSE(is_left_out_of_request_hash(name)) << name;
  }
}

TEST(CanonicalJson, doubles_that_are_written_without_exponent) {
  EXPECT_EQ(canonical_json("[1.7976931348623157e2,-1.5e-7,2.50,1E2,-0.0]"),
            "[179.76931348623157,-0.00000015,2.5,100,0]");
}

TEST(CanonicalJson, refuses_what_has_no_single_meaning) {
  for (const char* text : {"", "{", "[1,]", "NaN", "1e999", "\"\\udc00\"", "\"\xff\"", "1 2"}) {
    EXPECT_FALSE(canonical_json(text)) << text;
  }
  const std::string deep = std::string(300, '[') + std::string(300, ']');
  EXPECT_FALSE(canonical_json(deep));
  EXPECT_TRUE(canonical_json(std::string(256, '[') + std::string(256, ']')));
}

}  // namespace
}  // namespace colonnade::base
