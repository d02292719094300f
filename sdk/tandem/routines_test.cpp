// Routines and automations of the Tandem client (tandem §2.5), and the checklist row about them of
// §1.9, over a scripted transport.
#include <gtest/gtest.h>

#include <stdexcept>

#include "sdk/tandem/script.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using tandem::Family;
using tandem_script::AsyncClient;
using tandem_script::Client;
using tandem_script::options_of;

constexpr std::string_view created = R"({"routine":{"id":"rt","name":"Daily digest"}})";

// The body that a request becomes.
Json body_of(const tandem::CreateRoutine& request, Family family, bool real_engine) {
  testing::ScriptedTransport wire;
  wire.expect("POST", family == Family::routines ? "/routines" : "/automations")
      .reply(200, created);
  const Client client(options_of(wire, real_engine));
  client.routines.create(request, family);
  return Json::parse(wire.requests().at(0).body);
}

const tandem::CreateRoutine digest{.name = "Daily digest",
                                   .schedule = "0 8 * * *",
                                   .prompt = "Summarize",
                                   .allowed_tools = {"read"}};

TEST(TandemRoutines, S2_5_a_routine_as_the_sdks_send_it) {
  EXPECT_EQ(body_of(digest, Family::routines, false),
            (Json{{"name", "Daily digest"},
                  {"schedule", "0 8 * * *"},
                  {"prompt", "Summarize"},
                  {"entrypoint", "Summarize"},
                  {"allowed_tools", Json::array({"read"})}}));
}

// The form that both kinds of server take: tools and approvals are a policy there.
TEST(TandemRoutines, S2_5_an_automation_has_a_mission_and_a_policy) {
  tandem::CreateRoutine request = digest;
  EXPECT_EQ(body_of(request, Family::automations, false),
            (Json{{"name", "Daily digest"},
                  {"schedule", "0 8 * * *"},
                  {"mission", {{"objective", "Summarize"}}},
                  {"policy",
                   {{"tool", {{"run_allowlist", Json::array({"read"})}}},
                    {"approval", Json::object()}}}}));
  request.allowed_tools.clear();
  request.requires_approval = false;
  request.external_integrations_allowed = true;
  request.mode = "standalone";
  request.success_criteria = {"It is short."};
  request.briefing = "For Ann.";
  request.routine_id = "automation-1";
  EXPECT_EQ(body_of(request, Family::automations, true),
            (Json{{"automation_id", "automation-1"},
                  {"name", "Daily digest"},
                  {"schedule", {{"cron", {{"expression", "0 0 8 * * *"}}}}},
                  {"mission",
                   {{"objective", "Summarize"},
                    {"success_criteria", Json::array({"It is short."})},
                    {"briefing", "For Ann."}}},
                  {"mode", "standalone"},
                  {"policy",
                   {{"tool", {{"external_integrations_allowed", true}}},
                    {"approval", {{"requires_approval", false}}}}}}));
  EXPECT_EQ(body_of({.name = "n", .prompt = "p"}, Family::automations, false),
            (Json{{"name", "n"}, {"mission", {{"objective", "p"}}}}))
      << "nothing is said of tools";
}

