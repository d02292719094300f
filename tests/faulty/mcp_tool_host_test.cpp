// The tools of servers as core and the catalog meet them.
#include "tools/mcp/tool_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/mcp/mcp_bench.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::Json;
using ::testing::HasSubstr;
using ::testing::Not;

base::Task<std::vector<std::string>> servers_of(core::Scope, std::string agent) {
  co_return agent == "with" ? std::vector<std::string>{"id"} : std::vector<std::string>();
}

class McpToolHost : public ::testing::Test {
 protected:
  ~McpToolHost() override { end(); }

  void begin() {
    ToolHostOptions options;
    options.inherited = variables();
    options.servers_of = servers_of;
    options.keep = [this](const core::Scope&, const std::string&, std::string pins) {
      const std::lock_guard lock(mutex_);
      pins_ = std::move(pins);
      kept_.notify();
    };
    options.ask = ask_;
    options.times.probe_max = std::chrono::seconds(60);  // a busy machine starts Python slowly
    options.start_wait_max = start_wait_max_;
    host_.emplace(lanes_[0], client_, box_, std::move(options));
  }
  void end() {
    if (host_) base::run_on(lanes_[1], host_->stop());
    host_.reset();
  }
  void add(const std::string& mode) {
    core::OpenedToolServer one{.server = {.scope = core::Scope::main()}};
    one.server.id = "id";
    one.server.name = "files";
    one.server.command = {"python3",
                          std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py", mode};
    const std::lock_guard lock(mutex_);
    one.pins = pins_;
    host_->added(std::move(one));
  }
  base::Result<core::ToolOutcome> run(const std::string& tool, const Json& arguments,
                                      const std::string& agent = "with") {
    ToolContext context{
        .lane = &lanes_[1], .scope = core::Scope::main(), .agent_id = agent, .run_id = "run"};
    const core::ToolCall call{.id = "call", .run_id = "run", .tool = tool, .arguments = arguments};
    return base::run_on(lanes_[1], host_->run(std::move(context), call, stop_.get_token()));
  }
  std::vector<core::ToolDefinition> definitions(std::vector<std::string> servers) {
    core::Agent agent{.scope = core::Scope::main(), .tool_servers = std::move(servers)};
    return base::run_on(lanes_[1], host_->definitions(std::move(agent), stop_.get_token()));
  }
  std::string text(const std::string& tool, const Json& arguments,
                   const std::string& agent = "with") {
    const auto outcome = run(tool, arguments, agent);
    return outcome ? outcome->content : outcome.error().message;
  }

  base::Lanes lanes_{2};
  net::HttpClient client_{lanes_};
  base::SecretBox box_{base::SecretBox::new_key()};
  std::mutex mutex_{};
  std::string pins_{};
  base::Signal kept_{};
  AskHuman ask_{};
  std::stop_source stop_{};
  std::chrono::milliseconds start_wait_max_ = std::chrono::seconds(60);
  std::optional<ToolHost> host_{};
};

TEST_F(McpToolHost, ACallWaitsForAServerThatIsStarting) {
  begin();
  add("good");
  EXPECT_EQ(text("files__echo", {{"text", "x"}}), "x");
  const auto offered = definitions({"id", "another"});
  EXPECT_EQ(offered.size(), 14U);
  EXPECT_TRUE(std::ranges::is_sorted(offered, {}, &core::ToolDefinition::name));
  const auto echo = std::ranges::find(offered, "files__echo", &core::ToolDefinition::name);
  ASSERT_NE(echo, offered.end());
  EXPECT_EQ(echo->aliases, std::vector<std::string>{"mcp.files.echo"});
  EXPECT_TRUE(definitions({}).empty());
  EXPECT_TRUE(host_->may_be("files__anything"));
  EXPECT_FALSE(host_->may_be("files_echo"));
  EXPECT_FALSE(host_->may_be("web__echo"));
}

TEST_F(McpToolHost, ARunWaitsForAServerThatStartsForTheFirstTime) {
  begin();
  add("good");
  EXPECT_EQ(definitions({"id"}).size(), 14U);
}

TEST_F(McpToolHost, ARunDoesNotWaitForEver) {
  start_wait_max_ = std::chrono::milliseconds(1);
  begin();
  add("never");
  EXPECT_TRUE(definitions({"id"}).empty());
}

TEST_F(McpToolHost, AStopEndsTheWaitOfARun) {
  begin();
  add("never");
  stop_.request_stop();
  EXPECT_TRUE(definitions({"id"}).empty());
}

// A server that fails is away, and nobody waits for its next attempt.
TEST_F(McpToolHost, ARunDoesNotWaitForAServerThatHasFailed) {
  begin();
  add("exits");
  EXPECT_TRUE(definitions({"id"}).empty());
  EXPECT_GE(host_->servers().find("id")->status.failures, 1);
}

TEST_F(McpToolHost, SaysWhyAToolIsNotThere) {
  begin();
  add("good");
  EXPECT_THAT(text("files__nothing", Json::object()), HasSubstr("its server is ready"));
  EXPECT_THAT(text("files__echo", Json::object(), "without"), HasSubstr("has no such server"));
  host_->removed(core::Scope::main(), "id");
  EXPECT_THAT(text("files__echo", Json::object()), HasSubstr("has no such server"));
  EXPECT_FALSE(host_->may_be("files__echo"));
}

TEST_F(McpToolHost, AStopIsAnError) {
  begin();
  add("never");
  stop_.request_stop();
  const auto outcome = run("files__echo", Json::object());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, base::ErrorKind::cancelled);
}

TEST_F(McpToolHost, KeepsWhatWasAcceptedOverARestart) {
  begin();
  add("good");
  EXPECT_EQ(text("files__echo", {{"text", "x"}}), "x");
  base::run_on(lanes_[1], kept_.wait());
  end();
  {
    const std::lock_guard lock(mutex_);
    Json kept = Json::parse(pins_);
    EXPECT_EQ(kept.at("tools").size(), 14U);
    kept["tools"]["echo"] = "another one";
    pins_ = kept.dump();
  }
  begin();
  add("good");
  EXPECT_THAT(text("files__echo", Json::object()), HasSubstr("1 changed (echo)"));
}

base::Task<ElicitationAnswer> answer_blue(ToolContext context, Elicitation, std::stop_token) {
  co_return ElicitationAnswer{ElicitationAnswer::Action::accept,
                              {{"said", "blue"}, {"in", context.run_id}}};
}

TEST_F(McpToolHost, AQuestionComesWithItsRun) {
  ask_ = answer_blue;
  for (const char* mode : {"good", "modern"}) {
    begin();
    add(mode);
    const std::string said = text("files__ask", Json::object());
    EXPECT_THAT(said, HasSubstr("blue"));
    EXPECT_THAT(said, HasSubstr("\"run\""));
    end();
  }
}

}  // namespace
}  // namespace colonnade::tools::mcp
