// Budgets, monitoring and background operations of the Platos client, beyond the recorded rows:
// every member of the requests, what both clients make of the replies, waiting, and what is refused
// before it is sent (platos §2.4 to 2.6).
#include <gtest/gtest.h>

#include <functional>
#include <stop_token>
#include <thread>

#include "sdk/platos/script.hpp"
#include "sdk/platos/values_to_wire.hpp"

namespace colonnade {
namespace {

using namespace platos_script;
using platos::AsyncClient;
using platos::Client;
using platos_values::wire_of;
using testing::ScriptedTransport;

constexpr std::string_view api_root = "/api/v1/agent";

template <class T>
Json outcome(const T& value) {
  return wire_of(value);
}
template <class T>
Json outcome(Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    run(std::move(task));
    return Json("done");
  } else {
    return wire_of(run(std::move(task)));
  }
}

// What a call asked, and what became of the reply; both clients must agree.
struct Asked {
  Json body{};  // null for none
  Json result{};
  bool operator==(const Asked&) const = default;
};

template <class C, class Call>
Asked ask_one(std::string_view method, const std::string& path, std::string_view reply, Call call) {
  ScriptedTransport wire;
  wire.expect(method, std::string(api_root) + path).reply(200, reply);
  const C client(options_of(wire));
  Asked out;
  if constexpr (std::is_void_v<decltype(call(client))>) {
    call(client);
    out.result = Json("done");
  } else {
    out.result = outcome(call(client));
  }
  wire.verify();
  const auto sent = wire.requests().at(0);
  if (sent.has_body) out.body = Json::parse(sent.body);
  return out;
}

template <class Call>
Asked ask_both(std::string_view method, const std::string& path, std::string_view reply,
               Call call) {
  const Asked blocking = ask_one<Client>(method, path, reply, call);
  const Asked awaited = ask_one<AsyncClient>(method, path, reply, call);
  EXPECT_EQ(blocking.body, awaited.body);
  EXPECT_EQ(blocking.result, awaited.result);
  return blocking;
}

// The words of what a call throws, "" for nothing.
template <class E>
std::string thrown_by(std::string_view method, std::string_view path, int status,
                      std::string_view body, const std::function<void(const Client&)>& call) {
  ScriptedTransport wire;
  wire.expect(method, std::string(api_root) + std::string(path)).reply(status, body);
  const Client client(options_of(wire));
  try {
    call(client);
  } catch (const E& error) {
    return error.what();
  }
  return "";
}

// --- budgets

constexpr std::string_view cap_reply =
    R"({"cap":{"id":"b1","scopeType":"user","targetId":"*","period":"week","limitCents":250.5,)"
    R"("runsLimit":9,"alertThresholds":[50,99.5],"alertWebhookUrl":"https://hooks.example/x",)"
    R"("alertEmails":"ann@example.com, bob@example.com","overrideUntil":null,"overrideBy":null,)"
    R"("enabled":true,"tier":"skill","skillSlug":"search","agentId":"a1",)"
    R"("createdAt":"2026-05-12T09:00:00.000Z","updatedAt":"2026-05-12T09:00:00.000Z"}})";

TEST(PlatosBudgets, a_cap_with_all_that_can_be_said) {
  const platos::SetCap cap{.scope_type = "user",
                           .target_id = "*",
                           .period = "week",
                           .limit_cents = 250.5,
                           .runs_limit = 9,
                           .alert_thresholds = {50, 99.5},
                           .alert_webhook_url = "https://hooks.example/x",
                           .alert_emails = {"ann@example.com", "bob@example.com"},
                           .enabled = true,
                           .tier = "skill",
                           .skill_slug = "search",
                           .agent_id = "a1",
                           .more = {{"note", "n"}}};
  const Asked asked = ask_both("POST", "/budgets", cap_reply,
                               [&](const auto& client) { return client.budgets.set(cap); });
  EXPECT_EQ(asked.body, (Json{{"scopeType", "user"},
                              {"targetId", "*"},
                              {"period", "week"},
                              {"limitCents", 250.5},
                              {"runsLimit", 9},
                              {"alertThresholds", Json::array({50, 99.5})},
                              {"alertWebhookUrl", "https://hooks.example/x"},
                              {"alertEmails", "ann@example.com,bob@example.com"},
                              {"enabled", true},
                              {"tier", "skill"},
                              {"skillSlug", "search"},
                              {"agentId", "a1"},
                              {"note", "n"}}));
  Json expected = Json::parse(cap_reply)["cap"];
  expected.set("alertEmails", Json::array({"ann@example.com", "bob@example.com"}));
  EXPECT_EQ(asked.result, expected) << asked.result.dump();
}

TEST(PlatosBudgets, caps_are_lifted_and_removed) {
  const Asked lifted =
      ask_both("POST", "/budgets/b%2F1/override", cap_reply,
               [](const auto& client) { return client.budgets.override_cap("b/1", 90min); });
  EXPECT_EQ(lifted.body, (Json{{"minutes", 90}}));
  const Asked ended = ask_both("POST", "/budgets/b1/override", cap_reply, [](const auto& client) {
    return client.budgets.override_cap("b1", 0min);
  });
  EXPECT_EQ(ended.body, (Json{{"minutes", 0}}));
  const Asked removed = ask_both("DELETE", "/budgets/b1", R"({"deleted":true})",
                                 [](const auto& client) { return client.budgets.remove("b1"); });
  EXPECT_EQ(removed.result, Json("done"));
  EXPECT_TRUE(removed.body.is_null());
}

// The other path's server says what is spent, and leaves the rest to the client.
TEST(PlatosBudgets, a_status_without_percentages_has_them) {
  ScriptedTransport wire;
  wire.expect("GET", "/api/v1/agent/budgets/status")
      .reply(200, R"({"caps":[{"cap":{"limitCents":500,"runsLimit":10},"spentCents":410,"runs":5},)"
                  R"({"cap":{"limitCents":0},"spentCents":7,"runs":1},)"
                  R"({"cap":{"limitCents":100},"spentCents":99,"percent":99,"blocked":true}]})");
  const auto status = Client(options_of(wire)).budgets.status();
  ASSERT_EQ(status.caps.size(), 3U);
  EXPECT_EQ(status.caps[0].percent, 82);
  EXPECT_EQ(status.caps[0].runs_percent, 50);
  EXPECT_EQ(status.caps[1].percent, 0);
  EXPECT_EQ(status.spent_usd, 0.99) << "of the cap that is nearest to its limit";
  EXPECT_EQ(status.cap_usd, 1);
  EXPECT_TRUE(status.blocked);
}

TEST(PlatosBudgets, a_status_that_does_not_say_whether_it_blocks) {
  const auto blocked = [](std::string_view cap) {
    ScriptedTransport wire;
    wire.expect("GET", "/api/v1/agent/budgets/status")
        .reply(200, R"({"caps":[)" + std::string(cap) + "]}");
    return Client(options_of(wire)).budgets.status().blocked;
  };
  EXPECT_TRUE(blocked(R"({"cap":{"limitCents":500},"spentCents":500})"));
  EXPECT_FALSE(blocked(R"({"cap":{"limitCents":500},"spentCents":499.5})"));
  EXPECT_TRUE(blocked(R"({"cap":{"runsLimit":3},"spentCents":0,"runs":3})"));
  EXPECT_FALSE(blocked(R"({"cap":{"runsLimit":0,"limitCents":0},"spentCents":9,"runs":9})"));
  EXPECT_FALSE(blocked(R"({"cap":{"limitCents":5},"spentCents":5,"overrideActive":true})"));
  EXPECT_FALSE(blocked(
      R"({"cap":{"limitCents":5,"overrideUntil":"2200-01-01T00:00:00.000Z"},"spentCents":5})"));
  EXPECT_TRUE(blocked(
      R"({"cap":{"limitCents":5,"overrideUntil":"2020-01-01T00:00:00.000Z"},"spentCents":5})"));
  EXPECT_FALSE(blocked(R"({"cap":{"limitCents":5},"spentCents":5,"blocked":false})"))
      << "the server's word counts";
}

// --- monitoring

TEST(PlatosMonitoring, turns_and_threads_are_filtered_alike) {
  const platos::ListRuns filter{
      .agent_id = "a 1", .thread_id = "th1", .status = "error", .limit = 3};
  constexpr std::string_view query = "?agentId=a%201&threadId=th1&status=error&limit=3";
  ask_both("GET", "/monitoring/runs" + std::string(query), R"({"runs":[]})",
           [&](const auto& client) { return client.monitoring.runs(filter); });
  ask_both("GET", "/monitoring/traces" + std::string(query), R"({"traces":[],"count":0})",
           [&](const auto& client) { return client.monitoring.list_traces(filter); });
  ask_both("GET", "/monitoring/traces", R"({"traces":[],"count":0})",
           [](const auto& client) { return client.monitoring.traces(); });
}

TEST(PlatosMonitoring, a_server_that_lists_no_turns_gives_its_threads) {
  ScriptedTransport wire;
  wire.expect("GET", "/api/v1/agent/monitoring/runs?limit=1")
      .reply(404, R"({"message":"Cannot GET /x","error":"Not Found","statusCode":404})");
  wire.expect("GET", "/api/v1/agent/monitoring/traces?limit=1")
      .reply(200, R"({"traces":[{"threadId":"th1","totalCostCents":3,"totalInputTokens":4,)"
                  R"("totalOutputTokens":5,"toolCallCount":6,"status":"active"}]})");
  const auto runs = Client(options_of(wire)).monitoring.runs({.limit = 1});
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].id, "");
  EXPECT_EQ(runs[0].thread_id, "th1");
  EXPECT_EQ(runs[0].cost_cents, 3);
  EXPECT_EQ(runs[0].input_tokens + runs[0].output_tokens + runs[0].tool_call_count, 15);
}

