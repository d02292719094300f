// What is known of runs after the fact: their spans, and what they cost.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "core/spans/limits.hpp"
#include "core/spans/safety_event.hpp"
#include "tests/conformance/store_backend.hpp"
#include "tests/conformance/store_suite_actions.hpp"

namespace colonnade::conformance {

class StoreSpans : public StoreSuite {
 protected:
  static constexpr std::int64_t day = 86'400'000'000;
  static constexpr std::int64_t noon = 20'000 * day + day / 2;

  struct Ended {
    std::string thread = "t1";
    std::string owner = "ann";
    std::string agent = "helper";
    std::string model = "m1";
    std::int64_t cost = 100;
    core::RunState state = core::RunState::succeeded;
    core::TraceParent trace{};
    std::vector<core::Span> spans{};
  };

  StoreSpans() {
    put_thread("t1");
    put({core::InsertThread{thread_of("t2", 1000, "bob")}});
  }
  // A run that began at `at` and ended a second later; its id.
  std::string put_run(std::int64_t at, Ended ended) {
    const Time began{at};
    core::Run run{.id = base::new_id(began),
                  .thread_id = ended.thread,
                  .scope = here,
                  .agent_id = ended.agent,
                  .started_by = ended.owner,
                  .created_at = began};
    run.options.trace = ended.trace;
    core::Message message = message_of("of " + run.id, ended.thread, "hi", at);
    message.run_id = run.id;
    put({core::InsertMessage{std::move(message)}, core::InsertRun{run}});
    run.state = ended.state;
    run.usage = {.input_tokens = 10, .output_tokens = 5, .cached_input_tokens = 2};
    run.cost_micros = ended.cost;
    run.finished_at = Time{at + 1'000'000};
    put({core::UpdateRun{
        .run = run,
        .from = core::RunState::running,
        .trace = {.provider = "vendor", .model = ended.model, .spans = std::move(ended.spans)}}});
    return run.id;
  }
  static core::Span tool_span(std::int64_t at, std::string call = "c1") {
    return {.start = {at},
            .end = {at + 5},
            .of = core::ToolSpan{.tool = "grep", .call_id = std::move(call), .state = "succeeded"}};
  }
  core::SpanStore& spans() { return stores().spans; }
  std::vector<core::RunTraced> traces(const std::string& id,
                                      std::optional<std::string> owner = std::nullopt) {
    auto found = spans().traces(here, owner, id, {});
    EXPECT_TRUE(found) << found.error().message;
    return found ? std::move(*found) : std::vector<core::RunTraced>();
  }
  Ids listed(core::TracedRunFilter filter) {
    Ids out;
    const auto page = spans().traced_runs(here, filter, {});
    EXPECT_TRUE(page) << page.error().message;
    for (const core::TracedRun& run : page->runs) out.push_back(run.id);
    return out;
  }
  std::vector<core::CostSum> costs(core::CostQuery query) {
    if (query.until.micros == 0) query.until = Time{noon + 10 * day};
    auto sums = spans().costs(here, query, {});
    EXPECT_TRUE(sums) << sums.error().message;
    return sums ? std::move(*sums) : std::vector<core::CostSum>();
  }
};

TEST_P(StoreSpans, ARunComesBackWithItsSpansInOrder) {
  const Time began{noon};
  core::Run run{.id = base::new_id(began),
                .thread_id = "t1",
                .scope = here,
                .agent_id = "helper",
                .started_by = "ann",
                .created_at = began};
  put({core::InsertRun{run}});
  put({core::InsertStep{
      core::RunStep{.run_id = run.id, .number = 0, .spans = {tool_span(noon + 20, "second")}}}});
  run.state = core::RunState::waiting_approval;
  put({core::UpdateRun{.run = run,
                       .from = core::RunState::running,
                       .trace = {.spans = {tool_span(noon + 10, "first")}}}});
  run.state = core::RunState::failed;
  run.error = "it broke";
  run.finished_at = Time{noon + 100};
  // Told again after a crash: still one.
  put({core::UpdateRun{
      .run = run,
      .from = core::RunState::waiting_approval,
      .trace = {.provider = "vendor",
                .model = "m1",
                .spans = {tool_span(noon + 30, "third"), tool_span(noon + 20, "second")}}}});
  const auto found = awaited(spans().traced_run(here, run.id));
  ASSERT_TRUE(found && *found);
  const core::TracedRun& traced = (*found)->run;
  EXPECT_EQ(traced.id, run.id);
  EXPECT_EQ(traced.trace_id, run.id) << "a trace of its own";
  EXPECT_TRUE(traced.parent.empty());
  EXPECT_EQ(traced.owner, "ann");
  EXPECT_EQ(traced.state, core::RunState::failed);
  EXPECT_EQ(traced.error, "it broke");
  EXPECT_EQ(traced.provider, "vendor");
  EXPECT_EQ(traced.model, "m1");
  Ids calls;
  for (const core::Span& span : (*found)->spans) {
    calls.push_back(std::get<core::ToolSpan>(span.of).call_id);
  }
  EXPECT_EQ(calls, (Ids{"first", "second", "third"}));
  const auto anothers = awaited(spans().traced_run(elsewhere, run.id));
  ASSERT_TRUE(anothers);
  EXPECT_FALSE(*anothers);
}

TEST_P(StoreSpans, ATraceIsFoundByItsIdByItsRunAndByItsThread) {
  const core::TraceParent given{.trace_id = std::string(32, 'a'), .span_id = std::string(16, 'b')};
  const std::string own = put_run(noon, {.spans = {tool_span(noon)}});
  const std::string first = put_run(noon + 2'000'000, {.trace = given});
  const std::string second =
      put_run(noon + 4'000'000, {.thread = "t2", .owner = "bob", .trace = given});
  ASSERT_EQ(traces(own).size(), 1U);
  EXPECT_EQ(traces(own)[0].spans.size(), 1U);
  const auto both = traces(given.trace_id);
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].run.id, first) << "oldest first";
  EXPECT_EQ(both[1].run.id, second);
  EXPECT_EQ(both[0].run.trace_id, given.trace_id);
  EXPECT_EQ(both[0].run.parent, given);
  EXPECT_EQ(traces(given.trace_id, "bob").size(), 1U);
  EXPECT_EQ(traces("t1").size(), 2U);
  EXPECT_TRUE(traces("t1", "bob").empty());
  EXPECT_TRUE(traces("nothing").empty());
  EXPECT_TRUE(spans().traces(elsewhere, std::nullopt, own, {})->empty());
}

