// The gate judges what will happen: a call in the one form that runs, every step of it, and what
// was judged once can be judged again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine.hpp"
#include "launch_tool.hpp"
#include "tools/builtin/grep.hpp"
#include "tools/builtin/question.hpp"
#include "tools/builtin/read.hpp"
#include "tools/builtin/write.hpp"

namespace colonnade::tests {
namespace {

namespace fs = std::filesystem;
using namespace core;
using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Principal alice(Scope::main(), "alice", UserRole::member);

// `hop {"to": ["a", "b"]}`: goes to each in turn, as a fetch follows redirects.
class HopTool final : public tools::Tool {
 public:
  explicit HopTool(std::shared_ptr<Launches> hops) : hops_(std::move(hops)) {
    definition_ = {.name = "hop",
                   .description = "Hops.",
                   .input_schema = {{"type", "object"},
                                    {"properties", {{"to", {{"type", "array"}}}}},
                                    {"additionalProperties", false}}};
  }
  const ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::changes; }
  base::Task<ToolOutcome> run(tools::ToolContext context, Json arguments,
                              std::stop_token) override {
    const Json stops = arguments.at("to");
    for (std::size_t i = 0; i < stops.size(); ++i) {
      if (i > 0) {
        Json next = Json::object();
        next["to"] = Json::array({stops[i]});
        auto judged = co_await context.judge_again(std::move(next));
        if (!judged) co_return tools::failed(judged.error().message);
      }
      const std::lock_guard lock(hops_->mutex);
      hops_->targets.push_back(stops[i].get<std::string>());
    }
    co_return ToolOutcome{.content = "there"};
  }

 private:
  std::shared_ptr<Launches> hops_;
  ToolDefinition definition_;
};

class GatedCallsTest : public ::testing::Test {
 protected:
  GatedCallsTest() {
    fs::create_directories(workspace_ + "/secrets");
    fs::create_directories(workspace_ + "/public");
    std::ofstream(workspace_ + "/secrets/key") << "top secret";
    std::ofstream(workspace_ + "/public/key") << "open";
    std::ofstream(workspace_ + "/.env") << "TOKEN=top secret";
    fs::create_symlink("secrets", workspace_ + "/link");
  }
  ~GatedCallsTest() override { workers_.end(); }

  EngineOptions options(const std::string& policy = "") {
    EngineOptions out;
    out.workspace = workspace_;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.extra_tools.push_back(std::make_unique<HopTool>(launches_));
    out.extra_tools.push_back(std::make_unique<tools::QuestionTool>());
    out.extra_tools.push_back(tools::read_tool(workers_));
    out.extra_tools.push_back(tools::write_tool(workers_));
    out.extra_tools.push_back(tools::grep_tool(workers_));
    if (!policy.empty()) {
      out.policy_file = folder_.file("policy.yaml");
      std::ofstream(out.policy_file) << policy;
    }
    return out;
  }

  // The action of a run in which the model makes this call; settled, or asked about.
  Action called(Engine& engine, const std::string& tool, Json arguments) {
    engine.model->script({tool_call("call_1", tool, std::move(arguments))});
    engine.model->answer_with(
        [](const ModelRequest&) { return std::vector<Act>{reply({TextPart{"done"}})}; });
    const Thread thread = *engine.run(engine.threads.create(alice, {.agent_id = agent_}));
    run_ = *engine.start(alice, thread.id, "go");
    for (;;) {
      const auto state = engine.run(engine.store->run(Scope::main(), run_.id)).value()->state;
      if (is_terminal(state) || state == RunState::waiting_approval) break;
      std::this_thread::yield();
    }
    return engine.run(engine.actions.list(alice, {.limit = 1}))->front();
  }