TEST(PlatosMonitoring, the_trace_of_a_thread) {
  ScriptedTransport wire;
  wire.expect("GET", "/api/v1/agent/monitoring/trace/th1")
      .reply(200, R"({"threadId":"th1","thread":{"id":"th1","agentId":"a1"},)"
                  R"("messages":[{"id":"m1","role":"user","content":"hi"}],)"
                  R"("spans":[{"spanId":"s1","name":"agent.turn","startTimeUnixNano":"1500",)"
                  R"("endTimeUnixNano":2500,"status":"error","errorMessage":"no","events":[1]},)"
                  R"({"spanId":"s2","parentSpanId":"s1","startTimeUnixNano":"soon"}],)"
                  R"("spanTree":[7],"timeline":[],"rollup":{"totalMessages":1,"totalSpans":2,)"
                  R"("totalCostCents":50,"totalInputTokens":3,"totalOutputTokens":4,)"
                  R"("toolCallCount":5,"firstMessageAt":"2026-05-12T09:00:00.000Z",)"
                  R"("lastMessageAt":null}})")
      .times(2);
  const auto trace = Client(options_of(wire)).monitoring.trace("th1");
  EXPECT_EQ(trace.thread.agent_id, "a1");
  EXPECT_EQ(trace.messages.at(0).content, "hi");
  ASSERT_EQ(trace.spans.size(), 2U);
  EXPECT_EQ(trace.spans[0].start_time.time_since_epoch().count(), 1500);
  EXPECT_EQ(trace.spans[0].end_time.time_since_epoch().count(), 2500);
  EXPECT_EQ(trace.spans[0].error_message, "no");
  EXPECT_EQ(trace.spans[0].parent_span_id, std::nullopt);
  EXPECT_EQ(trace.spans[1].parent_span_id, "s1");
  EXPECT_EQ(trace.spans[1].start_time, Timestamp()) << "what is no number is left out";
  EXPECT_EQ(trace.totals.usd, 0.5);
  EXPECT_EQ(trace.totals.messages + trace.totals.spans + trace.totals.tool_call_count, 8);
  EXPECT_TRUE(trace.totals.first_message_at);
  EXPECT_FALSE(trace.totals.last_message_at);
  EXPECT_EQ(trace.extra["spanTree"], Json::array({7}));
  EXPECT_EQ(run(AsyncClient(options_of(wire)).monitoring.trace("th1")).spans.size(), 2U);
  wire.verify();
}

