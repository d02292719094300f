// Background operations over Platos' wire (platos §2.6, §5.6), beyond the contract's examples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "dialects/platos/bgo_wire.hpp"
#include "platos_server.hpp"
#include "platos_socket.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* catalog_path = "/api/v1/agent/platos-tasks";
const std::string bgo_path = "/api/v1/agent/trigger";
const core::Scope org_scope("org_1", "prj_1", "env_1");
const core::Principal usr_1(org_scope, "usr_1", core::UserRole::member);

class PlatosBgo : public ::testing::Test {
 protected:
  static PlatosServerOptions options(bool works) {
    PlatosServerOptions out;
    out.works = works;
    return out;
  }
  Json agent_task() {
    return {{"taskId", "digest"},
            {"displayName", "Digest"},
            {"handler",
             {{"kind", "agent"}, {"agentId", "default"}, {"prompt", "Digest {{payload.day}}."}}}};
  }
  static void add(PlatosServer& server, const Json& task) {
    server.made(server.direct("operator"), "POST", catalog_path, task);
  }
  static Answer trigger(PlatosServer& server, const Json& body, const std::string& user = "usr_1") {
    return server.ask(server.as(user), "POST", bgo_path + "/tasks/digest/trigger", body.dump());
  }
  static std::string begun(PlatosServer& server, const Json& body) {
    const Answer answer = trigger(server, body);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.json()["id"];
  }
  static Json run_of(PlatosServer& server, const std::string& id) {
    const Answer answer = server.get(bgo_path + "/runs/" + id);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  std::string path() const { return folder_.file("colonnade.db"); }

  TemporaryFolder folder_;
};

TEST_F(PlatosBgo, ARunIsATurnOfTheTasksAgent) {
  PlatosServer server(path());
  add(server, agent_task());
  server.engine.model->script({reply({core::TextPart{"Three mails."}})});
  const std::string id = begun(server, {{"payload", {{"day", "today"}}}});
  server.background.wait_for(usr_1, id, core::JobState::done);
  const Json run = run_of(server, id);
  EXPECT_EQ(run["status"], "COMPLETED");
  EXPECT_EQ(run["output"]["text"], "Three mails.");
  EXPECT_EQ(run["output"]["usage"]["totalTokens"], 15);
  const std::string thread = run["output"]["threadId"];
  const Json messages = server.messages(thread)["messages"];
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0]["content"], "Digest today.");
}

TEST_F(PlatosBgo, CancellingARunStopsItsTurn) {
  PlatosServer server(path());
  add(server, agent_task());
  std::promise<void> held;
  server.engine.model->on_hold([&held] { held.set_value(); });
  server.engine.model->script({Hold{}});
  const std::string id = begun(server, Json::object());
  held.get_future().wait();
  EXPECT_EQ(run_of(server, id)["status"], "EXECUTING");
  const std::string cancel = bgo_path + "/runs/" + id + "/cancel";
  const Answer cancelled = server.ask(server.as(), "POST", cancel);
  EXPECT_EQ(cancelled.status, 201) << cancelled.body;
  EXPECT_EQ(cancelled.json()["status"], "CANCELED");
  const auto place = core::turn_place_of(server.background.job(usr_1, id));
  const auto turn = server.engine.run(server.engine.runs.wait(usr_1, place.run_id, {}));
  ASSERT_TRUE(turn) << turn.error().message;
  EXPECT_EQ(turn->run.state, core::RunState::cancelled);
  // What has ended stays as it is.
  const Answer again = server.ask(server.as(), "POST", cancel);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json()["status"], "CANCELED");
}

// §5.6: the key is the scope's and the task's.
TEST_F(PlatosBgo, AKeyIsOneRunForEverybodyOfTheScope) {
  PlatosServer server(path(), options(false));
  add(server, agent_task());
  const Json keyed = {{"options", {{"idempotencyKey", "k1"}}}};
  const std::string id = begun(server, keyed);
  const Answer again = trigger(server, keyed);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json(), (Json{{"id", id}, {"isCached", true}}));
  const Answer others = trigger(server, keyed, "usr_2");
  EXPECT_EQ(others.json()["id"], id);
  EXPECT_EQ(server.ask(server.as("usr_2"), "GET", bgo_path + "/runs/" + id).status, 404);
}

