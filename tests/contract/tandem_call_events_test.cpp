// What a session's streams say besides a tool's call and its end (tandem §3.5): that the agent
// looked into its memory, and that a call waits for a human's authorization of its server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tandem_server.hpp"
#include "tools/tool.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* address = "https://auth.example.com/authorize?state=s1";

// Says the same at every call.
class SayingTool final : public tools::Tool {
 public:
  SayingTool(std::string name, core::ToolOutcome outcome)
      : outcome_(std::move(outcome)),
        definition_{.name = std::move(name),
                    .description = "Says something.",
                    .input_schema = {{"type", "object"},
                                     {"properties", {{"query", {{"type", "string"}}}}}}} {}
  const core::ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::none; }
  base::Task<core::ToolOutcome> run(tools::ToolContext, base::Json, std::stop_token) override {
    co_return outcome_;
  }

 private:
  core::ToolOutcome outcome_;
  core::ToolDefinition definition_;
};

class TandemCallEvents : public ::testing::Test {
 protected:
  TandemServerOptions options(core::ToolOutcome of_memory) {
    TandemServerOptions out;
    auto& tools = out.engine.extra_tools;
    tools.push_back(std::make_unique<SayingTool>("memory_recall", std::move(of_memory)));
    tools.push_back(std::make_unique<SayingTool>(
        "mail__send", core::ToolOutcome{.content = "its server is needs_auth",
                                        .is_error = true,
                                        .authorization_url = address}));
    return out;
  }
  void begin(core::ToolOutcome of_memory) {
    server_ =
        std::make_unique<TandemServer>(folder_.file("colonnade.db"), options(std::move(of_memory)));
  }
  // Of a run that calls the tool once.
  std::vector<Json> events_of_call(const std::string& tool, const Json& arguments) {
    server_->engine.model->script({tool_call("call_1", tool, arguments)});
    server_->engine.model->script({reply({core::TextPart{"Done."}})});
    session_ = server_->post("/session").json().at("id");
    const Answer started = server_->post("/session/" + session_ + "/prompt_async?return=run",
                                         {{"parts", {{{"type", "text"}, {"text", "hi"}}}}});
    EXPECT_EQ(started.status, 202) << started.body;
    run_ = started.json().at("runID");
    WireStream stream = server_->stream("/event?sessionID=" + session_ + "&runID=" + run_);
    return events_until(stream, "session.run.finished");
  }
  static std::vector<std::string> types_of(const std::vector<Json>& events,
                                           const std::string& beginning) {
    std::vector<std::string> out;
    for (const Json& one : events) {
      const std::string type = one.at("type");
      if (type.starts_with(beginning)) out.push_back(type);
    }
    return out;
  }
  static Json properties_of(const std::vector<Json>& events, const std::string& type) {
    for (const Json& one : events) {
      if (one.at("type") == type) return one.at("properties");
    }
    return nullptr;
  }
  // What a reader gets who comes after the end, from the store.
  std::vector<Json> stored() {
    const Json rows = server_->get("/run/" + run_ + "/events").json();
    return {rows.begin(), rows.end()};
  }

  TemporaryFolder folder_;
  std::unique_ptr<TandemServer> server_;
  std::string session_;
  std::string run_;
};

const core::ToolOutcome two_memories{
    .content = R"({"memories":[{"id":"a","score":0.9,"text":"Ann likes tea"},)"
               R"({"id":"b","score":0.5,"text":"Bob likes rain"}]})"};