TEST(PlatosMonitoring, costs_by_model_and_by_user) {
  constexpr std::string_view models =
      R"({"rows":[{"provider":"anthropic","model":"claude","costCents":21,"inputTokens":4,)"
      R"("outputTokens":5,"runs":1,"threads":1,"costWithCacheCents":20,"share":0.5}],)"
      R"("fetchedAt":"2026-05-12T09:00:00.000Z"})";
  const Asked by_model =
      ask_both("GET", "/monitoring/cost-by-model?days=30", models,
               [](const auto& client) { return client.monitoring.cost_by_model(); });
  EXPECT_EQ(by_model.result, Json::parse(models)["rows"]);
  constexpr std::string_view users =
      R"({"rows":[{"userId":"ann","costCents":21,"inputTokens":4,"outputTokens":5,"runs":1,)"
      R"("threads":1,"costWithCacheCents":20}]})";
  const Asked by_user =
      ask_both("GET", "/monitoring/cost-by-user?days=7", users,
               [](const auto& client) { return client.monitoring.cost_by_user(7); });
  EXPECT_EQ(by_user.result, Json::parse(users)["rows"]);
  ScriptedTransport wire;
  const Client client(options_of(wire));
  EXPECT_THROW(client.monitoring.cost_by_model(0), std::invalid_argument);
  EXPECT_THROW(client.monitoring.cost_by_user(-1), std::invalid_argument);
  EXPECT_THROW(client.monitoring.cost_by_scope(0), std::invalid_argument);
}