// What a client sends again because an answer was lost.
TEST_F(PlatosBgo, ARequestWithAnIdempotencyKeyIsDoneOnce) {
  PlatosServer server(path(), options(false));
  const auto twice = [&](net::Headers who, const std::string& target, const Json& body) {
    who.push_back({"Idempotency-Key", "key of " + target});
    const Answer first = server.ask(who, "POST", target, body.dump());
    const Answer second = server.ask(who, "POST", target, body.dump());
    EXPECT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(second.body, first.body) << target;
    return first.json();
  };
  twice(server.direct("operator"), catalog_path, agent_task());
  const Json run = twice(server.as(), bgo_path + "/tasks/digest/trigger", Json::object());
  const std::string id = run["id"];
  twice(server.as(), bgo_path + "/runs/" + id + "/replay", Json::object());
  twice(server.as(), bgo_path + "/batches/digest", {{"payloads", {1, 2}}});
  twice(server.as(), bgo_path + "/schedules", {{"taskId", "digest"}, {"cron", "0 6 * * *"}});
  twice(server.direct(), std::string(catalog_path) + "/digest/run", Json::object());
  EXPECT_EQ(server.get(bgo_path + "/runs").json()["runs"].size(), 5U);
  EXPECT_EQ(server.get(bgo_path + "/schedules").json()["schedules"].size(), 1U);
}

TEST_F(PlatosBgo, OptionsAreKeptAsTheyWereGiven) {
  PlatosServer server(path(), options(false));
  add(server, agent_task());
  const std::string id = begun(server, {{"payload", {1, 2}},
                                        {"options",
                                         {{"delay", "2h"},
                                          {"ttl", 600},
                                          {"tags", "red"},
                                          {"metadata", {{"a", 1}}},
                                          {"queue", {{"name", "slow"}, {"concurrencyLimit", 2}}},
                                          {"concurrencyKey", "me"},
                                          {"maxAttempts", 7},
                                          {"maxDuration", "5m"},
                                          {"priority", 4},
                                          {"test", true},
                                          {"something", "else"}}}});
  const Json run = run_of(server, id);
  EXPECT_EQ(run["status"], "DELAYED");
  EXPECT_TRUE(run["delayedUntil"].is_string());
  EXPECT_EQ(run["ttl"], "600s");
  EXPECT_EQ(run["tags"], Json::array({"red"}));
  EXPECT_EQ(run["metadata"], (Json{{"a", 1}}));
  EXPECT_EQ(run["payload"], (Json{1, 2}));
  EXPECT_EQ(run["isTest"], true);
  const core::Job job = server.background.job(usr_1, id);
  EXPECT_EQ(job.queue, (core::JobQueue{.name = "slow", .key = "me", .running_max = 2}));
  EXPECT_EQ(job.attempts.max, 7);
  EXPECT_EQ(job.time_max, std::chrono::minutes(5));
  EXPECT_EQ(job.priority, 4);
}

TEST_F(PlatosBgo, WrongOptionsAreNamed) {
  PlatosServer server(path(), options(false));
  add(server, agent_task());
  const std::pair<const char*, Json> wrong[] = {
      {"delay", "soon"},     {"delay", "5x"},        {"ttl", "1.5h"},       {"tags", {1}},
      {"queue", 5},          {"maxAttempts", 0},     {"priority", 1.5},     {"test", "yes"},
      {"idempotencyKey", 5}, {"maxDuration", "-1s"}, {"concurrencyKey", 1},
  };
  for (const auto& [name, value] : wrong) {
    SCOPED_TRACE(name);
    const Answer answer = trigger(server, {{"options", {{name, value}}}});
    EXPECT_EQ(answer.status, 400) << answer.body;
    const std::string said = answer.json()["validationErrors"].at(0);
    EXPECT_THAT(said, StartsWith("options." + std::string(name) + ":"));
  }
  const Json many(11, "tag");
  const Answer tags = trigger(server, {{"options", {{"tags", many}}}});
  EXPECT_EQ(tags.status, 400);
  EXPECT_THAT(tags.body, HasSubstr("options.tags"));
}

