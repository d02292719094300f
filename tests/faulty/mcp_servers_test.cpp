// The registry of servers, with servers that misbehave among them.
#include "tools/mcp/servers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/mcp/mcp_bench.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class McpServers : public ::testing::Test {
 protected:
  McpServers() {
    options_.times.probe_max = std::chrono::seconds(60);
    options_.times.relist_min = std::chrono::milliseconds(1);
    options_.on_status = [this](const std::string& id, const ServerStatus& status) {
      reports_.at(id).add(status);
    };
    options_.on_pinned = [this](const std::string& id, const ToolPins& pins) {
      const std::lock_guard lock(mutex_);
      pinned_[id] = pins;
    };
  }
  ~McpServers() override {
    if (servers_) base::run_on(lanes_[1], servers_->stop());
  }

  void begin() { servers_.emplace(lanes_[0], client_, options_); }
  static ServerRecord record(const std::string& id, const std::string& mode) {
    ServerRecord out;
    out.id = id;
    out.name = "server-" + id;
    out.command.program = "python3";
    out.command.arguments = {std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py",
                             mode};
    out.command.inherited = variables();
    return out;
  }
  void set(ServerRecord record) {
    const auto done = servers_->set(std::move(record));
    EXPECT_TRUE(done) << done.error().message;
  }
  core::ToolOutcome call(const std::vector<std::string>& ids, const std::string& name,
                         const Json& arguments = Json::object(), RequestOptions options = {}) {
    const auto found = servers_->tool(ids, name);
    if (!found) return {"no tool", true};
    auto out = base::run_on(
        lanes_[1], servers_->call(found->server_id, found->tool, arguments, std::move(options)));
    return out ? *out : core::ToolOutcome{out.error().message, true};
  }

  base::Lanes lanes_{2};
  net::HttpClient client_{lanes_};
  std::map<std::string, Reports> reports_ = [] {
    std::map<std::string, Reports> out;
    for (const char* id : {"a", "b", "c"}) out[id];
    return out;
  }();
  std::mutex mutex_{};
  std::map<std::string, ToolPins> pinned_{};
  ServersOptions options_{};
  std::optional<Servers> servers_{};
};

TEST_F(McpServers, OffersTheToolsOfThoseThatAreThere) {
  begin();
  set(record("a", "good"));
  set(record("b", "modern"));
  set(record("c", "exits"));
  reports_.at("a").wait_for(ServerState::ready);
  reports_.at("b").wait_for(ServerState::ready);
  reports_.at("c").wait_for(ServerState::failed);
  const auto all = servers_->tools({"b", "nobody", "c", "a"});
  ASSERT_EQ(all.size(), 28U);
  EXPECT_EQ(all.front().definition.name, "server-b__run");
  EXPECT_EQ(all.front().server_id, "b");
  EXPECT_EQ(all.back().server_id, "a");
  EXPECT_EQ(call({"a", "b"}, "server-b__echo", {{"text", "x"}}).content, "x");
  // An agent without the server cannot reach its tools.
  EXPECT_EQ(call({"a", "c"}, "server-b__echo", {{"text", "x"}}).content, "no tool");
  EXPECT_FALSE(servers_->tool({"c"}, "server-c__echo"));
  const auto reports = servers_->list();
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_THAT(reports[0].offered, Contains("server-a__echo"));
  EXPECT_THAT(reports[2].offered, IsEmpty());
}

TEST_F(McpServers, ReplacesOnceTheOldOneHasEnded) {
  begin();
  set(record("a", "good"));
  reports_.at("a").wait_for(ServerState::ready);
  const std::string before = call({"a"}, "server-a__pid").content;
  ServerRecord other = record("a", "modern");
  other.name = "renamed";
  set(std::move(other));
  reports_.at("a").wait_for(ServerState::stopped);
  reports_.at("a").wait_for(ServerState::ready, 3);
  EXPECT_FALSE(servers_->tool({"a"}, "server-a__pid"));
  EXPECT_NE(call({"a"}, "renamed__pid").content, before);
}

TEST_F(McpServers, OfManyReplacementsTheLastOneCounts) {
  begin();
  for (const char* name : {"one", "two", "three", "last"}) {
    ServerRecord one = record("a", "good");
    one.name = name;
    set(std::move(one));
  }
  reports_.at("a").wait_for(ServerState::ready);
  EXPECT_TRUE(servers_->tool({"a"}, "last__echo"));
  EXPECT_EQ(servers_->list().size(), 1U);
}