TEST(PlatosMonitoring, safety_events_by_all_that_can_be_asked_for) {
  constexpr std::string_view events =
      R"({"rows":[{"id":"e1","agentId":"a1","threadId":"t1",)"
      R"("messageId":"m1","userId":"ann","detector":"tool_param","action":"block",)"
      R"("severity":"high","detail":"denied","meta":{"reasonCode":"POLICY_DENY"},)"
      R"("toolName":"shell","toolCallId":"c1","createdAt":"2026-05-12T09:00:00.000Z",)"
      R"("organizationId":"org_1"}],)"
      R"("total":1,"limit":10,"offset":20})";
  const platos::ListSafetyEvents filter{.detector = "tool_param",
                                        .action = "block",
                                        .severity = "high",
                                        .agent_id = "a1",
                                        .thread_id = "t1",
                                        .user_id = "ann",
                                        .since_days = 7,
                                        .limit = 10,
                                        .offset = 20};
  const Asked asked =
      ask_both("GET",
               "/monitoring/safety-events?detector=tool_param&action=block&severity=high&agentId=a1"
               "&threadId=t1&userId=ann&sinceDays=7&limit=10&offset=20",
               events, [&](const auto& client) { return client.monitoring.safety_events(filter); });
  EXPECT_EQ(asked.result, Json::parse(events)["rows"]);
  const Asked all = ask_both(
      "GET", "/monitoring/safety-events",
      R"({"rows":[{"id":"e2","threadId":null,"messageId":null,"toolCallId":null}],"total":1})",
      [](const auto& client) { return client.monitoring.safety_events(); });
  EXPECT_EQ(all.result[0]["threadId"], Json(""));
  EXPECT_EQ(all.result[0]["id"], Json("e2"));
}

// --- background operations

constexpr std::string_view run_reply = R"({"id":"run_1"})";

