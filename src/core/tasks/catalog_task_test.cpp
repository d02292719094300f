#include "core/tasks/catalog_task.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

namespace colonnade::core {
namespace {

CatalogTask whole_task() {
  CatalogTask out(Scope::main(), "digest");
  out.id = "t1";
  out.name = "Digest";
  out.description = "Builds it";
  out.trigger = TaskTrigger::schedule;
  out.cron = "0 6 * * *";
  out.zone = "Europe/Paris";
  out.agents = {"a1", "a2"};
  out.payload_schema = {{"type", "object"}};
  out.time_max = std::chrono::seconds(60);
  out.retries_max = 7;
  out.is_active = false;
  out.created_by = "root";
  out.handler = {.agent_id = "a1",
                 .prompt = "Build it.",
                 .thread_id = "th1",
                 .output_schema = {{"type", "array"}}};
  return out;
}

TEST(CatalogTask, IsKeptAsItIs) {
  CatalogTask with_tool = whole_task();
  with_tool.handler = {.kind = JobHandlerKind::tool, .tool = "shell", .args = {{"command", "ls"}}};
  for (const CatalogTask& task : {whole_task(), with_tool}) {
    const Document document{.scope = task.scope,
                            .key = task.task_id,
                            .text = task_text(task),
                            .revision = 3,
                            .created_at = {1},
                            .changed_at = {2}};
    const auto read = task_in(document);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->task_id, "digest");
    EXPECT_EQ(read->revision, 3);
    EXPECT_EQ(read->created_at, base::Time{1});
    EXPECT_EQ(read->updated_at, base::Time{2});
    EXPECT_EQ(task_text(*read), task_text(task));
    EXPECT_EQ(read->handler.tool, task.handler.tool);
    EXPECT_EQ(read->handler.thread_id, task.handler.thread_id);
  }
  EXPECT_FALSE(task_in({.scope = Scope::main(), .key = "x", .text = "no JSON"}));
}

TEST(CatalogTask, WhatIsWrongIsNamed) {
  const auto refused = [](const std::function<void(CatalogTask&)>& change) {
    CatalogTask task = whole_task();
    change(task);
    const auto checked = check_task(task);
    return checked ? std::string() : checked.error().field;
  };
  EXPECT_EQ(refused([](CatalogTask&) {}), "");
  EXPECT_EQ(refused([](CatalogTask& t) { t.task_id = "Digest"; }), "taskId");
  EXPECT_EQ(refused([](CatalogTask& t) { t.task_id.assign(65, 'a'); }), "taskId");
  EXPECT_EQ(refused([](CatalogTask& t) { t.name.clear(); }), "displayName");
  EXPECT_EQ(refused([](CatalogTask& t) { t.time_max = {}; }), "timeout");
  EXPECT_EQ(refused([](CatalogTask& t) { t.retries_max = 101; }), "maxRetries");
  EXPECT_EQ(refused([](CatalogTask& t) { t.agents.assign(101, "a"); }), "allowedAgentIds");
  EXPECT_EQ(refused([](CatalogTask& t) { t.payload_schema = 1; }), "payloadSchema");
  EXPECT_EQ(refused([](CatalogTask& t) { t.cron.clear(); }), "scheduleCron");
  EXPECT_EQ(refused([](CatalogTask& t) { t.handler.agent_id.clear(); }), "handler.agentId");
  EXPECT_EQ(refused([](CatalogTask& t) { t.handler.prompt.clear(); }), "handler.prompt");
  EXPECT_EQ(refused([](CatalogTask& t) { t.handler.output_schema = 1; }), "handler.outputSchema");
  EXPECT_EQ(refused([](CatalogTask& t) { t.handler.kind = JobHandlerKind::tool; }), "handler.tool");
  EXPECT_EQ(refused([](CatalogTask& t) { t.handler.kind = JobHandlerKind::internal; }),
            "handler.kind");
  EXPECT_EQ(refused([](CatalogTask& t) { t.handler.prompt.assign(70'000, 'x'); }), "handler");
}

TEST(CatalogTask, ItsJobsAreAsItSays) {
  const JobTemplate of_agent = job_template_of(whole_task());
  EXPECT_EQ(of_agent.task, "digest");
  EXPECT_EQ(of_agent.work, (JobWork{.kind = JobHandlerKind::agent, .name = "task"}));
  EXPECT_EQ(of_agent.attempts.max, 7);
  EXPECT_EQ(of_agent.time_max, std::chrono::seconds(60));
  EXPECT_TRUE(of_agent.repeats_when_lost);
  EXPECT_EQ(of_agent.queue.running_max, 1);  // its thread has one turn at a time
  CatalogTask with_tool = whole_task();
  with_tool.retries_max = 0;
  with_tool.handler = {.kind = JobHandlerKind::tool, .tool = "shell"};
  const JobTemplate of_tool = job_template_of(with_tool);
  EXPECT_EQ(of_tool.attempts.max, 1);
  EXPECT_FALSE(of_tool.repeats_when_lost);
  EXPECT_EQ(of_tool.queue.running_max, limits::queue_running_default);
}

}  // namespace
}  // namespace colonnade::core