  std::string told(Engine& engine) {
    const auto requests = engine.model->requests();
    return std::get<ToolResultPart>(requests.back().messages.back().parts.back()).content;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
  std::string workspace_ = folder_.file("workspace");
  std::string agent_{};  // that is talked to; "" for the default agent
  base::Workers workers_{1};
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  core::Run run_{.scope = Scope::main()};
};

constexpr const char* no_secrets = R"(rules:
  - match: {tool: read, path_starts_with: "secrets/"}
    deny: true
    description: no secrets
  - match: {tool: read, path_ends_with: ".env"}
    deny: true
    description: no environments
  - match: {tool: grep, path_starts_with: "secrets/"}
    deny: true
    description: no secrets
  - match: {tool: "*"}
    allow: true
)";

TEST_F(GatedCallsTest, AForbiddenPathIsForbiddenHoweverItIsWritten) {
  Engine engine(path_, options(no_secrets));
  for (const std::string& path :
       {std::string("secrets/key"), std::string("./secrets/key"), std::string(".//secrets/key"),
        std::string("/workspace/secrets/key"), workspace_ + "/secrets/key", std::string("link/key"),
        std::string("public/../secrets/key"), std::string(".env/"), std::string("./.env")}) {
    const Action action = called(engine, "read", {{"path", path}});
    EXPECT_EQ(action.state, ActionState::denied) << path;
    EXPECT_EQ(action.decision.reason_code, "POLICY_DENY") << path;
    EXPECT_THAT(told(engine), ::testing::Not(HasSubstr("top secret"))) << path;
  }
  for (const char* path : {"secrets", "./link/", "secrets/."}) {
    const Action action = called(engine, "grep", {{"pattern", "top"}, {"path", path}});
    EXPECT_EQ(action.decision.reason_code, "POLICY_DENY") << path;
  }
  EXPECT_EQ(called(engine, "read", {{"path", "public/key"}}).state, ActionState::succeeded);
}

// What was asked for stands beside it.
TEST_F(GatedCallsTest, TheActionShowsThePathThatIsOpenedAndTheOneThatWasAskedFor) {
  Engine engine(path_, options("rules:\n  - match: {tool: read}\n    allow: true\n"));
  const Action action = called(engine, "read", {{"path", ".//link/../link/key"}});
  EXPECT_EQ(action.state, ActionState::succeeded);
  EXPECT_EQ(action.request.params, R"({"path":"secrets/key"})");
  const Json context = Json::parse(action.request.context);
  EXPECT_EQ(context.at("asked"), (Json{{"path", ".//link/../link/key"}}));
  EXPECT_EQ(context.at("thread_id"), action.thread_id);
  const Action plain = called(engine, "read", {{"path", "public/key"}});
  EXPECT_FALSE(Json::parse(plain.request.context).contains("asked"));
}

// Somebody approves `public/key`, and by then it is a link to something else.
TEST_F(GatedCallsTest, AnApprovalIsForThePlaceItWasGivenFor) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Action open = called(engine, "write", {{"path", "public/key"}, {"content", "mine"}});
  ASSERT_EQ(open.state, ActionState::pending_approval);
  fs::remove_all(workspace_ + "/public");
  fs::create_symlink("secrets", workspace_ + "/public");
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open.id, {.approve = true})));
  Action asked = open;
  while (asked.version <= open.version || asked.state == ActionState::approved) {
    asked = *engine.run(engine.actions.get(alice, open.id));
    std::this_thread::yield();
  }
  EXPECT_EQ(asked.state, ActionState::pending_approval) << "asked anew";
  EXPECT_THAT(asked.request.params, HasSubstr("secrets/key"));
  std::ifstream file(workspace_ + "/secrets/key");
  std::string content;
  std::getline(file, content);
  EXPECT_EQ(content, "top secret");
}

TEST_F(GatedCallsTest, APathThatLeavesTheWorkspaceIsDeniedUnasked) {
  Engine engine(path_, options());
  const Action action = called(engine, "write", {{"path", "../x"}, {"content", ""}});
  EXPECT_EQ(action.state, ActionState::denied);
  EXPECT_EQ(action.decision.reason_code, "INVALID_ARGUMENTS");
  EXPECT_THAT(action.reason, HasSubstr("outside the workspace"));
}

