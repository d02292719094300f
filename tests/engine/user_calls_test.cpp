// A user's own calls of tools, without a model.
#include "core/governance/user_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "core/governance/limits.hpp"
#include "engine.hpp"
#include "launch_tool.hpp"
#include "tools/builtin/question.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using namespace std::chrono_literals;
using base::ErrorKind;
using base::Json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Made = Result<UserCallResult>;
using State = UserCallResult::State;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);

// Waits for its stop.
class EndlessTool final : public tools::Tool {
 public:
  explicit EndlessTool(std::shared_ptr<base::Completion<bool>> began) : began_(std::move(began)) {
    definition_.name = "endless";
    definition_.input_schema = {{"type", "object"}};
  }
  const ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::none; }
  base::Task<ToolOutcome> run(tools::ToolContext, Json, std::stop_token stop) override {
    began_->complete(true);
    co_await base::sleep_for(std::chrono::hours(1), stop);
    co_return ToolOutcome{.content = "stopped", .is_error = true};
  }

 private:
  std::shared_ptr<base::Completion<bool>> began_;
  ToolDefinition definition_;
};

class UserCallsTest : public ::testing::Test {
 protected:
  EngineOptions options(const std::string& policy = "") {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, "shell"));
    out.extra_tools.push_back(std::make_unique<tools::QuestionTool>());
    out.extra_tools.push_back(std::make_unique<EndlessTool>(began_));
    if (!policy.empty()) {
      out.policy_file = folder_.file("policy.yaml");
      std::ofstream(out.policy_file) << policy;
    }
    return out;
  }
  Made call(Engine& engine, UserCall input, std::chrono::milliseconds wait_max = 0ms,
            const Principal& who = alice) {
    return engine.run(engine.user_calls.call(who, std::move(input), wait_max, engine.lanes[0], {}));
  }
  Made launch(Engine& engine, const std::string& target = "moon",
              std::chrono::milliseconds wait_max = 0ms, const Principal& who = alice) {
    return call(engine, {.tool = "launch", .arguments = {{"target", target}}}, wait_max, who);
  }
  Action wait_for_question(Engine& engine, const Principal& who = alice) {
    for (;;) {
      const auto open =
          engine.run(engine.actions.list(who, {.state = ActionState::pending_approval}));
      if (open && !open->empty()) return open->front();
      std::this_thread::yield();
    }
  }
  void answer(Engine& engine, const std::string& id, HumanAnswer answer) {
    const auto answered = engine.run(engine.actions.resolve(alice, id, std::move(answer)));
    ASSERT_TRUE(answered) << answered.error().message;
  }
  std::vector<std::string> record(Engine& engine, const std::string& id) {
    std::vector<std::string> out;
    for (const AuditRecord& one : *engine.run(engine.store->audit_of(Scope::main(), id))) {
      const Json text = Json::parse(one.text);
      out.push_back(one.kind + " by " + text.at("actor").get<std::string>());
    }
    return out;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  std::shared_ptr<base::Completion<bool>> began_ = std::make_shared<base::Completion<bool>>();
};

TEST_F(UserCallsTest, WhatTheGateAllowsRunsAtOnceAndIsOnRecord) {
  Engine engine(path_, options());
  const Made made = call(engine, {.tool = "calculator", .arguments = {{"expression", "6 * 7"}}});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->state, State::done);
  EXPECT_EQ(made->tool, "calculator");
  EXPECT_EQ(made->outcome.content, "42");
  EXPECT_FALSE(made->outcome.is_error);
  const auto action = engine.run(engine.actions.get(alice, made->action_id));
  ASSERT_TRUE(action);
  EXPECT_EQ(action->state, ActionState::succeeded);
  EXPECT_EQ(action->owner, "alice");
  EXPECT_EQ(action->reason, "42");
  EXPECT_TRUE(action->run_id.empty());
  EXPECT_THAT(record(engine, action->id),
              ElementsAre("decision by alice", "execution.started by alice",
                          "execution.finished by alice"));
}

TEST_F(UserCallsTest, AToolThatFailsIsDoneWithItsError) {
  Engine engine(path_, options());
  const Made made = call(engine, {.tool = "calculator", .arguments = {{"expression", "1 +"}}});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->state, State::done);
  EXPECT_TRUE(made->outcome.is_error);
  EXPECT_EQ(engine.run(engine.actions.get(alice, made->action_id))->state, ActionState::failed);
}

