// policy check, test, explain, diff and simulate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "net/testing.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Json = nlohmann::json;

constexpr std::string_view policy =
    "rules:\n"
    "  - match: {tool: shell, contains: \"rm -rf\"}\n"
    "    deny: true\n"
    "    description: No recursive removal\n"
    "    risk: high\n"
    "  - match: {tool: shell}\n"
    "    require_approval: true\n"
    "  - match: {tool: http}\n"
    "    allow: true\n"
    "risk:\n"
    "  rules:\n"
    "    - {name: shells are risky, when: {tool: shell}, risk_level: medium}\n";

constexpr std::string_view profile =
    "id: builds\n"
    "version: '1'\n"
    "allowed_tools: [http, shell]\n";

class PolicyCommands : public testing::Test {
 protected:
  PolicyCommands() {
    folder_.write("policy.yaml", policy);
    folder_.write("profile.yaml", profile);
  }
  Process::Ended call(Arguments arguments) const {
    arguments.insert(arguments.begin(), "policy");
    return run(arguments, folder_);
  }
  Json call_json(Arguments arguments, int code = 0) const {
    arguments.push_back("--json");
    const auto ended = call(arguments);
    EXPECT_EQ(ended.code, code) << ended.err;
    return Json::parse(ended.out, nullptr, false);
  }

  const Folder folder_;
};

