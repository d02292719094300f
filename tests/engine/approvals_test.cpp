// Runs whose tool calls wait for a human.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "engine.hpp"
#include "launch_tool.hpp"
#include "tools/builtin/question.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);

class ApprovalsTest : public ::testing::Test {
 protected:
  EngineOptions options() {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.extra_tools.push_back(std::make_unique<tools::QuestionTool>());
    return out;
  }

  // A run that has asked for a launch and been parked; returns the open question.
  Action asked(Engine& engine, const std::string& target = "moon") {
    engine.model->script({tool_call("call_1", "launch", {{"target", target}})});
    thread_ = engine.new_thread(alice);
    const auto run = engine.start(alice, thread_.id, "launch it");
    if (!run) throw std::runtime_error(run.error().message);
    run_ = *run;
    return pending(engine);
  }

  // Waits until the run is stored as waiting.
  Action pending(Engine& engine) {
    while (engine.run(engine.store->run(Scope::main(), run_.id)).value()->state !=
           RunState::waiting_approval) {
      std::this_thread::yield();
    }
    const auto open = engine.run(
        engine.actions.list(alice, {.state = ActionState::pending_approval, .limit = 10}));
    if (!open || open->size() != 1) throw std::runtime_error("expected one open question");
    return open->front();
  }

  ToolResultPart result_told(Engine& engine) {
    return std::get<ToolResultPart>(engine.model->requests().back().messages.back().parts.back());
  }

  std::vector<std::string> audit_kinds(Engine& engine, const std::string& subject) {
    std::vector<std::string> out;
    for (const AuditRecord& record : *engine.run(engine.store->audit_of(Scope::main(), subject))) {
      out.push_back(record.kind);
    }
    return out;
  }

  // What the audit trail has about the permissions of this scope.
  std::vector<base::Json> permission_records(Engine& engine) {
    std::vector<base::Json> out;
    for (const AuditRecord& record : *engine.run(engine.store->audit(0, 1000))) {
      if (record.kind == audit_kind::permission) out.push_back(base::Json::parse(record.text));
    }
    return out;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  Thread thread_{.scope = Scope::main()};
  core::Run run_{.scope = Scope::main()};
};

TEST_F(ApprovalsTest, NothingRunsBeforeAHumanAllowedItAndThenOnce) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  EXPECT_TRUE(launches_->seen().empty());
  EXPECT_EQ(open.request.tool, "launch");
  EXPECT_EQ(open.request.params, R"({"target":"moon"})");
  EXPECT_EQ(open.run_id, run_.id);
  EXPECT_EQ(open.approval_token.size(), 22U);
  while (engine.runs.counts().active != 0) std::this_thread::yield();  // lets go of everything

  engine.model->script({reply({TextPart{"Launched."}})});
  const auto answered = engine.run(engine.actions.resolve(
      alice, open.id, {.approve = true, .reason = "go", .token = open.approval_token}));
  ASSERT_TRUE(answered) << answered.error().message;
  EXPECT_EQ(answered->state, ActionState::approved);
  EXPECT_EQ(answered->approval_token, "");
  const auto finished = engine.wait(alice, run_);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  EXPECT_EQ(result_told(engine).content, "launched moon");
  const Action done = *engine.run(engine.actions.get(alice, open.id));
  EXPECT_EQ(done.state, ActionState::succeeded);
  EXPECT_EQ(done.resolved_by, "alice");
  EXPECT_EQ(done.decision.outcome, Outcome::abstain) << "the gate's verdict is never changed";
  // Asked, answered, allowed by the answer, begun, ended.
  EXPECT_THAT(audit_kinds(engine, open.id), ElementsAre("decision", "approval", "decision",
                                                        "execution.started", "execution.finished"));
}