TEST(PlatosBackground, a_run_with_all_that_can_be_said) {
  const platos::TriggerOptions options{.idempotency_key = "k1",
                                       .idempotency_key_ttl = 24h,
                                       .delay = 5min,
                                       .ttl = 90s,
                                       .tags = {"a", "b"},
                                       .metadata = {{"tenant", "t"}},
                                       .queue = "mail",
                                       .concurrency_limit = 2,
                                       .concurrency_key = "ann",
                                       .max_attempts = 1,
                                       .max_duration = 1min,
                                       .priority = 7,
                                       .test = true,
                                       .more = {{"region", "eu"}}};
  const Json payload{{"day", "today"}};
  const Asked asked = ask_both(
      "POST", "/trigger/tasks/digest/trigger", run_reply,
      [&](const auto& client) { return client.trigger.tasks.trigger("digest", payload, options); });
  const Json expected{{"idempotencyKey", "k1"},
                      {"idempotencyKeyTTL", "86400s"},
                      {"delay", "300s"},
                      {"ttl", "90s"},
                      {"tags", Json::array({"a", "b"})},
                      {"metadata", {{"tenant", "t"}}},
                      {"queue", {{"name", "mail"}, {"concurrencyLimit", 2}}},
                      {"concurrencyKey", "ann"},
                      {"maxAttempts", 1},
                      {"maxDuration", 60},
                      {"priority", 7},
                      {"test", true},
                      {"region", "eu"}};
  EXPECT_EQ(asked.body, (Json{{"payload", payload}, {"options", expected}}));
  EXPECT_EQ(asked.result, (Json{{"id", "run_1"}}));
}

TEST(PlatosBackground, a_run_that_starts_at_a_moment) {
  const platos::TriggerOptions options{
      .delay = 5s, .start_at = Timestamp(std::chrono::sys_days(2026y / 5 / 12)), .queue = "mail"};
  const Asked asked = ask_both(
      "POST", "/trigger/tasks/digest/trigger", run_reply,
      [&](const auto& client) { return client.bgo.tasks.trigger("digest", Json(), options); });
  EXPECT_EQ(asked.body["options"],
            (Json{{"delay", "2026-05-12T00:00:00.000000Z"}, {"queue", {{"name", "mail"}}}}));
}

TEST(PlatosBackground, a_batch_with_options) {
  const platos::TriggerOptions options{.idempotency_key = "k1"};
  const std::vector<Json> payloads{{{"day", 1}}, nullptr};
  const Asked asked = ask_both(
      "POST", "/trigger/batches/digest", R"({"batchId":"batch_1","runIds":["r1","r2"]})",
      [&](const auto& client) { return client.bgo.batches.trigger("digest", payloads, options); });
  EXPECT_EQ(asked.body, (Json{{"payloads", Json::array({Json{{"day", 1}}, nullptr})},
                              {"options", {{"idempotencyKey", "k1"}}}}));
  EXPECT_EQ(asked.result, (Json{{"batchId", "batch_1"}, {"runIds", Json::array({"r1", "r2"})}}));
}

constexpr std::string_view task_reply =
    R"({"task":{"id":"t1","taskId":"digest","displayName":"Digest","description":"","timeout":60,)"
    R"("triggerType":"schedule","isActive":false,"maxRetries":1,"allowedAgentIds":["a1"],)"
    R"("scheduleCron":"0 6 * * *","scheduleTimezone":"Europe/Paris",)"
    R"("payloadSchema":{"type":"object"},"handler":{"kind":"tool","tool":"fetch"},)"
    R"("createdAt":"2026-05-12T09:00:00.000Z","updatedAt":"2026-05-12T09:00:00.000Z"}})";

