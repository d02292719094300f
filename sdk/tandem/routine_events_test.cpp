// The streams of routines and automations (tandem §3.6): kinds, ids and filters.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sdk/tandem/script.hpp"

namespace colonnade {
namespace {

using tandem_script::AsyncClient;
using tandem_script::Client;
using tandem_script::engines;
using tandem_script::frame;
using tandem_script::options_of;

std::vector<tandem::Event> read_stream(Stream<tandem::Event> stream) {
  std::vector<tandem::Event> out;
  for (const auto& event : stream) out.push_back(event);
  return out;
}

// "routine run kind …" of an event.
std::string line_of(const tandem::Event& event) {
  std::string out = event.routine_id() + " " + event.run_id();
  if (event.as<tandem::RoutineChanged>() != nullptr) return out + " changed";
  if (const auto* fired = event.as<tandem::RoutineFired>()) {
    return out + " fired " + fired->trigger_type + " " + std::to_string(fired->run_count);
  }
  if (const auto* run = event.as<tandem::RoutineRunChanged>()) {
    return out + " " + run->status + (run->reason.empty() ? "" : " because " + run->reason);
  }
  return out + " ?";
}

std::vector<std::string> lines_of(const std::vector<tandem::Event>& events) {
  std::vector<std::string> out;
  for (const auto& event : events) out.push_back(line_of(event));
  return out;
}

Task<std::vector<std::string>> read_lines(AsyncStream<tandem::Event> stream) {
  std::vector<std::string> out;
  while (auto event = co_await stream.next()) out.push_back(line_of(*event));
  co_return out;
}

Json about(Json more = Json::object()) {
  more.set("routineID", "rt");
  if (!more.contains("runID")) more.set("runID", "r1");
  return more;
}

TEST(TandemRoutineEvents, S3_6_a_routine_from_its_making_to_its_end) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/routines/events?routine_id=rt")
      .stream({frame({{"status", "ready"}, {"stream", "routines"}, {"timestamp_ms", 1}}),
               engines("routine.created", {{"routineID", "rt"}}),
               engines("routine.fired", about({{"runCount", 2},
                                               {"triggerType", "scheduled"},
                                               {"scheduledAtMs", 1000},
                                               {"nextFireAtMs", 2000}})),
               engines("routine.run.created",
                       {{"run", {{"run_id", "r1"}, {"routine_id", "rt"}, {"status", "queued"}}}}),
               engines("routine.approval_required", about()),
               engines("routine.run.approved", about({{"reason", "fine"}})),
               engines("routine.run.started", about({{"startedAtMs", 1}})),
               engines("routine.run.model_selected", about({{"modelID", "m"}})),
               engines("routine.run.paused", about({{"reason", "lunch"}})),
               engines("routine.run.resumed", about()),
               engines("routine.run.artifact_added",
                       about({{"artifact", {{"artifact_id", "a1"}, {"uri", "file://x"}}}})),
               engines("routine.run.completed", about({{"sessionID", "s1"}})),
               engines("routine.run.failed", about({{"reason", "no model"}})),
               engines("routine.run.denied", about()),
               engines("routine.blocked", about({{"reason", "policy"}})),
               engines("routine.tool.denied", about({{"tool", "shell"}})),
               engines("routine.deleted", {{"routineID", "rt"}})});
  const auto events = read_stream(Client(options_of(wire)).routines.events("rt"));
  EXPECT_EQ(lines_of(events),
            (std::vector<std::string>{
                "rt  changed", "rt r1 fired scheduled 2", "rt r1 queued", "rt r1 pending_approval",
                "rt r1 queued because fine", "rt r1 running", "rt r1 running",
                "rt r1 paused because lunch", "rt r1 queued", "rt r1 ", "rt r1 completed",
                "rt r1 failed because no model", "rt r1 denied",
                "rt r1 blocked_policy because policy", "rt r1 ?", "rt  changed"}));
  const auto* fired = events.at(1).as<tandem::RoutineFired>();
  ASSERT_NE(fired, nullptr);
  EXPECT_EQ(fired->fired_at.time_since_epoch(), std::chrono::seconds(1));
  ASSERT_TRUE(fired->next_fire_at);
  EXPECT_EQ(fired->next_fire_at->time_since_epoch(), std::chrono::seconds(2));
  const auto* added = events.at(9).as<tandem::RoutineRunChanged>();
  ASSERT_NE(added, nullptr);
  ASSERT_TRUE(added->artifact);
  EXPECT_EQ(added->artifact->uri, "file://x");
  EXPECT_EQ(events.at(10).session_id(), "s1");
}

// The same kinds under the other names: a loop reads both families.
TEST(TandemRoutineEvents, S3_6_an_automation_tells_the_same_in_other_words) {
  const Json ids{{"automationID", "a1"}, {"routineID", "a1"}, {"runID", "r1"}};
  const auto with = [&ids](std::string_view name, const Json& value) {
    Json out = ids;
    return out.set(std::string(name), value);
  };
  testing::ScriptedTransport wire;
  wire.expect("GET", "/automations/events?automation_id=a1")
      .stream({engines("run.started",
                       {{"automationID", "a1"}, {"run", {{"run_id", "r1"}, {"status", "queued"}}}}),
               engines("run.step", with("phase", "do")), engines("approval.required", ids),
               engines("run.completed", ids), engines("run.failed", with("reason", "no model")),
               engines("automation.updated", {{"automationID", "a1"}})});
  const AsyncClient async(options_of(wire));
  const auto lines = run(read_lines(async.automations.events("a1")));
  EXPECT_EQ(lines, (std::vector<std::string>{"a1 r1 queued", "a1 r1 ", "a1 r1 pending_approval",
                                             "a1 r1 completed", "a1 r1 failed because no model",
                                             "a1  changed"}));
}

// A session's run has no routine: its names keep their meaning.
TEST(TandemRoutineEvents, S3_5_runs_of_sessions_stay_what_they_are) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/global/event")
      .stream({engines("run.started", {{"sessionID", "s1"}, {"runID", "r1"}}),
               engines("run.completed", {{"sessionID", "s1"}, {"runID", "r1"}}),
               engines("session.run.finished", {{"sessionID", "s1"},
                                                {"runID", "r1"},
                                                {"routineID", "rt"},
                                                {"status", "completed"}})});
  const auto events = read_stream(Client(options_of(wire)).global_stream());
  ASSERT_EQ(events.size(), 3U);
  EXPECT_NE(events[0].as<tandem::RunStarted>(), nullptr);
  EXPECT_NE(events[1].as<tandem::RunFinished>(), nullptr);
  EXPECT_EQ(events[1].routine_id(), "");
  EXPECT_NE(events[2].as<tandem::RunFinished>(), nullptr);
  EXPECT_EQ(events[2].routine_id(), "rt");
}

