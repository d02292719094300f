// Canonical texts and hashes as the real server computes them.
#include <gtest/gtest.h>

#include "base/canonical_json.hpp"
#include "gate/canonical.hpp"
#include "gate/value.hpp"
#include "rows.hpp"

namespace colonnade::tests {
namespace {

using gate::Value;

std::string part(const Value& row, std::string_view key) {
  const Value* found = row.find(key);
  return found == nullptr || found->text() == nullptr ? "" : *found->text();
}

std::string hash_of(const Value& row, const Value& input) {
  const std::string function = text(row, "fn");
  if (function == "request_hash") return gate::request_hash_of(input);
  if (function == "event_hash") {
    return gate::sha256_hex(gate::canonical_text(input) + part(row, "prev_hash"));
  }
  if (function == "provenance_id") {
    return gate::provenance_id_of(part(input, "request_hash"), part(input, "policy_hash"),
                                  part(input, "profile_hash"), part(input, "runtime_version"));
  }
  return gate::canonical_hash(input);
}

TEST(GateHashes, AreThoseOfTheRealServer) {
  const auto vectors =
      rows(std::string(COLONNADE_CONTRACTS) + "/faramesh-canonicalization-vectors.jsonl");
  if (vectors.empty()) GTEST_SKIP() << "no canonicalization vectors in " << COLONNADE_CONTRACTS;
  for (const Value& row : vectors) {
    SCOPED_TRACE(text(row, "input_json"));
    const auto input = Value::parse(text(row, "input_json"), "input");
    if (row.find("error") != nullptr) {
      EXPECT_FALSE(input.has_value());
      continue;
    }
    ASSERT_TRUE(input.has_value()) << input.error().message;
    const std::string function = text(row, "fn");
    if (function == "canonicalize" || function == "policy_hash" || function == "profile_hash") {
      EXPECT_EQ(gate::canonical_text(*input), text(row, "canonical"));
    }
    EXPECT_EQ(hash_of(row, *input), text(row, "hash"));
  }
}

// The gate writes from its own values, the SDK from text: the same, for a hash to match.
TEST(GateHashes, AreThoseOfTheSdksCanonicalText) {
  for (
      const std::string text :
      {R"({"tool":"t","params":{"b":[1,2.50,1e3,-0.0,12345678901234567890123],"a":"\u00e9\n\"\\/"},)"
       R"("id":"x","_note":1,"context":{"id":"kept","_k":null,"t":true,"f":false},"agent_id":"a"})",
       "{}", R"({"params":{},"operation":"","list":[[],{}]})"}) {
    const auto value = Value::parse(text, "input");
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ(gate::canonical_text(*value), *base::canonical_json(text));
    EXPECT_EQ(gate::request_hash_of(*value),
              gate::sha256_hex(*base::canonical_json(text, &base::is_left_out_of_request_hash)));
  }
}

}  // namespace
}  // namespace colonnade::tests
