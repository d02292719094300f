#include "app/policy_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace colonnade::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class PolicyFiles : public testing::Test {
 protected:
  ~PolicyFiles() override {
    for (const std::string& path : paths_) ::unlink(path.c_str());
  }
  std::string write(const std::string& name, std::string_view content) {
    const std::string path =
        testing::TempDir() + "colonnade_" + std::to_string(::getpid()) + "_" + name;
    std::ofstream(path) << content;
    paths_.push_back(path);
    return path;
  }

 private:
  std::vector<std::string> paths_;
};

constexpr std::string_view policy =
    "rules:\n"
    "  - match: {tool: http}\n"
    "    allow: true\n"
    "  - match: {tool: shell}\n"
    "    deny: true\n"
    "    description: No shell\n";

gate::ActionRequest request(std::string tool) {
  return *gate::ActionRequest::normalise({.agent_id = "a",
                                          .tool = std::move(tool),
                                          .operation = "call",
                                          .params = gate::Value(gate::Value::Object{})});
}

// A server names a policy by its file's name and content; folders have no part in it.
TEST_F(PolicyFiles, TheVersionIsThatOfAServer) {
  const std::string path = write("p.yaml", policy);
  const auto loaded = load_policy(path);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const std::string name = path.substr(path.rfind('/') + 1);
  EXPECT_EQ(loaded->policy->version(), (*gate::Policy::parse(policy, name))->version());
  EXPECT_EQ(loaded->policy->hash(), (*gate::Policy::parse(policy, name))->hash());
}

TEST_F(PolicyFiles, ErrorsNameThePathAsGiven) {
  const std::string path = write("bad.yaml", "rules:\n  - match: {opp: x}\n    deny: true\n");
  const auto loaded = load_policy(path);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, StartsWith(path + ":2: rules[0].match.opp: "));
  EXPECT_THAT(load_policy("/nonexistent/p.yaml").error().message, HasSubstr("/nonexistent/p.yaml"));
  const auto profile = load_profile(write("profile.yaml", "id: 5\n"));
  ASSERT_FALSE(profile);
  EXPECT_THAT(profile.error().message, HasSubstr("profile.yaml:1: id: "));
}

TEST_F(PolicyFiles, TheDecidingRuleHasAPosition) {
  const RuleFiles files{.policy_path = write("p.yaml", policy),
                        .profile_path = write("profile.yaml",
                                              "id: p\nversion: '1'\nallowed_tools: [http, shell]\n"
                                              "rules:\n"
                                              "  - name: no posts\n"
                                              "    when: {tool: http, op: post}\n"
                                              "    outcome: HALT\n")};
  const auto engine = load_engine(files);
  ASSERT_TRUE(engine) << engine.error().message;
  const auto shell = engine->explain(request("shell"));
  EXPECT_EQ(decided_by(shell, files), "rules[1] (" + files.policy_path + ":4)");
  const auto other = engine->explain(request("other"));
  EXPECT_EQ(decided_by(other, files), "allowed_tools (" + files.profile_path + ")");
  const auto post = engine->explain(
      *gate::ActionRequest::normalise({.agent_id = "a",
                                       .tool = "http",
                                       .operation = "post",
                                       .params = gate::Value(gate::Value::Object{})}));
  EXPECT_EQ(decided_by(post, files), "profile.rules[0] (" + files.profile_path + ":5)");

  std::string out;
  base::JsonWriter json(out);
  json.object();
  write_decision(json, shell);
  json.end_object();
  const auto decision = nlohmann::json::parse(out);
  EXPECT_EQ(decision["outcome"], "HALT");
  EXPECT_EQ(decision["reason"], "No shell");
  EXPECT_EQ(decision["decided_by"]["list"], "rules");
  EXPECT_EQ(decision["decided_by"]["position"], 1);
  EXPECT_EQ(decision["decided_by"]["line"], 4);
}

}  // namespace
}  // namespace colonnade::app
