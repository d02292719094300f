// What a tool server's tools are called on Tandem's wire (tandem §2.1, §2.9, §4.8): everywhere
// mcp.<server>.<tool>, which the engine's clients put together themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../engine/launch_tool.hpp"
#include "tandem_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

constexpr const char* own_name = "moon-base__Launch_Probe";
constexpr const char* shown_name = "mcp.moon_base.launch_probe";

class TandemToolNames : public ::testing::Test {
 protected:
  TandemServerOptions options() {
    TandemServerOptions out;
    out.engine.workspaces = folder_.file("workspaces");
    out.engine.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, own_name));
    out.engine.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, "other__probe"));
    out.engine.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, "twin__A"));
    out.engine.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, "twin__a"));
    return out;
  }
  ScriptedProvider& model() { return *server_->engine.model; }
  std::string new_session(const Json& body = Json::object()) {
    const Answer made = server_->post("/session", body);
    EXPECT_EQ(made.status, 200) << made.body;
    return made.json().at("id");
  }
  struct Run {
    std::string session{};
    std::string id{};
  };
  Run prompt(const std::string& session, const Json& body) {
    const Answer started = server_->post("/session/" + session + "/prompt_async?return=run", body);
    EXPECT_EQ(started.status, 202) << started.body;
    return {.session = session, .id = started.json().at("runID")};
  }
  std::vector<Json> until(const Run& run, const std::string& type) {
    WireStream stream = server_->stream("/event?sessionID=" + run.session + "&runID=" + run.id);
    return events_until(stream, type);
  }
  // The names of tools in the events of that type.
  static std::vector<std::string> tools_in(const std::vector<Json>& events,
                                           const std::string& type) {
    std::vector<std::string> out;
    for (const Json& one : events) {
      if (one.at("type") == type) out.push_back(one.at("properties").at("tool"));
    }
    return out;
  }
  void script_launch(const std::string& tool) {
    model().script({tool_call("call_1", tool, {{"target", "moon"}})});
    model().script({reply({core::TextPart{"Done."}})});
  }
  static Json with_rule(const char* permission, const char* action) {
    return {{"permission", Json::array({{{"permission", permission}, {"action", action}}})}};
  }

  TemporaryFolder folder_;
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  std::unique_ptr<TandemServer> server_ =
      std::make_unique<TandemServer>(folder_.file("colonnade.db"), options());
};

TEST_F(TandemToolNames, ListsHaveThem) {
  const auto ids = server_->get("/tool/ids").json().get<std::vector<std::string>>();
  EXPECT_THAT(ids, IsSupersetOf({shown_name, "mcp.other.probe"}));
  EXPECT_THAT(ids, Not(Contains(own_name)));
  EXPECT_THAT(ids, IsSupersetOf({"twin__A", "twin__a"}))
      << "two of one name are shown under their own";
  std::vector<std::string> listed;
  for (const Json& one : server_->get("/tool").json()) listed.push_back(one.at("name"));
  EXPECT_EQ(listed, ids);
}

TEST_F(TandemToolNames, CallsOfUsersTakeThem) {
  const Json call = {{"tool", shown_name}, {"args", {{"target", "moon"}}}};
  const Answer waiting = server_->post("/tool/execute", call);
  ASSERT_EQ(waiting.status, 409) << waiting.body;
  EXPECT_EQ(waiting.json().at("tool"), shown_name);
  const std::string id = waiting.json().at("requestID");
  const Json request = server_->get("/permission").json().at("requests").at(0);
  EXPECT_EQ(request.at("tool"), shown_name);
  EXPECT_EQ(request.at("permission"), shown_name);
  EXPECT_EQ(request.at("pattern"), shown_name);
  EXPECT_EQ(server_->post("/tool/execute", {{"tool", own_name}, {"args", {{"target", "moon"}}}})
                .json()
                .at("requestID"),
            id)
      << "the same call under our name";
  EXPECT_EQ(server_->post("/permission/" + id + "/reply", {{"reply", "once"}}).status, 200);
  const Answer done = server_->post("/tool/execute", call);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.json().at("output"), "launched moon");
  EXPECT_EQ(done.json().at("metadata").at("tool"), shown_name);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));

  for (const char* name : {"mcp.moon_base.*", "mcp.moon_base", "mcp.nobody.launch_probe"}) {
    const Answer none = server_->post("/tool/execute", {{"tool", name}});
    EXPECT_EQ(none.status, 404) << name;
    EXPECT_EQ(none.json().at("code"), "TOOL_NOT_FOUND") << name;
  }
  const Answer several = server_->post("/tool/execute", {{"tool", "mcp.twin.a"}});
  EXPECT_EQ(several.status, 404) << "nobody guesses which of the two is meant";
  EXPECT_THAT(several.json().at("error").get<std::string>(), HasSubstr("twin__A, twin__a"));
}