TEST(TandemRoutines, S2_5_all_that_can_be_said) {
  const tandem::CreateRoutine request{.name = "n",
                                      .schedule = tandem::Interval{2h},
                                      .timezone = "Europe/Berlin",
                                      .misfire_policy = tandem::MisfirePolicy::catch_up,
                                      .catch_up_max = 3,
                                      .entrypoint = "connector.mail",
                                      .args = {{"a", 1}},
                                      .output_targets = {"file://x"},
                                      .requires_approval = false,
                                      .external_integrations_allowed = true,
                                      .next_fire_at = Timestamp(std::chrono::seconds(2)),
                                      .routine_id = "rt",
                                      .more = {{"creator_id", "ann"}}};
  EXPECT_EQ(body_of(request, Family::routines, false),
            (Json{{"routine_id", "rt"},
                  {"name", "n"},
                  {"schedule", {{"interval_seconds", {{"seconds", 7200}}}}},
                  {"timezone", "Europe/Berlin"},
                  {"misfire_policy", {{"type", "catch_up"}, {"max_runs", 3}}},
                  {"entrypoint", "connector.mail"},
                  {"args", {{"a", 1}}},
                  {"requires_approval", false},
                  {"external_integrations_allowed", true},
                  {"output_targets", Json::array({"file://x"})},
                  {"next_fire_at_ms", 2000},
                  {"creator_id", "ann"}}));
  EXPECT_EQ(body_of({.name = "n", .schedule = tandem::Manual{}}, Family::routines, false),
            (Json{{"name", "n"}, {"schedule", {{"type", "manual"}}}}));
  EXPECT_EQ(body_of({.name = "n", .schedule = Json{{"type", "manual"}}}, Family::routines, true),
            (Json{{"name", "n"}, {"schedule", {{"type", "manual"}}}}));
}

TEST(TandemRoutines, S1_9_row07_a_real_engine_gets_its_own_forms) {
  EXPECT_EQ(body_of(digest, Family::routines, true),
            (Json{{"name", "Daily digest"},
                  {"schedule", {{"cron", {{"expression", "0 0 8 * * *"}}}}},
                  {"entrypoint", "mission.default"},
                  {"args", {{"prompt", "Summarize"}}},
                  {"allowed_tools", Json::array({"read"})}}));
  EXPECT_EQ(body_of(digest, Family::automations, true),
            (Json{{"name", "Daily digest"},
                  {"schedule", {{"cron", {{"expression", "0 0 8 * * *"}}}}},
                  {"mission", {{"objective", "Summarize"}}},
                  {"policy",
                   {{"tool", {{"run_allowlist", Json::array({"read"})}}},
                    {"approval", Json::object()}}}}));
  const auto six = body_of({.name = "n", .schedule = "30 0 8 * * *"}, Family::routines, true);
  EXPECT_EQ(six["schedule"], (Json{{"cron", {{"expression", "30 0 8 * * *"}}}}));
}

TEST(TandemRoutines, S1_9_row07_a_real_engines_record) {
  testing::ScriptedTransport wire;
  const std::string record = R"({"routine_id":"rt","name":"n","status":"active",
      "schedule":{"interval_seconds":{"seconds":3600}},"next_fire_at_ms":1500,
      "last_fired_at_ms":null})";
  wire.expect("GET", "/routines").reply(200, R"({"routines":[)" + record + R"(],"count":1})");
  wire.expect("PATCH", "/routines/rt").reply(200, R"({"routine":)" + record + "}");
  wire.expect("GET", "/automations")
      .reply(200, R"({"automations":[{"automation_id":"a1","status":"paused"}]})");
  const Client client(options_of(wire, true));
  const auto listed = client.routines.list();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].id, "rt");
  EXPECT_EQ(listed[0].status, "enabled");
  EXPECT_EQ(to_string(listed[0].next_fire_at.value()), "1970-01-01T00:00:01.500000Z");
  EXPECT_FALSE(listed[0].last_fired_at);
  EXPECT_EQ(client.routines.update("rt", {.paused = true}).id, "rt");
  EXPECT_EQ(client.automations.list().at(0).id, "a1");
}