// Also where the policy allows it: no member decides that does not run, and none runs undecided.
TEST_F(GatedCallsTest, ArgumentsThatTheToolDoesNotKnowAreRefused) {
  Engine engine(path_, options("rules:\n  - match: {tool: launch, field: target, value: moon}\n"
                               "    allow: true\n"));
  const Action extra = called(engine, "launch", {{"target", "moon"}, {"cmd", "id"}});
  EXPECT_EQ(extra.decision.outcome, Outcome::halt);
  EXPECT_EQ(extra.decision.reason_code, "INVALID_ARGUMENTS");
  EXPECT_THAT(told(engine), HasSubstr("'cmd' is unknown"));
  EXPECT_THAT(launches_->seen(), IsEmpty());
  EXPECT_EQ(called(engine, "launch", {{"target", "moon"}}).state, ActionState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(GatedCallsTest, AStepElsewhereIsJudgedBeforeItIsTaken) {
  Engine engine(path_, options(R"(rules:
  - match: {tool: hop, contains: "\"home\""}
    allow: true
  - match: {tool: hop, contains: "away"}
    deny: true
    description: stay here
  - match: {tool: hop}
    require_approval: true
)"));
  const Action denied = called(engine, "hop", {{"to", {"home", "home", "away", "home"}}});
  EXPECT_THAT(launches_->seen(), ElementsAre("home", "home"));
  EXPECT_THAT(told(engine), HasSubstr("stay here"));
  // Each decision is on record, of the first step and of the two that followed.
  std::vector<std::string> decided;
  for (const AuditRecord& record : *engine.run(engine.store->audit_of(Scope::main(), denied.id))) {
    if (record.kind != audit_kind::decision) continue;
    decided.push_back(Json::parse(record.text).at("details").at("outcome").get<std::string>());
  }
  EXPECT_THAT(decided, ElementsAre("EXECUTE", "EXECUTE", "HALT"));
  called(engine, "hop", {{"to", {"home", "market"}}});
  EXPECT_THAT(told(engine), HasSubstr("needs a human's approval of its own"));
  EXPECT_EQ(launches_->seen().size(), 3U);
}

// Whatever a policy allows: an agent's own list of tools is what its model may call.
TEST_F(GatedCallsTest, AToolThatTheAgentDoesNotHaveIsNotRun) {
  Engine engine(path_, options("rules:\n  - match: {tool: \"*\"}\n    allow: true\n"));
  const auto agent = engine.run(
      engine.agents.create(alice, {.name = "reader", .tools = std::vector<std::string>{"read"}}));
  ASSERT_TRUE(agent) << agent.error().message;
  agent_ = agent->id;
  const Action action = called(engine, "launch", {{"target", "moon"}});
  EXPECT_EQ(action.state, ActionState::denied);
  EXPECT_EQ(action.decision.reason_code, "TOOL_NOT_OFFERED");
  EXPECT_THAT(launches_->seen(), IsEmpty());
  const auto again = engine.run(engine.actions.judge_again(action));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->decision.reason_code, "TOOL_NOT_OFFERED");
}

// A model may know a tool by another engine's name. It is the same tool, for rules as well.
TEST_F(GatedCallsTest, AnotherNameOfAToolIsTheTool) {
  EngineOptions with_shell = options(R"(rules:
  - match: {tool: bash, contains: "rm "}
    deny: true
    description: nothing is removed
  - match: {tool: "*"}
    allow: true
)");
  with_shell.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, "shell"));
  Engine engine(path_, std::move(with_shell));
  const auto agent = engine.run(
      engine.agents.create(alice, {.name = "coder", .tools = std::vector<std::string>{"bash"}}));
  ASSERT_TRUE(agent) << agent.error().message;
  agent_ = agent->id;
  for (const char* name : {"bash", "Bash", "shell"}) {
    const Action ran = called(engine, name, {{"target", "ls"}});
    EXPECT_EQ(ran.state, ActionState::succeeded) << name;
    EXPECT_EQ(ran.request.tool, "shell") << name;
    const auto requests = engine.model->requests();
    EXPECT_EQ(std::get<ToolResultPart>(requests.back().messages.back().parts.back()).tool, name)
        << "the model is answered under the name that it used";
    const Action denied = called(engine, name, {{"target", "rm -r /"}});
    EXPECT_EQ(denied.state, ActionState::denied) << name;
    EXPECT_EQ(denied.reason, "nothing is removed") << name;
  }
  EXPECT_EQ(launches_->seen().size(), 3U);
  EXPECT_EQ(called(engine, "webfetch", {{"target", "x"}}).decision.reason_code, "TOOL_NOT_OFFERED");
}

// Whatever the policy allows: what an agent asks a human about, it asks about at every step.
class AskingAgentTest : public GatedCallsTest {
 protected:
  static constexpr const char* all_allowed = "rules:\n  - match: {tool: \"*\"}\n    allow: true\n";