TEST_F(PlatosBgo, APayloadHasToFitItsSchema) {
  PlatosServer server(path(), options(false));
  Json task = agent_task();
  task["payloadSchema"] = {{"type", "object"}, {"required", {"day"}}};
  add(server, task);
  EXPECT_EQ(trigger(server, {{"payload", {{"day", "today"}}}}).status, 201);
  const Answer empty = trigger(server, {{"payload", nullptr}});
  EXPECT_EQ(empty.status, 400) << empty.body;
  EXPECT_THAT(empty.json()["validationErrors"].at(0).get<std::string>(), StartsWith("payload:"));
}

TEST_F(PlatosBgo, RunsAreListedNewestFirstByTaskAndStatus) {
  PlatosServer server(path(), options(false));
  add(server, agent_task());
  const std::string first = begun(server, Json::object());
  const std::string second = begun(server, {{"options", {{"delay", "1h"}}}});
  const auto ids = [&](const std::string& query) {
    const Json runs = server.get(bgo_path + "/runs" + query).json()["runs"];
    std::vector<std::string> out;
    for (const Json& run : runs) out.push_back(run["id"]);
    return out;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids(""), (Ids{second, first}));
  EXPECT_EQ(ids("?limit=1"), (Ids{second}));
  EXPECT_EQ(ids("?status=QUEUED"), (Ids{first}));
  EXPECT_EQ(ids("?status=DELAYED"), (Ids{second}));
  EXPECT_EQ(ids("?status=EXPIRED"), Ids{});
  EXPECT_EQ(ids("?status=DEQUEUED"), Ids{});
  EXPECT_EQ(ids("?taskId=other"), Ids{});
  EXPECT_EQ(server.get(bgo_path + "/runs?status=done").status, 400);
}

TEST_F(PlatosBgo, ATokenOfOneAgentBeginsNoTaskOfAnother) {
  PlatosServer server(path(), options(false));
  add(server, agent_task());
  const net::Headers bound = server.as("usr_1", {{"agentId", "another"}});
  const Answer refused =
      server.ask(bound, "POST", bgo_path + "/tasks/digest/trigger", R"({"payload":null})");
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_EQ(refused.json()["error"], "AGENT_SCOPE_MISMATCH");
}

TEST_F(PlatosBgo, OperatorsChangeAndRemoveTasks) {
  PlatosServer server(path(), options(false));
  add(server, agent_task());
  const net::Headers root = server.direct("operator");
  const std::string task = std::string(catalog_path) + "/digest";
  const Json off = server.made(root, "PATCH", task, {{"isActive", false}, {"timeout", 60}});
  EXPECT_EQ(off["task"]["isActive"], false);
  EXPECT_EQ(off["task"]["timeout"], 60);
  EXPECT_EQ(off["task"]["displayName"], "Digest");
  EXPECT_EQ(trigger(server, Json::object()).status, 404);
  EXPECT_EQ(server.ask(server.as(), "PATCH", task, "{}").status, 403);
  const Answer script = server.ask(root, "PATCH", task, R"({"handler":"export default () => 1"})");
  EXPECT_EQ(script.status, 400);
  EXPECT_EQ(script.json()["code"], "handler_unsupported");
  EXPECT_EQ(server.made(root, "DELETE", task, Json::object()), (Json{{"deleted", true}}));
  EXPECT_EQ(server.ask(root, "GET", task).status, 404);
}

TEST_F(PlatosBgo, WrongTasksAreNamed) {
  PlatosServer server(path(), options(false));
  const net::Headers root = server.direct("operator");
  const std::pair<const char*, Json> wrong[] = {
      {"taskId", "Big Digest"}, {"displayName", ""},      {"triggerType", "never"},
      {"timeout", 0},           {"maxRetries", -1},       {"payloadSchema", "text"},
      {"isActive", "yes"},      {"allowedAgentIds", "a"}, {"handler", {{"kind", "flow"}}},
  };
  for (const auto& [name, value] : wrong) {
    SCOPED_TRACE(name);
    Json task = agent_task();
    task[name] = value;
    const Answer answer = server.ask(root, "POST", catalog_path, task.dump());
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_THAT(answer.json()["validationErrors"].at(0).get<std::string>(), StartsWith(name));
  }
}

