#include "core/governance/shell_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace colonnade::core {
namespace {

using ::testing::ElementsAre;

std::string params_of(const std::string& command) {
  return base::to_text(base::Json{{"command", command}});
}

bool covers(const std::string& command) {
  return pattern_covers(R"({"command":"git *)", params_of(command));
}

TEST(ShellCommand, SimpleCommandsComeAsTheyAreWritten) {
  EXPECT_THAT(*simple_commands("  git  status "), ElementsAre("git  status"));
  EXPECT_THAT(*simple_commands("a 'x;y' && b \"&& z\" || c \\; | d;\n\ne"),
              ElementsAre("a 'x;y'", "b \"&& z\"", "c \\;", "d", "e"));
  EXPECT_THAT(*simple_commands("a &&\n b"), ElementsAre("a", "b"));
  EXPECT_THAT(*simple_commands("git add *.cpp a#b {x,y} k=v ~/f"),
              ElementsAre("git add *.cpp a#b {x,y} k=v ~/f"));
}

TEST(ShellCommand, WhatIsInDoubtIsNothing) {
  for (const char* text : {"",          " ",      ";",          "a;;b",    "a &",
                           "a & b",     "a |& b", "a &&",       "a |",     "&& a",
                           "a && && b", "a > f",  "a < f",      "a <<E",   "a 2>&1",
                           "$(a)",      "a $(b)", "a `b`",      "a $X",    "a \"$X\"",
                           "a \"`b`\"", "(a)",    "a() { b; }", "{ a; }",  "if a; then b; fi",
                           "! a",       "X=1 a",  "X=1",        "a # b",   "# a",
                           "a 'b",      "a \"b",  "a \\",       "a \\\nb", "*a b",
                           "~/a",       "a\rb",   "time a",     "[[ a ]]", "a $'b'"}) {
    EXPECT_FALSE(simple_commands(text)) << text;
  }
  EXPECT_FALSE(simple_commands(std::string("a\0b", 3)));
  std::string many = "a";
  for (int i = 0; i < 64; ++i) many += ";a";
  EXPECT_FALSE(simple_commands(many));
}

// `git *` was remembered: it is about git and nothing else.
TEST(ShellCommand, APatternCoversEachCommandOrNone) {
  for (const char* one :
       {"git status", "git log | git shortlog", "git add a && git commit -m 'b; c'",
        "git status;git diff", "git diff\ngit log"}) {
    EXPECT_TRUE(covers(one)) << one;
  }
  for (const char* one :
       {"git status; echo pwned", "git status && echo pwned", "git log | sh -c 'echo pwned'",
        "git log $(echo pwned)", "git log `echo pwned`", "git log\necho pwned",
        "git log & echo pwned", "git log > pwned", "git log <(echo pwned)", "echo git status",
        "GIT_PAGER=pwned git log", "git log || echo pwned", "git log \"$(echo pwned)\""}) {
    EXPECT_FALSE(covers(one)) << one;
  }
}

TEST(ShellCommand, ExactArgumentsAreCoveredWhateverTheyAre) {
  const std::string params = params_of("git log > a; b $(c) & d");
  EXPECT_TRUE(pattern_covers(params, params));
  EXPECT_TRUE(pattern_covers("*", params));
  EXPECT_FALSE(pattern_covers(R"({"command":*})", params)) << "a wildcard is about simple commands";
}

TEST(ShellCommand, OtherToolsAreMatchedByTheirText) {
  EXPECT_TRUE(pattern_covers(R"({"path":"notes/*)", R"({"path":"notes/a;b"})"));
  EXPECT_FALSE(pattern_covers(R"({"path":"notes/*)", R"({"path":"other"})"));
  EXPECT_FALSE(pattern_covers(R"({"cmd":"ls*)", R"({"cmd":"ls; id"})"))
      << "any tool with a command";
  EXPECT_FALSE(pattern_covers("{*ls*", R"({"cmd":"ls","command":"ls"})"));
  EXPECT_TRUE(pattern_covers(R"({"argv":["ls",*)", R"({"argv":["ls","; id"]})"));
}

// --- what is remembered for a directory
// -----------------------------------------------------------

bool remembered(const std::string& allowed, const std::string& asked) {
  return remembered_covers(remembered_params(allowed), asked);
}

TEST(ShellCommand, ARememberedCommandCoversItsSimpleCommandsAlone) {
  const std::string allowed = params_of("npm test && git status");
  for (const char* one :
       {"npm test", "git status", "git status; npm test", "npm test | npm test"}) {
    EXPECT_TRUE(remembered(allowed, params_of(one))) << one;
  }
  for (const char* one :
       {"npm", "npm test x", "npm test; rm -rf .", "npm test > out", "npm test $(id)",
        "npm test & git status", "'npm' test", "npm  test", ""}) {
    EXPECT_FALSE(remembered(allowed, params_of(one))) << one;
  }
}

TEST(ShellCommand, ALineThatCannotBeTakenApartIsRememberedWhole) {
  const std::string allowed = params_of("make > log");
  EXPECT_TRUE(remembered(allowed, params_of("make > log")));
  EXPECT_FALSE(remembered(allowed, params_of("make")));
  EXPECT_FALSE(remembered(allowed, params_of("make > log; id")));
  EXPECT_FALSE(remembered(params_of("rm * $X"), params_of("rm a $X"))) << "no wildcards";
}

TEST(ShellCommand, WhatElseTheParamsSayHasToBeTheSame) {
  const std::string allowed = R"({"command":"ls","cwd":"/tmp","timeout_seconds":5})";
  EXPECT_TRUE(remembered(allowed, R"({"command":"ls","cwd":"/tmp","timeout_seconds":60})"));
  EXPECT_TRUE(remembered(allowed, R"({"cwd":"/tmp","command":"ls"})"));
  EXPECT_FALSE(remembered(allowed, R"({"command":"ls","cwd":"/etc"})"));
  EXPECT_FALSE(remembered(allowed, R"({"command":"ls"})"));
  EXPECT_FALSE(remembered(allowed, R"({"command":"ls","cwd":"/tmp","cmd":"id"})"));
}

TEST(ShellCommand, OfOtherToolsAnyArgumentsAreRemembered) {
  EXPECT_TRUE(remembered(R"({"path":"a","content":"x"})", R"({"path":"b","content":"y"})"));
  EXPECT_FALSE(remembered(R"({"command":["ls"]})", R"({"command":["id"]})"))
      << "a command that is no text";
  EXPECT_FALSE(remembered(R"({"command":"a","cmd":"b"})", R"({"command":"c"})"));
  EXPECT_TRUE(remembered(R"({"command":"a","cmd":"b"})", R"({"command":"a","cmd":"b"})"));
}

}  // namespace
}  // namespace colonnade::core