TEST_P(StoreSpans, RunsAreListedNewestFirstByWhatIsAskedFor) {
  const std::string old = put_run(noon - 3 * day, {});
  const std::string first = put_run(noon, {.agent = ""});
  const std::string second =
      put_run(noon + 2'000'000, {.thread = "t2", .owner = "bob", .state = core::RunState::failed});
  const core::TracedRunFilter since{.since = Time{noon - day}};
  EXPECT_EQ(listed(since), (Ids{second, first}));
  EXPECT_EQ(listed({}), (Ids{second, first, old}));
  EXPECT_EQ(listed({.owner = "ann"}), (Ids{first, old}));
  EXPECT_EQ(listed({.agent_id = "helper"}), (Ids{second, old}));
  EXPECT_EQ(listed({.agent_id = "default"}), (Ids{first})) << "the default agent has two ids";
  EXPECT_EQ(listed({.thread_id = "t2"}), (Ids{second}));
  EXPECT_EQ(listed({.states = {core::RunState::failed}}), (Ids{second}));
  const auto page = spans().traced_runs(here, {.limit = 1}, {});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->runs.size(), 1U);
  EXPECT_EQ(page->total, 3U);
  EXPECT_TRUE(spans().traced_runs(elsewhere, {}, {})->runs.empty());
}

TEST_P(StoreSpans, ThreadsAreListedWithWhatTheirRunsCameTo) {
  put_run(noon, {.cost = 100});
  const std::string newest = put_run(noon + 2'000'000, {.cost = 50});
  const auto rows = spans().traced_threads(here, {}, {});
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 2U);
  const core::TracedThread& row = rows->front();
  EXPECT_EQ(row.id, "t1") << "last changed first";
  EXPECT_EQ(row.newest_trace_id, newest);
  EXPECT_EQ(row.cost_micros, 150);
  EXPECT_EQ(row.usage.input_tokens, 20);
  EXPECT_EQ(row.messages, 2);
  EXPECT_EQ(rows->back().newest_trace_id, "");
  EXPECT_EQ(spans().traced_threads(here, {.owner = "bob"}, {})->size(), 1U);
  EXPECT_TRUE(spans().traced_threads(here, {.archived = true}, {})->empty());
}