// An engine's filter would leave out that a run was made, so the client filters.
TEST(TandemRoutineEvents, S3_6_a_real_engines_stream_is_filtered_here) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/routines/events")
      .stream(
          {engines("routine.run.created",
                   {{"run", {{"run_id", "r1"}, {"routine_id", "rt"}, {"status", "queued"}}}}),
           engines("routine.run.created", {{"run", {{"run_id", "r2"}, {"routine_id", "other"}}}}),
           engines("routine.run.completed", {{"routineID", "other"}, {"runID", "r2"}}),
           engines("routine.run.completed", about())});
  const auto events = read_stream(Client(options_of(wire, true)).routines.events("rt"));
  EXPECT_EQ(lines_of(events), (std::vector<std::string>{"rt r1 queued", "rt r1 completed"}));
  EXPECT_EQ(wire.requests().at(0).target, "/routines/events");
}

// What later servers put around an event (tandem §5).
TEST(TandemRoutineEvents, S5_later_shapes_are_read_alike) {
  testing::ScriptedTransport wire;
  const Json inner{{"event_type", "routine.run.completed"}, {"properties", about()}};
  wire.expect("GET", "/routines/events")
      .stream({frame({{"cursor", 7}, {"event", inner}}),
               "event: heartbeat\ndata: {\"type\":\"heartbeat\"}\n\n",
               "event: routine.run.failed\ndata: {\"properties\":{\"routineID\":\"rt\"}}\n\n",
               frame({{"type", "routine.run.completed"},
                      {"properties", {{"routineID", "rt"}}},
                      {"envelope",
                       {{"event_id", "e1"},
                        {"seq", 1},
                        {"schema_version", 1},
                        {"occurred_at_ms", 1},
                        {"run_id", "r9"}}}})});
  const auto events = read_stream(Client(options_of(wire)).routines.events());
  EXPECT_EQ(lines_of(events),
            (std::vector<std::string>{"rt r1 completed", "rt  failed", "rt r9 completed"}));
  EXPECT_EQ(events.at(0).id(), "7");
}

}  // namespace
}  // namespace colonnade
