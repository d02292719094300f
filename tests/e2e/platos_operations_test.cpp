// The Platos client against the real server: background operations, budgets and monitoring, by
// operators and by users.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/platos.hpp"
#include "platos_sdk.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class PlatosOperations : public PlatosSdkTest {
 protected:
  void SetUp() override {
    start();
    root_.emplace(operator_options());
    ann_.emplace(user_options("ann"));
    bob_.emplace(user_options("bob"));
    agent_ = root_->agents.create({.name = "Ann's", .system_prompt = "Be brief."}).id;
  }
  void TearDown() override {
    bob_.reset();
    ann_.reset();
    root_.reset();
    EXPECT_EQ(server_->stop().code, 0);
  }
  // What says "Digest of …", for payloads that name a day.
  platos::TaskDefinition make_digest() const {
    return root_->bgo.catalog.create(
        {.task_id = "digest",
         .display_name = "Digest",
         .handler =
             platos::AgentHandler{.agent_id = agent_, .prompt = "/say Digest of {{payload.day}}."},
         .description = "Builds the digest",
         .payload_schema = {{"type", "object"}, {"required", Json::array({"day"})}}});
  }
  // A turn's end: "" when it was answered, else the code that it was refused with.
  static std::string refused_with(const platos::Client& client, const std::string& thread) {
    std::string code;
    for (const auto& event : client.threads.send(thread, "/say Hello.")) {
      if (const auto* failed = event.as<platos::Failed>()) code = failed->code;
    }
    return code;
  }

  std::optional<platos::Client> root_{};
  std::optional<platos::Client> ann_{};
  std::optional<platos::Client> bob_{};
  std::string agent_{};
};

// --- background operations ----------------------------------------------------------------------

TEST_F(PlatosOperations, ATaskRunsForWhoTriggeredIt) {
  make_digest();
  const auto tasks = ann_->bgo.tasks.list();
  ASSERT_THAT(tasks, SizeIs(1));
  EXPECT_EQ(tasks[0].id, "digest");
  EXPECT_EQ(tasks[0].name, "Digest");
  const Json payload{{"day", "today"}};
  const auto begun = ann_->bgo.tasks.trigger(
      "digest", payload,
      {.idempotency_key = "k1", .tags = {"inbox"}, .metadata = {{"tenant", "a"}}});
  EXPECT_FALSE(begun.is_cached);
  const auto again = ann_->trigger.tasks.trigger("digest", payload, {.idempotency_key = "k1"});
  EXPECT_TRUE(again.is_cached);
  EXPECT_EQ(again.id, begun.id);

  const auto run = ann_->bgo.runs.wait(begun.id);
  ASSERT_TRUE(run.succeeded()) << run.status << ' ' << run.error_message();
  EXPECT_THAT(run.output["text"].as_string(), HasSubstr("Digest of today."));
  EXPECT_EQ(run.payload, payload);
  EXPECT_EQ(run.metadata, (Json{{"tenant", "a"}}));
  EXPECT_EQ(run.tags, std::vector<std::string>{"inbox"});
  EXPECT_TRUE(run.started_at && run.finished_at);
  const auto listed = ann_->bgo.runs.list({.task_id = "digest", .status = "COMPLETED"});
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].id, begun.id);
  EXPECT_TRUE(ann_->bgo.runs.list({.status = "FAILED"}).empty());

  EXPECT_EQ(ann_->bgo.runs.cancel(begun.id).status, "COMPLETED") << "what has ended stays as it is";
  const auto replayed = ann_->bgo.runs.replay(begun.id);
  EXPECT_NE(replayed.id, begun.id);
  const auto second = ann_->bgo.runs.wait(replayed.id);
  EXPECT_TRUE(second.succeeded()) << second.error_message();
  EXPECT_EQ(second.payload, payload);

  EXPECT_THROW(bob_->bgo.runs.get(begun.id), platos::NotFoundError);
  EXPECT_TRUE(bob_->bgo.runs.list().empty());
  EXPECT_THROW(ann_->bgo.tasks.trigger("nope"), platos::NotFoundError);
  EXPECT_THROW(ann_->bgo.tasks.trigger("digest", Json::object()), platos::ValidationError);
}

