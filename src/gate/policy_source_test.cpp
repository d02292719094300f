#include "gate/policy_source.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace colonnade::gate {
namespace {

constexpr std::string_view allow_all = "rules:\n  - {match: {tool: '*'}, allow: true}\n";
constexpr std::string_view deny_all = "rules:\n  - {match: {tool: '*'}, deny: true}\n";
constexpr std::string_view profile_text = "id: p\nversion: '1'\nallowed_tools: [shell]\n";

class PolicySourceTest : public ::testing::Test {
 protected:
  PolicySourceTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gate-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
  }
  ~PolicySourceTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name) + ".new") << text;
    std::filesystem::rename(path(name) + ".new", path(name));
  }
  PolicySourceOptions options(bool with_profile = false) {
    return {.policy_path = path("policy.yaml"),
            .profile_path = with_profile ? path("profile.yaml") : "",
            .on_load = [this](const LoadReport& report) { reports_.push_back(report); }};
  }
  static Decision decide(const PolicySource& source) {
    auto request = ActionRequest::normalise(
        {.agent_id = "a", .tool = "shell", .operation = "run", .params = Value::Object{}});
    return source.engine()->decide(*request);
  }

  std::filesystem::path folder_;
  std::vector<LoadReport> reports_;
};

TEST_F(PolicySourceTest, MissingPolicyHaltsEverything) {
  const PolicySource source(options());
  const Decision decision = decide(source);
  EXPECT_EQ(decision.outcome, Outcome::halt);
  EXPECT_EQ(decision.reason_code, "MISSING_POLICY");
  EXPECT_EQ(decision.policy_version, "none");
  EXPECT_FALSE(decision.policy_hash.has_value());
  EXPECT_FALSE(decision.provenance_id.has_value());
  ASSERT_EQ(reports_.size(), 1u);
  ASSERT_TRUE(reports_[0].policy.error.has_value());
  EXPECT_EQ(reports_[0].policy.error->kind, base::ErrorKind::not_found);
}

TEST_F(PolicySourceTest, InvalidPolicyHaltsEverything) {
  write("policy.yaml", "rules: [{match: {tool: x}}]");
  const PolicySource source(options());
  EXPECT_EQ(decide(source).reason_code, "MISSING_POLICY");
  EXPECT_EQ(decide(source).policy_version, "error");
}

TEST_F(PolicySourceTest, SeesAChangeOfTheSameSizeAtOnce) {
  write("policy.yaml", allow_all);
  PolicySource source(options());
  EXPECT_EQ(decide(source).outcome, Outcome::execute);
  EXPECT_FALSE(source.reload_if_changed().has_value());
  std::string other(allow_all);
  other.replace(other.find("allow"), 11, "deny: true ");
  ASSERT_EQ(other.size(), allow_all.size());
  std::ofstream(path("policy.yaml")) << other;  // in place: the same file, the same size
  const auto report = source.reload_if_changed();
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->replaced);
  EXPECT_EQ(decide(source).outcome, Outcome::halt);
  EXPECT_FALSE(source.reload_if_changed().has_value());
}

TEST_F(PolicySourceTest, AnInvalidOrMissingFileKeepsTheRulesBefore) {
  write("policy.yaml", deny_all);
  PolicySource source(options());
  const std::string version = decide(source).policy_version;
  write("policy.yaml", "rules:\n  - {match: {tool: '*', operation: x}, allow: true}\n");
  auto report = source.reload_if_changed();
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->replaced);
  ASSERT_TRUE(report->policy.error.has_value());
  EXPECT_EQ(report->policy.error->field, "rules[0].match.operation");
  EXPECT_EQ(report->policy_version, version);
  EXPECT_EQ(decide(source).reason_code, "POLICY_DENY");

  std::filesystem::remove(path("policy.yaml"));
  report = source.reload_if_changed();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->policy.error->kind, base::ErrorKind::not_found);
  EXPECT_EQ(decide(source).reason_code, "POLICY_DENY");
  EXPECT_EQ(decide(source).policy_version, version);
  EXPECT_FALSE(source.reload_if_changed().has_value());
}

TEST_F(PolicySourceTest, ARuleThatCannotBeEvaluatedKeepsTheRulesBefore) {
  write("policy.yaml", deny_all);
  PolicySource source(options());
  for (const char* match : {"pattern: '(unclosed'", "amount_gt: abc"}) {
    write("policy.yaml", "rules:\n  - {match: {" + std::string(match) +
                             "}, deny: true}\n  - {match: {tool: '*'}, allow: true}\n");
    const auto report = source.reload_if_changed();
    ASSERT_TRUE(report && report->policy.error) << match;
    EXPECT_FALSE(report->replaced);
    EXPECT_TRUE(report->policy.error->field.starts_with("rules[0].match.")) << match;
    EXPECT_EQ(decide(source).reason_code, "POLICY_DENY");
  }
}

TEST_F(PolicySourceTest, AnUnusableProfileFailsClosedUntilItIsMended) {
  write("policy.yaml", allow_all);
  write("profile.yaml", "id: p\nversion: 1\nallowed_tools: [shell]\n");
  PolicySource source(options(true));
  EXPECT_EQ(decide(source).reason_code, "PROFILE_LOAD_ERROR");
  ASSERT_TRUE(reports_.back().profile.has_value());
  EXPECT_EQ(reports_.back().profile->error->field, "version");
  write("profile.yaml", profile_text);
  ASSERT_TRUE(source.reload_if_changed().has_value());
  EXPECT_EQ(decide(source).outcome, Outcome::execute);
  EXPECT_EQ(decide(source).profile_id, "p");
  write("profile.yaml", "[");
  ASSERT_TRUE(source.reload_if_changed().has_value());
  EXPECT_EQ(decide(source).outcome, Outcome::execute) << "the profile before stays in force";
}

TEST_F(PolicySourceTest, AMissingProfileFailsClosed) {
  write("policy.yaml", allow_all);
  const PolicySource source(options(true));
  EXPECT_EQ(decide(source).reason_code, "PROFILE_LOAD_ERROR");
  EXPECT_TRUE(decide(source).provenance_id.has_value());
}

TEST_F(PolicySourceTest, VersionComesFromTheContentOrTheCaller) {
  write("policy.yaml", allow_all);
  const std::string version = decide(PolicySource(options())).policy_version;
  EXPECT_EQ(version.substr(0, 12), "policy.yaml@");
  EXPECT_EQ(version.size(), 24u);
  write("policy.yaml", allow_all);  // touched only
  EXPECT_EQ(decide(PolicySource(options())).policy_version, version);
  auto named = options();
  named.policy_version = "v7";
  EXPECT_EQ(decide(PolicySource(named)).policy_version, "v7");
}

TEST_F(PolicySourceTest, DecidesWhileRulesAreReplaced) {
  write("policy.yaml", allow_all);
  PolicySource source(options());
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> decided = 0;
  std::thread reader([&] {
    while (!stop) {
      const Decision decision = decide(source);
      EXPECT_EQ(decision.outcome == Outcome::execute, decision.reason_code == "POLICY_ALLOW");
      ++decided;
    }
  });
  for (int i = 0; i < 50 || decided < 100; ++i) {
    write("policy.yaml", i % 2 == 0 ? deny_all : allow_all);
    EXPECT_TRUE(source.reload_if_changed().has_value());
  }
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace colonnade::gate
