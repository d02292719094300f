// Tools and skills (tandem §2.1, §2.14): lists, and a user's own call of one tool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "../engine/launch_tool.hpp"
#include "tandem_server.hpp"
#include "tools/builtin/apply_patch.hpp"
#include "tools/builtin/read.hpp"
#include "tools/builtin/write.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

// Says what it was asked to run, as the shell does.
class EchoShell final : public tools::Tool {
 public:
  EchoShell() {
    definition_.name = "shell";
    definition_.description = "Runs a command.";
    definition_.input_schema = {{"type", "object"},
                                {"properties", {{"command", {{"type", "string"}}}}},
                                {"required", {"command"}},
                                {"additionalProperties", false}};
  }
  const core::ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::changes; }
  base::Task<core::ToolOutcome> run(tools::ToolContext, Json arguments, std::stop_token) override {
    const auto command = arguments.at("command").get<std::string>();
    if (command == "false") {
      co_return core::ToolOutcome{.content = "exit code: 1\n", .is_error = true};
    }
    co_return core::ToolOutcome{.content = "exit code: 0\n" + command};
  }

 private:
  core::ToolDefinition definition_;
};

class TandemTools : public ::testing::Test {
 protected:
  TandemTools() {
    std::filesystem::create_directories(workspace_);
    std::ofstream(workspace_ + "/README.md") << "# Project";
  }
  ~TandemTools() override { workers_.end(); }