// In five fields 1 is Monday; at the engine, where there are six, it is Sunday.
TEST(TandemRoutines, S2_5_cron_in_the_words_of_a_real_engine) {
  const auto sent = [](const char* cron) {
    const Json body = body_of({.name = "n", .schedule = cron}, Family::routines, true);
    return body["schedule"]["cron"]["expression"].as_string();
  };
  EXPECT_EQ(sent("*/15 * * * *"), "0 */15 * * * *");
  EXPECT_EQ(sent("0 9 * * 1"), "0 0 9 * * MON");
  EXPECT_EQ(sent("0 9 * * 0"), "0 0 9 * * SUN");
  EXPECT_EQ(sent("0 9 * * 7"), "0 0 9 * * SUN");
  EXPECT_EQ(sent("0 9 * * 1-5"), "0 0 9 * * MON,TUE,WED,THU,FRI");
  EXPECT_EQ(sent("0 9 * * 5-7,2"), "0 0 9 * * FRI,SAT,SUN,TUE");
  EXPECT_EQ(sent("0 9 * * 1-5/2"), "0 0 9 * * MON,WED,FRI");
  EXPECT_EQ(sent("0 9 * * 3/2"), "0 0 9 * * WED,FRI");
  EXPECT_EQ(sent("0 9 * * mon-fri"), "0 0 9 * * mon-fri");
  EXPECT_EQ(sent("0  9 1 *   ?"), "0 0 9 1 * ?") << "one blank between fields";
  // What it cannot read it refuses itself.
  for (const char* kept :
       {"0 9 * * 5L", "0 9 * * 5#2", "0 9 * * 8", "0 9 * * 5-1", "0 9 * * 1/0"}) {
    EXPECT_EQ(sent(kept), "0 " + std::string(kept));
  }
  for (const char* whole : {"30 0 9 * * 2", "0 30 9 1 1 ? 2027", "@daily", "not a cron"}) {
    EXPECT_EQ(sent(whole), whole) << "is the engine's own, or nobody's";
  }
  EXPECT_THROW(sent("0 9 1 * 1"), std::invalid_argument) << "either day here, both days there";
  EXPECT_EQ(body_of({.name = "n", .schedule = "0 9 1 * 1"}, Family::routines, false)["schedule"],
            Json("0 9 1 * 1"));
}

TEST(TandemRoutines, S2_5_all_forms_of_a_schedule_are_read) {
  const auto read = [](std::string_view form) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/routines")
        .reply(200, R"({"routines":[{"id":"rt","schedule":)" + std::string(form) + "}]}");
    return Client(options_of(wire)).routines.list().at(0).schedule;
  };
  for (const char* form :
       {R"("0 8 * * *")", R"({"cron":{"expression":"0 8 * * *"}})",
        R"({"type":"cron","cron":"0 8 * * *"})", R"({"type":"cron","cron_expression":"0 8 * * *"})",
        R"({"type":"cron","cronExpression":"0 8 * * *"})"}) {
    EXPECT_EQ(read(form), tandem::Schedule("0 8 * * *")) << form;
  }
  for (const char* form :
       {R"({"interval_seconds":{"seconds":3600}})", R"({"type":"interval","intervalMs":3600000})",
        R"({"type":"interval","interval_seconds":3600})",
        R"({"type":"interval","intervalSeconds":3600})"}) {
    EXPECT_EQ(read(form), tandem::Schedule(tandem::Interval{1h})) << form;
    EXPECT_EQ(read(form).text(), "every 3600 s");
  }
  EXPECT_TRUE(read(R"({"type":"manual"})").manual());
  EXPECT_TRUE(read("null").empty());
  const auto unknown = read(R"({"type":"interval","intervalMs":1500})");
  EXPECT_EQ(unknown.interval(), nullptr) << "it is no whole number of seconds";
  EXPECT_EQ(unknown.text(), R"({"intervalMs":1500,"type":"interval"})");
}

TEST(TandemRoutines, S2_5_all_forms_of_a_misfire_policy_are_read) {
  const auto read = [](std::string_view form) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/routines")
        .reply(200, R"({"routines":[{"id":"rt","misfire_policy":)" + std::string(form) + "}]}");
    return Client(options_of(wire)).routines.list().at(0);
  };
  using enum tandem::MisfirePolicy;
  for (const char* form :
       {R"("run_once")", R"("run_late")", R"("run_now")", R"({"type":"run_once"})", "null"}) {
    EXPECT_EQ(read(form).misfire_policy, run_once) << form;
  }
  EXPECT_EQ(read(R"("skip")").misfire_policy, skip);
  EXPECT_EQ(read(R"({"type":"skip"})").misfire_policy, skip);
  const auto caught_up = read(R"({"type":"catch_up","max_runs":3})");
  EXPECT_EQ(caught_up.misfire_policy, catch_up);
  EXPECT_EQ(caught_up.catch_up_max, 3);
}