TEST(PlatosBackground, tasks_are_written) {
  const platos::TaskSettings settings{
      .task_id = "digest",
      .display_name = "Digest",
      .handler = platos::ToolHandler{.tool = "fetch", .args = {{"url", "{{payload.url}}"}}},
      .description = "",
      .trigger_type = "schedule",
      .schedule_cron = "0 6 * * *",
      .schedule_timezone = "Europe/Paris",
      .allowed_agent_ids = std::vector<std::string>{"a1"},
      .payload_schema = {{"type", "object"}},
      .timeout = 60s,
      .max_retries = 1,
      .is_active = false,
      .more = {{"note", "n"}}};
  const Asked made = ask_both("POST", "/platos-tasks", task_reply, [&](const auto& client) {
    return client.bgo.catalog.create(settings);
  });
  EXPECT_EQ(made.body,
            (Json{{"taskId", "digest"},
                  {"displayName", "Digest"},
                  {"handler",
                   {{"kind", "tool"}, {"tool", "fetch"}, {"args", {{"url", "{{payload.url}}"}}}}},
                  {"description", ""},
                  {"triggerType", "schedule"},
                  {"scheduleCron", "0 6 * * *"},
                  {"scheduleTimezone", "Europe/Paris"},
                  {"allowedAgentIds", Json::array({"a1"})},
                  {"payloadSchema", {{"type", "object"}}},
                  {"timeout", 60},
                  {"maxRetries", 1},
                  {"isActive", false},
                  {"note", "n"}}));
  EXPECT_EQ(made.result["timeout"], Json(60));

  const platos::TaskSettings changes{
      .handler = platos::AgentHandler{.agent_id = "a1",
                                      .prompt = "Go.",
                                      .thread_id = "th1",
                                      .output_schema = {{"type", "object"}}}};
  const Asked changed = ask_both("PATCH", "/platos-tasks/t1", task_reply, [&](const auto& client) {
    return client.bgo.catalog.update("t1", changes);
  });
  EXPECT_EQ(changed.body, (Json{{"handler",
                                 {{"kind", "agent"},
                                  {"agentId", "a1"},
                                  {"prompt", "Go."},
                                  {"threadId", "th1"},
                                  {"outputSchema", {{"type", "object"}}}}}}));
  const platos::TaskSettings by_hand{.handler = Json{{"kind", "flow"}}};
  EXPECT_EQ(ask_both("PATCH", "/platos-tasks/t1", task_reply,
                     [&](const auto& client) { return client.bgo.catalog.update("t1", by_hand); })
                .body,
            (Json{{"handler", {{"kind", "flow"}}}}));
}

TEST(PlatosBackground, tasks_are_read_run_and_removed) {
  const Json task = Json::parse(task_reply)["task"];
  ScriptedTransport wire;
  wire.expect("GET", "/api/v1/agent/platos-tasks/t1").reply(200, task.dump());
  const auto read = Client(options_of(wire)).bgo.catalog.get("t1");
  EXPECT_EQ(read.schedule_cron + read.schedule_timezone, "0 6 * * *Europe/Paris");
  EXPECT_EQ(read.timeout, 60s);
  EXPECT_TRUE(read.extra.is_null()) << read.extra.dump();
  const Asked listed = ask_both("GET", "/platos-tasks", Json{{"tasks", Json::array({task})}}.dump(),
                                [](const auto& client) { return client.bgo.catalog.list(); });
  EXPECT_EQ(listed.result.size(), 1U);
  const Json payload{{"day", "today"}};
  const Asked begun = ask_both(
      "POST", "/platos-tasks/t1/run", R"({"queued":true,"runId":"run_1","taskId":"digest"})",
      [&](const auto& client) { return client.bgo.catalog.run("t1", payload); });
  EXPECT_EQ(begun.body, (Json{{"payload", payload}}));
  EXPECT_EQ(begun.result["id"], Json("run_1"));
  EXPECT_EQ(ask_both("DELETE", "/platos-tasks/t1", R"({"deleted":true})",
                     [](const auto& client) { return client.bgo.catalog.remove("t1"); })
                .result,
            Json("done"));
}

