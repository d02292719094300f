// The command line itself: help, mistakes, exit codes, configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

// Asks the program for its commands, so that none is forgotten; returns how many there are.
std::size_t expect_examples(const Arguments& command, const Folder& folder) {
  Arguments asked = command;
  asked.emplace_back("--help");
  const auto ended = run(asked, folder);
  EXPECT_EQ(ended.code, 0) << testing::PrintToString(command);
  EXPECT_THAT(ended.out, HasSubstr("Example")) << testing::PrintToString(command);
  EXPECT_THAT(ended.out, HasSubstr("  colonnade ")) << testing::PrintToString(command);
  std::size_t count = 1;
  for (const std::string& one : subcommands(command, folder)) {
    Arguments below = command;
    below.push_back(one);
    count += expect_examples(below, folder);
  }
  return count;
}

TEST(Cli, EveryCommandExplainsItselfWithAnExample) {
  const Folder folder;
  EXPECT_GE(expect_examples({}, folder), 60U);
}

TEST(Cli, MistakesExitWithTwo) {
  const Folder folder;
  for (const Arguments& arguments :
       std::vector<Arguments>{{},
                              {"srve"},
                              {"serve", "--lisen", "x"},
                              {"send"},
                              {"threads", "show"},
                              {"send", "x", "--new", "--thread", "t"}}) {
    const auto ended = run(arguments, folder);
    EXPECT_EQ(ended.code, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(ended.err, HasSubstr("colonnade: error: "));
    EXPECT_THAT(ended.err, HasSubstr("--help"));
    EXPECT_EQ(ended.out, "");
  }
}

TEST(Cli, MistakesSayWhatIsWrongAndWhatToDo) {
  const Folder folder;
  struct Mistake {
    Arguments arguments;
    std::vector<std::string> said;
  };
  for (const Mistake& mistake : std::vector<Mistake>{
           {{}, {"colonnade needs a command; `colonnade --help` lists the commands"}},
           {{"nonsense"},
            {"colonnade has no command \"nonsense\"; `colonnade --help` lists the commands"}},
           {{"srve"}, {"colonnade has no command \"srve\"; did you mean \"serve\"?"}},
           {{"token"}, {"colonnade token needs a command", "`colonnade token --help`"}},
           {{"token", "lst"}, {"colonnade token has no command \"lst\"; did you mean \"list\"?"}},
           {{"serve", "--lisen", "x"},
            {"colonnade serve has no option --lisen; did you mean \"--listen\"?",
             "Run `colonnade serve --help`"}},
           {{"--json", "version"}, {"--json stands before the command"}},
           {{"send", "two", "words"}, {"one argument too many: \"words\"", "in quotes"}},
           {{"token", "create", "--name", "n"}, {"--", " is required"}},
           {{"threads", "show"}, {"an argument is missing: id is required"}},
           {{"token", "create", "--role", "wizard"},
            {"--role: expected operator or member, but found \"wizard\""}},
           {{"audit", "show", "--last", "0"},
            {"--last: expected an integer of at least 1, but found \"0\""}},
           {{"serve", "--listen"}, {"--listen needs a value: VALUE"}},
           {{"send", "x", "--new", "--thread", "t"}, {"excludes", "; give one of the two"}},
           {{"threads", "list", "--config", "nosuch.yaml"}, {"--config: cannot read nosuch.yaml"}},
           {{"threads", "list", "--token-file", "nosuch"}, {"--token-file: cannot read nosuch"}},
           {{"threads", "list", "--url", "ftp://h"},
            {"--url: \"ftp://h\" begins with ftp://", "http://127.0.0.1:8790"}},
           {{"threads", "list", "--url", "localhost:8790"},
            {"--url: \"localhost:8790\" does not begin with http:// or https://"}},
           {{"threads", "list", "--url", "http://ada:hunter2@h"},
            {"holds a user or a password", "--token-file", "ada:[redacted]@h"}},
       }) {
    const auto ended = run(mistake.arguments, folder);
    EXPECT_EQ(ended.code, 2) << testing::PrintToString(mistake.arguments);
    for (const std::string& said : mistake.said) EXPECT_THAT(ended.err, HasSubstr(said));
    EXPECT_THAT(ended.err, Not(HasSubstr("hunter2")));
  }
}

TEST(Cli, TheFileOfTheCurrentFolderIsIgnoredUntilItIsTrusted) {
  const Folder folder;
  folder.write("colonnade.yaml", "log:\n  level: warn\n");
  const auto ignored = run({"config", "show"}, folder);
  EXPECT_EQ(ignored.code, 0);
  EXPECT_THAT(ignored.out, HasSubstr("# file: none\n# ignored: colonnade.yaml\n"));
  EXPECT_THAT(ignored.out, Not(HasSubstr("colonnade.yaml:2")));
  EXPECT_THAT(ignored.err, HasSubstr("colonnade: ignored: ./colonnade.yaml, "));
  EXPECT_THAT(ignored.err, HasSubstr("`colonnade config trust`"));
  const auto trusted = run({"config", "trust"}, folder);
  EXPECT_EQ(trusted.code, 0) << trusted.err;
  EXPECT_THAT(trusted.out, HasSubstr("Trusted "));
  const auto read = run({"config", "show"}, folder);
  EXPECT_THAT(read.out, HasSubstr("colonnade.yaml:2"));
  EXPECT_EQ(read.err, "");
  folder.write("colonnade.yaml", "log:\n  level: error\n");
  EXPECT_THAT(run({"config", "show"}, folder).err, HasSubstr("colonnade: ignored: "));
  EXPECT_EQ(run({"config", "trust", "nosuch.yaml"}, folder).code, 1);
}

// A host starts it in a checkout of somebody else's: what lies there must not run.
TEST(Cli, TheMcpCommandNeverReadsTheFileOfTheCurrentFolder) {
  const Folder folder;
  folder.write("colonnade.yaml",
               "mcp:\n  servers:\n    evil:\n      command: [touch, " + folder / "ran" + "]\n");
  for (const bool trusted : {false, true}) {
    if (trusted) EXPECT_EQ(run({"config", "trust"}, folder).code, 0);
    const auto ended = run({"mcp"}, folder);
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("colonnade: ignored: ./colonnade.yaml, "));
    EXPECT_EQ(read_file(folder / ".local/share/colonnade/colonnade.db").empty(), false);
    EXPECT_NE(::access((folder / "ran").c_str(), F_OK), 0);
  }
}

