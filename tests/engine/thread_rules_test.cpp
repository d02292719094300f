// What a thread's rules, a turn's options and answers that are remembered for a directory make of a
// run's tool calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine.hpp"
#include "launch_tool.hpp"
#include "tools/builtin/question.hpp"

namespace colonnade::tests {
namespace {

namespace fs = std::filesystem;

using namespace core;
using base::ErrorKind;
using enum RuleAction;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);

class ThreadRulesTest : public ::testing::Test {
 protected:
  EngineOptions options(std::string policy = "") {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, "land"));
    out.extra_tools.push_back(std::make_unique<tools::QuestionTool>());
    out.workspaces = folder_.file("workspaces");
    out.directories.allowed = {folder_.file("projects")};
    if (!policy.empty()) {
      out.policy_file = folder_.file("policy.yaml");
      std::ofstream(out.policy_file) << policy;
    }
    return out;
  }
  Thread thread_with(Engine& engine, std::vector<PermissionRule> rules,
                     const Principal& who = alice) {
    return *engine.run(engine.threads.create(who, {.rules = std::move(rules)}));
  }
  Thread bound_to(Engine& engine, const std::string& name, const Principal& who = alice) {
    fs::create_directories(folder_.file("projects/" + name));
    return *engine.run(engine.threads.create(who, {.directory = folder_.file("projects/" + name)}));
  }

  // A run that calls the tool once; whether it waits for a human then.
  bool asks(Engine& engine, const Thread& thread, const std::string& tool, base::Json arguments,
            const Principal& who = alice, TurnOptions turn = {}) {
    engine.model->script({tool_call("c", tool, std::move(arguments))});
    engine.model->script({reply({TextPart{"Done."}})});
    NewMessage input{.thread_id = thread.id, .parts = {TextPart{"go"}}};
    input.options = std::move(turn);
    auto run = engine.run(engine.runs.start(who, std::move(input), engine.lanes[0]));
    if (!run) throw std::runtime_error(run.error().message);
    run_ = *run;
    for (;;) {
      const auto state = engine.run(engine.store->run(Scope::main(), run_.id)).value()->state;
      if (state == RunState::waiting_approval) return true;
      if (is_terminal(state)) return false;
      std::this_thread::yield();
    }
  }
  bool asks(Engine& engine, const Thread& thread) {
    return asks(engine, thread, "launch", {{"target", "moon"}});
  }
  Action open_question(Engine& engine, const Principal& who = alice) {
    const auto open =
        engine.run(engine.actions.list(who, {.state = ActionState::pending_approval, .limit = 10}));
    if (!open || open->size() != 1) throw std::runtime_error("expected one open question");
    return open->front();
  }
  void answer(Engine& engine, HumanAnswer how, const Principal& who = alice) {
    const auto answered =
        engine.run(engine.actions.resolve(who, open_question(engine, who).id, std::move(how)));
    ASSERT_TRUE(answered) << answered.error().message;
    ASSERT_EQ(engine.wait(who, run_)->run.state, RunState::succeeded);
  }
  ToolResultPart told(Engine& engine) {
    return std::get<ToolResultPart>(engine.model->requests().back().messages.back().parts.back());
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  core::Run run_{.scope = Scope::main()};
};

// --- rules --------------------------------------------------------------------------------------

TEST_F(ThreadRulesTest, ARuleAllowsWhatWouldBeAsked) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  EXPECT_TRUE(asks(engine, thread_with(engine, {})));
  answer(engine, {.approve = false});
  EXPECT_FALSE(asks(engine, thread_with(engine, {{.permission = "launch", .action = allow}})));
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  EXPECT_TRUE(asks(engine, thread_with(engine, {}))) << "of that thread alone";
}

TEST_F(ThreadRulesTest, ARuleAsksAboutWhatWouldRunUnasked) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = thread_with(engine, {{.permission = "calculator", .action = ask}});
  EXPECT_TRUE(asks(engine, thread, "calculator", {{"expression", "1+1"}}));
  const Action open = open_question(engine);
  EXPECT_EQ(open.decision.reason_code, thread_rule_asks);
  answer(engine, {.approve = true});
  EXPECT_EQ(told(engine).content, "2");
}