  TandemServerOptions options() {
    TandemServerOptions out;
    out.engine.workspace = workspace_;
    out.engine.extra_tools.push_back(tools::read_tool(workers_));
    out.engine.extra_tools.push_back(tools::write_tool(workers_));
    out.engine.extra_tools.push_back(tools::apply_patch_tool(workers_));
    out.engine.extra_tools.push_back(std::make_unique<EchoShell>());
    out.engine.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    return out;
  }
  Answer execute(Json body, const std::string& query = "") {
    return server_->post("/tool/execute" + query, body);
  }
  void reply(const std::string& id, bool approve) {
    const core::Principal admin(core::Scope::main(), "admin", core::UserRole::operator_role);
    const auto answered =
        server_->engine.run(server_->engine.actions.resolve(admin, id, {.approve = approve}));
    ASSERT_TRUE(answered) << answered.error().message;
  }
  std::string open_question() {
    const core::Principal admin(core::Scope::main(), "admin", core::UserRole::operator_role);
    for (;;) {
      const auto open = server_->engine.run(
          server_->engine.actions.list(admin, {.state = core::ActionState::pending_approval}));
      if (open && !open->empty()) return open->front().id;
      std::this_thread::yield();
    }
  }
  void skill(const std::string& path, const std::string& text) {
    const std::filesystem::path file(folder_.file("colonnade.db.skills/" + path + "/SKILL.md"));
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  TemporaryFolder folder_;
  std::string workspace_ = folder_.file("workspace");
  base::Workers workers_{1};
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  std::unique_ptr<TandemServer> server_ =
      std::make_unique<TandemServer>(folder_.file("colonnade.db"), options());
};

TEST_F(TandemTools, AreListedUnderTheEnginesNames) {
  for (const char* prefix : {"", "/api"}) {
    const Answer ids = server_->get(prefix + std::string("/tool/ids"));
    ASSERT_EQ(ids.status, 200);
    const auto names = ids.json().get<std::vector<std::string>>();
    EXPECT_THAT(names, IsSupersetOf({"bash", "read", "write", "calculator", "launch"}));
    EXPECT_THAT(names, ::testing::Not(::testing::Contains("shell"))) << "each tool once";
    EXPECT_TRUE(std::ranges::is_sorted(names));
    const Answer tools = server_->get(prefix + std::string("/tool"));
    ASSERT_EQ(tools.status, 200);
    std::vector<std::string> listed;
    for (const Json& tool : tools.json()) {
      listed.push_back(tool.at("name").get<std::string>());
      EXPECT_TRUE(tool.at("description").is_string());
      EXPECT_EQ(tool.at("input_schema").at("type"), "object");
    }
    EXPECT_EQ(listed, names);
  }
}

TEST_F(TandemTools, WhatIsAllowedRunsAtOnce) {
  const Answer answer = execute({{"tool", "read"}, {"args", {{"path", "README.md"}}}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.json().at("output").get<std::string>(), HasSubstr("# Project"));
  EXPECT_EQ(answer.json().at("metadata").at("isError"), false);
  EXPECT_EQ(server_->post("/api/tool/execute", {{"tool", "clock"}}).status, 200);
}

TEST_F(TandemTools, ACallThatAsksNamesItsApprovalAndRunsOnceAfterIt) {
  const Json call = {{"tool", "bash"}, {"args", {{"command", "ls"}}}};
  const Answer waiting = execute(call);
  ASSERT_EQ(waiting.status, 409);
  const Json body = waiting.json();
  EXPECT_EQ(body.at("code"), "APPROVAL_PENDING");
  EXPECT_EQ(body.at("tool"), "bash");
  EXPECT_EQ(body.at("status"), "pending");
  const auto id = body.at("requestID").get<std::string>();
  EXPECT_THAT(body.at("error").get<std::string>(), HasSubstr(id));
  EXPECT_EQ(execute({{"tool", "shell"}, {"args", {{"command", "ls"}}}}).json().at("requestID"), id)
      << "the same call under our name";
  reply(id, true);
  const Answer done = execute(call);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.json().at("output"), "exit code: 0\nls");
  EXPECT_EQ(execute(call).status, 409) << "an approval is for one call";
}

TEST_F(TandemTools, WhoWaitsGetsTheResultAfterTheAnswer) {
  for (const bool approve : {true, false}) {
    auto answer = std::async(std::launch::async, [&] {
      return approve
                 ? execute(
                       {{"tool", "launch"}, {"args", {{"target", "moon"}}}, {"wait_ms", 60'000}})
                 : execute({{"tool", "launch"}, {"args", {{"target", "moon"}}}}, "?wait_ms=60000");
    });
    reply(open_question(), approve);
    const Answer done = answer.get();
    EXPECT_EQ(done.status, approve ? 200 : 403) << done.body;
    if (approve) EXPECT_EQ(done.json().at("output"), "launched moon");
    if (!approve) EXPECT_EQ(done.json().at("error"), "Denied by human");
  }
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(TandemTools, AToolThatFailsIs500AndAnExitCodeIsNot) {
  const Answer missing = execute({{"tool", "read"}, {"args", {{"path", "none"}}}});
  EXPECT_EQ(missing.status, 500);
  EXPECT_EQ(missing.json().at("code"), "TOOL_FAILED");
  EXPECT_THAT(missing.json().at("error").get<std::string>(), HasSubstr("'none' does not exist"));
  const Json call = {{"tool", "bash"}, {"args", {{"command", "false"}}}};
  reply(execute(call).json().at("requestID"), true);
  const Answer exited = execute(call);
  EXPECT_EQ(exited.status, 200);
  EXPECT_EQ(exited.json().at("output"), "exit code: 1\n");
  EXPECT_EQ(exited.json().at("metadata").at("isError"), true);
}

TEST_F(TandemTools, BadCallsSayWhatIsWrong) {
  struct Case {
    std::string body;
    int status;
    std::string code;
    std::string says;
  };
  const Case cases[] = {
      {R"({"tool":"teleport"})", 404, "TOOL_NOT_FOUND", "teleport"},
      {R"({"args":{}})", 422, "INVALID_REQUEST", "tool is missing"},
      {R"({"tool":""})", 422, "INVALID_REQUEST", "tool is missing"},
      {R"({"tool":3})", 422, "INVALID_REQUEST", "tool"},
      {R"({"tool":"read","args":[]})", 422, "INVALID_REQUEST", "args must be an object"},
      {R"({"tool":"read","args":{}})", 400, "INVALID_ARGUMENTS", "path"},
      {R"({"tool":"read","args":{"path":"a","x":1}})", 400, "INVALID_ARGUMENTS", "'x' is unknown"},
      {R"({"tool":"read","wait_ms":-1})", 422, "INVALID_REQUEST", "wait_ms"},
      {R"({"tool":"read","sessionID":"none"})", 404, "SESSION_NOT_FOUND", "no such session"},
      {"{", 400, "INVALID_REQUEST", ""},
      {"[]", 400, "INVALID_REQUEST", ""},
  };
  for (const Case& one : cases) {
    const Answer answer = server_->ask("POST", "/tool/execute", one.body);
    EXPECT_EQ(answer.status, one.status) << one.body << answer.body;
    EXPECT_EQ(answer.json().at("code"), one.code) << one.body;
    EXPECT_THAT(answer.json().at("error").get<std::string>(), HasSubstr(one.says)) << one.body;
  }
}

// What a patch adds, updates, moves and deletes is judged as what `edit` and `write` reach.
TEST_F(TandemTools, EveryPathOfAPatchIsJudged) {
  for (const char* file : {"notes/a", "secret/key", "other/a"}) {
    std::filesystem::create_directories(
        std::filesystem::path(workspace_ + "/" + file).parent_path());
    std::ofstream(workspace_ + "/" + file) << "one\n";
  }
  const auto of = [](const std::string& section) {
    return "*** Begin Patch\n*** Update File: notes/a\n@@\n-one\n+one\n" + section +
           "*** End Patch\n";
  };
  const std::string denied[] = {
      "*** Add File: secret/new\n+x\n",
      "*** Update File: secret/key\n@@\n-one\n+two\n",
      "*** Delete File: secret/key\n",
      "*** Update File: secret/key\n*** Move to: notes/key\n@@\n-one\n+one\n",
      "*** Update File: other/a\n*** Move to: secret/a\n@@\n-one\n+one\n",
      "*** Add File: other/../secret/new\n+x\n",
  };
  const auto patch = [&](const std::string& session, const std::string& section) {
    return execute(
        {{"tool", "apply_patch"}, {"args", {{"patchText", of(section)}}}, {"sessionID", session}});
  };
  const auto untouched = [&] {
    return std::filesystem::exists(workspace_ + "/secret/key") &&
           !std::filesystem::exists(workspace_ + "/secret/new") &&
           !std::filesystem::exists(workspace_ + "/secret/a");
  };
  const Json rules = {{{"permission", "apply_patch"}, {"pattern", "notes/*"}, {"action", "allow"}},
                      {{"permission", "apply_patch"}, {"pattern", "secret/*"}, {"action", "deny"}}};
  const std::string ruled = server_->post("/session", {{"permission", rules}}).json().at("id");
  for (const std::string& section : denied) {
    const Answer answer = patch(ruled, section);
    EXPECT_EQ(answer.status, 403) << section << answer.body;
    EXPECT_EQ(answer.json().at("code"), "THREAD_RULE_DENIES") << section;
  }
  EXPECT_EQ(patch(ruled, "").status, 200) << "all of it is allowed";
  EXPECT_EQ(patch(ruled, "*** Add File: other/new\n+x\n").status, 409) << "half of it is";
  EXPECT_TRUE(untouched());

  server_.reset();
  TandemServerOptions with_policy = options();
  with_policy.engine.policy_file = folder_.file("policy.yaml");
  std::ofstream(with_policy.engine.policy_file)
      << "rules:\n"
         "  - match: {tool: apply_patch, path_starts_with: secret/}\n    deny: true\n"
         "    description: no secrets\n"
         "  - match: {tool: apply_patch, path_starts_with: notes/}\n    allow: true\n"
         "    description: notes\n";
  server_ = std::make_unique<TandemServer>(folder_.file("policy.db"), std::move(with_policy));
  const std::string session = server_->post("/session").json().at("id");
  for (const std::string& section : denied) {
    const Answer answer = patch(session, section);
    EXPECT_EQ(answer.status, 403) << section << answer.body;
  }
  EXPECT_EQ(patch(session, "").status, 200);
  EXPECT_EQ(patch(session, "*** Add File: other/new\n+x\n").json().at("code"),
            "DEFAULT_DENY_NO_MATCH");
  EXPECT_TRUE(untouched());
}

// What the engine puts among the arguments is not the tool's.
TEST_F(TandemTools, ASessionsToolsWorkInItsThread) {
  const core::Principal admin(core::Scope::main(), "admin", core::UserRole::operator_role);
  const auto agent = server_->engine.run(server_->engine.agents.create(
      admin, {.name = "reader", .tools = std::vector<std::string>{"read"}}));
  ASSERT_TRUE(agent);
  const core::Thread thread =
      *server_->engine.run(server_->engine.threads.create(admin, {.agent_id = agent->id}));
  for (const Json& call :
       {Json{{"tool", "read"}, {"args", {{"path", "README.md"}}}, {"sessionID", thread.id}},
        Json{{"tool", "read"},
             {"args",
              {{"path", "README.md"}, {"__session_id", thread.id}, {"__workspace_root", "/"}}}}}) {
    EXPECT_EQ(execute(call).status, 200) << call;
  }
  EXPECT_EQ(execute({{"tool", "clock"}, {"session_id", thread.id}}).json().at("code"),
            "TOOL_NOT_FOUND");
  EXPECT_EQ(server_->get("/tool/ids?sessionID=" + thread.id).json(), Json({"read"}));
  EXPECT_EQ(server_->get("/tool/ids?sessionID=none").status, 404);
  const Answer anothers = server_->ask(
      "POST", "/tool/execute",
      Json{{"tool", "read"}, {"args", {{"path", "README.md"}}}, {"sessionID", thread.id}}.dump(),
      {{"Authorization", "Bearer " + server_->new_token("bob")}});
  EXPECT_EQ(anothers.status, 404);
}

// A question is its user's: others neither find it nor use its approval.
TEST_F(TandemTools, AnotherUsersApprovalIsNotMine) {
  const Json call = {{"tool", "bash"}, {"args", {{"command", "ls"}}}};
  const auto id = execute(call).json().at("requestID").get<std::string>();
  reply(id, true);
  const Answer bobs = server_->ask("POST", "/tool/execute", call.dump(),
                                   {{"Authorization", "Bearer " + server_->new_token("bob")}});
  EXPECT_EQ(bobs.status, 409);
  EXPECT_NE(bobs.json().at("requestID"), id);
}

TEST_F(TandemTools, SkillsAreListedAndGiven) {
  EXPECT_EQ(server_->get("/skills").json(), Json({{"skills", Json::array()}, {"count", 0}}));
  skill("pdf", "---\nname: pdf\ndescription: Reads PDFs.\n---\nUse pdftotext.\n");
  skill("templates/report", "---\ndescription: A report.\n---\nWrite.\n");
  const Json pdf = {
      {"id", "pdf"}, {"name", "pdf"}, {"description", "Reads PDFs."}, {"location", "global"}};
  EXPECT_EQ(server_->get("/skills").json(), Json({{"skills", {pdf}}, {"count", 1}}));
  EXPECT_EQ(server_->get("/skills?location=global").json().at("count"), 1);
  EXPECT_EQ(server_->get("/skills?location=project").json().at("count"), 0);
  Json whole = pdf;
  whole["content"] = "Use pdftotext.\n";
  EXPECT_EQ(server_->get("/skills/pdf").json(), whole);
  const Answer missing = server_->get("/skills/word");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.json().at("code"), "SKILL_NOT_FOUND");
  EXPECT_EQ(server_->get("/skills/..%2Fpdf").status, 404);
  const Json templates = server_->get("/skills/templates").json();
  EXPECT_EQ(templates.at("count"), 1);
  EXPECT_EQ(templates.at("templates").at(0).at("name"), "report");
}

}  // namespace
}  // namespace colonnade::tests