TEST_F(ApprovalsTest, ADenialIsToldToTheModelWithItsReason) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  engine.model->script({reply({TextPart{"Then not."}})});
  ASSERT_TRUE(engine.run(
      engine.actions.resolve(alice, open.id, {.approve = false, .reason = "wrong moon"})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_TRUE(launches_->seen().empty());
  EXPECT_TRUE(result_told(engine).is_error);
  EXPECT_THAT(result_told(engine).content, HasSubstr("wrong moon"));
  EXPECT_EQ(engine.run(engine.actions.get(alice, open.id))->state, ActionState::denied);
}

TEST_F(ApprovalsTest, TheQuestionKeepsItsIdOverARestartAndTheAnswerRunsItOnce) {
  Action open{.scope = Scope::main()};
  {
    Engine engine(path_, options());
    open = asked(engine);
  }
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  EXPECT_EQ(engine.runs.counts().active, 0U);
  const Action again = pending(engine);
  EXPECT_EQ(again.id, open.id);
  EXPECT_EQ(again.approval_token, open.approval_token);
  engine.model->script({reply({TextPart{"Launched."}})});
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open.id, {.approve = true})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

// The answer was stored and the server died before the run heard of it.
TEST_F(ApprovalsTest, AnAnswerThatNobodyTookUpIsFoundAtTheNextStart) {
  {
    Engine engine(path_, options());  // never recovered: nobody takes up parked runs
    const Action open = asked(engine);
    ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open.id, {.approve = true})));
    EXPECT_TRUE(launches_->seen().empty());
  }
  Engine engine(path_, options());
  engine.model->script({reply({TextPart{"Launched."}})});
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(ApprovalsTest, OfManyAnswersAtOnceOneCounts) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  engine.model->script({reply({TextPart{"Done."}})});
  std::vector<std::future<Result<Action>>> answers;
  for (int i = 0; i < 8; ++i) {
    answers.push_back(std::async(std::launch::async, [&engine, &open, i] {
      return base::run_on(engine.lanes[static_cast<std::size_t>(i % 2)],
                          engine.actions.resolve(alice, open.id, {.approve = i % 2 == 0}));
    }));
  }
  std::vector<Action> won;
  for (auto& answer : answers) {
    auto action = answer.get();
    if (action) {
      won.push_back(*action);
    } else {
      EXPECT_EQ(action.error().kind, ErrorKind::conflict);
    }
  }
  ASSERT_EQ(won.size(), 1U);
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_EQ(launches_->seen().size(), won.front().state == ActionState::approved ? 1U : 0U);
}

TEST_F(ApprovalsTest, EditedArgumentsAreDecidedOnAgainAndRunAsEdited) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  engine.model->script({reply({TextPart{"Launched."}})});
  const auto answered = engine.run(
      engine.actions.resolve(alice, open.id, {.approve = true, .params = R"({"target":"mars"})"}));
  ASSERT_TRUE(answered) << answered.error().message;
  EXPECT_NE(answered->decision.request_hash, open.decision.request_hash);
  EXPECT_EQ(answered->asked_params, open.request.params);
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("mars"));
  const Action done = *engine.run(engine.actions.get(alice, open.id));
  EXPECT_EQ(done.request.params, R"({"target":"mars"})");
  EXPECT_EQ(done.asked_params, R"({"target":"moon"})") << "still there once it has run";
}

// What could not run is not taken for an answer.
TEST_F(ApprovalsTest, AnEditHasToFitTheTool) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  for (const char* params :
       {R"({"target":5})", "{}", R"({"target":"mars","cmd":"id"})", "[1]", "no JSON"}) {
    const auto refused =
        engine.run(engine.actions.resolve(alice, open.id, {.approve = true, .params = params}));
    ASSERT_FALSE(refused) << params;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid) << params;
    EXPECT_EQ(refused.error().field, "params") << params;
    EXPECT_EQ(engine.run(engine.actions.get(alice, open.id))->state, ActionState::pending_approval);
  }
  EXPECT_TRUE(launches_->seen().empty());
  engine.model->script({reply({TextPart{"Launched."}})});
  ASSERT_TRUE(engine.run(
      engine.actions.resolve(alice, open.id, {.approve = true, .params = R"({"target":"mars"})"})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("mars"));
}