TEST_F(McpServers, RemovesAndStops) {
  begin();
  set(record("a", "good"));
  set(record("b", "stubborn"));
  reports_.at("a").wait_for(ServerState::ready);
  reports_.at("b").wait_for(ServerState::ready);
  servers_->remove("a");
  servers_->remove("a");
  reports_.at("a").wait_for(ServerState::stopped);
  EXPECT_FALSE(servers_->find("a"));
  EXPECT_EQ(servers_->accept("a", "x").error().kind, ErrorKind::not_found);
  EXPECT_EQ(servers_->retry("a").error().kind, ErrorKind::not_found);
  base::run_on(lanes_[1], servers_->stop());
  EXPECT_EQ(reports_.at("b").last(), ServerState::stopped);
  const auto late = servers_->set(record("a", "good"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::conflict);
}

TEST_F(McpServers, MayWaitUntilTheyAreToBegin) {
  options_.wait_for_begin = true;
  begin();
  set(record("a", "good"));
  set(record("b", "good"));
  EXPECT_TRUE(servers_->has_name("server-a"));
  EXPECT_TRUE(servers_->is_starting({"a"}, "server-a__echo"));
  EXPECT_FALSE(servers_->session("a"));
  servers_->remove("b");
  servers_->begin();
  reports_.at("a").wait_for(ServerState::ready);
  EXPECT_EQ(call({"a"}, "server-a__echo", {{"text", "x"}}).content, "x");
  EXPECT_EQ(servers_->list().size(), 1U);
}

TEST_F(McpServers, RefusesAName) {
  begin();
  ServerRecord bad = record("a", "good");
  bad.name = "two__parts";
  const auto done = servers_->set(std::move(bad));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().field, "name");
}

TEST_F(McpServers, KeepsPinsAndHoldsBackWhatDiffersFromThem) {
  begin();
  set(record("a", "good"));
  reports_.at("a").wait_for(ServerState::ready);
  ServerRecord again = record("b", "good");
  {
    const std::lock_guard lock(mutex_);
    again.accepted = pinned_.at("a");
  }
  again.accepted->tools.at("echo") = "another one";
  again.accepted->tools.erase("run");
  set(std::move(again));
  const auto held = reports_.at("b").wait_for(ServerState::held_back);
  EXPECT_THAT(held.reason, HasSubstr("1 added (run), 1 changed (echo)"));
  EXPECT_THAT(servers_->find("b")->offered, Not(Contains("server-b__echo")));
  EXPECT_FALSE(servers_->accept("b", "another set"));
  EXPECT_TRUE(servers_->accept("b", held.held_back_set));
  EXPECT_THAT(servers_->find("b")->offered, Contains("server-b__echo"));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(pinned_.at("a"), pinned_.at("b"));
}

// --- questions ---

struct IncomingRequest {
  std::mutex mutex{};
  std::vector<Elicitation> all{};
  base::Completion<bool> begun{};
  base::Completion<bool> ended{};
};

base::Task<ElicitationAnswer> answer(std::shared_ptr<IncomingRequest> incoming,
                                     Elicitation question, std::stop_token) {
  const std::lock_guard lock(incoming->mutex);
  incoming->all.push_back(std::move(question));
  co_return ElicitationAnswer{ElicitationAnswer::Action::accept, {{"said", "blue"}}};
}

// Never answers by itself.
base::Task<ElicitationAnswer> ponder(std::shared_ptr<IncomingRequest> incoming, Elicitation,
                                     std::stop_token stop) {
  incoming->begun.complete(true);
  const auto never = std::make_shared<base::Completion<bool>>();
  co_await never->wait(stop);
  incoming->ended.complete(true);
  co_return ElicitationAnswer{};
}

base::Task<void> stop_once_asked(std::shared_ptr<IncomingRequest> incoming, std::stop_source stop) {
  co_await incoming->begun.wait();
  stop.request_stop();
}

TEST_F(McpServers, QuestionsNameTheCallerTheyBelongTo) {
  const auto incoming = std::make_shared<IncomingRequest>();
  options_.elicit = std::bind_front(answer, incoming);
  begin();
  set(record("a", "good"));
  set(record("b", "modern"));
  for (const char* id : {"a", "b"}) {
    reports_.at(id).wait_for(ServerState::ready);
    RequestOptions options;
    options.caller = std::string("run of ") + id;
    EXPECT_THAT(call({id}, std::string("server-") + id + "__ask", {}, options).content,
                HasSubstr("blue"));
  }
  ASSERT_EQ(incoming->all.size(), 2U);
  EXPECT_EQ(incoming->all[0].caller, "run of a");
  EXPECT_EQ(incoming->all[1].caller, "run of b");
}

TEST_F(McpServers, AQuestionEndsWithItsCall) {
  for (const char* mode : {"good", "modern"}) {
    const auto incoming = std::make_shared<IncomingRequest>();
    options_.elicit = std::bind_front(ponder, incoming);
    begin();
    set(record("a", mode));
    reports_.at("a").wait_for(ServerState::ready);
    RequestOptions options;
    options.caller = "a run";
    std::stop_source stop;
    options.stop = stop.get_token();
    lanes_[1].spawn("stopper", stop_once_asked(incoming, stop));
    EXPECT_TRUE(call({"a"}, "server-a__ask", {}, options).is_error);
    EXPECT_TRUE(base::run_on(lanes_[1], incoming->ended.wait()));
    base::run_on(lanes_[1], servers_->stop());
    servers_.reset();
    reports_.at("a").clear();
  }
}

}  // namespace
}  // namespace colonnade::tools::mcp