TEST_F(ThreadRulesTest, ADeniedCallIsNotMadeAndTheModelHearsWhy) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = thread_with(engine, {{.permission = "*", .action = deny}});
  EXPECT_FALSE(asks(engine, thread, "calculator", {{"expression", "1+1"}}));
  EXPECT_TRUE(told(engine).is_error);
  EXPECT_THAT(told(engine).content, HasSubstr("THREAD_RULE_DENIES"));
  EXPECT_THAT(told(engine).content, HasSubstr("a rule of this thread denies"));
  EXPECT_FALSE(asks(engine, thread)) << "nobody is asked about it";
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(ThreadRulesTest, TheLastRuleThatFitsCountsByItsPattern) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread =
      thread_with(engine, {{.permission = "launch", .action = allow},
                           {.permission = "launch", .pattern = "*\"mars\"*", .action = deny}});
  EXPECT_FALSE(asks(engine, thread, "launch", {{"target", "moon"}}));
  EXPECT_FALSE(asks(engine, thread, "launch", {{"target", "mars"}}));
  EXPECT_TRUE(told(engine).is_error);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(ThreadRulesTest, ARuleNeverPermitsWhatThePolicyDenies) {
  Engine engine(path_, options("rules:\n  - match: {tool: launch}\n    deny: true\n"
                               "    description: never\n"));
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  EXPECT_FALSE(asks(engine, thread_with(engine, {{.permission = "*", .action = allow}})));
  EXPECT_TRUE(told(engine).is_error);
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(ThreadRulesTest, ARuleDoesNotAnswerInAHumansPlace) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = thread_with(engine, {{.permission = "*", .action = allow}});
  EXPECT_TRUE(asks(engine, thread, "question", {{"question", "Which?"}}));
}

TEST_F(ThreadRulesTest, ArgumentsThatAHumanEditedAreJudgedByTheRulesAgain) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread =
      thread_with(engine, {{.permission = "launch", .pattern = "*\"mars\"*", .action = deny}});
  EXPECT_TRUE(asks(engine, thread));
  answer(engine, {.approve = true, .params = R"({"target":"mars"})"});
  EXPECT_TRUE(told(engine).is_error);
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(ThreadRulesTest, RulesCountAfterARestart) {
  std::string thread_id;
  {
    Engine engine(path_, options());
    ASSERT_TRUE(engine.run(engine.runs.recover()));
    const Thread thread = thread_with(engine, {{.permission = "calculator", .action = ask},
                                               {.permission = "land", .action = deny}});
    thread_id = thread.id;
    EXPECT_TRUE(asks(engine, thread, "calculator", {{"expression", "1+1"}}));
  }
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  engine.model->script({tool_call("c2", "land", {{"target", "moon"}})});
  engine.model->script({reply({TextPart{"Done."}})});
  answer(engine, {.approve = true});
  EXPECT_THAT(told(engine).content, HasSubstr("THREAD_RULE_DENIES"));
}

// --- answers that are remembered ----------------------------------------------------------------

TEST_F(ThreadRulesTest, OnceDecidesThisCallOnly) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = bound_to(engine, "app");
  ASSERT_TRUE(asks(engine, thread));
  answer(engine, {.approve = true});
  EXPECT_TRUE(asks(engine, thread));
  EXPECT_THAT(*engine.run(engine.permissions.list(alice)), IsEmpty());
}

TEST_F(ThreadRulesTest, AnAnswerForADirectoryCountsForThisUserThereInEveryThread) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = bound_to(engine, "app");
  ASSERT_TRUE(asks(engine, thread));
  answer(engine, {.approve = true, .remember = Remember::directory});
  EXPECT_FALSE(asks(engine, thread, "launch", {{"target", "mars"}})) << "any arguments";
  EXPECT_FALSE(asks(engine, bound_to(engine, "app"))) << "another thread there";
  EXPECT_TRUE(asks(engine, thread, "land", {{"target", "moon"}})) << "another tool";
  answer(engine, {.approve = false});
  EXPECT_TRUE(asks(engine, bound_to(engine, "other"))) << "another directory";
  answer(engine, {.approve = false});
  EXPECT_TRUE(asks(engine, bound_to(engine, "app/inner"))) << "a folder in it is another one";
  answer(engine, {.approve = false});
  EXPECT_TRUE(asks(engine, engine.new_thread(alice))) << "no directory";
  answer(engine, {.approve = false});
  EXPECT_TRUE(asks(engine, bound_to(engine, "app", bob), "launch", {{"target", "moon"}}, bob))
      << "another user";
}

TEST_F(ThreadRulesTest, AThreadThatIsMovedLeavesTheAnswersOfTheOldDirectoryBehind) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = bound_to(engine, "app");
  ASSERT_TRUE(asks(engine, thread));
  answer(engine, {.approve = true, .remember = Remember::directory});
  fs::create_directories(folder_.file("projects/other"));
  ASSERT_TRUE(
      engine.run(engine.threads.move(alice, thread.id, {.path = folder_.file("projects/other")})));
  EXPECT_TRUE(asks(engine, thread));
}

TEST_F(ThreadRulesTest, WithoutADirectoryTheAnswerCountsInTheThread) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = engine.new_thread(alice);
  ASSERT_TRUE(asks(engine, thread));
  answer(engine, {.approve = true, .remember = Remember::directory});
  EXPECT_FALSE(asks(engine, thread, "launch", {{"target", "mars"}}));
  EXPECT_TRUE(asks(engine, engine.new_thread(alice)));
}