TEST_F(PlatosOperations, ARunThatWaitsForItsTimeIsCancelled) {
  make_digest();
  const auto begun =
      ann_->bgo.tasks.trigger("digest", {{"day", "today"}}, {.delay = std::chrono::hours(1)});
  const auto waiting = ann_->bgo.runs.get(begun.id);
  EXPECT_EQ(waiting.status, "DELAYED");
  EXPECT_FALSE(waiting.finished());
  EXPECT_TRUE(waiting.delayed_until);
  EXPECT_EQ(ann_->bgo.runs.cancel(begun.id).status, "CANCELED");
  EXPECT_TRUE(ann_->bgo.runs.wait(begun.id).finished());
}

TEST_F(PlatosOperations, ATaskMayBeOneCallOfATool) {
  root_->bgo.catalog.create({.task_id = "sum",
                             .display_name = "Sum",
                             .handler = platos::ToolHandler{.tool = "calculator"}});
  const auto begun = ann_->bgo.tasks.trigger("sum", {{"expression", "6*7"}});
  const auto run = ann_->bgo.runs.wait(begun.id);
  ASSERT_TRUE(run.succeeded()) << run.status << ' ' << run.error_message();
  EXPECT_THAT(run.output.dump(), HasSubstr("42"));
}

TEST_F(PlatosOperations, ABatchIsARunForEachPayload) {
  make_digest();
  const std::vector<Json> payloads{{{"day", "monday"}}, {{"day", "tuesday"}}, {{"day", "friday"}}};
  const auto begun = ann_->bgo.batches.trigger("digest", payloads);
  ASSERT_THAT(begun.run_ids, SizeIs(payloads.size()));
  const auto batch = ann_->bgo.batches.wait(begun.batch_id);
  EXPECT_EQ(batch.status, "COMPLETED");
  EXPECT_EQ(batch.run_ids, begun.run_ids);
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const auto run = ann_->bgo.runs.get(begun.run_ids[i]);
    EXPECT_EQ(run.payload, payloads[i]) << "in their order";
    EXPECT_EQ(run.batch_id, begun.batch_id);
  }
  EXPECT_THROW(bob_->bgo.batches.get(begun.batch_id), platos::NotFoundError);
}

TEST_F(PlatosOperations, SchedulesAreSwitchedOnAndOff) {
  make_digest();
  const auto schedule = ann_->bgo.schedules.create({.task_id = "digest",
                                                    .cron = "0 6 * * 1-5",
                                                    .timezone = "Europe/Paris",
                                                    .payload = {{"day", "today"}}});
  EXPECT_TRUE(schedule.active);
  EXPECT_TRUE(schedule.next_run_at);
  EXPECT_EQ(schedule.timezone, "Europe/Paris");
  EXPECT_EQ(schedule.payload, (Json{{"day", "today"}}));
  const auto off = ann_->bgo.schedules.deactivate(schedule.id);
  EXPECT_FALSE(off.active);
  EXPECT_FALSE(off.next_run_at);
  EXPECT_TRUE(ann_->bgo.schedules.activate(schedule.id).active);
  ASSERT_THAT(ann_->bgo.schedules.list(), SizeIs(1));
  try {
    ann_->bgo.schedules.create({.task_id = "digest", .cron = "often"});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const platos::ValidationError& error) {
    EXPECT_EQ(error.code(), "invalid_cron");
    EXPECT_FALSE(error.validation_errors().empty());
  }
  EXPECT_THROW(ann_->bgo.schedules.create(
                   {.task_id = "digest", .cron = "0 6 * * *", .timezone = "Europe/Oz"}),
               platos::ValidationError);
  EXPECT_THROW(bob_->bgo.schedules.remove(schedule.id), platos::NotFoundError);
  ann_->bgo.schedules.remove(schedule.id);
  EXPECT_TRUE(ann_->bgo.schedules.list().empty());
}

