#include "app/config_file.hpp"

#include <gtest/gtest.h>

namespace colonnade::app {
namespace {

struct Read {
  Config config{};
  ConfigFaults faults{};
};

Read read(const std::string& text) {
  Read out;
  const auto tree = yaml::parse(text, "c.yaml");
  if (!tree) {
    out.faults.push_back(tree.error().message);
    return out;
  }
  apply_config_file(*tree, "c.yaml", "/etc/colonnade", "/home/ada", out.config, out.faults);
  return out;
}

struct FaultCase {
  const char* name;
  const char* text;
  const char* message;
};
void PrintTo(const FaultCase& one, std::ostream* out) { *out << one.name; }

class ConfigFileFault : public testing::TestWithParam<FaultCase> {};

TEST_P(ConfigFileFault, SaysWhereWhatAndHow) {
  const Read result = read(GetParam().text);
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(result.faults[0], GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ConfigFileFault,
    testing::Values(
        FaultCase{"Typo", "log:\n  level: info\nlisen: [127.0.0.1:1]\n",
                  "c.yaml:3: unknown key \"lisen\"; did you mean \"listen\"?"},
        FaultCase{"TypoInAGroup", "log:\n  levle: info\n",
                  "c.yaml:2: unknown key \"log.levle\"; did you mean \"log.level\"?"},
        FaultCase{"TypoOfAGroup", "tsl:\n  certificate_file: a\n",
                  "c.yaml:1: unknown key \"tsl\"; did you mean \"tls\"?"},
        FaultCase{"OutsideItsGroup", "certificate_file: a\n",
                  "c.yaml:1: unknown key \"certificate_file\"; did you mean "
                  "\"tls.certificate_file\"?"},
        FaultCase{"Stranger", "banana: 1\n",
                  "c.yaml:1: unknown key \"banana\"; `colonnade config show` lists all settings"},
        FaultCase{"NumberExpected", "io_threads: many\n",
                  "c.yaml:1: io_threads: expected an integer from 0 to 256, but found many"},
        FaultCase{"QuotedNumber", "io_threads: \"4\"\n",
                  "c.yaml:1: io_threads: expected an integer from 0 to 256, but found the string "
                  "\"4\"; leave out the quotes"},
        FaultCase{"OctalOrDecimal", "io_threads: 010\n",
                  "c.yaml:1: io_threads: expected an integer from 0 to 256, but found 010; "
                  "leave out the leading zero"},
        FaultCase{"OutOfRange", "io_threads: 257\n",
                  "c.yaml:1: io_threads: expected an integer from 0 to 256, but found 257"},
        FaultCase{"Fraction", "limits:\n  rounds: 1.5\n",
                  "c.yaml:2: limits.rounds: expected an integer from 1 to 10000, but found 1.5"},
        FaultCase{"YesIsNoBoolean", "classic_ports: yes\n",
                  "c.yaml:1: classic_ports: expected true or false, but found yes; write true"},
        FaultCase{"OffIsNoBoolean", "classic_ports: off\n",
                  "c.yaml:1: classic_ports: expected true or false, but found off; write false"},
        FaultCase{"QuotedBoolean", "classic_ports: 'true'\n",
                  "c.yaml:1: classic_ports: expected true or false, but found the string \"true\"; "
                  "leave out the quotes"},
        FaultCase{"NumberForText", "model: 4.5\n",
                  "c.yaml:1: model: expected a string, but found 4.5; put it in quotes"},
        FaultCase{"BooleanForText", "agent:\n  name: true\n",
                  "c.yaml:2: agent.name: expected a string, but found true; put it in quotes"},
        FaultCase{"ListForText", "model:\n  - a\n",
                  "c.yaml:2: model: expected a string, but found a list"},
        FaultCase{"NotAChoice", "durability: some\n",
                  "c.yaml:1: durability: expected one of full, normal, but found some"},
        FaultCase{"BadAddress", "listen: [\"127.0.0.1\"]\n",
                  "c.yaml:1: listen: expected a list of addresses, host:port each, such as "
                  "127.0.0.1:8790 or [::1]:8790, but found a list"},
        FaultCase{"TextForAGroup", "log: loud\n",
                  "c.yaml:1: log: expected a group of keys (level, file), but found loud"},
        FaultCase{"TextForAll", "just text\n",
                  "c.yaml:1: expected a group of keys such as \"listen: …\", but found just "
                  "text"},
        FaultCase{"ProviderTypo", "providers:\n  openai:\n    api_key_fil: k\n",
                  "c.yaml:3: unknown key \"providers.openai.api_key_fil\"; did you mean "
                  "\"providers.openai.api_key_file\"?"},
        FaultCase{"ProviderKind", "providers:\n  mine:\n    kind: openai\n",
                  "c.yaml:3: providers.mine.kind: expected one of anthropic, chat_completions, but "
                  "found openai"},
        FaultCase{"ProviderText", "providers:\n  mine: yes\n",
                  "c.yaml:2: providers.mine: expected a group of keys (kind, base_url, "
                  "default_model, api_key_env, api_key_file), but found yes"},
        FaultCase{
            "SecretStaysSecret", "providers:\n  openai:\n    api_key: 12345678\n",
            "c.yaml:3: providers.openai.api_key: expected a string, but found something else; put "
            "it in quotes"},
        FaultCase{"OfflineIsTaken", "providers:\n  offline: {}\n",
                  "c.yaml:2: providers.offline: this name belongs to the built-in offline "
                  "provider; choose "
                  "another"},
        FaultCase{"Twice", "model: a\nmodel: b\n",
                  "c.yaml:2: the key \"model\" is repeated; keep one"},
        FaultCase{"SecondDocument", "model: a\n---\nmodel: b\n",
                  "c.yaml:3: a second document begins here; keep one"}),
    [](const auto& info) { return info.param.name; });

TEST(ConfigFile, BrokenYamlNamesTheLine) {
  const Read result = read("model: a\nlisten: [127.0.0.1:1\nlog: {}\n");
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_TRUE(result.faults[0].starts_with("c.yaml:")) << result.faults[0];
  EXPECT_NE(result.faults[0].find("this is not valid YAML"), std::string::npos);
}

TEST(ConfigFile, ReportsEveryFaultAtOnce) {
  const Read result = read("lisen: x\nlog:\n  level: loud\nio_threads: no\n");
  EXPECT_EQ(result.faults.size(), 3U);
}

TEST(ConfigFile, ReadsValuesOfEveryType) {
  const Read result = read(
      "data_dir: data\n"
      "listen: [\"127.0.0.1:1\", \"[::1]:2\"]\n"
      "classic_ports: true\n"
      "temperature: 0.5\n"
      "max_output_tokens: 100\n"
      "trusted_proxies: 10.0.0.1\n"
      "drain_seconds: 3\n"
      "model: \"4.5\"\n"
      "agent:\n  name: no\n  instructions: |\n    One.\n    Two.\n"
      "token_file: ~/token\n"
      "log: {file: /var/log/c.log}\n");
  ASSERT_TRUE(result.faults.empty()) << result.faults[0];
  const Settings& s = result.config.settings;
  EXPECT_EQ(s.data_dir, "/etc/colonnade/data");  // relative to the file
  EXPECT_EQ(s.listen, (std::vector<ListenAddress>{{"127.0.0.1", 1}, {"::1", 2}}));
  EXPECT_TRUE(s.classic_ports);
  EXPECT_EQ(s.temperature, 0.5);
  EXPECT_EQ(s.max_output_tokens, 100);
  EXPECT_EQ(s.trusted_proxies, std::vector<std::string>{"10.0.0.1"});  // one value is a list of one
  EXPECT_EQ(s.drain_time, std::chrono::seconds(3));
  EXPECT_EQ(s.model, "4.5");
  EXPECT_EQ(s.agent.name, "no");  // YAML 1.1 would read a boolean
  EXPECT_EQ(s.agent.instructions, "One.\nTwo.\n");
  EXPECT_EQ(s.token_file, "/home/ada/token");
  EXPECT_EQ(s.log.file, "/var/log/c.log");
  EXPECT_EQ(result.config.origins.at("drain_seconds"), "c.yaml:7");
}

TEST(ConfigFile, NothingMeansDefault) {
  const Read result = read("model:\nlog: ~\nproviders:\nlisten: null\n");
  EXPECT_TRUE(result.faults.empty());
  EXPECT_EQ(result.config.settings.listen, Settings{}.listen);
  EXPECT_TRUE(result.config.origins.empty());
  EXPECT_TRUE(read("").faults.empty());
  EXPECT_TRUE(read("# only a comment\n").faults.empty());
}

TEST(ConfigFile, AnAliasBombIsRefused) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'h'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    text += std::string(1, c) + ": &" + std::string(1, c) + " [";
    for (int i = 0; i < 10; ++i) text += (i == 0 ? "*" : ", *") + before;
    text += "]\n";
  }
  const Read result = read(text);
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_NE(result.faults[0].find("the aliases stand for more than"), std::string::npos)
      << result.faults[0];
}

}  // namespace
}  // namespace colonnade::app