TEST(PlatosBackground, what_cannot_be_meant_is_not_sent) {
  ScriptedTransport wire;
  const Client client(options_of(wire));
  EXPECT_THROW(client.budgets.set({.more = 1}), std::invalid_argument);
  EXPECT_THROW(client.budgets.override_cap("b1", -1min), std::invalid_argument);
  EXPECT_THROW(client.budgets.remove(""), std::invalid_argument);
  EXPECT_THROW(client.bgo.tasks.trigger(""), std::invalid_argument);
  EXPECT_THROW(client.bgo.tasks.trigger("t", {}, {.more = "x"}), std::invalid_argument);
  EXPECT_THROW(client.bgo.batches.trigger("t", {}), std::invalid_argument);
  EXPECT_THROW(client.bgo.batches.get(".."), std::invalid_argument);
  EXPECT_THROW(client.bgo.catalog.create({.display_name = "D"}), std::invalid_argument);
  EXPECT_THROW(client.bgo.catalog.create({.task_id = "d"}), std::invalid_argument);
  EXPECT_THROW(client.bgo.catalog.update("t", {.more = 1}), std::invalid_argument);
  EXPECT_THROW(client.bgo.runs.wait("r", {.interval = 0ms}), std::invalid_argument);
  EXPECT_TRUE(wire.requests().empty());
}

TEST(PlatosBackground, refusals_keep_their_codes_and_fields) {
  ScriptedTransport wire;
  wire.expect("POST", "/api/v1/agent/trigger/schedules")
      .reply(400, R"({"statusCode":400,"message":"Invalid cron expression","error":"Bad Request",)"
                  R"("code":"invalid_cron","validationErrors":["cron: expected 5 fields"]})");
  try {
    Client(options_of(wire)).bgo.schedules.create({.task_id = "digest", .cron = "often"});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const platos::ValidationError& error) {
    EXPECT_EQ(error.code(), "invalid_cron");
    EXPECT_EQ(error.validation_errors(), std::vector<std::string>{"cron: expected 5 fields"});
  }
  EXPECT_EQ(thrown_by<platos::ValidationError>(
                "POST", "/platos-tasks", 400,
                R"({"code":"handler_unsupported","message":"JavaScript is not run here"})",
                [](const Client& client) {
                  client.bgo.catalog.create(
                      {.task_id = "d", .display_name = "D", .handler = Json("return 1")});
                }),
            "Platos 400: JavaScript is not run here");
  EXPECT_EQ(thrown_by<platos::NotFoundError>(
                "POST", "/trigger/tasks/x/trigger", 404, R"({"message":"Task not found"})",
                [](const Client& client) { client.bgo.tasks.trigger("x"); }),
            "Platos 404: Task not found");
  EXPECT_EQ(thrown_by<platos::NotFoundError>(
                "GET", "/trigger/runs/x", 404, R"({"message":"Run not found"})",
                [](const Client& client) { client.bgo.runs.get("x"); }),
            "Platos 404: Run not found");
}

// --- waiting

constexpr const char* run_path = "/api/v1/agent/trigger/runs/r1";

std::string run_in(std::string_view status) {
  return Json{{"id", "r1"}, {"status", status}}.dump();
}

// What waiting for the run gave, by either client: its status, or what was thrown.
std::string waited(const std::function<void(ScriptedTransport&)>& script,
                   const WaitOptions& options) {
  std::string said[2];
  for (const bool async : {false, true}) {
    ScriptedTransport wire;
    script(wire);
    auto settings = options_of(wire);
    settings.retries.retries = 0;
    try {
      const auto ended = async ? run(AsyncClient(settings).bgo.runs.wait("r1", options))
                               : Client(settings).bgo.runs.wait("r1", options);
      said[async ? 1 : 0] = ended.status;
    } catch (const platos::Error& error) {
      said[async ? 1 : 0] = error.what();
    }
    EXPECT_NO_THROW(wire.verify());
  }
  EXPECT_EQ(said[0], said[1]);
  return said[0];
}