TEST_F(ApprovalsTest, AnEditThatThePolicyDeniesIsRefusedAndTheQuestionStaysOpen) {
  EngineOptions with_policy = options();
  with_policy.policy_file = folder_.file("policy.yaml");
  std::ofstream(with_policy.policy_file) << R"(rules:
  - match: {tool: launch, contains: sun}
    deny: true
    description: never the sun
  - match: {tool: launch}
    require_approval: true
)";
  Engine engine(path_, std::move(with_policy));
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  const auto refused = engine.run(
      engine.actions.resolve(alice, open.id, {.approve = true, .params = R"({"target":"sun"})"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_EQ(refused.error().field, "params");
  EXPECT_THAT(refused.error().message, HasSubstr("never the sun"));
  EXPECT_EQ(engine.run(engine.actions.get(alice, open.id))->state, ActionState::pending_approval);
  EXPECT_TRUE(launches_->seen().empty());
}

// What was approved yesterday is denied when the policy says so today.
TEST_F(ApprovalsTest, ThePolicyInForceWhenItRunsHasTheLastWord) {
  Action open{.scope = Scope::main()};
  {
    Engine engine(path_, options());
    open = asked(engine);
    ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open.id, {.approve = true})));
  }
  EngineOptions stricter = options();
  stricter.policy_file = folder_.file("policy.yaml");
  std::ofstream(stricter.policy_file) << "rules:\n  - match: {tool: launch}\n    deny: true\n";
  Engine engine(path_, std::move(stricter));
  engine.model->script({reply({TextPart{"I may not."}})});
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_TRUE(launches_->seen().empty());
  EXPECT_THAT(result_told(engine).content, HasSubstr("POLICY_DENY"));
}

TEST_F(ApprovalsTest, ARememberedAnswerCountsForItsThreadAndPatternOnly) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  engine.model->script({reply({TextPart{"Launched."}})});
  ASSERT_TRUE(engine.run(engine.actions.resolve(
      alice, open.id,
      {.approve = true, .remember = Remember::thread, .pattern = R"({"target":"m*"})"})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  // The same thread, another target of the pattern: nobody is asked.
  engine.model->script({tool_call("call_2", "launch", {{"target", "mars"}})});
  engine.model->script({reply({TextPart{"Launched."}})});
  const auto second = engine.start(alice, thread_.id, "and mars");
  ASSERT_EQ(engine.wait(alice, *second)->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon", "mars"));
  // Another thread: asked again.
  EXPECT_EQ(asked(engine, "mercury").state, ActionState::pending_approval);
  // Listed and revoked: asked again in the thread, too.
  const auto standing = engine.run(engine.permissions.list(alice));
  ASSERT_EQ(standing->size(), 1U);
  EXPECT_TRUE(engine.run(engine.permissions.list(bob))->empty());
  EXPECT_EQ(engine.run(engine.permissions.revoke(bob, standing->front().id)).error().kind,
            ErrorKind::not_found);
  ASSERT_TRUE(engine.run(engine.permissions.revoke(alice, standing->front().id)));
  EXPECT_TRUE(engine.run(engine.permissions.list(alice))->empty());
}

TEST_F(ApprovalsTest, WithoutAPatternARememberedAnswerIsForTheseArgumentsOnly) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine, "a*?\\b");
  engine.model->script({reply({TextPart{"Launched."}})});
  ASSERT_TRUE(engine.run(
      engine.actions.resolve(alice, open.id, {.approve = true, .remember = Remember::always})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  const ActionRequest same = open.request;
  ActionRequest other = same;
  other.params = R"({"target":"axy\\b"})";
  EXPECT_TRUE(engine.run(engine.permissions.allow(Scope::main(), "alice", "anywhere", same)));
  EXPECT_FALSE(engine.run(engine.permissions.allow(Scope::main(), "alice", "anywhere", other)));
  EXPECT_FALSE(engine.run(engine.permissions.allow(Scope::main(), "bob", "anywhere", same)));
  ActionRequest of_another = same;
  of_another.agent_id = "another";
  EXPECT_FALSE(engine.run(engine.permissions.allow(Scope::main(), "alice", "x", of_another)))
      << "the answer was given to one agent";
}

TEST_F(ApprovalsTest, ARememberedAnswerIsForEveryAgentOnlyWhenThatIsSaid) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  engine.model->script({reply({TextPart{"Launched."}})});
  ASSERT_TRUE(engine.run(
      engine.actions.resolve(alice, open.id, {.approve = true, .remember = Remember::everywhere})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  ActionRequest of_another = open.request;
  of_another.agent_id = "another";
  EXPECT_TRUE(engine.run(engine.permissions.allow(Scope::main(), "alice", "x", of_another)));
  EXPECT_EQ(engine.run(engine.permissions.list(alice))->front().agent_id, "");
}

TEST_F(ApprovalsTest, GrantingAndRevokingAPermissionIsInTheAuditTrail) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  engine.model->script({reply({TextPart{"Launched."}})});
  ASSERT_TRUE(engine.run(engine.actions.resolve(
      alice, open.id,
      {.approve = true, .remember = Remember::thread, .pattern = R"({"target":"m*"})"})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  const Permission granted = engine.run(engine.permissions.list(alice))->front();
  auto records = permission_records(engine);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0]["actor"], "alice");
  EXPECT_EQ(records[0]["subject"], granted.id);
  EXPECT_EQ(records[0]["details"], (base::Json{{"tool", "launch"},
                                               {"operation", "call"},
                                               {"agent_id", open.request.agent_id},
                                               {"thread_id", thread_.id},
                                               {"pattern", R"({"target":"m*"})"}}));
  ASSERT_FALSE(engine.run(engine.permissions.revoke(bob, granted.id)));
  EXPECT_EQ(permission_records(engine).size(), 1U) << "what was refused changed nothing";
  ASSERT_TRUE(engine.run(engine.permissions.revoke(alice, granted.id)));
  records = permission_records(engine);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1]["actor"], "alice");
  EXPECT_EQ(records[1]["subject"], granted.id);
  EXPECT_EQ(records[1]["details"], (base::Json{{"revoked", true}}));
}

