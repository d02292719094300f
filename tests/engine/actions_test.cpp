// Actions that clients submit.
#include "core/governance/actions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/governance/limits.hpp"
#include "engine.hpp"
#include "launch_tool.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Principal alice(Scope::main(), "alice", UserRole::member);

// Stands in for the shell: says what it was asked to run.
class EchoShell final : public tools::Tool {
 public:
  explicit EchoShell(std::shared_ptr<Launches> seen) : seen_(std::move(seen)) {
    definition_.name = "shell";
    definition_.input_schema = {{"type", "object"}};
  }
  const ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::changes; }
  base::Task<ToolOutcome> run(tools::ToolContext context, base::Json arguments,
                              std::stop_token stop) override {
    const auto command = arguments.at("command").get<std::string>();
    {
      const std::lock_guard lock(seen_->mutex);
      seen_->targets.push_back(command);
    }
    if (command == "wait") {
      co_await base::sleep_for(std::chrono::hours(1), stop);
      co_return ToolOutcome{.content = "stopped", .is_error = true};
    }
    co_return ToolOutcome{.content = context.thread_id, .is_error = command == "false"};
  }

 private:
  std::shared_ptr<Launches> seen_;
  ToolDefinition definition_;
};

class ActionsTest : public ::testing::Test {
 protected:
  ActionsTest() {
    std::ofstream(folder_.file("policy.yaml")) << R"(rules:
  - match: {tool: shell, op: exec, contains: "rm "}
    deny: true
    description: nothing is removed
  - match: {tool: pay}
    require_approval: true
    description: money needs a human
  - match: {tool: shell, op: exec}
    allow: true
  - match: {tool: http}
    allow: true
)";
  }

  EngineOptions options() {
    EngineOptions out;
    out.policy_file = folder_.file("policy.yaml");
    out.extra_tools.push_back(std::make_unique<EchoShell>(shell_));
    return out;
  }

  static ActionRequest request(std::string tool, std::string params = "{}",
                               std::string operation = "exec") {
    return {.agent_id = "bot",
            .tool = std::move(tool),
            .operation = std::move(operation),
            .params = std::move(params)};
  }

  Action settled(Engine& engine, const std::string& id) {
    for (;;) {
      Action action = *engine.run(engine.actions.get(alice, id));
      if (is_terminal(action.state)) return action;
      std::this_thread::yield();
    }
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
  std::shared_ptr<Launches> shell_ = std::make_shared<Launches>();
};

TEST_F(ActionsTest, TheGatesVerdictIsTheFirstState) {
  Engine engine(path_, options());
  const auto allowed = engine.run(engine.actions.submit(alice, request("http")));
  ASSERT_TRUE(allowed) << allowed.error().message;
  EXPECT_EQ(allowed->state, ActionState::allowed);
  EXPECT_EQ(allowed->approval_token, "");
  const auto denied =
      engine.run(engine.actions.submit(alice, request("shell", R"({"cmd":"rm -rf /"})")));
  EXPECT_EQ(denied->state, ActionState::denied);
  EXPECT_EQ(denied->reason, "nothing is removed");
  const auto asked = engine.run(engine.actions.submit(alice, request("pay")));
  EXPECT_EQ(asked->state, ActionState::pending_approval);
  EXPECT_EQ(asked->approval_token.size(), 22U);
  EXPECT_TRUE(asked->expires_at);
  EXPECT_EQ(asked->decision.provenance_id.size(), 64U);

  const auto all = engine.run(engine.actions.list(alice, {.limit = 10}));
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(all->front().id, asked->id) << "newest first";
  EXPECT_EQ(engine.run(engine.actions.list(alice, {.tool = "http", .limit = 10}))->size(), 1U);
  EXPECT_TRUE(engine
                  .run(engine.actions.list(Principal(Scope::main(), "bob", UserRole::member),
                                           {.limit = 10}))
                  ->empty());
  const auto about = engine.run(engine.actions.history(alice, denied->id));
  ASSERT_EQ(about->size(), 1U);
  EXPECT_EQ(about->front().kind, "decision");
}

TEST_F(ActionsTest, EqualRequestsHaveEqualHashesAndNothingIsStoredByJudging) {
  Engine engine(path_, options());
  const auto judged = engine.run(engine.actions.judge(alice, request("http", R"({"url":" x "})")));
  ASSERT_TRUE(judged);
  const auto submitted =
      engine.run(engine.actions.submit(alice, request("http", R"({"url":"x"})")));
  EXPECT_EQ(judged->decision.request_hash, submitted->decision.request_hash);
  EXPECT_EQ(judged->decision.provenance_id, submitted->decision.provenance_id);
  EXPECT_EQ(engine.run(engine.actions.list(alice, {.limit = 10}))->size(), 1U);
  const auto blank = engine.run(engine.actions.submit(alice, request("  ")));
  ASSERT_FALSE(blank);
  EXPECT_EQ(blank.error().field, "tool");
}