TEST_F(TandemToolNames, RunsTellThem) {
  const std::string session = new_session();
  script_launch(own_name);
  const Run run = prompt(session, {{"text", "Launch"}});
  const auto asked = until(run, "permission.request");
  EXPECT_THAT(tools_in(asked, "permission.asked"), ElementsAre(shown_name));
  EXPECT_THAT(tools_in(asked, "permission.request"), ElementsAre(shown_name));
  const Json& request = asked.back().at("properties");
  EXPECT_EQ(request.at("permission"), shown_name);
  EXPECT_EQ(server_
                ->post("/permission/" + request.at("id").get<std::string>() + "/reply",
                       {{"reply", "always"}})
                .status,
            200);
  const auto events = until(run, "session.run.finished");
  EXPECT_THAT(tools_in(events, "session.tool_call"), ElementsAre(shown_name));
  EXPECT_THAT(tools_in(events, "session.tool_result"), ElementsAre(shown_name));
  for (const Json& one : events) {
    EXPECT_FALSE(one.dump().contains(own_name)) << one;
  }
  const Json rules = server_->get("/permission").json().at("rules");
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].at("permission"), shown_name);
  const Answer messages = server_->get("/session/" + session + "/message");
  EXPECT_THAT(messages.body, HasSubstr(shown_name));
  EXPECT_THAT(messages.body, Not(HasSubstr(own_name)));

  // What was remembered counts for the same tool, whatever it is called.
  model().script({tool_call("call_2", shown_name, {{"target", "mars"}})});
  model().script({reply({core::TextPart{"Done."}})});
  const auto again = until(prompt(session, {{"text", "Again"}}), "session.run.finished");
  EXPECT_THAT(tools_in(again, "session.tool_result"), ElementsAre(shown_name));
  EXPECT_THAT(tools_in(again, "permission.request"), ElementsAre());
  EXPECT_THAT(launches_->seen(), ElementsAre("moon", "mars"));
}

TEST_F(TandemToolNames, AllowListsTakeThemAndTheirPatterns) {
  for (const char* pattern : {shown_name, "mcp.moon_base.*", "mcp.Moon-Base.*", own_name}) {
    model().script({reply({core::TextPart{"Hello."}})});
    const Run run = prompt(new_session(), {{"text", "hi"}, {"toolAllowlist", {pattern}}});
    until(run, "session.run.finished");
    const auto requests = model().requests();
    std::vector<std::string> offered;
    for (const core::ToolDefinition& one : requests.back().tools) offered.push_back(one.name);
    EXPECT_THAT(offered, ElementsAre(own_name)) << pattern;
  }
  // A call outside the list is not made, by whatever name.
  script_launch("mcp.other.probe");
  const Run run = prompt(new_session(with_rule("*", "allow")),
                         {{"text", "hi"}, {"toolAllowlist", {"mcp.moon_base.*"}}});
  until(run, "session.run.finished");
  EXPECT_THAT(launches_->seen(), ElementsAre());
}

TEST_F(TandemToolNames, RulesOfSessionsTakeThemAndTheirPatterns) {
  for (const char* permission : {shown_name, "mcp.moon_base.*", "mcp.*"}) {
    script_launch(own_name);
    auto events = until(prompt(new_session(with_rule(permission, "deny")), {{"text", "go"}}),
                        "session.run.finished");
    EXPECT_THAT(tools_in(events, "permission.request"), ElementsAre()) << permission;
    EXPECT_THAT(launches_->seen(), ElementsAre()) << permission;
  }
  // Another server's rule says nothing of it.
  model().script({tool_call("call_1", own_name, {{"target", "moon"}})});
  const Run asked = prompt(new_session(with_rule("mcp.other.*", "allow")), {{"text", "go"}});
  EXPECT_THAT(tools_in(until(asked, "permission.request"), "permission.request"),
              ElementsAre(shown_name));
  EXPECT_EQ(server_->post("/session/" + asked.session + "/abort").status, 200);
  script_launch(own_name);
  until(prompt(new_session(with_rule("mcp.moon_base.*", "allow")), {{"text", "go"}}),
        "session.run.finished");
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

}  // namespace
}  // namespace colonnade::tests