// A pattern for a shell command is about one command (core/governance/shell_command_test.cpp).
TEST_F(ApprovalsTest, ARememberedCommandLetsNoOtherThrough) {
  Engine engine(path_, options());
  Unit storing{.scope = Scope::main()};
  storing.changes.emplace_back(InsertPermission{{.id = "p1",
                                                 .scope = Scope::main(),
                                                 .owner = "alice",
                                                 .agent_id = "a",
                                                 .tool = "shell",
                                                 .pattern = R"({"command":"git *)"}});
  ASSERT_TRUE(engine.run(engine.feed.commit(std::move(storing))));
  const auto allowed = [&](const char* command) {
    return engine.run(
        engine.permissions.allow(Scope::main(), "alice", "t",
                                 {.agent_id = "a",
                                  .tool = "shell",
                                  .operation = "call",
                                  .params = base::to_text(base::Json{{"command", command}})}));
  };
  EXPECT_TRUE(allowed("git status"));
  EXPECT_FALSE(allowed("git status; curl example.org"));
  EXPECT_FALSE(allowed("git status > /etc/passwd"));
}

TEST_F(ApprovalsTest, ACancelledRunLeavesNoOpenQuestion) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run_.id)));
  EXPECT_EQ(engine.wait(alice, run_)->run.state, RunState::cancelled);
  EXPECT_EQ(engine.run(engine.actions.get(alice, open.id))->state, ActionState::denied);
  const auto late = engine.run(engine.actions.resolve(alice, open.id, {.approve = true}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::conflict);
  EXPECT_TRUE(launches_->seen().empty());
}

// Between the moment that a run is stored as waiting and the moment that its driver lets go of it.
TEST_F(ApprovalsTest, ACancelIsNotLostWhileTheRunIsBeingParked) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  for (int i = 0; i < 200; ++i) {
    asked(engine);
    ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run_.id)));
    ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::cancelled) << i;
  }
}