TEST(TandemRoutines, S2_5_what_it_does_and_may_do_is_found_where_the_server_keeps_it) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/routines")
      .reply(200, R"({"routines":[{"id":"a","entrypoint":"Summarize"},{"id":"b",)"
                  R"("entrypoint":"mission.default","args":{"prompt":"Summarize"}}]})");
  wire.expect("GET", "/automations")
      .reply(200, R"({"automations":[{"id":"c","mode":"standalone","status":"paused",)"
                  R"("mission":{"objective":"Summarize","entrypoint_compat":"mission.default"},)"
                  R"("policy":{"tool":{"run_allowlist":["read"],)"
                  R"("external_integrations_allowed":true},"approval":{"requires_approval":true}},)"
                  R"("creator_id":"ann"}]})");
  const Client client(options_of(wire));
  for (const auto& routine : client.routines.list()) EXPECT_EQ(routine.prompt, "Summarize");
  const auto automation = client.automations.list().at(0);
  EXPECT_EQ(automation.prompt, "Summarize");
  EXPECT_EQ(automation.entrypoint, "mission.default");
  EXPECT_EQ(automation.allowed_tools, std::vector<std::string>{"read"});
  EXPECT_TRUE(automation.external_integrations_allowed);
  EXPECT_TRUE(automation.requires_approval);
  EXPECT_TRUE(automation.paused());
  EXPECT_EQ(automation.creator_id, "ann");
  EXPECT_EQ(automation.mission["objective"], Json("Summarize"));
}

// The body that changes become; both clients must send the same.
Json changed_body(const tandem::UpdateRoutine& changes, Family family, bool real_engine = false) {
  testing::ScriptedTransport wire;
  wire.expect("PATCH", family == Family::routines ? "/routines/rt" : "/automations/rt")
      .reply(200, created)
      .times(2);
  Client(options_of(wire, real_engine)).routines.update("rt", changes, family);
  run(AsyncClient(options_of(wire, real_engine)).routines.update("rt", changes, family));
  wire.verify();
  EXPECT_EQ(wire.requests().at(0).body, wire.requests().at(1).body);
  return Json::parse(wire.requests().at(0).body);
}

TEST(TandemRoutines, S2_5_changes) {
  EXPECT_EQ(changed_body({.paused = true}, Family::routines), (Json{{"status", "paused"}}));
  EXPECT_EQ(changed_body({.paused = false}, Family::routines), (Json{{"status", "enabled"}}));
  EXPECT_EQ(changed_body({.paused = false}, Family::routines, true), (Json{{"status", "active"}}));
  EXPECT_EQ(changed_body({}, Family::routines), Json::object());
  const tandem::UpdateRoutine all{.name = "m",
                                  .schedule = "0 9 * * 1",
                                  .prompt = "Do less",
                                  .allowed_tools = std::vector<std::string>{},
                                  .timezone = "Asia/Tokyo",
                                  .misfire_policy = tandem::MisfirePolicy::skip,
                                  .output_targets = std::vector<std::string>{"file://y"},
                                  .requires_approval = true,
                                  .external_integrations_allowed = false,
                                  .next_fire_at = Timestamp(std::chrono::seconds(3)),
                                  .more = {{"creator_type", "agent"}}};
  Json expected{{"name", "m"},
                {"schedule", "0 9 * * 1"},
                {"timezone", "Asia/Tokyo"},
                {"misfire_policy", {{"type", "skip"}}},
                {"entrypoint", "Do less"},
                {"allowed_tools", Json::array()},
                {"requires_approval", true},
                {"external_integrations_allowed", false},
                {"output_targets", Json::array({"file://y"})},
                {"next_fire_at_ms", 3000},
                {"creator_type", "agent"}};
  EXPECT_EQ(changed_body(all, Family::routines), expected);
  expected.set("schedule", {{"cron", {{"expression", "0 0 9 * * MON"}}}});
  expected.set("entrypoint", "mission.default").set("args", {{"prompt", "Do less"}});
  EXPECT_EQ(changed_body(all, Family::routines, true), expected);
  EXPECT_EQ(
      changed_body({.prompt = "Do less", .requires_approval = true}, Family::automations),
      (Json{{"mission", {{"objective", "Do less"}}},
            {"policy", {{"tool", Json::object()}, {"approval", {{"requires_approval", true}}}}}}));
}

