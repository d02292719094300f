#include "core/governance/permission_rules.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::core {
namespace {

using enum RuleAction;
using base::Json;

using Rules = std::vector<PermissionRule>;

const RuledCall shell{.tool = "shell", .aliases = {"bash"}};
const RuledCall reader{.tool = "read", .directory = "/srv/app"};

// "allow", "ask", "deny" or "none".
std::string said(const Rules& rules, const RuledCall& call, const Json& arguments) {
  const auto action = rule_for(rules, call, arguments);
  return action ? std::string(to_string(*action)) : "none";
}
std::string said_of(const Rules& rules, const std::string& command) {
  return said(rules, shell, {{"command", command}, {"timeout_seconds", 5}});
}
std::string said_of_path(const Rules& rules, const std::string& path) {
  return said(rules, reader, {{"path", path}});
}

TEST(PermissionRules, AStarIsTheOnlyWildcard) {
  const std::tuple<std::string, std::string, bool> rows[] = {
      {"*", "", true},
      {"*", "anything\nat all", true},
      {"git *", "git status", true},
      {"git *", "git", false},
      {"*.cpp", "a/b.cpp", true},
      {"a*b*c", "axxbyyc", true},
      {"a*b*c", "axxc", false},
      {"a?c", "abc", false},
      {"a?c", "a?c", true},
      {"a\\*", "a\\b", true},
      {"a\\*", "a*", false},
      {"", "", true},
      {"", "x", false},
      {"**", "x", true},
      {"A", "a", false},
  };
  for (const auto& [pattern, text, fits] : rows) {
    EXPECT_EQ(wildcard_fits(pattern, text), fits) << pattern << " on " << text;
  }
}

// All of a call's paths must be allowed, and one that is denied denies it.
TEST(PermissionRules, OfACallThatReachesSeveralFilesEachIsLookedAt) {
  const RuledCall patch{.tool = "apply_patch", .directory = "/srv/app"};
  const Rules rules = {{"apply_patch", "notes/*", allow},
                       {"apply_patch", "*.lock", ask},
                       {"apply_patch", "secret/*", deny},
                       {"apply_patch", "/srv/app/keys/*", deny}};
  const auto said_of_paths = [&](std::vector<std::string> paths) {
    return said(rules, patch, {{"patchText", "notes/a"}, {"paths", std::move(paths)}});
  };
  EXPECT_EQ(said_of_paths({"notes/a", "notes/b"}), "allow");
  EXPECT_EQ(said_of_paths({"notes/a", "other"}), "none") << "nothing is said of the other";
  EXPECT_EQ(said_of_paths({"notes/a", "notes/b.lock", "other"}), "ask");
  EXPECT_EQ(said_of_paths({"notes/a", "notes/b.lock", "secret/k"}), "deny");
  EXPECT_EQ(said_of_paths({"keys/k", "notes/a"}), "deny") << "by its whole path";
}

TEST(PermissionRules, AToolIsNamedByAnyOfItsNames) {
  const std::vector<std::string> aliases{"mcp.My-Server.send_mail", "bash"};
  for (const char* pattern : {"my_server__send_mail", "MY-SERVER--SEND-MAIL", "mcp.my_server.*",
                              "mcp.my-server.send-mail", "Bash", "*", "b*"}) {
    EXPECT_TRUE(names_tool(pattern, "My-Server__send_mail", aliases)) << pattern;
  }
  for (const char* pattern : {"mcp.other.*", "bas", "", "read"}) {
    EXPECT_FALSE(names_tool(pattern, "My-Server__send_mail", aliases)) << pattern;
  }
}

TEST(PermissionRules, TheLastRuleThatFitsCounts) {
  EXPECT_EQ(said_of({}, "ls"), "none");
  EXPECT_EQ(said_of({{"read", "*", allow}}, "ls"), "none");
  EXPECT_EQ(said_of({{"bash", "*", allow}}, "ls"), "allow");
  EXPECT_EQ(said_of({{"*", "*", deny}, {"bash", "*", allow}}, "ls"), "allow");
  EXPECT_EQ(said_of({{"bash", "*", allow}, {"*", "*", deny}}, "ls"), "deny");
  EXPECT_EQ(said_of({{"bash", "*", allow}, {"bash", "rm *", ask}}, "ls"), "allow");
  EXPECT_EQ(said_of({{"bash", "*", allow}, {"bash", "rm *", ask}}, "rm x"), "ask");
  EXPECT_EQ(said_of({{"bash", "rm *", ask}, {"bash", "*", allow}}, "rm x"), "allow");
}

TEST(PermissionRules, TheToolsOwnNameAsPatternIsEveryCallOfIt) {
  EXPECT_EQ(said_of({{"bash", "bash", allow}}, "ls"), "allow");
  EXPECT_EQ(said_of({{"shell", "bash", deny}}, "ls"), "deny");
  EXPECT_EQ(said_of_path({{"read", "read", deny}}, "a"), "deny");
}

TEST(PermissionRules, EachCommandOfAShellIsLookedAtAndTheStrictestWordCounts) {
  const Rules rules{{"bash", "git *", allow}, {"bash", "git push*", deny}, {"bash", "cat *", ask}};
  const std::pair<const char*, const char*> rows[] = {
      {"git status", "allow"},       {"git status && git diff", "allow"},
      {"git status; ls", "none"},    {"ls", "none"},
      {"git status | cat a", "ask"}, {"git status && git push origin", "deny"},
      {"cat a; git push", "deny"},   {"ls; git push", "deny"},
  };
  for (const auto& [command, action] : rows) EXPECT_EQ(said_of(rules, command), action) << command;
}

TEST(PermissionRules, ALineThatCannotBeTakenApartIsNotAllowedByAPattern) {
  EXPECT_EQ(said_of({{"bash", "git *", allow}}, "git log $(rm -rf x)"), "none");
  EXPECT_EQ(said_of({{"bash", "git *", allow}}, "git log > out"), "none");
  EXPECT_EQ(said_of({{"bash", "git log > out", allow}}, "git log > out"), "allow") << "that text";
  EXPECT_EQ(said_of({{"bash", "*", allow}}, "git log > out"), "allow") << "every call";
  EXPECT_EQ(said_of({{"bash", "*", allow}, {"bash", "rm *", deny}}, "rm -rf $HOME"), "deny");
  EXPECT_EQ(said_of({{"bash", "*", allow}, {"bash", "rm *", deny}}, "x=$(rm -rf y)"), "ask")
      << "nobody can say that it does not";
  EXPECT_EQ(said_of({{"bash", "rm *", deny}, {"bash", "*", allow}}, "x=$(rm -rf y)"), "allow");
  EXPECT_EQ(said({{"bash", "*", allow}, {"bash", "rm *", deny}}, shell,
                 {{"command", "ls"}, {"cmd", "rm x"}}),
            "ask")
      << "which of the two runs is the tool's secret";
}

TEST(PermissionRules, AFileToolIsAboutItsPath) {
  const Rules rules{{"read", "*", allow}, {"*", "secrets/*", deny}, {"*", "/srv/app/keys/*", ask}};
  EXPECT_EQ(said_of_path(rules, "src/a.cpp"), "allow");
  EXPECT_EQ(said_of_path(rules, "secrets/a"), "deny");
  EXPECT_EQ(said_of_path(rules, "keys/a"), "ask") << "also by its absolute name";
  EXPECT_EQ(said_of_path({{"read", "src/*", allow}}, "src/a/b"), "allow");
  EXPECT_EQ(said_of_path({{"read", "src/*", allow}}, "srcs"), "none");
}

TEST(PermissionRules, AFolderCountsAsWhatIsInIt) {
  const Rules rules{{"read", "*", allow}, {"*", "secrets/*", deny}};
  EXPECT_EQ(said_of_path(rules, "secrets/"), "deny");
  EXPECT_EQ(said_of_path(rules, "secrets/inner/"), "deny");
  EXPECT_EQ(said_of_path(rules, "."), "ask") << "they lie in it";
  EXPECT_EQ(said_of_path(rules, "src/"), "allow");
  EXPECT_EQ(said_of_path({{"read", "src/*", allow}}, "src/"), "allow");
  EXPECT_EQ(said_of_path({{"read", "src/*", allow}}, "src/inner/"), "allow");
  EXPECT_EQ(said_of_path({{"read", "src/*.cpp", allow}}, "src/"), "none");
  EXPECT_EQ(said_of_path({{"read", "src/*", allow}}, "."), "none");
}

TEST(PermissionRules, OtherToolsAreAboutTheirUrlOrTheirArguments) {
  const RuledCall fetch{.tool = "fetch", .aliases = {"webfetch"}};
  const Rules rules{{"webfetch", "https://example.org/*", allow}};
  EXPECT_EQ(said(rules, fetch, {{"url", "https://example.org/a"}}), "allow");
  EXPECT_EQ(said(rules, fetch, {{"url", "https://example.org.evil/a"}}), "none");
  EXPECT_EQ(said({{"x", "{\"to\":\"ann\"*", allow}}, {.tool = "x"}, {{"to", "ann"}}), "allow");
  EXPECT_EQ(said({{"x", "{\"to\":\"ann\"*", allow}}, {.tool = "x"}, {{"to", "bob"}}), "none");
}

}  // namespace
}  // namespace colonnade::core