TEST_F(PlatosBgo, ATaskWithAScheduleHasIt) {
  PlatosServer server(path(), options(false));
  Json task = agent_task();
  task["triggerType"] = "schedule";
  task["scheduleCron"] = "0 6 * * 1-5";
  task["scheduleTimezone"] = "Europe/Paris";
  add(server, task);
  const net::Headers root = server.direct("operator");
  const auto listed = [&] {
    return server.ask(root, "GET", bgo_path + "/schedules").json()["schedules"];
  };
  ASSERT_EQ(listed().size(), 1U);
  EXPECT_EQ(listed()[0]["cron"], "0 6 * * 1-5");
  const std::string one = std::string(catalog_path) + "/digest";
  const Answer wrong = server.ask(root, "PATCH", one, R"({"scheduleCron":"often"})");
  EXPECT_EQ(wrong.status, 400) << wrong.body;
  EXPECT_EQ(wrong.json()["code"], "invalid_cron");
  server.made(root, "PATCH", one, {{"triggerType", "manual"}});
  EXPECT_EQ(listed().size(), 0U);
}

TEST_F(PlatosBgo, AZoneThatIsNoneIsNamed) {
  PlatosServer server(path(), options(false));
  add(server, agent_task());
  const Answer answer =
      server.post(bgo_path + "/schedules",
                  {{"taskId", "digest"}, {"cron", "0 6 * * *"}, {"timezone", "Mars/Olympus"}});
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_THAT(answer.json()["validationErrors"].at(0).get<std::string>(), StartsWith("timezone:"));
}

// §5.6: a scheduled payload is the schedule's own, with what is due under `schedule`.
TEST_F(PlatosBgo, AScheduledRunIsToldWhatIsDue) {
  PlatosServer server(path(), options(false));
  add(server, agent_task());
  const auto begun_by = [&](const Json& payload) {
    const std::string id =
        server.made(server.as(), "POST", bgo_path + "/schedules",
                    {{"taskId", "digest"}, {"cron", "* * * * *"}, {"payload", payload}})["id"];
    core::NewJob input{
        .job = {.task = "digest", .work = {.kind = core::JobHandlerKind::agent, .name = "task"}}};
    if (!payload.is_null()) input.job.payload = payload.dump();
    input.origin = {.schedule_id = id,
                    .due_at = base::parse_rfc3339("2026-05-13T04:00:00Z"),
                    .due_before = base::parse_rfc3339("2026-05-13T03:59:00Z")};
    const auto job =
        server.engine.run(server.background.jobs.trigger_for({org_scope, "usr_1"}, input));
    return std::pair(id, run_of(server, job->job.id)["payload"]);
  };
  const auto [id, told] = begun_by(nullptr);
  EXPECT_EQ(told["scheduleId"], id);
  EXPECT_EQ(told["timestamp"], "2026-05-13T04:00:00.000Z");
  EXPECT_EQ(told["lastTimestamp"], "2026-05-13T03:59:00.000Z");
  EXPECT_EQ(told["timezone"], "UTC");
  ASSERT_EQ(told["upcoming"].size(), 5U);
  EXPECT_EQ(told["upcoming"][0], "2026-05-13T04:01:00.000Z");
  const auto [other, both] = begun_by({{"day", "today"}});
  EXPECT_EQ(both["day"], "today");
  EXPECT_EQ(both["schedule"]["scheduleId"], other);
}

TEST_F(PlatosBgo, ABatchEndsWithItsRuns) {
  PlatosServer server(path(), options(false));
  add(server, agent_task());
  const Json made =
      server.made(server.as(), "POST", bgo_path + "/batches/digest", {{"payloads", {1, 2, 3}}});
  ASSERT_EQ(made["runIds"].size(), 3U);
  EXPECT_EQ(run_of(server, made["runIds"][1])["payload"], 2);
  EXPECT_EQ(run_of(server, made["runIds"][1])["batchId"], made["batchId"]);
  const std::string path = bgo_path + "/batches/" + made["batchId"].get<std::string>();
  EXPECT_EQ(server.get(path).json()["status"], "PROCESSING");
  for (const Json& id : made["runIds"]) {
    server.ask(server.as(), "POST", bgo_path + "/runs/" + id.get<std::string>() + "/cancel");
  }
  EXPECT_EQ(server.get(path).json()["status"], "ABORTED");
  EXPECT_EQ(server.post(bgo_path + "/batches/digest", {{"payloads", Json::array()}}).status, 400);
  EXPECT_EQ(server.post(bgo_path + "/batches/digest", Json::object()).status, 400);
}

// --- what agents begin --------------------------------------------------------------------------