  void make_agent(Engine& engine, bool asks = true) {
    NewAgent input{.name = "careful", .shared = true};
    if (asks) input.profile.tool_permissions = permissions();
    const auto agent = engine.run(engine.agents.create(alice, std::move(input)));
    ASSERT_TRUE(agent) << agent.error().message;
    agent_ = agent->id;
  }
  void make_strict(Engine& engine) {
    const auto altered =
        engine.run(engine.agents.alter(alice, agent_, [](Agent& agent) -> core::Result<bool> {
          agent.profile.tool_permissions = permissions();
          return true;
        }));
    ASSERT_TRUE(altered) << altered.error().message;
  }
  void approve(Engine& engine, const Action& action, core::HumanAnswer answer = {}) {
    answer.approve = true;
    const auto approved = engine.run(engine.actions.resolve(alice, action.id, std::move(answer)));
    ASSERT_TRUE(approved) << approved.error().message;
    ASSERT_TRUE(engine.wait(alice, run_));
  }
  ActionRequest submission(const std::string& command) const {
    return {.agent_id = agent_,
            .tool = "shell",
            .operation = "run",
            .params = base::to_text(Json{{"cmd", command}})};
  }

 private:
  static std::map<std::string, ToolPermission> permissions() {
    return {{"hop", {.requires_approval = true}}, {"shell", {.requires_approval = true}}};
  }
};

TEST_F(AskingAgentTest, AStepElsewhereNeedsAnAnswerOfItsOwn) {
  Engine engine(path_, options(all_allowed));
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  make_agent(engine);
  const Action asked = called(engine, "hop", {{"to", {"home", "away"}}});
  ASSERT_EQ(asked.state, ActionState::pending_approval);
  approve(engine, asked);
  EXPECT_THAT(launches_->seen(), ElementsAre("home"));
  EXPECT_THAT(told(engine), HasSubstr("needs a human's approval of its own"));
  EXPECT_THAT(told(engine), HasSubstr("AGENT_REQUIRES_APPROVAL"));
}

TEST_F(AskingAgentTest, AStandingPermissionAnswersForTheStepThatItCovers) {
  Engine engine(path_, options(all_allowed));
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  make_agent(engine);
  const Action first = called(engine, "hop", {{"to", {"market"}}});
  approve(engine, first, {.remember = Remember::always});
  const Action second = called(engine, "hop", {{"to", {"home", "market", "away"}}});
  ASSERT_EQ(second.state, ActionState::pending_approval) << "another call";
  approve(engine, second);
  EXPECT_THAT(launches_->seen(), ElementsAre("market", "home", "market"));
  EXPECT_THAT(told(engine), HasSubstr("AGENT_REQUIRES_APPROVAL"));
}

TEST_F(AskingAgentTest, AnApprovalThatARestartCameBetweenCoversNoOtherStep) {
  std::optional<Action> asked;
  {
    Engine engine(path_, options(all_allowed));
    make_agent(engine);
    asked = called(engine, "hop", {{"to", {"home", "away"}}});
    ASSERT_EQ(asked->state, ActionState::pending_approval);
  }
  Engine engine(path_, options(all_allowed));
  engine.model->answer_with(
      [](const ModelRequest&) { return std::vector<Act>{reply({TextPart{"done"}})}; });
  ASSERT_TRUE(engine.run(engine.actions.recover()));
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  approve(engine, *asked);
  EXPECT_THAT(launches_->seen(), ElementsAre("home"));
  EXPECT_THAT(told(engine), HasSubstr("AGENT_REQUIRES_APPROVAL"));
}

TEST_F(AskingAgentTest, EditedArgumentsAreJudgedByTheAgentToo) {
  Engine engine(path_, options("rules:\n  - match: {tool: hop, contains: away}\n"
                               "    require_approval: true\n"
                               "  - match: {tool: \"*\"}\n    allow: true\n"));
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  make_agent(engine);
  const Action asked = called(engine, "hop", {{"to", {"away"}}});
  ASSERT_EQ(asked.decision.reason_code, "POLICY_REQUIRE_APPROVAL");
  const auto approved = engine.run(
      engine.actions.resolve(alice, asked.id, {.approve = true, .params = R"({"to":["home"]})"}));
  ASSERT_TRUE(approved) << approved.error().message;
  EXPECT_EQ(approved->decision.outcome, Outcome::abstain);
  EXPECT_EQ(approved->decision.reason_code, agent_requires_approval);
  ASSERT_TRUE(engine.wait(alice, run_));
  EXPECT_THAT(launches_->seen(), ElementsAre("home"));
}