TEST_F(TandemCallEvents, ASearchOfTheMemoryIsTold) {
  begin(two_memories);
  const auto events = events_of_call("memory_recall", {{"query", "tea or rain?"}});
  EXPECT_THAT(types_of(events, "memory."),
              ElementsAre("memory.search.performed", "memory.context.injected"));
  const Json searched = properties_of(events, "memory.search.performed");
  EXPECT_EQ(searched.at("sessionID"), session_);
  EXPECT_EQ(searched.at("runID"), run_);
  EXPECT_EQ(searched.at("resultCount"), 2);
  EXPECT_EQ(searched.at("scoreMin"), 0.5);
  EXPECT_EQ(searched.at("scoreMax"), 0.9);
  EXPECT_EQ(searched.at("scores"), Json::array({0.9, 0.5}));
  EXPECT_EQ(searched.at("iteration"), 1);
  EXPECT_EQ(searched.at("sources"), Json::array({"memory"}));
  EXPECT_GE(searched.at("latencyMs").get<std::int64_t>(), 0);
  EXPECT_EQ(searched.at("queryHash").get<std::string>().size(), 16U);
  EXPECT_FALSE(searched.at("messageID").get<std::string>().empty());
  EXPECT_THAT(searched.dump(), Not(HasSubstr("tea"))) << "no word of what was asked or found";
  const Json injected = properties_of(events, "memory.context.injected");
  EXPECT_EQ(injected.at("count"), 2);
  EXPECT_GT(injected.at("tokenSizeApprox").get<std::int64_t>(), 10);
  // They were stored with the call's end.
  const std::vector<Json> later = stored();
  EXPECT_EQ(properties_of(later, "memory.search.performed"), searched);
  EXPECT_EQ(properties_of(later, "memory.context.injected"), injected);
}

TEST_F(TandemCallEvents, ASearchThatFindsNothingBringsNothingIn) {
  begin({.content = R"({"memories":[]})"});
  const auto events = events_of_call("memory_recall", {{"query", "tea"}});
  EXPECT_THAT(types_of(events, "memory."), ElementsAre("memory.search.performed"));
  const Json searched = properties_of(events, "memory.search.performed");
  EXPECT_EQ(searched.at("resultCount"), 0);
  EXPECT_FALSE(searched.contains("scoreMin"));
}

TEST_F(TandemCallEvents, AMemoryThatCannotBeReachedIsAnError) {
  begin({.content = "the memory cannot be reached now", .is_error = true});
  const auto events = events_of_call("memory_recall", {{"query", "tea"}});
  EXPECT_THAT(types_of(events, "memory."), ElementsAre("memory.context.error"));
  EXPECT_EQ(properties_of(events, "memory.context.error").at("error"),
            "the memory cannot be reached now");
}

TEST_F(TandemCallEvents, ACallThatWaitsForAuthorizationIsTold) {
  begin(two_memories);
  const auto events = events_of_call("mail__send", Json::object());
  EXPECT_THAT(types_of(events, "mcp.auth."), ElementsAre("mcp.auth.required", "mcp.auth.pending"));
  const Json pending = properties_of(events, "mcp.auth.pending");
  EXPECT_EQ(pending.at("sessionID"), session_);
  EXPECT_EQ(pending.at("runID"), run_);
  EXPECT_EQ(pending.at("tool"), "mcp.mail.send");
  EXPECT_EQ(pending.at("server"), "mail");
  EXPECT_EQ(pending.at("authorizationUrl"), address);
  EXPECT_EQ(pending.at("pending"), true);
  EXPECT_EQ(pending.at("blocked"), true);
  EXPECT_EQ(pending.at("retryAfterMs"), 15'000);
  const Json required = properties_of(events, "mcp.auth.required");
  EXPECT_EQ(required.at("challengeId"), pending.at("challengeId"));
  EXPECT_EQ(properties_of(stored(), "mcp.auth.pending"), pending);
  // It is for humans: neither the model nor what is kept of the call has it.
  for (const core::ModelRequest& request : server_->engine.model->requests()) {
    for (const core::Message& message : request.messages) {
      for (const core::Part& part : message.parts) {
        const auto* result = std::get_if<core::ToolResultPart>(&part);
        if (result != nullptr) EXPECT_THAT(result->content, Not(HasSubstr("state=")));
      }
    }
  }
  EXPECT_THAT(properties_of(events, "session.tool_result").dump(), Not(HasSubstr("state=")));
}

// They belong to the session: nobody else hears of them.
TEST_F(TandemCallEvents, OthersHearNothingOfThem) {
  begin(two_memories);
  events_of_call("mail__send", Json::object());
  const std::string bob = server_->new_token("bob");
  const net::Headers as_bob = {{"Authorization", "Bearer " + bob}};
  EXPECT_EQ(server_->ask("GET", "/run/" + run_ + "/events", {}, as_bob).status, 404);
  EXPECT_EQ(server_->ask("GET", "/event?sessionID=" + session_, {}, as_bob).status, 404);
}

}  // namespace
}  // namespace colonnade::tests