TEST_F(ThreadRulesTest, RememberedAnswersAreListedAndTakenBackByTheirUser) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = bound_to(engine, "app");
  ASSERT_TRUE(asks(engine, thread));
  answer(engine, {.approve = true, .remember = Remember::directory});
  const auto mine = *engine.run(engine.permissions.list(alice));
  ASSERT_EQ(mine.size(), 1U);
  EXPECT_EQ(mine[0].directory, thread.directory.path);
  EXPECT_EQ(mine[0].tool, "launch");
  EXPECT_EQ(mine[0].pattern, "*");
  EXPECT_THAT(*engine.run(engine.permissions.list(bob)), IsEmpty());
  EXPECT_EQ(engine.run(engine.permissions.revoke(bob, mine[0].id)).error().kind,
            ErrorKind::not_found);
  ASSERT_TRUE(engine.run(engine.permissions.revoke(alice, mine[0].id)));
  EXPECT_TRUE(asks(engine, thread));
}

TEST_F(ThreadRulesTest, AnAnswerForADirectoryDoesNotOutweighARuleThatDenies) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = bound_to(engine, "app");
  ASSERT_TRUE(asks(engine, thread));
  answer(engine, {.approve = true, .remember = Remember::directory});
  const Thread strict = *engine.run(
      engine.threads.create(alice, {.directory = folder_.file("projects/app"),
                                    .rules = {{.permission = "launch", .action = deny}}}));
  EXPECT_FALSE(asks(engine, strict));
  EXPECT_TRUE(told(engine).is_error);
  const Thread asking = *engine.run(
      engine.threads.create(alice, {.directory = folder_.file("projects/app"),
                                    .rules = {{.permission = "launch", .action = ask}}}));
  EXPECT_FALSE(asks(engine, asking)) << "the human has answered that question";
}

// --- what a turn may call -----------------------------------------------------------------------

std::vector<std::string> offered(const ModelRequest& request) {
  std::vector<std::string> out;
  for (const ToolDefinition& tool : request.tools) out.push_back(tool.name);
  return out;
}

TEST_F(ThreadRulesTest, ATurnIsOfferedWhatItsListNames) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = engine.new_thread(alice);
  EXPECT_FALSE(asks(engine, thread, "launch", {{"target", "moon"}}, alice,
                    {.tools = std::vector<std::string>{"CALC*", "land"}}));
  EXPECT_THAT(offered(engine.model->requests().front()), ElementsAre("calculator", "land"));
  EXPECT_THAT(told(engine).content, HasSubstr("is not among those that this turn may call"))
      << "nobody is asked about what it calls nevertheless";
  EXPECT_THAT(launches_->seen(), IsEmpty());
  EXPECT_TRUE(asks(engine, thread, "launch", {{"target", "moon"}}, alice,
                   {.tools = std::vector<std::string>{"*"}}));
}

TEST_F(ThreadRulesTest, ATurnWithoutToolsIsOfferedNone) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = engine.new_thread(alice);
  EXPECT_FALSE(asks(engine, thread, "calculator", {{"expression", "1+1"}}, alice,
                    {.tool_use = ToolUse::none}));
  EXPECT_THAT(offered(engine.model->requests().front()), IsEmpty());
  EXPECT_TRUE(told(engine).is_error);
  EXPECT_FALSE(asks(engine, thread, "calculator", {{"expression", "1+1"}}, alice,
                    {.tools = std::vector<std::string>{}}));
  EXPECT_THAT(offered(engine.model->requests().back()), IsEmpty());
}

TEST_F(ThreadRulesTest, ATurnThatRequiresAToolSaysSoInItsFirstQuestionOnly) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = engine.new_thread(alice);
  EXPECT_FALSE(asks(engine, thread, "calculator", {{"expression", "1+1"}}, alice,
                    {.tool_use = ToolUse::required}));
  EXPECT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  const auto requests = engine.model->requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(requests[0].tool_required);
  EXPECT_FALSE(requests[1].tool_required);
}

TEST_F(ThreadRulesTest, ATurnThatRequiresAToolFailsWithoutOne) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = engine.new_thread(alice);
  const auto ends = [&](TurnOptions turn) {
    NewMessage input{.thread_id = thread.id, .parts = {TextPart{"go"}}};
    input.options = std::move(turn);
    const auto run = engine.run(engine.runs.start(alice, std::move(input), engine.lanes[0]));
    return engine.wait(alice, *run)->run;
  };
  engine.model->script({reply({TextPart{"I would rather not."}})});
  const core::Run refused = ends({.tool_use = ToolUse::required});
  EXPECT_EQ(refused.state, RunState::failed);
  EXPECT_THAT(refused.error, HasSubstr(std::string(required_tool_not_called)));
  const core::Run none =
      ends({.tool_use = ToolUse::required, .tools = std::vector<std::string>{"no-such"}});
  EXPECT_EQ(none.state, RunState::failed);
  EXPECT_THAT(none.error, HasSubstr(std::string(no_required_tool)));
  EXPECT_EQ(engine.model->requests().size(), 1U) << "the model is not even asked";
}

}  // namespace
}  // namespace colonnade::tests
