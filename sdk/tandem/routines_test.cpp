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
  EXPECT_EQ(body_of(digest, Family::automations, false),
            (Json{{"name", "Daily digest"},
                  {"schedule", "0 8 * * *"},
                  {"prompt", "Summarize"},
                  {"allowed_tools", Json::array({"read"})}}));
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
                                      .routine_id = "rt",
                                      .more = {{"mode", "standalone"}}};
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
                  {"mode", "standalone"}}));
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
  EXPECT_EQ(client.routines.update("rt", {{"status", "paused"}}).id, "rt");
  EXPECT_EQ(client.automations.list().at(0).id, "a1");
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
  EXPECT_THROW(client.routines.update("rt", Json::array()), std::invalid_argument);
  EXPECT_THROW(client.routines.create({.name = "n", .more = 1}), std::invalid_argument);
}

}  // namespace
}  // namespace colonnade