TEST_F(UserCallsTest, AnUnknownToolIsMissingAndLeavesNoRecord) {
  Engine engine(path_, options());
  const Made made = call(engine, {.tool = "teleport"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::not_found);
  EXPECT_EQ(made.error().field, "tool");
  EXPECT_THAT(made.error().message, HasSubstr("teleport"));
  EXPECT_THAT(*engine.run(engine.actions.list(alice, {})), IsEmpty());
}

TEST_F(UserCallsTest, ArgumentsThatDoNotFitAreDenied) {
  Engine engine(path_, options("rules:\n  - match: {tool: \"*\"}\n    allow: true\n"));
  const Made made = call(engine, {.tool = "launch", .arguments = {{"goal", "moon"}}});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->state, State::denied);
  EXPECT_EQ(made->reason_code, "INVALID_ARGUMENTS");
  EXPECT_THAT(made->reason, HasSubstr("target"));
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(UserCallsTest, WhatThePolicyDeniesIsDeniedWithItsReason) {
  Engine engine(path_, options("rules:\n  - match: {tool: bash}\n    deny: true\n"
                               "    description: no shell today\n"
                               "  - match: {tool: \"*\"}\n    allow: true\n"));
  for (const char* name : {"shell", "bash", "Bash"}) {
    const Made made = call(engine, {.tool = name, .arguments = {{"target", "ls"}}});
    ASSERT_TRUE(made) << name;
    EXPECT_EQ(made->state, State::denied) << name;
    EXPECT_EQ(made->reason, "no shell today") << name;
    EXPECT_EQ(made->tool, "shell") << name;
  }
  EXPECT_THAT(launches_->seen(), IsEmpty());
  EXPECT_EQ(launch(engine)->state, State::done);
}

TEST_F(UserCallsTest, AnApprovalRunsTheSameCallOnce) {
  Engine engine(path_, options());
  const Made first = launch(engine);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->state, State::waiting);
  EXPECT_EQ(launch(engine)->action_id, first->action_id) << "the question is asked once";
  EXPECT_NE(launch(engine, "mars")->action_id, first->action_id)
      << "another call, another question";
  EXPECT_NE(launch(engine, "moon", 0ms, bob)->action_id, first->action_id);
  EXPECT_THAT(launches_->seen(), IsEmpty());
  answer(engine, first->action_id, {.approve = true});
  EXPECT_THAT(launches_->seen(), IsEmpty()) << "nobody is there to hear of it";
  const Made again = launch(engine);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->state, State::done);
  EXPECT_EQ(again->action_id, first->action_id);
  EXPECT_EQ(again->outcome.content, "launched moon");
  const Made third = launch(engine);
  EXPECT_EQ(third->state, State::waiting);
  EXPECT_NE(third->action_id, first->action_id);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  EXPECT_THAT(record(engine, first->action_id),
              ElementsAre("decision by alice", "approval by alice", "decision by alice",
                          "execution.started by alice", "execution.finished by alice"));
}

TEST_F(UserCallsTest, OfTwoCallsAtOnceOneHasTheApproval) {
  Engine engine(path_, options());
  answer(engine, launch(engine)->action_id, {.approve = true});
  auto other = std::async(std::launch::async, [&] {
    return base::run_on(
        engine.lanes[1],
        engine.user_calls.call(alice, {.tool = "launch", .arguments = {{"target", "moon"}}}, 0ms,
                               engine.lanes[1], {}));
  });
  const Made one = launch(engine);
  const Made two = other.get();
  int done = 0;
  for (const Made* made : {&one, &two}) done += *made && (*made)->state == State::done ? 1 : 0;
  EXPECT_EQ(done, 1);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(UserCallsTest, WhoWaitsGetsTheResultAfterTheAnswer) {
  Engine engine(path_, options());
  auto made = std::async(std::launch::async, [&] { return launch(engine, "moon", 1min); });
  const Action open = wait_for_question(engine);
  EXPECT_EQ(open.request.params, R"({"target":"moon"})");
  answer(engine, open.id, {.approve = true});
  const Made done = made.get();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->state, State::done);
  EXPECT_EQ(done->action_id, open.id);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(UserCallsTest, WhoWaitsHearsOfADenial) {
  Engine engine(path_, options());
  auto made = std::async(std::launch::async, [&] { return launch(engine, "moon", 1min); });
  answer(engine, wait_for_question(engine).id, {.reason = "not tonight"});
  const Made denied = made.get();
  ASSERT_TRUE(denied);
  EXPECT_EQ(denied->state, State::denied);
  EXPECT_EQ(denied->reason, "not tonight");
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(UserCallsTest, TheWaitIsBounded) {
  Engine engine(path_, options());
  const Made made = launch(engine, "moon", 1ms);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->state, State::waiting);
  // Who comes back waits for the same answer.
  auto again = std::async(std::launch::async, [&] { return launch(engine, "moon", 1min); });
  answer(engine, wait_for_question(engine).id, {.approve = true});
  EXPECT_EQ(again.get()->action_id, made->action_id);
}

TEST_F(UserCallsTest, WhatTheApproverChangedIsWhatRuns) {
  Engine engine(path_, options());
  const Made asked = launch(engine);
  answer(engine, asked->action_id, {.approve = true, .params = R"({"target":"mars"})"});
  const Made made = launch(engine);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->state, State::done);
  EXPECT_EQ(made->outcome.content, "launched mars");
  EXPECT_THAT(launches_->seen(), ElementsAre("mars"));
}