TEST_F(ActionsTest, ASubmissionIsApprovedRunByItsClientAndReported) {
  Engine engine(path_, options());
  const auto asked = engine.run(engine.actions.submit(alice, request("pay")));
  const auto early = engine.run(engine.actions.report(alice, asked->id, true, ""));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().kind, ErrorKind::conflict);
  const auto approved = engine.run(
      engine.actions.resolve(alice, asked->id, {.approve = true, .token = asked->approval_token}));
  EXPECT_EQ(approved->reason, "Approved by human");
  const auto failed =
      engine.run(engine.actions.report(alice, asked->id, false, std::string(3000, 'x')));
  EXPECT_EQ(failed->state, ActionState::failed);
  EXPECT_EQ(failed->reason,
            std::string(limits::end_reason_characters_max, 'x') + "... (truncated)");
  EXPECT_EQ(engine.run(engine.actions.report(alice, asked->id, true, "")).error().kind,
            ErrorKind::conflict);
}

TEST_F(ActionsTest, StartRunsTheShellInTheOwnersWorkspace) {
  Engine engine(path_, options());
  const auto allowed =
      engine.run(engine.actions.submit(alice, request("shell", R"({"cmd":"ls"})")));
  const auto started = engine.run(engine.actions.start(alice, allowed->id, engine.lanes[0]));
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(started->state, ActionState::executing);
  const Action done = settled(engine, allowed->id);
  EXPECT_EQ(done.state, ActionState::succeeded);
  EXPECT_THAT(done.reason, HasSubstr("submitted-"));
  EXPECT_THAT(shell_->seen(), ElementsAre("ls"));
  EXPECT_EQ(engine.run(engine.actions.start(alice, allowed->id, engine.lanes[0])).error().kind,
            ErrorKind::conflict);
  const auto broken =
      engine.run(engine.actions.submit(alice, request("shell", R"({"cmd":"false"})")));
  ASSERT_TRUE(engine.run(engine.actions.start(alice, broken->id, engine.lanes[0])));
  EXPECT_EQ(settled(engine, broken->id).state, ActionState::failed);
}

// What is judged is the command that runs, and the rest of the params says nothing for it.
TEST_F(ActionsTest, StartJudgesTheCommandThatRuns) {
  std::ofstream(folder_.file("policy.yaml")) << R"(rules:
  - match: {tool: shell, field: command, value: ls}
    allow: true
  - match: {tool: shell, contains: harmless}
    allow: true
)";
  Engine engine(path_, options());
  const auto start = [&](const char* params) {
    const auto action = engine.run(engine.actions.submit(alice, request("shell", params)));
    EXPECT_EQ(action->state, ActionState::allowed) << params;
    return engine.run(engine.actions.start(alice, action->id, engine.lanes[0]));
  };
  const auto both = start(R"({"command":"ls","cmd":"id"})");
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(both.error().field, "params");
  const auto noted = start(R"({"cmd":"id","note":"harmless"})");
  ASSERT_FALSE(noted);
  EXPECT_EQ(noted.error().kind, base::ErrorKind::conflict);
  const auto number = start(R"({"cmd":5,"note":"harmless"})");
  ASSERT_FALSE(number);
  EXPECT_TRUE(shell_->seen().empty());
  const auto good = start(R"({"command":"ls","note":"x"})");
  ASSERT_TRUE(good) << good.error().message;
  settled(engine, good->id);
  EXPECT_THAT(shell_->seen(), ElementsAre("ls"));
}

TEST_F(ActionsTest, HowAnExecutionEndedIsHeldUntilItIsStored) {
  EngineOptions quick = options();
  quick.actions.commit_retry = {.delay_min = std::chrono::milliseconds(1),
                                .delay_max = std::chrono::milliseconds(2)};
  Engine engine(path_, std::move(quick));
  const auto allowed =
      engine.run(engine.actions.submit(alice, request("shell", R"({"cmd":"ls"})")));
  engine.journal.fail(Fault::failed_sync, 2, 3);  // its end, three times
  ASSERT_TRUE(engine.run(engine.actions.start(alice, allowed->id, engine.lanes[0])));
  EXPECT_EQ(settled(engine, allowed->id).state, ActionState::succeeded);
  EXPECT_EQ(engine.journal.failed(), 3U);
  EXPECT_THAT(shell_->seen(), ElementsAre("ls")) << "run once";
}

TEST_F(ActionsTest, AShellThatTakesTooLongIsATimeout) {
  Engine engine(path_, options());
  ActionRequest slow = request("shell", R"({"cmd":"wait"})");
  slow.context = R"({"timeout":0.001})";
  const auto allowed = engine.run(engine.actions.submit(alice, std::move(slow)));
  ASSERT_TRUE(engine.run(engine.actions.start(alice, allowed->id, engine.lanes[0])));
  // This shell answers when it is stopped; that its time was over counts all the same.
  const Action late = settled(engine, allowed->id);
  EXPECT_EQ(late.state, ActionState::timeout);
  EXPECT_TRUE(late.reason.starts_with("the tool took longer than its time limit")) << late.reason;
}

