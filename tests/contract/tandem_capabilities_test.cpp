// Capabilities over Tandem's wire (tandem §2.12, §4.11).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/capabilities/capability.hpp"
#include "tandem_examples.hpp"
#include "tandem_services_fixture.hpp"

namespace colonnade::tests {
namespace {

using ::testing::ElementsAre;

class TandemCapabilities : public TandemServicesTest {
 protected:
  static Json github(const std::string& action) {
    return {{"provider", "mcp"}, {"tool_name", "mcp.github." + action}};
  }
};

class TandemCapabilityExamples : public TandemCapabilities {
 protected:
  void TearDown() override { expect_played(played_); }
  // Of `more` besides what the example sends.
  Json replay(const std::string& name, const Json& more = Json::object()) {
    const Json& row = examples_.at(name);
    played_.insert(name);
    Json request = row.value("request", Json());
    if (request.is_object()) request.update(more);
    const Answer answer =
        server_.ask(row.at("method").get<std::string>(), row.at("path").get<std::string>(),
                    request.is_null() ? std::string() : request.dump());
    EXPECT_EQ(answer.status, row.at("status")) << name << ": " << answer.body;
    const Json got = answer.json();
    has_members(row.at("response"), got, name);
    return got;
  }

  std::map<std::string, Json> examples_ = tandem_examples();
  std::set<std::string> played_{};
};

TEST_F(TandemCapabilityExamples, OfCapabilities) {
  replay("capabilities.get_bindings");
  replay("capabilities.set_bindings");
  replay("capabilities.discovery");
  const Json there = {{"available_tools", Json::array({github("create_pull_request")})}};
  const Json found = replay("capabilities.resolve", there).at("resolution");
  EXPECT_EQ(found.at("resolved").at(0).at("tool_name"), "mcp.github.create_pull_request");
  EXPECT_EQ(found.at("resolved").at(0).at("binding_index"), 0);
  const Json missing = replay("capabilities.resolve.missing", there);
  Json rest = missing;
  rest.erase("error");
  EXPECT_EQ(rest, examples_.at("capabilities.resolve.missing").at("response"));
}

TEST_F(TandemCapabilities, TheServersOwnToolsAreCandidates) {
  const Json tools = get("/capabilities/discovery").at("tools");
  const auto is_calculator = [](const Json& one) {
    return one.at("tool_name") == "calculator" && one.at("provider") == "custom";
  };
  EXPECT_TRUE(std::ranges::any_of(tools, is_calculator)) << tools;
  const Json binding = {
      {"capability_id", "math.add"}, {"provider", "custom"}, {"tool_name", "calculator"}};
  const Json file = {{"schema_version", "v1"}, {"bindings", Json::array({binding})}};
  EXPECT_EQ(send("PUT", "/capabilities/bindings", file).status, 200);
  const Json body = {{"required_capabilities", Json::array({"math.add"})},
                     {"optional_capabilities", {"github.create_issue", "math.add"}}};
  const Json found = send("POST", "/capabilities/resolve", body).json().at("resolution");
  EXPECT_EQ(found.at("resolved").at(0).at("tool_name"), "calculator");
  EXPECT_EQ(found.at("missing_optional"), Json::array({"github.create_issue"}));
}

TEST_F(TandemCapabilities, BuiltInBindingsComeBackAndStayUpToDate) {
  const Json before = get("/capabilities/bindings").at("bindings");
  Json changed = before.at("bindings").at(0);
  changed["tool_name_aliases"] = {"mcp.mine"};
  Json own = changed;
  own["metadata"] = Json::object();
  own["tool_name"] = "mcp.github.other";
  const Json file = {{"schema_version", "v1"}, {"bindings", Json::array({changed, own})}};
  EXPECT_EQ(send("PUT", "/capabilities/bindings", file).status, 200);
  const Json after = get("/capabilities/bindings").at("bindings").at("bindings");
  EXPECT_EQ(after.size(), before.at("bindings").size() + 1);
  EXPECT_EQ(after.at(0), before.at("bindings").at(0)) << "it is the program's";
  EXPECT_EQ(after.at(1), own);
}

TEST_F(TandemCapabilities, ReadinessSaysWhatBlocks) {
  Json body = {{"workflow_id", "wf"},
               {"required_capabilities", {"github.create_issue", "mail.send"}},
               {"available_tools", Json::array({github("create_issue")})}};
  const Answer blocked = send("POST", "/capabilities/readiness", body);
  EXPECT_EQ(blocked.status, 409);
  const Json readiness = blocked.json().at("readiness");
  EXPECT_EQ(readiness.at("runnable"), false);
  EXPECT_EQ(readiness.at("unbound_capabilities"), Json::array({"mail.send"}));
  EXPECT_EQ(readiness.at("blocking_issues"), Json::array({"mail.send"}));
  body["allow_unbound"] = true;
  const Answer ready = send("POST", "/capabilities/readiness", body);
  EXPECT_EQ(ready.status, 200) << ready.body;
  EXPECT_EQ(ready.json().at("readiness").at("runnable"), true);
  EXPECT_EQ(server_.services.told_of(core::NoticeKind::capabilities_evaluated).size(), 2U);
}

TEST_F(TandemCapabilities, WrongBindingsAreRefusedByName) {
  const auto fault = [&](const Json& file) {
    const Answer answer = send("PUT", "/capabilities/bindings", file);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return answer.json().at("error").get<std::string>();
  };
  EXPECT_THAT(fault(Json::object()), ::testing::HasSubstr("schema_version"));
  EXPECT_THAT(fault({{"schema_version", "v1"}}), ::testing::HasSubstr("bindings"));
  const Json nameless = {{"provider", "mcp"}};
  EXPECT_THAT(fault({{"schema_version", "v1"}, {"bindings", Json::array({nameless})}}),
              ::testing::HasSubstr("bindings[0].capability_id"));
  const std::string bob = server_.new_token("bob");
  const Json file = {{"schema_version", "v1"}, {"bindings", Json::array()}};
  EXPECT_EQ(as(bob, "PUT", "/capabilities/bindings", file).status, 403);
  EXPECT_EQ(as(bob, "GET", "/capabilities/bindings").status, 200);
}

// The best provider first, then the order of the bindings; names are compared without their form.
TEST(Capabilities, TheBestBindingIsTaken) {
  core::CapabilityBindings all;
  const auto bind = [&all](std::string provider, std::string tool,
                           std::vector<std::string> aliases = {}) {
    all.bindings.push_back({.capability_id = "mail.send",
                            .provider = std::move(provider),
                            .tool_name = std::move(tool),
                            .tool_aliases = std::move(aliases)});
  };
  bind("custom", "send_mail");
  bind("mcp", "mcp.mail.send", {"mcp.mail_send_now"});
  bind("mcp", "mcp.other.send");
  bind("arcade", "mcp.arcade.send");
  const std::vector<core::CapabilityTool> there = {
      {.provider = "custom", .tool_name = "send_mail"},
      {.provider = "mcp", .tool_name = "mcp.Mail.Send-Now"},
      {.provider = "mcp", .tool_name = "mcp.other.send"}};
  core::CapabilityQuestion question{.required = {"mail.send"}};
  const auto resolved = core::resolve_capabilities(all, question, there);
  ASSERT_EQ(resolved.resolved.size(), 1U);
  EXPECT_EQ(resolved.resolved.front().binding_index, 1U);
  EXPECT_EQ(resolved.resolved.front().tool_name, "mcp.Mail.Send-Now");
  question.provider_preference = {"custom", "mcp"};
  EXPECT_EQ(core::resolve_capabilities(all, question, there).resolved.front().binding_index, 0U);
  question.provider_preference = {"arcade"};
  EXPECT_EQ(core::resolve_capabilities(all, question, there).resolved.front().binding_index, 0U)
      << "of those that nobody prefers, the first";
  question.required = {"x.y", "a.b"};
  const auto missing = core::resolve_capabilities(all, question, there);
  EXPECT_THAT(missing.missing_required, ElementsAre("a.b", "x.y"));
  EXPECT_THAT(missing.unbound, ElementsAre("a.b", "x.y"));
}

TEST(Capabilities, ProvidersAreKnownByTheNamesOfTheirTools) {
  EXPECT_EQ(core::capability_provider_of("mcp.composio.send"), "composio");
  EXPECT_EQ(core::capability_provider_of("mcp.arcade.send"), "arcade");
  EXPECT_EQ(core::capability_provider_of("mcp.github.send"), "mcp");
  EXPECT_EQ(core::capability_provider_of("bash"), "custom");
  EXPECT_EQ(core::canonical_tool_name("mcp.GitHub--Create..Issue-"), "mcp_github_create_issue");
}

}  // namespace
}  // namespace colonnade::tests