TEST_F(AskingAgentTest, WhatIsSubmittedInItsNameAsksAsWell) {
  Engine engine(path_, options(all_allowed));
  make_agent(engine);
  const auto judged = engine.run(engine.actions.judge(alice, submission("ls")));
  ASSERT_TRUE(judged);
  EXPECT_EQ(judged->decision.reason_code, agent_requires_approval);
  const auto asked = engine.run(engine.actions.submit(alice, submission("ls")));
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->state, ActionState::pending_approval);
  EXPECT_FALSE(engine.run(engine.actions.start(alice, asked->id, engine.lanes[0])));
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, asked->id, {.approve = true})));
  const auto started = engine.run(engine.actions.start(alice, asked->id, engine.lanes[0]));
  EXPECT_TRUE(started) << started.error().message;
  ActionRequest of_another = submission("ls");
  of_another.agent_id = "a client's own agent";
  EXPECT_EQ(engine.run(engine.actions.submit(alice, of_another))->state, ActionState::allowed);
}

TEST_F(AskingAgentTest, WhatWasAllowedBeforeItAskedDoesNotStart) {
  Engine engine(path_, options(all_allowed));
  make_agent(engine, false);
  const auto allowed = engine.run(engine.actions.submit(alice, submission("ls")));
  ASSERT_EQ(allowed->state, ActionState::allowed);
  make_strict(engine);
  const auto started = engine.run(engine.actions.start(alice, allowed->id, engine.lanes[0]));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, base::ErrorKind::conflict);
}

// What it demanded then is part of the record, whatever it demands now.
TEST_F(AskingAgentTest, WhatItAskedAboutIsJudgedAgainAsItWasJudged) {
  Engine engine(path_, options(all_allowed));
  make_agent(engine, false);
  const Action ran = called(engine, "hop", {{"to", {"home"}}});
  make_strict(engine);
  const Action asked = called(engine, "hop", {{"to", {"home"}}});
  for (const Action* action : {&ran, &asked}) {
    const auto again = engine.run(engine.actions.judge_again(*action));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->decision.outcome, action->decision.outcome);
    EXPECT_EQ(again->decision.reason_code, action->decision.reason_code);
  }
  EXPECT_EQ(ran.decision.outcome, Outcome::execute);
  EXPECT_EQ(asked.decision.outcome, Outcome::abstain);
}

// --- tools that are called by name --------------------------------------------------------------

// An agent whose model is shown find_tools and execute_tool alone.
NewAgent by_name(std::optional<std::vector<std::string>> tools = std::nullopt) {
  NewAgent out{.name = "by name", .tools = std::move(tools)};
  out.profile.tool_mode = ToolMode::by_name;
  out.profile.tool_permissions = {{"hop", {.requires_approval = true}}};
  return out;
}

std::vector<std::string> names_of(const std::vector<ToolDefinition>& tools) {
  std::vector<std::string> out;
  for (const ToolDefinition& tool : tools) out.push_back(tool.name);
  return out;
}