TEST_F(PlatosOperations, OperatorsWriteTheTasks) {
  const auto task = make_digest();
  EXPECT_EQ(task.task_id, "digest");
  EXPECT_TRUE(task.is_active);
  EXPECT_EQ(task.handler["agentId"].as_string(), agent_);
  EXPECT_EQ(root_->bgo.catalog.get(task.id).display_name, "Digest");
  EXPECT_THAT(root_->bgo.catalog.list(), SizeIs(1));
  const auto begun = root_->bgo.catalog.run(task.id, {{"day", "sunday"}});
  EXPECT_TRUE(root_->bgo.runs.wait(begun.id).succeeded());

  EXPECT_EQ(root_->bgo.catalog.update(task.id, {.display_name = "Daily"}).display_name, "Daily");
  EXPECT_FALSE(root_->bgo.catalog.update(task.id, {.is_active = false}).is_active);
  EXPECT_THROW(ann_->bgo.tasks.trigger("digest", {{"day", "today"}}), platos::NotFoundError);
  EXPECT_THROW(make_digest(), platos::Error) << "the id is taken";
  EXPECT_THROW(root_->bgo.catalog.create(
                   {.task_id = "js", .display_name = "JavaScript", .handler = Json("return 1")}),
               platos::ValidationError);
  EXPECT_THROW(ann_->bgo.catalog.create({.task_id = "mine",
                                         .display_name = "Mine",
                                         .handler = platos::ToolHandler{.tool = "calculator"}}),
               platos::AuthError);
  root_->bgo.catalog.remove(task.id);
  EXPECT_THROW(root_->bgo.catalog.get(task.id), platos::NotFoundError);
}

// --- budgets ------------------------------------------------------------------------------------

TEST_F(PlatosOperations, ACapStopsTurnsUntilItIsLifted) {
  const auto thread = ann_->threads.create({.agent_id = agent_}).id;
  const auto cap = root_->budgets.set(
      {.scope_type = "user", .target_id = "ann", .period = "day", .runs_limit = 1});
  EXPECT_EQ(cap.runs_limit, 1);
  EXPECT_TRUE(cap.enabled);
  EXPECT_EQ(cap.alert_thresholds, (std::vector<double>{50, 80, 100}));
  EXPECT_FALSE(ann_->budgets.status().blocked);
  EXPECT_EQ(refused_with(*ann_, thread), "");
  EXPECT_EQ(refused_with(*ann_, thread), "budget_cap");
  const auto status = ann_->budgets.status();
  EXPECT_TRUE(status.blocked);
  EXPECT_NE(status.reason, "");
  ASSERT_THAT(status.caps, SizeIs(1));
  EXPECT_EQ(status.caps[0].runs, 1);
  EXPECT_EQ(status.caps[0].runs_percent, 100);
  EXPECT_FALSE(bob_->budgets.status().blocked) << "it is Ann's";

  EXPECT_TRUE(root_->budgets.override_cap(cap.id, std::chrono::minutes(5)).override_until);
  EXPECT_EQ(refused_with(*ann_, thread), "");
  EXPECT_TRUE(ann_->budgets.status().caps.at(0).override_active);
  EXPECT_FALSE(root_->budgets.override_cap(cap.id, std::chrono::minutes(0)).override_until);
  EXPECT_EQ(refused_with(*ann_, thread), "budget_cap");
  EXPECT_THAT(root_->budgets.list(), SizeIs(1));
  root_->budgets.remove(cap.id);
  EXPECT_EQ(refused_with(*ann_, thread), "");
  EXPECT_TRUE(root_->budgets.list().empty());
}

TEST_F(PlatosOperations, CapsThatMakeNoSenseAreRefused) {
  EXPECT_THROW(root_->budgets.set({.target_id = "*", .limit_cents = 500}), platos::ValidationError);
  EXPECT_THROW(root_->budgets.set({.period = "fortnight", .limit_cents = 1}),
               platos::ValidationError);
  EXPECT_THROW(root_->budgets.set({.limit_cents = -1}), platos::ValidationError);
  EXPECT_THROW(root_->budgets.override_cap("nope", std::chrono::minutes(1)), platos::NotFoundError);
  EXPECT_THROW(ann_->budgets.set({.limit_cents = 1}), platos::AuthError);
  const auto first = root_->budgets.set({.limit_cents = 500});
  const auto same = root_->budgets.set({.limit_cents = 600});
  EXPECT_EQ(same.id, first.id) << "it replaces the one that it is like";
  EXPECT_EQ(root_->budgets.status().cap_usd, 6);
}

// --- monitoring ---------------------------------------------------------------------------------

