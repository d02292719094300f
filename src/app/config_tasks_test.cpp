#include "app/config_tasks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/config_file.hpp"

namespace colonnade::app {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

struct ReadTasks {
  Config config{};
  ConfigFaults faults{};
};

ReadTasks read_tasks(const std::string& text) {
  ReadTasks out;
  const auto tree = yaml::parse("platos:\n  tasks:\n" + text, "c.yaml");
  EXPECT_TRUE(tree) << tree.error().message;
  apply_config_file(*tree, "c.yaml", "/etc", "/home/ada", out.config, out.faults);
  if (out.faults.empty()) check_platos_tasks(out.config.settings, out.faults);
  return out;
}

const std::string digest =
    "    - task_id: nightly-digest\n"
    "      name: Nightly digest\n"
    "      handler: agent\n"
    "      agent_id: support\n"
    "      prompt: Build the digest of {{payload.day}}.\n";

TEST(ConfigTasks, ReadsTasksOfBothKinds) {
  const auto read = read_tasks(digest +
                               "      trigger: schedule\n"
                               "      cron: \"0 6 * * 1-5\"\n"
                               "      timezone: Europe/Paris\n"
                               "      timeout_seconds: 60\n"
                               "      max_retries: 1\n"
                               "      payload_schema: '{\"type\":\"object\"}'\n"
                               "    - task_id: tidy-up\n"
                               "      scope: acme/shop/live\n"
                               "      name: Tidy up\n"
                               "      trigger: agent-spawn\n"
                               "      allowed_agents: '[\"support\"]'\n"
                               "      active: false\n"
                               "      handler: tool\n"
                               "      tool: shell\n"
                               "      args: '{\"command\":\"ls\"}'\n");
  EXPECT_THAT(read.faults, IsEmpty());
  const auto tasks = configured_tasks(read.config.settings);
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].task_id, "nightly-digest");
  EXPECT_EQ(tasks[0].scope, core::Scope::main());
  EXPECT_EQ(tasks[0].trigger, core::TaskTrigger::schedule);
  EXPECT_EQ(tasks[0].cron, "0 6 * * 1-5");
  EXPECT_EQ(tasks[0].zone, "Europe/Paris");
  EXPECT_EQ(tasks[0].time_max, std::chrono::seconds(60));
  EXPECT_EQ(tasks[0].retries_max, 1);
  EXPECT_EQ(tasks[0].payload_schema, (base::Json{{"type", "object"}}));
  EXPECT_EQ(tasks[0].handler.prompt, "Build the digest of {{payload.day}}.");
  EXPECT_EQ(tasks[1].scope, core::Scope("acme", "shop", "live"));
  EXPECT_EQ(tasks[1].trigger, core::TaskTrigger::agent_spawn);
  EXPECT_THAT(tasks[1].agents, ElementsAre("support"));
  EXPECT_THAT(tasks[0].agents, IsEmpty());
  EXPECT_FALSE(tasks[1].is_active);
  EXPECT_EQ(tasks[1].handler.kind, core::JobHandlerKind::tool);
  EXPECT_EQ(tasks[1].handler.args, (base::Json{{"command", "ls"}}));
  EXPECT_THAT(shown_platos_tasks(read.config.settings),
              Contains(Pair("platos.tasks[1].tool", "shell")));
}

TEST(ConfigTasks, FaultsNameThePlaceAndTheMember) {
  EXPECT_THAT(read_tasks("    - a\n").faults, ElementsAre(HasSubstr("platos.tasks[0]")));
  EXPECT_THAT(read_tasks(digest + "      promt: x\n").faults,
              ElementsAre(HasSubstr("did you mean \"prompt\"")));
  EXPECT_THAT(read_tasks(digest + "      timeout_seconds: soon\n").faults,
              ElementsAre(HasSubstr("platos.tasks[0]: timeout_seconds")));
  EXPECT_THAT(read_tasks(digest + "      payload_schema: '{'\n").faults,
              ElementsAre(HasSubstr("platos.tasks[0]: payload_schema")));
  EXPECT_THAT(read_tasks(digest + "      allowed_agents: support\n").faults,
              ElementsAre(HasSubstr("platos.tasks[0]: allowed_agents")));
  EXPECT_THAT(read_tasks(digest + "      allowed_agents: '{\"a\":1}'\n").faults,
              ElementsAre(HasSubstr("a JSON list of strings")));
  EXPECT_THAT(read_tasks(digest + "      trigger: schedule\n").faults,
              ElementsAre(HasSubstr("scheduleCron")));
  EXPECT_THAT(read_tasks(digest + digest).faults,
              ElementsAre(HasSubstr("platos.tasks[1]: the scope has two tasks")));
  EXPECT_THAT(read_tasks("    - task_id: Big\n      name: x\n      handler: tool\n"
                         "      tool: shell\n")
                  .faults,
              ElementsAre(HasSubstr("lower-case letters")));
  EXPECT_THAT(read_tasks("    - task_id: x\n      name: x\n      handler: flow\n").faults,
              ElementsAre(HasSubstr("platos.tasks[0]: handler")));
}

}  // namespace
}  // namespace colonnade::app