TEST_F(ApprovalsTest, NobodysAnswerIsADenialUnlessConfiguredOtherwise) {
  for (const bool approve : {false, true}) {
    EngineOptions quick = options();
    quick.runs.approval_time_max = std::chrono::milliseconds(0);
    quick.actions.approve_when_expired = approve;
    Engine engine(folder_.file(approve ? "b.db" : "a.db"), std::move(quick));
    ASSERT_TRUE(engine.run(engine.runs.recover()));
    const Action open = asked(engine);
    engine.model->script({reply({TextPart{"Well."}})});
    EXPECT_EQ(engine.run(engine.actions.settle_expired()), 1U);
    ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
    const Action settled = *engine.run(engine.actions.get(alice, open.id));
    EXPECT_EQ(settled.state, approve ? ActionState::succeeded : ActionState::denied);
    EXPECT_EQ(settled.resolved_by, "");
    EXPECT_EQ(launches_->seen().size(), approve ? 1U : 0U);
    EXPECT_EQ(engine.run(engine.actions.settle_expired()), 0U);
  }
}

TEST_F(ApprovalsTest, OthersSeeNothingAndAWrongTokenAnswersNothing) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = asked(engine);
  EXPECT_EQ(engine.run(engine.actions.get(bob, open.id)).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(engine.run(engine.actions.list(bob, {}))->empty());
  EXPECT_EQ(engine.run(engine.actions.resolve(bob, open.id, {.approve = true})).error().kind,
            ErrorKind::not_found);
  EXPECT_EQ(engine
                .run(engine.actions.resolve(alice, open.id,
                                            {.approve = true, .token = "AAAAAAAAAAAAAAAAAAAAAA"}))
                .error()
                .kind,
            ErrorKind::unauthorized);
  EXPECT_EQ(engine.run(engine.actions.get(alice, open.id))->state, ActionState::pending_approval);
  EXPECT_EQ(engine.run(engine.actions.start(alice, open.id, engine.lanes[0])).error().kind,
            ErrorKind::conflict);
  EXPECT_EQ(engine.run(engine.actions.report(alice, open.id, true, "")).error().kind,
            ErrorKind::conflict)
      << "a result for a pending action would bypass the gate";
}

TEST_F(ApprovalsTest, SeveralQuestionsOfOneReplyAreAnsweredOneByOne) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  engine.model->script(
      {reply({ToolCallPart{.call_id = "a", .tool = "launch", .arguments = {{"target", "moon"}}},
              ToolCallPart{.call_id = "b", .tool = "launch", .arguments = {{"target", "mars"}}}},
             StopReason::tool_use)});
  thread_ = engine.new_thread(alice);
  run_ = *engine.start(alice, thread_.id, "both");
  while (engine.run(engine.store->run(Scope::main(), run_.id)).value()->state !=
         RunState::waiting_approval) {
    std::this_thread::yield();
  }
  const auto open = *engine.run(engine.actions.list(alice, {.limit = 10}));
  ASSERT_EQ(open.size(), 2U);
  engine.model->script({reply({TextPart{"Done."}})});
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open[0].id, {.approve = true})));
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open[1].id, {.approve = false})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_EQ(launches_->seen().size(), 1U);
  EXPECT_EQ(engine.model->requests().size(), 2U) << "the model is asked once both are settled";
}