TEST(TandemRoutines, S2_5_what_a_run_left_behind) {
  testing::ScriptedTransport wire;
  const std::string bytes("\x89PNG\0\r\n", 7);
  wire.expect("GET", "/routines/runs/r%2F1/artifacts/a1/content").reply(200, bytes).times(2);
  wire.expect("GET", "/automations/runs/r1/artifacts/a1/content")
      .reply(404, R"({"error":"Artifact has no content","code":"ROUTINE_ARTIFACT_NOT_FOUND"})");
  const Client client(options_of(wire));
  EXPECT_EQ(client.routines.artifact_content("r/1", "a1"), bytes);
  const AsyncClient async(options_of(wire));
  EXPECT_EQ(run(async.routines.artifact_content("r/1", "a1")), bytes);
  EXPECT_THROW(client.automations.artifact_content("r1", "a1"), tandem::EngineError);
  EXPECT_THROW(client.routines.artifact_content("r1", ""), std::invalid_argument);
  wire.verify();
}

TEST(TandemRoutines, S2_5_the_words_of_runs) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/routines/runs")
      .reply(200, R"({"runs":[{"run_id":"r1","status":"succeeded"},)"
                  R"({"run_id":"r2","status":"canceled"},)"
                  R"({"run_id":"r3","status":"pending_approval","paused_reason":"x",)"
                  R"("prompt_tokens":10,"completion_tokens":20,"total_tokens":30,)"
                  R"("estimated_cost_usd":0.25,"active_session_ids":["s1"],)"
                  R"("fired_at_ms":1000}]})");
  const auto runs = Client(options_of(wire)).routines.list_runs();
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].status, "completed") << "one word for one thing";
  EXPECT_TRUE(runs[0].succeeded());
  EXPECT_EQ(runs[1].status, "cancelled");
  EXPECT_TRUE(runs[1].finished());
  EXPECT_FALSE(runs[1].succeeded());
  EXPECT_TRUE(runs[2].waits_for_approval());
  EXPECT_FALSE(runs[2].finished());
  EXPECT_EQ(runs[2].prompt_tokens + runs[2].completion_tokens, runs[2].total_tokens);
  EXPECT_EQ(runs[2].estimated_cost_usd, 0.25);
  EXPECT_EQ(runs[2].active_session_ids, std::vector<std::string>{"s1"});
  EXPECT_TRUE(runs[2].fired_at);
  for (const char* status : {"queued", "running", "paused", "", "something new"}) {
    EXPECT_FALSE(tandem::is_terminal_routine_status(status)) << status;
  }
  for (const char* status : {"completed", "failed", "cancelled", "denied", "blocked_policy"}) {
    EXPECT_TRUE(tandem::is_terminal_routine_status(status)) << status;
  }
}

TEST(TandemRoutines, a_run_is_waited_for) {
  for (const bool async : {false, true}) {
    testing::ScriptedTransport wire;
    for (const char* status : {"queued", "pending_approval", "running", "failed"}) {
      wire.expect("GET", "/automations/runs/r1")
          .reply(200, Json{{"run", {{"run_id", "r1"}, {"status", status}}}}.dump());
    }
    const WaitOptions soon{.interval = 1ms};
    const auto ended = async ? run(AsyncClient(options_of(wire)).automations.wait_run("r1", soon))
                             : Client(options_of(wire)).automations.wait_run("r1", soon);
    EXPECT_EQ(ended.status, "failed");
    wire.verify();
  }
}