TEST_F(PolicyCommands, CheckSumsUpAValidFile) {
  const auto ended = call({"check", "policy.yaml"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("valid: 3 rules, 1 risk rule, version policy.yaml@"));
  EXPECT_EQ(ended.err, "");
  const Json json = call_json({"check", "policy.yaml", "--profile", "profile.yaml"});
  EXPECT_EQ(json["valid"], true);
  EXPECT_EQ(json["rules"], 3);
  EXPECT_EQ(json["hash"].get<std::string>().size(), 64U);
  EXPECT_EQ(json["profile"]["id"], "builds");
}

// As the server with this configuration names it.
TEST_F(PolicyCommands, TheVersionIsTheConfigurationsWhereItHasOne) {
  const std::string config = folder_.write("server.yaml", "policy:\n  version: v7\n");
  EXPECT_THAT(call({"check", "policy.yaml", "--config", config}).out, HasSubstr("version v7,"));
  const Json explained =
      call_json({"explain", "policy.yaml", "--tool", "http", "--config", config});
  EXPECT_EQ(explained["policy_version"], "v7");
  EXPECT_THAT(call({"check", "policy.yaml", "--config", config, "--policy-version", "v8"}).out,
              HasSubstr("version v8,"));
}

TEST_F(PolicyCommands, TestNamesTheConfigurationsVersion) {
  const std::string config = folder_.write("server.yaml", "policy:\n  version: v7\n");
  folder_.write("cases.yaml", "cases:\n  - {id: get, tool: http, expect: {outcome: permit}}\n");
  const Arguments tested{"test", "policy.yaml", "--cases", "cases.yaml"};
  const auto version_with = [&](const Arguments& more) {
    Arguments arguments = tested;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return call_json(arguments)["policy_version"].get<std::string>();
  };
  EXPECT_THAT(version_with({}), StartsWith("policy.yaml@"));
  EXPECT_EQ(version_with({"--config", config}), "v7");
  EXPECT_EQ(version_with({"--config", config, "--policy-version", "v8"}), "v8");
}

TEST_F(PolicyCommands, CheckNamesFileLineAndKey) {
  folder_.write("bad.yaml",
                "rules:\n  - match: {tool: a}\n    deny: true\n  - match: {operation: x}\n"
                "    deny: true\n");
  const auto ended = call({"check", "bad.yaml"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.err, "bad.yaml:4: rules[1].match.operation: unknown key; write op\n");
  EXPECT_EQ(ended.out, "");
  const Json json = call_json({"check", "bad.yaml"}, 1);
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["errors"][0]["file"], "bad.yaml");
  EXPECT_EQ(json["errors"][0]["line"], 4);
  EXPECT_EQ(json["errors"][0]["key"], "rules[1].match.operation");
  EXPECT_EQ(json["errors"][0]["message"], "unknown key; write op");

  folder_.write("odd.yaml",
                "rules:\n  - match: {tool: a, field: x}\n    deny: true\n    note: y\n");
  const auto odd = call({"check", "odd.yaml"});
  EXPECT_EQ(odd.code, 0);
  EXPECT_THAT(odd.err, HasSubstr("odd.yaml:4: rules[0].note: unknown key"));
  EXPECT_THAT(odd.out, HasSubstr("warning"));

  folder_.write("torn.yaml", "rules: [\n");
  EXPECT_THAT(call({"check", "torn.yaml"}).err, HasSubstr("torn.yaml:"));
  EXPECT_THAT(call({"check", "nosuch.yaml"}).err, HasSubstr("nosuch.yaml"));
  EXPECT_EQ(call({"check", "nosuch.yaml"}).code, 1);
  folder_.write("bad-profile.yaml", "id: p\n");
  const auto other = call({"check", "policy.yaml", "--profile", "bad-profile.yaml"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("bad-profile.yaml"));
}

// A rule that restricts and can never match keeps a file from counting, wherever it is read.
TEST_F(PolicyCommands, ARuleThatCannotBeEvaluatedIsRefused) {
  for (const std::string match : {"pattern: '(unclosed'", "amount_gt: abc"}) {
    folder_.write("open.yaml", "rules:\n  - match: {tool: a, " + match +
                                   "}\n    deny: true\n  - match: {tool: '*'}\n    allow: true\n");
    const auto checked = call({"check", "open.yaml"});
    EXPECT_EQ(checked.code, 1);
    EXPECT_THAT(checked.err, StartsWith("open.yaml:2: rules[0].match."));
    EXPECT_THAT(checked.err, HasSubstr("restrict nothing"));
    EXPECT_EQ(call({"explain", "open.yaml", "--tool", "a"}).code, 2);
    const auto served =
        run({"serve", "--listen", "127.0.0.1:0", "--policy-file", "open.yaml"}, folder_);
    EXPECT_EQ(served.code, 2);
    EXPECT_THAT(served.err, HasSubstr("policy.file: open.yaml:2: rules[0].match."));
  }
}

TEST_F(PolicyCommands, AMissingFileIsSaidAndASampleNamed) {
  const std::string missing = folder_ / "nosuch.yaml";
  const auto doctor = run({"doctor", "--policy-file", missing}, folder_);
  EXPECT_EQ(doctor.code, 1);
  EXPECT_THAT(doctor.out, HasSubstr(missing + " does not exist"));
  const std::string sample_place = "share/doc/colonnade/policy.yaml";
  const auto end = doctor.out.find(sample_place);
  ASSERT_NE(end, std::string::npos) << doctor.out;
  const auto begin = doctor.out.rfind(' ', end) + 1;
  const std::string sample = doctor.out.substr(begin, end - begin) + sample_place;
  EXPECT_EQ(call({"check", sample}).code, 0);
  EXPECT_THAT(call({"explain", sample, "--tool", "http", "--operation", "get"}).out,
              StartsWith("EXECUTE"));
  EXPECT_THAT(call({"explain", sample, "--tool", "shell", "--operation", "exec"}).out,
              StartsWith("ABSTAIN"));
  EXPECT_THAT(run({"doctor"}, folder_).out, HasSubstr("built-in: what changes nothing runs"));
  folder_.write("open.yaml", "rules: [{match: {pattern: '('}, deny: true}]");
  EXPECT_THAT(run({"doctor", "--policy-file", "open.yaml"}, folder_).out,
              HasSubstr("rules[0].match.pattern"));

  ServerProcess server(folder_, {"--policy-file", missing});
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  EXPECT_EQ(server.ready()["policy_missing"], true);
  EXPECT_EQ(server.ready()["policy"], missing);
  EXPECT_EQ(server.stop().code, 0);

  Process process({"serve", "--listen", "127.0.0.1:0", "--policy-file", missing}, {},
                  folder_.path());
  std::string told;
  while (told.find("colonnade chat") == std::string::npos) {
    const auto line = process.read_line();
    ASSERT_TRUE(line) << told << process.wait().err;
    told += *line + "\n";
  }
  EXPECT_THAT(told, HasSubstr("Policy:   " + missing + " does not exist"));
  EXPECT_THAT(told, HasSubstr(sample));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().code, 0);
}

TEST_F(PolicyCommands, TestRunsCases) {
  folder_.write(
      "cases.yaml",
      "cases:\n"
      "  - {id: removal, tool: shell, args: {cmd: rm -rf /}, expect: {effect: DENY}}\n"
      "  - {id: other, tool: shell, params: {cmd: ls}, expect: {effect: defer}}\n"
      "  - {id: get, tool: http, operation: get, expect: {outcome: permit}}\n"
      "  - id: unknown\n"
      "    tool: mail\n"
      "    expect: {effect: deny, reason_code: DEFAULT_DENY_NO_MATCH, risk_level: low}\n");
  const auto passed = call({"test", "policy.yaml", "--cases", "cases.yaml"});
  EXPECT_EQ(passed.code, 0) << passed.out << passed.err;
  EXPECT_EQ(passed.out, "4 passed, 0 failed\n");

  folder_.write(
      "wrong.yaml",
      "cases:\n"
      "  - {id: get, tool: http, expect: {effect: permit}}\n"
      "  - {id: removal, tool: shell, args: {cmd: rm -rf /}, expect: {effect: permit}}\n");
  const auto failed = call({"test", "policy.yaml", "--cases", "wrong.yaml"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_EQ(failed.out,
            "failed removal (wrong.yaml:3): expected EXECUTE, got HALT POLICY_DENY by rules[0] "
            "(policy.yaml:2)\n1 passed, 1 failed\n");
  const Json json = call_json({"test", "policy.yaml", "--cases", "wrong.yaml"}, 1);
  EXPECT_EQ(json["passed"], 1);
  EXPECT_EQ(json["cases"][1]["passed"], false);
  EXPECT_EQ(json["cases"][1]["decided_by"]["line"], 2);

  const auto with_profile = [&](std::string_view tools) {
    folder_.write("narrow.yaml",
                  "id: p\nversion: '1'\nallowed_tools: [" + std::string(tools) + "]\n");
    return call({"test", "policy.yaml", "--cases", "wrong.yaml", "--profile", "narrow.yaml"}).out;
  };
  EXPECT_THAT(with_profile("shell"),
              HasSubstr("got HALT PROFILE_DISALLOWS_TOOL by allowed_tools (narrow.yaml)"));
}

// The page shows a policy and its cases; they are what it says they are.
TEST_F(PolicyCommands, TheExamplesOfThePageWork) {
  const std::string page = read_file(COLONNADE_SOURCE_DIR "/docs/howto/policies.md");
  const auto yaml = [&page](std::size_t from) {
    const std::size_t begin = page.find("```yaml\n", from) + 8;
    return std::pair(begin, page.substr(begin, page.find("```", begin) - begin));
  };
  const auto [at, shown_policy] = yaml(0);
  folder_.write("policy.yaml", shown_policy);
  folder_.write("cases.yaml", yaml(at).second);
  EXPECT_THAT(page, HasSubstr("$ colonnade policy test policy.yaml --cases cases.yaml\n" +
                              call({"test", "policy.yaml", "--cases", "cases.yaml"}).out));
  EXPECT_THAT(
      page,
      HasSubstr(
          "$ colonnade policy explain policy.yaml --tool shell --params "
          "'{\"cmd\":\"ls\"}'\n" +
          call({"explain", "policy.yaml", "--tool", "shell", "--params", R"({"cmd":"ls"})"}).out));
}

TEST_F(PolicyCommands, FilesThatCannotBeUsedExitWithTwo) {
  folder_.write("bad.yaml", "rules:\n  - match: {}\n    deny: true\n");
  folder_.write("cases.yaml", "cases:\n  - {id: a, tool: t, expect: {effect: maybe}}\n");
  const auto cases = call({"test", "policy.yaml", "--cases", "cases.yaml"});
  EXPECT_EQ(cases.code, 2);
  EXPECT_THAT(cases.err, HasSubstr("cases.yaml:2: cases[0].expect.effect: \"maybe\""));
  EXPECT_EQ(call({"test", "policy.yaml", "--cases", "nosuch.yaml"}).code, 2);
  EXPECT_THAT(call({"test", "policy.yaml", "--cases", "nosuch.yaml"}).err, HasSubstr("--cases: "));
  for (const Arguments& arguments :
       std::vector<Arguments>{{"test", "bad.yaml", "--cases", "cases.yaml"},
                              {"explain", "bad.yaml", "--tool", "t"},
                              {"diff", "policy.yaml", "bad.yaml"},
                              {"simulate", "bad.yaml", "--actions", "x"}}) {
    const auto ended = call(arguments);
    EXPECT_EQ(ended.code, 2) << arguments[0];
    EXPECT_THAT(ended.err, HasSubstr("bad.yaml:2: rules[0].match: is empty")) << arguments[0];
  }
}

TEST_F(PolicyCommands, ExplainSaysWhatDecided) {
  const auto ended =
      call({"explain", "policy.yaml", "--tool", "shell", "--params", R"({"cmd":"ls"})"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out,
            "ABSTAIN POLICY_REQUIRE_APPROVAL: Requires approval by policy rule\n"
            "risk medium\n"
            "decided by rules[1] (policy.yaml:6)\n"
            "looked at:\n"
            "  risk.rules[0] (policy.yaml:12) matches: shells are risky\n"
            "  rules[0] (policy.yaml:2) does not match: No recursive removal\n"
            "  rules[1] (policy.yaml:6) matches: Requires approval by policy rule\n");
  const Json json = call_json({"explain", "policy.yaml", "--tool", "mail", "--agent", "a",
                               "--operation", "send", "--context", R"({"env":"prod"})"});
  EXPECT_EQ(json["outcome"], "HALT");
  EXPECT_EQ(json["reason_code"], "DEFAULT_DENY_NO_MATCH");
  EXPECT_TRUE(json["decided_by"].is_null());
  EXPECT_EQ(json["request_hash"].get<std::string>().size(), 64U);
  const auto bad = call({"explain", "policy.yaml", "--tool", "t", "--params", "{cmd"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err, HasSubstr("--params"));
  const auto list = call({"explain", "policy.yaml", "--tool", "t", "--context", "[1]"});
  EXPECT_EQ(list.code, 2);
  EXPECT_THAT(list.err, HasSubstr("--context"));
  EXPECT_EQ(call({"explain", "policy.yaml", "--tool", " "}).code, 2);
}

TEST_F(PolicyCommands, DiffExitsLikeDiff) {
  folder_.write("same.yaml", "# another comment\n" + std::string(policy));
  const auto same = call({"diff", "policy.yaml", "same.yaml"});
  EXPECT_EQ(same.code, 0) << same.out;
  EXPECT_THAT(same.out, HasSubstr("the same rules\n"));

  folder_.write("new.yaml",
                "rules:\n"
                "  - match: {tool: http}\n"
                "    allow: true\n"
                "  - match: {tool: shell, contains: \"rm -rf\"}\n"
                "    require_approval: true\n"
                "    description: No recursive removal\n"
                "    risk: high\n"
                "  - match: {tool: mail}\n"
                "    deny: true\n");
  folder_.write("cases.yaml",
                "cases:\n"
                "  - {id: removal, tool: shell, args: {cmd: rm -rf /}, expect: {effect: deny}}\n"
                "  - {id: get, tool: http, expect: {effect: permit}}\n");
  const auto other = call({"diff", "policy.yaml", "new.yaml", "--cases", "cases.yaml"});
  EXPECT_EQ(other.code, 1) << other.err;
  EXPECT_THAT(other.out, HasSubstr("removed rules[1] (policy.yaml:6) require_approval shell\n"));
  EXPECT_THAT(other.out, HasSubstr("changed rules[0] (policy.yaml:2) -> rules[1] (new.yaml:4)"));
  EXPECT_THAT(other.out, HasSubstr("\n    deny: true -> nothing\n"));
  EXPECT_THAT(other.out, HasSubstr("added rules[2] (new.yaml:8) deny mail\n"));
  EXPECT_THAT(other.out, HasSubstr("case removal: HALT POLICY_DENY, risk high -> ABSTAIN "
                                   "POLICY_REQUIRE_APPROVAL, risk high by rules[1] (new.yaml:4)"));
  EXPECT_THAT(other.out, HasSubstr("1 of 2 cases decided differently\n"));
  const Json json = call_json({"diff", "policy.yaml", "new.yaml", "--cases", "cases.yaml"}, 1);
  EXPECT_EQ(json["same"], false);
  EXPECT_EQ(json["decisions"].size(), 1U);
  EXPECT_EQ(json["decisions"][0]["new"]["outcome"], "ABSTAIN");
}

// --- simulate -----------------------------------------------------------------------------------

std::string action(int number, const std::string& tool, const std::string& params,
                   const std::string& outcome) {
  return R"({"id":"action-)" + std::to_string(number) + R"(","agent_id":"a","tool":")" + tool +
         R"(","operation":"call","params":)" + params + R"(,"context":{},"status":"allowed",)" +
         R"("outcome":)" + outcome + "}";
}

// What a server kept: of three, the policy above decides two otherwise.
std::vector<std::string> three_actions() {
  return {action(1, "shell", R"({"cmd":"rm -rf /"})", R"("EXECUTE")"),
          action(2, "http", R"({"url":"u"})", R"("EXECUTE")"),
          action(3, "shell", R"({"cmd":"ls"})", R"("HALT")")};
}

void expect_two_changes(const std::string& out) {
  EXPECT_THAT(out, HasSubstr("EXECUTE -> HALT  shell call  action-1  by rules[0] (policy.yaml:2): "
                             "No recursive removal\n"));
  EXPECT_THAT(out, HasSubstr("HALT -> ABSTAIN  shell call  action-3  by rules[1] (policy.yaml:6)"));
  EXPECT_THAT(out, Not(HasSubstr("action-2")));
  EXPECT_THAT(out, HasSubstr("3 actions, 2 would be decided differently:\n"
                             "  1  EXECUTE -> HALT\n"
                             "  1  HALT -> ABSTAIN\n"));
  EXPECT_THAT(out, HasSubstr("compared as recorded"));
}

TEST_F(PolicyCommands, SimulateDecidesAFileAgain) {
  std::string lines;
  for (const std::string& one : three_actions()) lines += one + "\n";
  folder_.write("actions.jsonl", lines);
  const auto ended = call({"simulate", "policy.yaml", "--actions", "actions.jsonl"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  expect_two_changes(ended.out);

  folder_.write("odd.jsonl", lines + action(4, "http", "{}", "null") + "\n" +
                                 action(5, "", "{}", R"("HALT")") + "\n");
  const Json json = call_json({"simulate", "policy.yaml", "--actions", "odd.jsonl"});
  EXPECT_EQ(json["actions"], 4);
  EXPECT_EQ(json["changed"].size(), 2U);
  EXPECT_EQ(json["changed"][0]["old_outcome"], "EXECUTE");
  EXPECT_EQ(json["changed"][0]["decided_by"]["line"], 2);
  EXPECT_EQ(json["kinds"][0]["count"], 1);
  EXPECT_EQ(json["unknown"], 1);
  EXPECT_THAT(json["left_out"][0].get<std::string>(), HasSubstr("odd.jsonl:5: tool must not be"));
  EXPECT_EQ(
      call_json({"simulate", "policy.yaml", "--actions", "odd.jsonl", "--limit", "1"})["actions"],
      1);

  folder_.write("bad.jsonl", lines + "{\n");
  const auto bad = call({"simulate", "policy.yaml", "--actions", "bad.jsonl"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err, HasSubstr("bad.jsonl:4"));
  EXPECT_EQ(call({"simulate", "policy.yaml", "--actions", "nosuch"}).code, 2);
  EXPECT_EQ(call({"simulate", "policy.yaml", "--actions", "bad.jsonl", "--limit", "0"}).code, 2);
}

// A server with nothing but recorded actions.
class Recorded {
 public:
  explicit Recorded(std::vector<std::string> actions)
      : actions_(std::move(actions)),
        server_({{.method = net::Method::get,
                  .pattern = "/v1/actions",
                  .handler = [this](std::shared_ptr<const net::Request> request) {
                    return list(std::move(request));
                  }}}) {}
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.server.port()); }
  int requests() const { return requests_; }

 private:
  base::Task<net::Reply> list(std::shared_ptr<const net::Request> request) {
    ++requests_;
    net::Response out;
    if (request->header("Authorization") != "Bearer secret") {
      out.status = 401;
      out.body = R"({"detail":"Invalid authentication token"})";
      co_return out;
    }
    const std::size_t offset = std::stoul(request->query_parameter("offset").value_or("0"));
    const std::size_t limit = std::stoul(request->query_parameter("limit").value_or("20"));
    for (std::size_t i = offset; i < std::min(actions_.size(), offset + limit); ++i) {
      out.body += (out.body.empty() ? "" : ",") + actions_[i];
    }
    out.body = "[" + out.body + "]";
    co_return out;
  }

  std::vector<std::string> actions_;
  std::atomic<int> requests_ = 0;
  net::testing::TestServer server_;
};

TEST_F(PolicyCommands, SimulateAsksAServer) {
  const Recorded server(three_actions());
  folder_.write("token", "secret\n");
  const auto ended =
      call({"simulate", "policy.yaml", "--url", server.url(), "--token-file", folder_ / "token"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  expect_two_changes(ended.out);
  folder_.write("wrong", "another\n");
  const auto refused =
      call({"simulate", "policy.yaml", "--url", server.url(), "--token-file", folder_ / "wrong"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("does not accept the token"));
  EXPECT_THAT(refused.err, Not(HasSubstr("another")));
}

// The order of members decides what `contains` finds; a client that sorts them would hide it.
TEST_F(PolicyCommands, SimulateLooksAtParamsAsTheyWereRecorded) {
  folder_.write("ordered.yaml",
                "rules:\n"
                "  - {match: {tool: t, contains: '\"z\": 1, \"a\"'}, deny: true}\n"
                "  - {match: {tool: t, contains: '12345678901234567890123'}, deny: true}\n"
                "  - {match: {tool: t}, allow: true}\n");
  const Recorded server({action(1, "t", R"({"z":1,"a":2})", R"("EXECUTE")"),
                         action(2, "t", R"({"a":2,"z":1})", R"("EXECUTE")"),
                         action(3, "t", R"({"n":12345678901234567890123})", R"("EXECUTE")")});
  folder_.write("token", "secret\n");
  const auto ended = call({"simulate", "ordered.yaml", "--json", "--url", server.url(),
                           "--token-file", folder_ / "token"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const Json changed = Json::parse(ended.out)["changed"];
  ASSERT_EQ(changed.size(), 2U);
  EXPECT_EQ(changed[0]["id"], "action-1");
  EXPECT_EQ(changed[1]["id"], "action-3");
}

TEST_F(PolicyCommands, SimulatePagesUpToItsLimit) {
  std::vector<std::string> many;
  for (int i = 0; i < 2'500; ++i) many.push_back(action(i, "shell", "{}", R"("EXECUTE")"));
  const Recorded server(many);
  folder_.write("token", "secret\n");
  const auto simulate = [&](const std::string& limit) {
    const auto ended = call({"simulate", "policy.yaml", "--json", "--url", server.url(),
                             "--token-file", folder_ / "token", "--limit", limit});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return Json::parse(ended.out);
  };
  EXPECT_EQ(simulate("100000")["actions"], 2'500);
  EXPECT_EQ(server.requests(), 3);
  EXPECT_EQ(simulate("1500")["actions"], 1'500);
  EXPECT_EQ(server.requests(), 5);
}

TEST_F(PolicyCommands, AServerWithoutActionsIsExplained) {
  const net::testing::TestServer server({});
  const auto ended = call({"simulate", "policy.yaml", "--url",
                           "http://127.0.0.1:" + std::to_string(server.server.port())});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("name a file of them with --actions"));
  const auto nobody = call({"simulate", "policy.yaml", "--url", "http://127.0.0.1:9"});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("no server answers at http://127.0.0.1:9"));
}

}  // namespace
}  // namespace colonnade::e2e