TEST_P(StoreSpans, CostsAreSumsByDayAgentModelAndUser) {
  put_run(noon - day, {.model = "m2", .cost = 7});
  put_run(noon, {.cost = 100});
  put_run(
      noon + 2'000'000,
      {.thread = "t2", .owner = "bob", .agent = "", .cost = 30, .state = core::RunState::failed});
  const auto by_day = costs({.by = core::CostsBy::day});
  ASSERT_EQ(by_day.size(), 2U);
  EXPECT_EQ(by_day[0].day, 19'999);
  EXPECT_EQ(by_day[0].cost_micros, 7);
  EXPECT_EQ(by_day[1].day, 20'000);
  EXPECT_EQ(by_day[1].cost_micros, 130);
  EXPECT_EQ(by_day[1].runs, 2);
  EXPECT_EQ(by_day[1].failed_runs, 1);
  EXPECT_EQ(by_day[1].threads, 2);
  EXPECT_EQ(by_day[1].usage.input_tokens, 20);
  EXPECT_EQ(by_day[1].usage.cached_input_tokens, 4);
  const auto by_agent = costs({.by = core::CostsBy::agent});
  ASSERT_EQ(by_agent.size(), 2U);
  EXPECT_EQ(by_agent[0].key, "helper") << "what cost most first";
  EXPECT_EQ(by_agent[1].key, "default");
  const auto by_model = costs({.by = core::CostsBy::model});
  ASSERT_EQ(by_model.size(), 2U);
  EXPECT_EQ(by_model[0].key, "m1");
  EXPECT_EQ(by_model[0].provider, "vendor");
  const auto by_user = costs({.by = core::CostsBy::user, .from = Time{noon - day / 2}});
  ASSERT_EQ(by_user.size(), 2U);
  EXPECT_EQ(by_user[0].key, "ann");
  EXPECT_EQ(by_user[0].cost_micros, 100);
  const auto bobs = costs({.by = core::CostsBy::day, .owner = "bob"});
  ASSERT_EQ(bobs.size(), 1U);
  EXPECT_EQ(bobs[0].cost_micros, 30);
  EXPECT_TRUE(spans().costs(elsewhere, {.until = Time{noon + day}}, {})->empty());
}

// It waited for a human for weeks.
TEST_P(StoreSpans, ARunThatTookLongCountsOnTheDayOfItsEnd) {
  put_run(noon - 30 * day, {.cost = 0});
  core::Run run{.id = base::new_id(Time{noon - 20 * day}),
                .thread_id = "t1",
                .scope = here,
                .agent_id = "helper",
                .started_by = "ann",
                .created_at = Time{noon - 20 * day}};
  put({core::InsertRun{run}});
  run.state = core::RunState::succeeded;
  run.cost_micros = 42;
  run.finished_at = Time{noon};
  put({core::UpdateRun{.run = run, .from = core::RunState::running}});
  const auto by_day =
      costs({.by = core::CostsBy::day, .from = Time{noon - day}, .until = Time{noon + day}});
  ASSERT_EQ(by_day.size(), 1U);
  EXPECT_EQ(by_day[0].day, 20'000);
  EXPECT_EQ(by_day[0].cost_micros, 42);
  EXPECT_EQ(by_day[0].runs, 1) << "once";
  EXPECT_EQ(costs({.by = core::CostsBy::day})[1].runs, 1)
      << "also where it is among the usual ones";
}

// Nobody can take back what was spent; who spent it, and where, goes with the thread.
TEST_P(StoreSpans, WhatAnErasedThreadCostStaysAsASum) {
  put_run(noon, {.cost = 100, .spans = {tool_span(noon)}});
  put_run(noon + 2'000'000, {.cost = 11});
  put({core::EraseThread{.id = "t1", .at = {noon}}});
  EXPECT_TRUE(traces("t1").empty());
  EXPECT_TRUE(listed({}).empty());
  put({core::PurgeThread{"t1"}});
  const auto by_day = costs({.by = core::CostsBy::day});
  ASSERT_EQ(by_day.size(), 1U);
  EXPECT_EQ(by_day[0].cost_micros, 111);
  EXPECT_EQ(by_day[0].runs, 2);
  EXPECT_EQ(by_day[0].threads, 0);
  const auto by_user = costs({.by = core::CostsBy::user});
  ASSERT_EQ(by_user.size(), 1U);
  EXPECT_EQ(by_user[0].key, "");
  EXPECT_TRUE(costs({.by = core::CostsBy::day, .owner = "ann"}).empty());
}

TEST_P(StoreSpans, OldSpansAreForgottenAndTheirRunsStay) {
  const std::string old = put_run(noon, {.spans = {tool_span(noon)}});
  const std::string young = put_run(noon + day, {.spans = {tool_span(noon + day)}});
  const Time between{noon + day / 2};
  EXPECT_FALSE(*awaited(spans().any_spans_before(Time{noon})));
  EXPECT_TRUE(*awaited(spans().any_spans_before(between)));
  put({core::ForgetSpans{.began_before = between}});
  EXPECT_TRUE(traces(old)[0].spans.empty());
  EXPECT_EQ(traces(old)[0].run.cost_micros, 100);
  EXPECT_EQ(traces(young)[0].spans.size(), 1U);
  EXPECT_FALSE(*awaited(spans().any_spans_before(between)));
  put({core::ForgetSpans{.began_before = between}});
  EXPECT_EQ(traces(young)[0].spans.size(), 1U);
}

TEST_P(StoreSpans, SafetyEventsAreDecisionsThatRefusedOrHid) {
  // A decision about a call in that thread, with its record.
  const auto decide = [&](const std::string& id, std::int64_t at, const std::string& owner,
                          core::Decision decision, const base::Json& params) {
    core::Action action = action_of(id, at);
    action.owner = owner;
    action.thread_id = owner == "ann" ? "t1" : "t2";
    action.run_id = "r1";
    action.tool_call_id = "c-" + id;
    action.decision = std::move(decision);
    core::AuditEntry entry{.kind = std::string(core::audit_kind::decision),
                           .actor = "agent:helper",
                           .subject = id,
                           .details = {{"params", params},
                                       {"outcome", core::to_string(action.decision.outcome)},
                                       {"reason", "why of " + id}},
                           .at = {at}};
    put({core::InsertAction{action}, core::AppendAudit{std::move(entry)}});
  };
  const core::Decision allowed{.outcome = core::Outcome::execute, .risk_level = "low"};
  const core::Decision refused{
      .outcome = core::Outcome::halt, .reason_code = "POLICY_DENY", .risk_level = "high"};
  core::Decision too_often = refused;
  too_often.reason_code = "RATE_LIMIT";
  const base::Json plain = {{"text", "x"}};
  decide("old", noon, "ann", refused, plain);
  decide("said", noon + day, "ann", allowed, {{"outcome", "HALT"}});
  decide("hid", noon + day, "ann", allowed, {{"pw", "[redacted]"}});
  decide("often", noon + day, "ann", too_often, plain);
  decide("bobs", noon + day, "bob", refused, {{"pw", "[redacted]"}});
  decide("fine", noon + day, "ann", allowed, plain);
  const auto found = [&](core::SafetyEventFilter filter) {
    auto page = spans().safety_events(here, filter, {});
    EXPECT_TRUE(page) << page.error().message;
    return page ? std::move(*page) : core::SafetyEventPage();
  };
  const auto ids = [&](core::SafetyEventFilter filter) {
    Ids out;
    for (const core::SafetyEvent& one : found(std::move(filter)).events) {
      out.push_back(one.action_id);
    }
    return out;
  };
  EXPECT_EQ(ids({}), (Ids{"bobs", "often", "hid", "old"}));
  EXPECT_EQ(ids({.owner = "ann"}), (Ids{"often", "hid", "old"}));
  EXPECT_EQ(ids({.owner = "ann", .user_id = "bob"}), Ids{});
  EXPECT_EQ(ids({.user_id = "bob"}), Ids{"bobs"});
  EXPECT_EQ(ids({.thread_id = "t2"}), Ids{"bobs"});
  EXPECT_EQ(ids({.agent_id = "nobody"}), Ids{});
  EXPECT_EQ(ids({.severity = "low"}), Ids{"hid"});
  EXPECT_EQ(ids({.since = Time{noon + 1}}), (Ids{"bobs", "often", "hid"}));
  EXPECT_EQ(ids({.action = core::SafetyAction::redact}), Ids{"hid"});
  EXPECT_EQ(ids({.detector = core::SafetyDetector::rate_limit}), Ids{"often"});
  const auto page = found({.limit = 2, .offset = 1});
  EXPECT_EQ(page.total, 4U);
  ASSERT_EQ(page.events.size(), 2U);
  EXPECT_EQ(page.events[0].action_id, "often");
  EXPECT_EQ(page.events[0].detail, "why of often");
  EXPECT_EQ(page.events[0].tool_call_id, "c-often");
  EXPECT_EQ(page.events[0].owner, "ann");
  EXPECT_EQ(page.events[0].outcome, "HALT");
  EXPECT_EQ(page.events[0].at, Time{noon + day});
  const auto trail = awaited(stores().audit.audit_of(here, "often"));
  EXPECT_EQ(page.events[0].id, trail->front().hash);
  EXPECT_EQ(spans().safety_events(elsewhere, {}, {})->total, 0U);
  put({core::EraseThread{.id = "t1", .at = {noon + 2 * day}}});
  EXPECT_EQ(ids({}), Ids{"bobs"});
}

TEST_P(StoreSpans, GaugesSayWhatWaits) {
  const auto gauges = awaited(spans().gauges());
  ASSERT_TRUE(gauges) << gauges.error().message;
  EXPECT_EQ(gauges->approvals_waiting, 0);
  EXPECT_FALSE(gauges->oldest_approval);
  EXPECT_TRUE(gauges->job_queues.empty());
  EXPECT_GT(gauges->bytes, 0);
}

}  // namespace colonnade::conformance