TEST_F(UserCallsTest, AQuestionIsAnsweredByItsApprover) {
  Engine engine(path_, options());
  const UserCall ask{.tool = "question", .arguments = {{"question", "Which?"}}};
  const Made asked = call(engine, ask);
  ASSERT_EQ(asked->state, State::waiting);
  const auto empty = engine.run(engine.actions.resolve(alice, asked->action_id, {.approve = true}));
  ASSERT_FALSE(empty) << "it has no answer";
  answer(engine, asked->action_id,
         {.approve = true, .params = R"({"question":"Which?","answer":"This"})"});
  const Made made = call(engine, ask);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->outcome.content, "This");
}

TEST_F(UserCallsTest, AnApprovalOutlivesTheServer) {
  {
    Engine engine(path_, options());
    answer(engine, launch(engine)->action_id, {.approve = true});
  }
  Engine engine(path_, options("rules:\n  - match: {tool: launch}\n    require_approval: true\n"));
  const Made made = launch(engine);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->state, State::done) << "the same request, approved";
}

TEST_F(UserCallsTest, AnApprovalDoesNotOutrankADenial) {
  {
    Engine engine(path_, options());
    answer(engine, launch(engine)->action_id, {.approve = true});
  }
  Engine engine(path_, options("rules:\n  - match: {tool: launch}\n    deny: true\n"));
  const Made made = launch(engine);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->state, State::denied);
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(UserCallsTest, ARememberedAnswerCountsForTheNextCalls) {
  Engine engine(path_, options());
  answer(engine, launch(engine)->action_id,
         {.approve = true, .remember = Remember::always, .pattern = "*"});
  EXPECT_EQ(launch(engine)->state, State::done);
  const Made other = launch(engine, "mars");
  EXPECT_EQ(other->state, State::done);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon", "mars"));
  EXPECT_EQ(launch(engine, "mars", 0ms, bob)->state, State::waiting) << "not for others";
}

TEST_F(UserCallsTest, InAThreadTheAgentsOwnToolsCount) {
  Engine engine(path_, options("rules:\n  - match: {tool: \"*\"}\n    allow: true\n"));
  NewAgent input{.name = "careful", .tools = std::vector<std::string>{"bash"}};
  input.profile.tool_permissions = {{"bash", {.requires_approval = true}}};
  const auto agent = engine.run(engine.agents.create(alice, std::move(input)));
  ASSERT_TRUE(agent) << agent.error().message;
  const Thread thread = *engine.run(engine.threads.create(alice, {.agent_id = agent->id}));
  const Made other =
      call(engine, {.tool = "launch", .arguments = {{"target", "x"}}, .thread_id = thread.id});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().field, "tool");
  const Made asks =
      call(engine, {.tool = "shell", .arguments = {{"target", "x"}}, .thread_id = thread.id});
  ASSERT_TRUE(asks) << asks.error().message;
  EXPECT_EQ(asks->state, State::waiting);
  EXPECT_EQ(asks->reason_code, "AGENT_REQUIRES_APPROVAL");
  const Action action = *engine.run(engine.actions.get(alice, asks->action_id));
  EXPECT_EQ(action.thread_id, thread.id);
  const auto tools = engine.run(engine.user_calls.tools(alice, thread.id, {}));
  ASSERT_TRUE(tools);
  ASSERT_EQ(tools->size(), 1U);
  EXPECT_EQ(tools->front().name, "shell");
  const Made anothers = call(
      engine, {.tool = "shell", .arguments = {{"target", "x"}}, .thread_id = thread.id}, 0ms, bob);
  ASSERT_FALSE(anothers);
  EXPECT_EQ(anothers.error().kind, ErrorKind::not_found);
  EXPECT_EQ(anothers.error().field, "thread_id");
}