TEST(TandemRoutines, waiting_for_a_run_ends_when_its_time_is_up) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/routines/runs/r1")
      .reply(200, R"({"run":{"run_id":"r1","status":"pending_approval"}})")
      .times(20);
  const WaitOptions briefly{.interval = 1h, .time_max = 1ms};
  const Client client(options_of(wire));
  EXPECT_TRUE(client.routines.wait_run("r1", briefly).waits_for_approval());
  EXPECT_THROW(client.routines.wait_run("r1", {.interval = 0ms}), std::invalid_argument);
  EXPECT_THROW(client.routines.wait_run(""), std::invalid_argument);
}

TEST(TandemRoutines, S2_5_refusals_keep_their_codes) {
  const auto refused = [](int status, std::string_view body) -> std::string {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/routines").reply(status, body);
    try {
      Client(options_of(wire)).routines.create({.name = "n", .schedule = "often"});
    } catch (const tandem::EngineError& error) {
      return std::to_string(error.status()) + " " + error.code();
    }
    return "";
  };
  EXPECT_EQ(refused(400, R"({"error":"Invalid routine schedule","code":"INVALID_ROUTINE_SCHEDULE",)"
                         R"("detail":"invalid schedule or timezone"})"),
            "400 INVALID_ROUTINE_SCHEDULE");
  EXPECT_EQ(refused(422, "Failed to deserialize the JSON body"), "422 ") << "as an engine does";
}

TEST(TandemRoutines, S2_5_runs) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/automations/a1/run_now")
      .reply(200, R"({"ok":true,"run":{"run_id":"r1","status":"queued"}})");
  wire.expect("POST", "/routines/rt/run_now").reply(200, R"({"ok":true,"runID":"r2"})");
  wire.expect("POST", "/routines/rt/run_now").reply(200, R"({"ok":true})");
  wire.expect("GET", "/automations/runs?limit=5&routine_id=a1")
      .reply(200, R"({"runs":[{"run_id":"r1","automation_id":"a1","status":"pending_approval"}]})");
  wire.expect("GET", "/routines/runs/r1")
      .reply(200, R"({"status":"unknown","run":{"run_id":"r1","status":"denied"}})");
  const Client client(options_of(wire));
  const auto begun = client.automations.run_now("a1");
  EXPECT_EQ(begun.run_id + begun.status, "r1queued");
  const auto waiting = client.routines.run_now("rt");
  EXPECT_EQ(waiting.run_id, "r2");
  EXPECT_EQ(waiting.status, "") << "left out where it waits for approval";
  EXPECT_THROW(client.routines.run_now("rt"), tandem::ValidationError);
  const auto runs = client.automations.list_runs("a1", 5);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].routine_id, "a1");
  EXPECT_EQ(client.routines.get_run("r1").status, "denied") << "the engine's own word";
}

TEST(TandemRoutines, the_family_can_be_given_for_a_call) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/routines").reply(200, R"({"routines":[]})").times(2);
  wire.expect("GET", "/automations").reply(200, R"({"automations":[]})").times(3);
  wire.expect("GET", "/automations/events?automation_id=a1")
      .stream({tandem_script::frame({{"type", "run.step"}})});
  const Client client(options_of(wire));
  client.routines.list();
  client.routines.list(Family::automations);
  client.automations.list();
  client.automations.list(Family::routines);
  const AsyncClient async(options_of(wire));
  run(async.automations.list());
  EXPECT_EQ(client.automations.events("a1").next().value().type(), "run.step");
  wire.verify();
  EXPECT_THROW(client.routines.update("rt", {.more = "x"}), std::invalid_argument);
  EXPECT_THROW(client.routines.create({.name = "n", .more = 1}), std::invalid_argument);
  EXPECT_THROW(client.routines.create({.prompt = "p"}), std::invalid_argument) << "without a name";
  EXPECT_THROW(client.routines.create({.name = "n", .schedule = tandem::Interval{}}),
               std::invalid_argument);
}

}  // namespace
}  // namespace colonnade