Json sum_task(const Json& more = Json::object()) {
  Json out = {
      {"taskId", "sum"},
      {"displayName", "Sum"},
      {"triggerType", "agent-spawn"},
      {"handler", {{"kind", "tool"}, {"tool", "calculator"}, {"args", {{"expression", "2+2"}}}}}};
  out.update(more);
  return out;
}

// Also when its socket has joined the conversation, it hears of each once.
TEST_F(PlatosBgo, ATurnThatWaitsForItsRunsTellsHowTheyGetOn) {
  PlatosServer server(path());
  add(server, sum_task());
  const std::string agent = server.new_agent(
      {{"name", "Lead"}, {"metaTools", {{"spawn_bgo", true}, {"wait_for_runs", true}}}});
  const std::string thread = server.new_thread(agent);
  server.engine.model->answer_with([](const core::ModelRequest& request) -> std::vector<Act> {
    const auto* last = std::get_if<core::ToolResultPart>(&request.messages.back().parts.back());
    if (last == nullptr) return {tool_call("c1", "spawn_bgo", {{"taskId", "sum"}})};
    const Json said = Json::parse(last->content);
    if (!said.contains("runId")) return {reply({core::TextPart{"It is four."}})};
    const Json ids = Json::array({said["runId"]});
    return {tool_call("c2", "wait_for_runs", {{"runIds", ids}})};
  });
  PlatosSocket socket(server.port(), server.as());
  socket.event("connected");
  socket.emit("join_thread", {{"threadId", thread}});
  socket.event("joined_thread");
  socket.emit("message", {{"message", "Two and two?"}, {"threadId", thread}});
  std::vector<Json> updates;
  std::string run_id;
  for (const Json& event : socket.until("done")) {
    if (event["type"] == "run_update") updates.push_back(event);
    if (event["type"] == "tool_result" && event["name"] == "spawn_bgo") {
      run_id = event["result"]["runId"];
    }
  }
  ASSERT_EQ(updates.size(), 3U);
  const char* statuses[] = {"QUEUED", "EXECUTING", "COMPLETED"};
  for (std::size_t i = 0; i < updates.size(); ++i) {
    EXPECT_EQ(updates[i]["status"], statuses[i]);
    EXPECT_EQ(updates[i]["threadId"], thread);
    EXPECT_TRUE(updates[i].contains("_seq")) << "a part of the turn's log";
  }
  EXPECT_EQ(updates[2]["runId"], run_id);
  EXPECT_EQ(updates[2]["output"], run_of(server, run_id)["output"]);
}

TEST_F(PlatosBgo, ATokenOfAnAgentBeginsWhatIsOpenToThatAgent) {
  PlatosServer server(path(), options(false));
  const std::string agent = server.new_agent();
  const std::string other = server.new_agent({{"name", "Other"}});
  add(server, sum_task({{"allowedAgentIds", {agent}}}));
  const auto begun_by = [&](const Json& claims, const std::string& target, const char* body) {
    return server.ask(server.as("usr_1", claims), "POST", bgo_path + target, body);
  };
  for (const auto& [target, body] :
       {std::pair("/tasks/sum/trigger", "{}"), std::pair("/batches/sum", R"({"payloads":[{}]})"),
        std::pair("/schedules", R"({"taskId":"sum","cron":"0 6 * * *"})")}) {
    const Answer refused = begun_by({{"agentId", other}}, target, body);
    EXPECT_EQ(refused.status, 403) << target;
    EXPECT_EQ(refused.json()["error"], "AGENT_SCOPE_MISMATCH") << refused.body;
    EXPECT_EQ(begun_by({{"agentId", agent}}, target, body).status, 201) << target;
    EXPECT_EQ(begun_by(Json::object(), target, body).status, 201) << "users may: " << target;
  }
}

TEST(PlatosBgoWire, DurationsAreReadAsTheirUnitsSay) {
  using dialects::platos::wire_duration;
  using namespace std::chrono_literals;
  EXPECT_EQ(wire_duration("30s"), 30s);
  EXPECT_EQ(wire_duration("5m"), 5min);
  EXPECT_EQ(wire_duration("1h30m"), 90min);
  EXPECT_EQ(wire_duration("1d"), 24h);
  for (const char* text : {"", "s", "5", "5x", "-5s", "1.5h", "5 s", "999999999999d"}) {
    EXPECT_EQ(wire_duration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace colonnade::tests