// The action, the record of it and what clients hear are of the tool itself.
TEST_F(GatedCallsTest, AToolThatIsCalledByNameIsJudgedAsItself) {
  Engine engine(path_, options("rules:\n  - match: {tool: launch}\n    allow: true\n"
                               "  - match: {tool: hop}\n    allow: true\n"));
  agent_ = engine.run(engine.agents.create(alice, by_name()))->id;
  const Action action =
      called(engine, "execute_tool", {{"tool", "launch"}, {"params", {{"target", "moon"}}}});
  EXPECT_EQ(action.request.tool, "launch");
  EXPECT_EQ(action.request.params, R"({"target":"moon"})");
  EXPECT_EQ(action.state, ActionState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  const auto requests = engine.model->requests();
  EXPECT_THAT(names_of(requests.back().tools), ElementsAre("execute_tool", "find_tools"));
  const auto& result = std::get<ToolResultPart>(requests.back().messages.back().parts.back());
  EXPECT_EQ(result.tool, "execute_tool") << "the model hears of the tool that it called";
  for (const Event& event : engine.events(run_.thread_id)) {
    if (const auto* requested = std::get_if<ToolCallRequested>(&event.body)) {
      EXPECT_EQ(requested->tool, "launch");
      EXPECT_EQ(requested->arguments, (Json{{"target", "moon"}}));
    }
  }
  const Action asked =
      called(engine, "execute_tool", {{"tool", "hop"}, {"params", {{"to", {"home"}}}}});
  EXPECT_EQ(asked.state, ActionState::pending_approval) << "the agent's own permissions count";
  EXPECT_EQ(asked.request.tool, "hop");
}

TEST_F(GatedCallsTest, ByNameNothingIsCalledThatTheAgentDoesNotHave) {
  Engine engine(path_, options("rules:\n  - match: {tool: \"*\"}\n    allow: true\n"));
  agent_ = engine.run(engine.agents.create(alice, by_name(std::vector<std::string>{"read"})))->id;
  const Action action =
      called(engine, "execute_tool", {{"tool", "launch"}, {"params", {{"target", "moon"}}}});
  EXPECT_EQ(action.state, ActionState::denied);
  EXPECT_EQ(action.decision.reason_code, "TOOL_NOT_OFFERED");
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

// Nothing runs, so nothing is decided on.
TEST_F(GatedCallsTest, ToolsAreFoundWithoutAsking) {
  Engine engine(path_, options());
  agent_ = engine.run(engine.agents.create(alice, by_name()))->id;
  const auto ask = [&](const std::string& tool, Json arguments) {
    engine.model->script({tool_call("call_1", tool, std::move(arguments))});
    engine.model->script({reply({TextPart{"done"}})});
    const Thread thread = *engine.run(engine.threads.create(alice, {.agent_id = agent_}));
    run_ = *engine.start(alice, thread.id, "go");
    EXPECT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
    return std::get<ToolResultPart>(engine.model->requests().back().messages.back().parts.back());
  };
  const ToolResultPart found = ask("find_tools", {{"query", "hops"}});
  EXPECT_FALSE(found.is_error);
  EXPECT_EQ(Json::parse(found.content).at("results").at(0).at("name"), "hop");
  EXPECT_TRUE(ask("find_tools", Json::object()).is_error);
  EXPECT_THAT(ask("execute_tool", {{"params", Json::object()}}).content, HasSubstr("find_tools"));
  EXPECT_THAT(*engine.run(engine.actions.list(alice, {.limit = 10})), IsEmpty());
}

// The server ends while a human is asked; the next one gives the model its own call's result.
TEST_F(GatedCallsTest, ACallByNameOutlivesARestart) {
  Action open{.scope = Scope::main()};
  {
    Engine engine(path_, options());
    agent_ = engine.run(engine.agents.create(alice, by_name()))->id;
    open = called(engine, "execute_tool", {{"tool", "hop"}, {"params", {{"to", {"home"}}}}});
    ASSERT_EQ(open.state, ActionState::pending_approval);
  }
  Engine engine(path_, options());
  engine.model->script({reply({TextPart{"done"}})});
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open.id, {.approve = true})));
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("home"));
  const auto requests = engine.model->requests();
  EXPECT_EQ(std::get<ToolResultPart>(requests.back().messages.back().parts.back()).tool,
            "execute_tool");
}

// A false alarm would hide a true one.
TEST_F(GatedCallsTest, WhatRanIsJudgedAgainAsItWasJudged) {
  Engine engine(path_, options(R"(rules:
  - match: {tool: launch, contains: asks}
    require_approval: true
  - match: {tool: "*"}
    allow: true
)"));
  const std::string large(150'000, 'x');
  const std::vector<std::pair<const char*, Json>> calls = {{"launch", {{"target", "hello\n"}}},
                                                           {"launch", {{"target", "  indented"}}},
                                                           {"launch", {{"target", large}}},
                                                           {"launch", {{"target", ""}}},
                                                           {"launch", {{"target", "asks\n"}}},
                                                           {"launch", {{"other", 1}}},
                                                           {"question", {{"question", "which?\n"}}},
                                                           {"read", {{"path", "./public/key"}}},
                                                           {"read", {{"path", "../up"}}}};
  for (const auto& [tool, arguments] : calls) {
    const Action action = called(engine, tool, arguments);
    const auto again = engine.run(engine.actions.judge_again(action));
    const std::string shown = base::to_text(arguments).substr(0, 40);
    ASSERT_TRUE(again) << shown << again.error().message;
    EXPECT_EQ(again->decision.outcome, action.decision.outcome) << shown;
    EXPECT_EQ(again->decision.reason_code, action.decision.reason_code) << shown;
    EXPECT_EQ(again->decision.request_hash, action.decision.request_hash) << shown;
    EXPECT_EQ(again->decision.provenance_id, action.decision.provenance_id) << shown;
  }
}

}  // namespace
}  // namespace colonnade::tests