TEST(Cli, VersionForPeopleAndScripts) {
  const Folder folder;
  const auto text = run({"version"}, folder);
  EXPECT_EQ(text.code, 0);
  EXPECT_TRUE(text.out.starts_with("colonnade ")) << text.out;
  const auto json = nlohmann::json::parse(run({"version", "--json"}, folder).out);
  EXPECT_THAT(text.out, HasSubstr(json["version"].get<std::string>()));
  EXPECT_TRUE(run({"--version"}, folder).out.starts_with("colonnade "));
}

TEST(Cli, AnUnknownKeyStopsEveryCommandThatReadsTheFile) {
  const Folder folder;
  folder.write("colonnade.yaml", "data_dir: data\nlisen: [\"127.0.0.1:0\"]\n");
  for (Arguments arguments :
       std::vector<Arguments>{{"serve"}, {"config", "show"}, {"threads", "list"}, {"migrate"}}) {
    arguments.insert(arguments.end(), {"--config", "colonnade.yaml"});
    const auto ended = run(arguments, folder);
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.err,
              "colonnade: error: colonnade.yaml:2: unknown key \"lisen\"; did you mean "
              "\"listen\"?\n");
  }
}

TEST(Cli, ConfigShowKnowsWhereEachValueCameFrom) {
  const Folder folder;
  folder.write("colonnade.yaml", "log:\n  level: warn\nio_threads: 3\n");
  const auto ended =
      run({"config", "show", "--config", "colonnade.yaml", "--json", "--io-threads", "2",
           "--listen", "127.0.0.1:1", "--listen", "[::1]:2", "--classic-ports"},
          folder, "", {{"COLONNADE_MODEL", "m"}, {"ANTHROPIC_API_KEY", "sk-hidden"}});
  ASSERT_EQ(ended.code, 0) << ended.err;
  std::map<std::string, std::pair<std::string, std::string>> shown;
  for (const auto& row : nlohmann::json::parse(ended.out)["settings"]) {
    shown[row["name"]] = {row["value"], row["from"]};
  }
  EXPECT_EQ(shown["log.level"], (std::pair<std::string, std::string>{"warn", "colonnade.yaml:2"}));
  EXPECT_EQ(shown["io_threads"], (std::pair<std::string, std::string>{"2", "flag --io-threads"}));
  EXPECT_EQ(shown["listen"].first, "[127.0.0.1:1, [::1]:2]");
  EXPECT_EQ(shown["classic_ports"].first, "true");
  EXPECT_EQ(shown["model"],
            (std::pair<std::string, std::string>{"m", "environment COLONNADE_MODEL"}));
  EXPECT_EQ(shown["data_dir"],
            (std::pair<std::string, std::string>{folder / ".local/share/colonnade", "default"}));
  EXPECT_THAT(ended.out, Not(HasSubstr("sk-hidden")));
}

TEST(Cli, PricesAndReferenceArePrinted) {
  const Folder folder;
  const auto prices = run({"config", "prices"}, folder);
  EXPECT_THAT(prices.out, HasSubstr("dated: "));
  EXPECT_THAT(run({"config", "reference"}, folder).out, HasSubstr("# Configuration"));
}

TEST(Cli, AServerThatIsNotThereIsExplained) {
  const Folder folder;
  const auto ended =
      run({"threads", "list", "--url", "http://127.0.0.1:9"}, folder, "", {{"FATHOM_TOKEN", "t"}});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.err,
            "colonnade: error: no server answers at http://127.0.0.1:9; start the server with "
            "`colonnade serve`, or name another with --url\n");
}

// The operator's token is for the server on this machine and is not offered to another.
TEST(Cli, TheLocalTokenIsNotSentElsewhere) {
  const Folder folder;
  const std::string token = folder.write("operator.token", "local-secret\n");
  const auto ended =
      run({"threads", "list", "--url", "http://192.0.2.1:1", "--data-dir", folder.path()}, folder);
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("there is no token for http://192.0.2.1:1"));
}

}  // namespace
}  // namespace colonnade::e2e