TEST_F(PlatosOperations, ATurnIsSeenAsSpansAndAsCosts) {
  const auto thread = ann_->threads.create({.agent_id = agent_, .title = "Watched"}).id;
  ann_->threads.ask(thread, "/say Hello.");
  const auto runs = ann_->monitoring.runs({.thread_id = thread});
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].status, "completed");
  EXPECT_EQ(runs[0].agent_id, agent_);

  const auto spans = ann_->monitoring.traces(runs[0].id);
  const auto top = std::ranges::find(spans, "agent.turn", &platos::Span::name);
  ASSERT_NE(top, spans.end());
  EXPECT_FALSE(top->parent_span_id);
  EXPECT_EQ(top->status, "ok");
  EXPECT_LE(top->start_time, top->end_time);
  EXPECT_EQ(top->attributes["platos.agent.id"].as_string(), agent_);
  const auto call = std::ranges::find(spans, "llm.inference", &platos::Span::name);
  ASSERT_NE(call, spans.end());
  EXPECT_EQ(call->parent_span_id, top->span_id);
  EXPECT_EQ(call->trace_id, runs[0].id);

  const auto rows = ann_->monitoring.list_traces({.agent_id = agent_});
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].trace_id, runs[0].id);
  EXPECT_EQ(rows[0].title, "Watched");
  const auto whole = ann_->monitoring.trace(thread);
  EXPECT_EQ(whole.thread.id, thread);
  EXPECT_THAT(whole.messages, SizeIs(2));
  EXPECT_EQ(whole.spans.size(), spans.size());
  EXPECT_EQ(whole.totals.spans, static_cast<std::int64_t>(spans.size()));

  std::vector<std::string> agents;
  for (const auto& cost : root_->monitoring.cost_by_agent()) agents.push_back(cost.agent_id);
  EXPECT_THAT(agents, Contains(agent_));
  const auto days = root_->monitoring.cost_by_scope(2);
  ASSERT_THAT(days, SizeIs(2));
  EXPECT_LT(days[0].day, days[1].day);
  EXPECT_GE(days[0].runs + days[1].runs, 1);
  EXPECT_FALSE(root_->monitoring.cost_by_model().empty());
  std::vector<std::string> users;
  for (const auto& cost : root_->monitoring.cost_by_user()) users.push_back(cost.user_id);
  EXPECT_THAT(users, Contains("ann"));

  EXPECT_THROW(bob_->monitoring.traces(runs[0].id), platos::NotFoundError);
  EXPECT_THROW(bob_->monitoring.trace(thread), platos::NotFoundError);
  EXPECT_TRUE(bob_->monitoring.runs().empty());
}

TEST_F(PlatosOperations, WhatTheGateRefusesIsASafetyEvent) {
  const auto thread = ann_->threads.create({.agent_id = agent_, .title = "Refused"}).id;
  ann_->threads.ask(thread, R"(/tool clock {"hour":1})");
  const auto events = ann_->monitoring.safety_events({.thread_id = thread});
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].tool_name, "clock");
  EXPECT_EQ(events[0].action, "block");
  EXPECT_EQ(events[0].detector, "tool_param");
  EXPECT_EQ(events[0].user_id, "ann");
  EXPECT_EQ(events[0].agent_id, agent_);
  EXPECT_EQ(events[0].meta["outcome"].as_string(), "HALT");
  EXPECT_TRUE(ann_->monitoring.safety_events({.action = "redact", .thread_id = thread}).empty());
  EXPECT_THAT(root_->monitoring.safety_events({.thread_id = thread}), SizeIs(1));
  EXPECT_TRUE(bob_->monitoring.safety_events().empty());
}

// --- for coroutines -----------------------------------------------------------------------------

Task<platos::Run> run_awaited(const platos::AsyncClient* client, std::string task, Json payload) {
  const auto begun = co_await client->bgo.tasks.trigger(task, payload);
  const auto run = co_await client->bgo.runs.wait(begun.id);
  co_return run;
}

TEST_F(PlatosOperations, TheClientForCoroutinesSaysTheSame) {
  make_digest();
  const platos::AsyncClient client(user_options("ann"));
  auto first = run_awaited(&client, "digest", {{"day", "one"}});
  auto second = run_awaited(&client, "digest", {{"day", "two"}});
  const auto both = run(when_all(std::move(first), std::move(second)));
  EXPECT_THAT(std::get<0>(both).output["text"].as_string(), HasSubstr("Digest of one."));
  EXPECT_THAT(std::get<1>(both).output["text"].as_string(), HasSubstr("Digest of two."));
  EXPECT_EQ(run(client.bgo.runs.list()).size(), ann_->bgo.runs.list().size());
  EXPECT_EQ(run(client.bgo.raw("/api/v1/agent/trigger/tasks"))["tasks"].size(), 1U);
  EXPECT_EQ(run(client.budgets.status()).blocked, ann_->budgets.status().blocked);
  EXPECT_EQ(run(client.monitoring.runs()).size(), ann_->monitoring.runs().size());
}

}  // namespace
}  // namespace colonnade::e2e