TEST_F(ApprovalsTest, AQuestionToTheUserIsAnsweredThroughItsArguments) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  engine.model->script({tool_call("call_1", "question", {{"question", "Which moon?"}})});
  thread_ = engine.new_thread(alice);
  run_ = *engine.start(alice, thread_.id, "ask me");
  const Action open = pending(engine);
  engine.model->script({reply({TextPart{"Europa it is."}})});
  ASSERT_TRUE(engine.run(engine.actions.resolve(
      alice, open.id,
      {.approve = true, .params = R"({"question":"Which moon?","answer":"Europa"})"})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_EQ(result_told(engine).content, "Europa");
}

TEST_F(ApprovalsTest, AQuestionIsNotApprovedWithoutItsAnswer) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  engine.model->script({tool_call("call_1", "question", {{"question", "Which moon?"}})});
  thread_ = engine.new_thread(alice);
  run_ = *engine.start(alice, thread_.id, "ask me");
  const Action open = pending(engine);
  for (const std::optional<std::string>& params :
       {std::optional<std::string>(), std::optional<std::string>(R"({"question":"Which moon?"})"),
        std::optional<std::string>(R"({"question":"Which moon?","answer":7})")}) {
    const auto refused =
        engine.run(engine.actions.resolve(alice, open.id, {.approve = true, .params = params}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_THAT(refused.error().message, HasSubstr("'answer'"));
    EXPECT_EQ(engine.run(engine.actions.get(alice, open.id))->state, ActionState::pending_approval);
  }
  engine.model->script({reply({TextPart{"Well."}})});
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open.id, {.approve = false})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
}

// As a tool server asks in the middle of a call: the answer has to be one that the form has.
TEST_F(ApprovalsTest, AFormIsApprovedOnlyWithAnAnswerThatFitsIt) {
  const base::Json form = {
      {"type", "object"},
      {"properties", {{"colour", {{"type", "string"}, {"enum", {"red", "blue"}}}}}},
      {"required", {"colour"}}};
  base::Json params = {{"question", "which?"}, {"server", "s"}, {"form", form}};
  std::ofstream(folder_.file("ask.yaml"))
      << "rules:\n  - match: {tool: question}\n    require_approval: true\n";
  EngineOptions asking = options();
  asking.policy_file = folder_.file("ask.yaml");
  Engine with_policy(folder_.file("b.db"), std::move(asking));
  const auto open =
      with_policy.run(with_policy.actions.submit(alice, {.agent_id = "default",
                                                         .tool = "question",
                                                         .operation = "call",
                                                         .params = base::to_text(params)}));
  ASSERT_TRUE(open);
  ASSERT_EQ(open->state, ActionState::pending_approval);
  const auto approve = [&](std::optional<std::string> edit) {
    return with_policy.run(
        with_policy.actions.resolve(alice, open->id, {.approve = true, .params = std::move(edit)}));
  };
  const auto without = approve(std::nullopt);
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().message, HasSubstr("'colour' is missing"));
  for (const base::Json& answer :
       {base::Json("green"), base::Json({{"colour", 5}}), base::Json({{"color", "red"}})}) {
    params["answer"] = answer;
    const auto refused = approve(base::to_text(params));
    ASSERT_FALSE(refused) << answer;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_EQ(refused.error().field, "params");
  }
  EXPECT_EQ(with_policy.run(with_policy.actions.get(alice, open->id))->state,
            ActionState::pending_approval);
  params["answer"] = "blue";
  EXPECT_TRUE(approve(base::to_text(params)));
}

// approvals.on_timeout: approve has no answer to give.
TEST_F(ApprovalsTest, AQuestionThatNobodyAnsweredIsDeniedWhateverATimeoutMeans) {
  EngineOptions quick = options();
  quick.runs.approval_time_max = std::chrono::milliseconds(0);
  quick.actions.approve_when_expired = true;
  Engine engine(path_, std::move(quick));
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  engine.model->script({tool_call("call_1", "question", {{"question", "Which moon?"}})});
  thread_ = engine.new_thread(alice);
  run_ = *engine.start(alice, thread_.id, "ask me");
  const Action open = pending(engine);
  engine.model->script({reply({TextPart{"Well."}})});
  EXPECT_EQ(engine.run(engine.actions.settle_expired()), 1U);
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_EQ(engine.run(engine.actions.get(alice, open.id))->state, ActionState::denied);
}

TEST_F(ApprovalsTest, AModelCannotAnswerItsOwnQuestion) {
  Engine engine(path_, options());
  engine.model->script(
      {tool_call("call_1", "question", {{"question", "May I?"}, {"answer", "yes"}})});
  engine.model->script({reply({TextPart{"Hm."}})});
  thread_ = engine.new_thread(alice);
  run_ = *engine.start(alice, thread_.id, "ask me");
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_TRUE(result_told(engine).is_error);
  EXPECT_THAT(result_told(engine).content, HasSubstr("answer"));
}

}  // namespace
}  // namespace colonnade::tests
