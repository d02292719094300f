// The catalog of tasks over restarts: what becomes of schedules when tasks come and go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "background.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::Json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Principal root(Scope::main(), "root", UserRole::operator_role);

CatalogTask nightly(const std::string& task_id, const std::string& cron = "0 6 * * *") {
  CatalogTask out(Scope::main(), task_id);
  out.name = task_id;
  out.trigger = TaskTrigger::schedule;
  out.cron = cron;
  out.handler = {.agent_id = "default", .prompt = "Build it."};
  return out;
}

class TaskCatalogTest : public ::testing::Test {
 protected:
  // A start with these tasks in its configuration.
  struct House {
    House(const std::string& path, std::vector<CatalogTask> configured)
        : engine(path), background(engine, {}, std::move(configured)) {
      const auto opened = engine.run(background.catalog.open());
      EXPECT_TRUE(opened) << opened.error().message;
    }
    std::vector<std::string> schedules() {
      std::vector<std::string> out;
      for (const JobSchedule& one : *engine.run(background.schedules.list(root, {}))) {
        out.push_back(one.id);
      }
      return out;
    }
    std::vector<std::string> changes_of(const std::string& subject) {
      std::vector<std::string> out;
      for (const AuditRecord& one : *engine.run(engine.store->audit_of(Scope::main(), subject))) {
        out.push_back(Json::parse(one.text).at("details").at("change"));
      }
      return out;
    }

    Engine engine;
    Background background;
  };
  std::string path() const { return folder_.file("colonnade.db"); }

  TemporaryFolder folder_;
};

TEST_F(TaskCatalogTest, ATaskThatLeavesTheConfigurationLeavesNoSchedule) {
  {
    House house(path(), {nightly("digest"), nightly("report")});
    EXPECT_THAT(house.schedules(), ElementsAre("configured-task-digest", "configured-task-report"));
  }
  {
    House house(path(), {nightly("report")});
    EXPECT_THAT(house.schedules(), ElementsAre("configured-task-report"));
    EXPECT_THAT(house.changes_of("task digest"), ElementsAre("schedule removed"));
    EXPECT_THAT(house.changes_of("task report"), IsEmpty());
  }
  // One that comes back has its schedule back, and is not due for what it missed.
  House house(path(), {nightly("digest"), nightly("report")});
  EXPECT_THAT(house.schedules(), ElementsAre("configured-task-digest", "configured-task-report"));
  const auto schedule =
      house.engine.run(house.background.schedules.get(root, "configured-task-digest"));
  ASSERT_TRUE(schedule) << schedule.error().message;
  ASSERT_TRUE(schedule->next_due_at);
  EXPECT_GT(*schedule->next_due_at, house.engine.clock.now());
  EXPECT_THAT(house.changes_of("task digest"), ElementsAre("schedule removed"));
}

// An operator's task of the same name was hidden, and is not any more.
TEST_F(TaskCatalogTest, AHiddenTaskHasItsScheduleAgainWhenTheConfiguredOneLeaves) {
  {
    House house(path(), {});
    ASSERT_TRUE(house.engine.run(house.background.catalog.create(root, nightly("digest"))));
    EXPECT_THAT(house.schedules(), ElementsAre("task-digest"));
  }
  {
    House house(path(), {nightly("digest", "0 7 * * *")});
    EXPECT_THAT(house.schedules(), ElementsAre("configured-task-digest"));
  }
  House house(path(), {});
  EXPECT_THAT(house.schedules(), ElementsAre("task-digest"));
}

// The server died between the removal of the task and that of its schedule.
TEST_F(TaskCatalogTest, ARemovedTaskLeavesNoScheduleAfterACrash) {
  {
    House house(path(), {});
    ASSERT_TRUE(house.engine.run(house.background.catalog.create(root, nightly("digest"))));
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(
        RemoveDocument{.collection = std::string(document_collection::task), .key = "digest"});
    ASSERT_TRUE(house.engine.run(house.engine.feed.commit(std::move(unit))));
    EXPECT_THAT(house.schedules(), ElementsAre("task-digest"));
  }
  House house(path(), {});
  EXPECT_THAT(house.schedules(), IsEmpty());
}

}  // namespace
}  // namespace colonnade::tests