TEST_F(ActionsTest, StartOfAnotherToolIsDoneAtOnce) {
  Engine engine(path_, options());
  const auto allowed = engine.run(engine.actions.submit(alice, request("http")));
  const auto started = engine.run(engine.actions.start(alice, allowed->id, engine.lanes[0]));
  EXPECT_EQ(started->state, ActionState::succeeded);
  const auto about = engine.run(engine.actions.history(alice, allowed->id));
  ASSERT_EQ(about->size(), 3U);
  EXPECT_EQ(about->at(2).kind, "execution.finished");
}

TEST_F(ActionsTest, APolicyThatChangedMeanwhileStopsTheStart) {
  Engine engine(path_, options());
  const auto allowed =
      engine.run(engine.actions.submit(alice, request("shell", R"({"cmd":"ls"})")));
  std::ofstream(folder_.file("policy.yaml"))
      << "rules:\n  - match: {tool: shell}\n    deny: true\n";
  engine.policy.reload();
  const auto refused = engine.run(engine.actions.start(alice, allowed->id, engine.lanes[0]));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_TRUE(shell_->seen().empty());
}

TEST_F(ActionsTest, WhatRanWhenTheServerDiedIsFailed) {
  std::string id;
  {
    Engine engine(path_, options());
    const auto allowed =
        engine.run(engine.actions.submit(alice, request("shell", R"({"cmd":"ls"})")));
    id = allowed->id;
    Action executing = *allowed;  // as a server leaves it that dies in the middle
    executing.state = ActionState::executing;
    executing.version += 1;
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(UpdateAction{.action = executing});
    ASSERT_TRUE(engine.run(engine.feed.commit(std::move(unit))));
  }
  Engine engine(path_, options());
  EXPECT_EQ(*engine.run(engine.actions.recover()), 1U);
  EXPECT_EQ(engine.run(engine.actions.get(alice, id))->state, ActionState::failed);
  EXPECT_EQ(*engine.run(engine.actions.recover()), 0U);
}

// A start after the machine's clock was set back finds ends that are further away than any wait.
TEST_F(ActionsTest, NoQuestionWaitsLongerThanTheLongestWaitAfterAStart) {
  std::string far;
  std::string near;
  std::optional<base::Time> near_end;
  {
    EngineOptions as_before = options();
    as_before.actions.approval_time_max = std::chrono::hours(24 * 365);  // by that much, as it were
    Engine engine(path_, std::move(as_before));
    far = engine.run(engine.actions.submit(alice, request("pay")))->id;
  }
  {
    EngineOptions soon = options();
    soon.actions.approval_time_max = std::chrono::minutes(5);
    Engine engine(path_, std::move(soon));
    const auto asked = engine.run(engine.actions.submit(alice, request("pay")));
    near = asked->id;
    near_end = asked->expires_at;
  }
  EngineOptions now = options();
  now.actions.approval_time_max = std::chrono::minutes(10);
  Engine engine(path_, std::move(now));
  ASSERT_TRUE(engine.run(engine.actions.recover()));
  const auto capped = engine.run(engine.actions.get(alice, far));
  EXPECT_EQ(capped->state, ActionState::pending_approval);
  EXPECT_LE(*capped->expires_at, engine.clock.now() + std::chrono::minutes(10));
  EXPECT_EQ(engine.run(engine.actions.get(alice, near))->expires_at, near_end);
  // It is answered as ever.
  EXPECT_TRUE(engine.run(engine.actions.resolve(alice, far, {.approve = true})));
}

TEST_F(ActionsTest, AStandingPermissionAnswersForTheHuman) {
  Engine engine(path_, options());
  const auto asked = engine.run(engine.actions.submit(alice, request("pay", R"({"to":"bob"})")));
  ASSERT_TRUE(engine.run(
      engine.actions.resolve(alice, asked->id, {.approve = true, .remember = Remember::always})));
  const auto again = engine.run(engine.actions.submit(alice, request("pay", R"({"to":"bob"})")));
  EXPECT_EQ(again->state, ActionState::approved);
  const auto other = engine.run(engine.actions.submit(alice, request("pay", R"({"to":"eve"})")));
  EXPECT_EQ(other->state, ActionState::pending_approval);
  const auto in_thread = engine.run(
      engine.actions.resolve(alice, other->id, {.approve = true, .remember = Remember::thread}));
  ASSERT_FALSE(in_thread);
  EXPECT_EQ(in_thread.error().field, "remember");
}

TEST_F(ActionsTest, SecretsStayOutOfTheAuditTrail) {
  Engine engine(path_, options());
  const auto asked = engine.run(
      engine.actions.submit(alice, request("pay", R"({"api_key":"hunter2","to":"bob"})")));
  const auto about = engine.run(engine.actions.history(alice, asked->id));
  EXPECT_THAT(about->front().text, ::testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(about->front().text, HasSubstr("bob"));
  EXPECT_EQ(engine.run(engine.actions.get(alice, asked->id))->request.params,
            R"({"api_key":"hunter2","to":"bob"})")
      << "the approver sees what is asked";
}

}  // namespace
}  // namespace colonnade::tests