TEST_F(UserCallsTest, TheRulesOfTheThreadCount) {
  Engine engine(path_, options());
  NewThread input;
  input.rules = {{.permission = "bash", .pattern = "*", .action = RuleAction::deny},
                 {.permission = "launch", .pattern = "*", .action = RuleAction::allow}};
  const auto thread = engine.run(engine.threads.create(alice, std::move(input)));
  ASSERT_TRUE(thread) << thread.error().message;
  const auto call_there = [&](const std::string& tool) {
    return call(engine, {.tool = tool, .arguments = {{"target", "moon"}}, .thread_id = thread->id});
  };
  EXPECT_EQ(call_there("shell")->state, State::denied);
  EXPECT_EQ(call_there("bash")->state, State::denied);
  EXPECT_EQ(call_there("launch")->state, State::done);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  EXPECT_EQ(launch(engine)->state, State::waiting) << "outside of the thread they say nothing";
}

TEST_F(UserCallsTest, WhatIsOfferedIsWhatCanBeCalled) {
  Engine engine(path_, options());
  const auto tools = engine.run(engine.user_calls.tools(alice, "", {}));
  ASSERT_TRUE(tools);
  std::vector<std::string> names;
  for (const ToolDefinition& one : *tools) names.push_back(one.name);
  EXPECT_THAT(names, Contains("calculator"));
  EXPECT_THAT(names, Contains("shell"));
  EXPECT_THAT(names, ::testing::Not(Contains("delegate_to_sub_agent")));
}

TEST_F(UserCallsTest, NobodyElseStartsOrReportsSuchACall) {
  Engine engine(path_, options());
  const Made asked = call(engine, {.tool = "shell", .arguments = {{"target", "ls"}}});
  answer(engine, asked->action_id, {.approve = true});
  const auto started = engine.run(engine.actions.start(alice, asked->action_id, engine.lanes[0]));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::conflict);
  const auto reported = engine.run(engine.actions.report(alice, asked->action_id, true, ""));
  ASSERT_FALSE(reported);
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(UserCallsTest, AStopEndsTheTool) {
  Engine engine(path_, options());
  std::stop_source stop;
  auto made = std::async(std::launch::async, [&] {
    return engine.run(
        engine.user_calls.call(alice, {.tool = "endless"}, 0ms, engine.lanes[0], stop.get_token()));
  });
  base::run_on(engine.lanes[1], began_->wait());
  stop.request_stop();
  const Made ended = made.get();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->outcome.content, "stopped");
  EXPECT_EQ(engine.run(engine.actions.get(alice, ended->action_id))->state, ActionState::failed);
}

// A wait and a tool end with the thread that they are in.
TEST_F(UserCallsTest, TheEndOfTheThreadEndsTheWaitAndTheTool) {
  Engine engine(path_, options());
  for (const char* tool : {"launch", "endless"}) {
    const Thread thread = engine.new_thread(alice);
    UserCall input{.tool = tool, .arguments = Json::object(), .thread_id = thread.id};
    const bool asks = std::string_view(tool) == "launch";
    if (asks) input.arguments["target"] = "moon";
    auto made =
        std::async(std::launch::async, [&] { return call(engine, std::move(input), 1min); });
    if (asks) {
      wait_for_question(engine);
    } else {
      base::run_on(engine.lanes[0], began_->wait());
    }
    ASSERT_TRUE(engine.run(engine.threads.remove(alice, thread.id)));
    const Made over = made.get();
    if (asks) {
      ASSERT_FALSE(over);
      EXPECT_EQ(over.error().kind, ErrorKind::not_found);
      EXPECT_EQ(over.error().field, "thread_id");
    } else {
      ASSERT_TRUE(over) << over.error().message;
      EXPECT_TRUE(over->outcome.is_error);
    }
  }
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(UserCallsTest, TheEndOfTheServerEndsTheToolAndRefusesOthers) {
  Engine engine(path_, options());
  auto made = std::async(std::launch::async, [&] { return call(engine, {.tool = "endless"}); });
  base::run_on(engine.lanes[1], began_->wait());
  engine.user_calls.stop_all();
  EXPECT_EQ(made.get()->outcome.content, "stopped");
  const Made refused = launch(engine);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(refused.error().retry_after);
}

TEST_F(UserCallsTest, OpenQuestionsOfOneUserAreBounded) {
  Engine engine(path_, options());
  for (std::size_t i = 0; i < limits::user_call_questions_per_account; ++i) {
    ASSERT_EQ(launch(engine, std::to_string(i))->state, State::waiting);
  }
  const Made refused = launch(engine, "one more");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::rate_limited);
  EXPECT_TRUE(launch(engine, "0")) << "an old question is no new one";
  EXPECT_TRUE(launch(engine, "one more", 0ms, bob));
}

}  // namespace
}  // namespace colonnade::tests
