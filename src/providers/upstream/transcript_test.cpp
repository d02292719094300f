#include "providers/upstream/transcript.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace colonnade::providers::upstream {
namespace {

using base::Json;

TEST(CalledName, IsOneThatVendorsTake) {
  EXPECT_EQ(called_name("files__read-file_2"), "files__read-file_2");
  EXPECT_EQ(called_name("shell<|channel|>commentary"), "shell__channel__commentary");
  EXPECT_EQ(called_name("read file"), "read_file");
  EXPECT_EQ(called_name(std::string(150, 'n')), std::string(64, 'n'));
  EXPECT_EQ(called_name(""), "_");
}

TEST(ObjectSchema, LeavesAGoodOneAsItIs) {
  const Json good = {{"type", "object"},
                     {"properties",
                      {{"tags", {{"type", "array"}, {"items", {{"type", "string"}}}}},
                       {"either", {{"anyOf", {{{"type", "string"}}, {{"type", "null"}}}}}}}},
                     {"required", {"tags"}},
                     {"additionalProperties", false}};
  EXPECT_EQ(object_schema(good), good);
}

TEST(ObjectSchema, IsAnObjectsWhateverItWas) {
  const Json nothing = {{"type", "object"}, {"properties", Json::object()}};
  EXPECT_EQ(object_schema(Json::object()), nothing);
  EXPECT_EQ(object_schema(Json::parse(R"({"type":["object","null"]})")), nothing);
  EXPECT_EQ(object_schema(Json::parse(R"({"type":"object","properties":null})")), nothing);
  EXPECT_EQ(object_schema(Json::parse(R"({"type":"object","required":null})")), nothing);
  EXPECT_EQ(object_schema(Json::parse(R"({"properties":{"a":true}})")),
            Json::parse(R"({"type":"object","properties":{"a":true}})"));
}

// Vendors refuse a combination at the top; the server checks what it wants itself.
TEST(ObjectSchema, HasTheMembersOfItsBranches) {
  EXPECT_EQ(object_schema(Json::parse(
                R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],
                    "anyOf":[{"required":["a"]},{"properties":{"b":{"type":"integer"},"a":{}}}],
                    "oneOf":[{"properties":{"c":{}}}],"not":{"required":["x"]}})")),
            Json::parse(
                R"({"type":"object","required":["a"],
                    "properties":{"a":{"type":"string"},"b":{"type":"integer"},"c":{}}})"));
  EXPECT_EQ(object_schema(Json::parse(R"({"allOf":[{"properties":{"a":{}}},true],"enum":[1]})")),
            Json::parse(R"({"type":"object","properties":{"a":{}}})"));
}

TEST(ObjectSchema, ArraysSayWhatIsInThem) {
  EXPECT_EQ(
      object_schema(Json::parse(
          R"({"type":"object","properties":{"a":{"type":"array"},"b":{"type":["array","null"]},
              "c":{"type":"object","properties":{
                "d":{"type":"array","items":{"type":"array"}}}}}})")),
      Json::parse(
          R"({"type":"object","properties":{"a":{"type":"array","items":{}},
              "b":{"type":["array","null"],"items":{}},
              "c":{"type":"object","properties":{
                "d":{"type":"array","items":{"type":"array","items":{}}}}}}})"));
}

}  // namespace
}  // namespace colonnade::providers::upstream