TEST(PlatosWaiting, looks_until_the_run_has_ended) {
  const auto script = [](ScriptedTransport& wire) {
    for (const char* status : {"DELAYED", "QUEUED", "EXECUTING", "WAITING", "FAILED"}) {
      wire.expect("GET", run_path).reply(200, run_in(status));
    }
  };
  EXPECT_EQ(waited(script, {.interval = 1ms}), "FAILED");
  EXPECT_EQ(waited(script, {.interval = 1ms, .time_max = 0ms}), "FAILED");
}

TEST(PlatosWaiting, gives_the_run_as_it_is_when_the_time_is_up) {
  ScriptedTransport wire;
  // One look, and one more when the time is up; both when the machine is slow enough.
  wire.expect("GET", run_path).reply(200, run_in("EXECUTING")).times(20);
  const WaitOptions briefly{.interval = 1h, .time_max = 1ms};
  EXPECT_EQ(Client(options_of(wire)).bgo.runs.wait("r1", briefly).status, "EXECUTING");
  EXPECT_EQ(run(AsyncClient(options_of(wire)).bgo.runs.wait("r1", briefly)).status, "EXECUTING");
}

TEST(PlatosWaiting, ends_with_an_error_of_the_server) {
  EXPECT_EQ(waited(
                [](ScriptedTransport& wire) {
                  wire.expect("GET", run_path).reply(200, run_in("EXECUTING"));
                  wire.expect("GET", run_path).reply(404, R"({"message":"Run not found"})");
                },
                {.interval = 1ms}),
            "Platos 404: Run not found");
}

TEST(PlatosWaiting, is_stopped_between_two_looks) {
  ScriptedTransport wire;
  wire.expect("GET", run_path).reply(200, run_in("EXECUTING"));
  std::stop_source stop;
  const Client root(options_of(wire));
  const auto client = root.with({.stop = stop.get_token()});
  std::jthread stopper([&] {
    while (wire.requests().empty()) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_THROW(client.bgo.runs.wait("r1", {.interval = 1h, .time_max = 0ms}),
               platos::CancelledError);
}

TEST(PlatosWaiting, looks_until_all_runs_of_a_batch_have_ended) {
  for (const bool async : {false, true}) {
    ScriptedTransport wire;
    for (const char* status : {"PENDING", "PROCESSING", "PARTIAL_FAILED"}) {
      wire.expect("GET", "/api/v1/agent/trigger/batches/b1")
          .reply(200, Json{{"id", "b1"}, {"status", status}}.dump());
    }
    const WaitOptions soon{.interval = 1ms};
    const auto options = options_of(wire);
    const auto batch = async ? run(AsyncClient(options).bgo.batches.wait("b1", soon))
                             : Client(options).bgo.batches.wait("b1", soon);
    EXPECT_EQ(batch.status, "PARTIAL_FAILED");
    wire.verify();
  }
}

TEST(PlatosRuns, say_whether_and_how_they_ended) {
  for (const char* status : {"PENDING_VERSION", "DELAYED", "QUEUED", "DEQUEUED", "EXECUTING",
                             "WAITING", "", "SOMETHING_NEW"}) {
    EXPECT_FALSE(platos::Run{.status = status}.finished()) << status;
  }
  for (const char* status :
       {"COMPLETED", "FAILED", "CANCELED", "CRASHED", "SYSTEM_FAILURE", "TIMED_OUT", "EXPIRED"}) {
    EXPECT_TRUE(platos::Run{.status = status}.finished()) << status;
  }
  EXPECT_TRUE(platos::Run{.status = "COMPLETED"}.succeeded());
  EXPECT_FALSE(platos::Run{.status = "FAILED"}.succeeded());
  EXPECT_EQ(platos::Run{}.error_message(), "");
  EXPECT_EQ(platos::Run{.error = "words"}.error_message(), "words");
  EXPECT_EQ((platos::Run{.error = {{"name", "Error"}, {"message", "no"}}}.error_message()), "no");
  EXPECT_EQ((platos::Run{.error = {{"message", 7}}}.error_message()), "");
}

}  // namespace
}  // namespace colonnade
