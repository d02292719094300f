// Runs of one routine come one after the other (tandem §4.4), and what is kept of them goes with
// their session and their routine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/routines/limits.hpp"
#include "tandem_routines_fixture.hpp"

namespace colonnade::tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TandemRoutineLines : public TandemRoutinesTest {
 protected:
  void script_call(const std::string& tool, const Json& arguments) {
    model().script({tool_call("c1", tool, arguments)});
  }
  void script_answer(const std::string& said) { model().script({reply({core::TextPart{said}})}); }
  // Until a run asks a human; the request's id.
  std::string asked(WireStream& all) {
    return events_until(all, "permission.asked").back().at("properties").at("requestID");
  }
  void agree(const std::string& request) {
    ok("POST", "/permission/" + request + "/reply", {{"reply", "once"}});
  }
  Json runs_of(const std::string& id) { return ok("GET", "/routines/" + id + "/runs").at("runs"); }
  // Looks again until the run stands in line, or is past that.
  Json in_line(const std::string& run_id) {
    for (;;) {
      const Json found = run(run_id);
      const bool waits = found.value("detail", "").starts_with("waits until");
      if (waits || found.at("status") != "queued") return found;
      std::this_thread::yield();
    }
  }
  // Of the newest run, once there are so many.
  std::string newest_of(const std::string& id, std::size_t count) {
    for (;;) {
      const Json runs = runs_of(id);
      if (runs.size() >= count) return runs.front().at("run_id");
      std::this_thread::yield();
    }
  }
  void fall_due(const std::string& id) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    ok("PATCH", "/routines/" + id, {{"next_fire_at_ms", now.count()}});
  }
  static Json daily(const std::string& misfire_policy) {
    return {{"schedule", {{"interval_seconds", {{"seconds", 86'400}}}}},
            {"misfire_policy", misfire_policy}};
  }
  static bool any_of(const std::vector<Json>& events, const std::string& type,
                     const std::string& run_id) {
    return std::ranges::any_of(events, [&](const Json& event) {
      return event.at("type") == type && event.value("runID", "") == run_id;
    });
  }
  std::vector<std::string> kept_bytes() {
    const auto ids = server().engine.files.ids();
    EXPECT_TRUE(ids) << ids.error().message;
    return ids.value_or(std::vector<std::string>{});
  }
  void purge_files() { server().engine.run(server().engine.attachments.purge()); }
};

TEST_F(TandemRoutineLines, AnotherRunWaitsUntilTheFirstHasEnded) {
  script_call("launch", {{"target", "moon"}});
  script_answer("First.");
  script_answer("Second.");
  const auto all = follow("/event");
  const auto stream = follow("/routines/events");
  const std::string id = create(Json::object());
  const std::string first = run_now(id);
  const std::string request = asked(*all);
  const Json begun = ok("POST", "/routines/" + id + "/run_now", Json::object());
  EXPECT_EQ(begun.at("status"), "queued");
  const std::string second = begun.at("runID");
  EXPECT_EQ(in_line(second).at("status"), "queued");
  agree(request);
  const auto until_first = events_until(*stream, "routine.run.completed");
  EXPECT_EQ(until_first.back().at("runID"), first);
  EXPECT_FALSE(any_of(until_first, "routine.run.started", second));
  const auto until_second = events_until(*stream, "routine.run.completed");
  EXPECT_EQ(until_second.back().at("runID"), second);
  EXPECT_TRUE(any_of(until_second, "routine.run.started", second));
}

// Each for itself: what one waits for holds up no other.
TEST_F(TandemRoutineLines, RunsOfDifferentRoutinesDoNotWaitForEachOther) {
  script_call("launch", {{"target", "moon"}});
  script_answer("Second.");
  const auto all = follow("/event");
  const auto stream = follow("/routines/events");
  run_now(create(Json::object()));
  asked(*all);
  const std::string other = run_now(create(Json::object()));
  EXPECT_EQ(events_until(*stream, "routine.run.completed").back().at("runID"), other);
}

TEST_F(TandemRoutineLines, ADueTimeThatComesMeanwhileIsLeftOutWhereMissedOnesAre) {
  script_call("launch", {{"target", "moon"}});
  const auto all = follow("/event");
  const auto stream = follow("/routines/events");
  const std::string id = create(daily("skip"));
  run_now(id);
  asked(*all);
  fall_due(id);
  const Json left_out = events_until(*stream, "routine.run.failed").back();
  EXPECT_THAT(left_out.at("properties").at("reason").get<std::string>(), HasSubstr("skipped"));
  const Json newest = runs_of(id).front();
  EXPECT_EQ(newest.at("trigger_type"), "scheduled");
  EXPECT_EQ(newest.at("status"), "cancelled");
  EXPECT_THAT(newest.at("detail").get<std::string>(), HasSubstr("skipped"));
  EXPECT_THAT(ok("GET", "/routines/" + id + "/history").at("events").front().at("detail"),
              HasSubstr("skipped"));
}

TEST_F(TandemRoutineLines, DueTimesThatComeMeanwhileAreDoneOnceWhereMissedOnesAre) {
  script_call("launch", {{"target", "moon"}});
  script_answer("First.");
  script_answer("Second.");
  const auto all = follow("/event");
  const auto stream = follow("/routines/events");
  const std::string id = create(daily("run_once"));
  const std::string first = run_now(id);
  const std::string request = asked(*all);
  fall_due(id);
  const std::string second = newest_of(id, 2);
  EXPECT_EQ(in_line(second).at("status"), "queued");
  fall_due(id);
  const Json left_out = events_until(*stream, "routine.run.failed").back();
  EXPECT_NE(left_out.at("runID"), second) << "one waits already";
  agree(request);
  EXPECT_EQ(events_until(*stream, "routine.run.completed").back().at("runID"), first);
  EXPECT_EQ(events_until(*stream, "routine.run.completed").back().at("runID"), second);
  EXPECT_THAT(runs_of(id), SizeIs(3));
}

TEST_F(TandemRoutineLines, APausedRunLetsTheNextOneBegin) {
  script_call("launch", {{"target", "moon"}});
  script_answer("Second.");
  script_answer("First, anew.");
  const auto all = follow("/event");
  const auto stream = follow("/routines/events");
  const std::string id = create(Json::object());
  const std::string first = run_now(id);
  asked(*all);
  const std::string second = run_now(id);
  EXPECT_EQ(in_line(second).at("status"), "queued");
  ok("POST", "/routines/runs/" + first + "/pause");
  EXPECT_EQ(events_until(*stream, "routine.run.completed").back().at("runID"), second);
  ok("POST", "/routines/runs/" + first + "/resume");
  EXPECT_EQ(events_until(*stream, "routine.run.completed").back().at("runID"), first);
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(TandemRoutineLines, ARunThatWaitsComesNextAfterARestart) {
  script_call("launch", {{"target", "moon"}});
  std::string id;
  std::string first;
  std::string second;
  std::string request;
  {
    const auto all = follow("/event");
    id = create(Json::object());
    first = run_now(id);
    request = asked(*all);
    second = run_now(id);
    EXPECT_EQ(in_line(second).at("status"), "queued");
  }
  server_.reset();
  TandemServerOptions again = options();
  again.prepare = [](ScriptedProvider& model) {
    model.answer_with([](const core::ModelRequest&) -> std::vector<Act> {
      return {reply({core::TextPart{"Good."}})};
    });
  };
  server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), std::move(again));
  const auto stream = follow("/routines/events");
  EXPECT_EQ(in_line(second).at("status"), "queued");
  agree(request);
  EXPECT_EQ(events_until(*stream, "routine.run.completed").back().at("runID"), first);
  EXPECT_EQ(events_until(*stream, "routine.run.completed").back().at("runID"), second);
}

// By an operator, who knows of jobs and not of routines.
TEST_F(TandemRoutineLines, ARunWhoseJobIsCancelledStopsItsAgentAndLetsTheNextOneBegin) {
  script_call("launch", {{"target", "moon"}});
  script_answer("Second.");
  const auto all = follow("/event");
  const auto stream = follow("/routines/events");
  const std::string id = create(Json::object());
  const std::string first = run_now(id);
  asked(*all);
  const core::Principal admin(core::Scope::main(), "admin", core::UserRole::operator_role);
  core::Jobs& jobs = server().services.jobs.jobs;
  const auto found = server().engine.run(jobs.list(admin, core::JobFilter{.tag = "routine"}));
  ASSERT_TRUE(found);
  ASSERT_THAT(found->jobs, SizeIs(1));
  const std::string second = run_now(id);
  EXPECT_EQ(in_line(second).at("status"), "queued");
  ASSERT_TRUE(server().engine.run(jobs.cancel(admin, found->jobs.front().id, "enough")));
  const auto heard = events_until(*stream, "routine.run.failed");
  EXPECT_EQ(heard.back().at("runID"), first);
  EXPECT_EQ(heard.back().at("properties").at("reason"), "enough");
  const std::string session = run(first).at("latest_session_id");
  while (events_until(*all, "session.run.finished").back().at("sessionID") != session) {
  }
  EXPECT_THAT(ok("GET", "/permission").at("requests"), IsEmpty()) << "nobody is asked any more";
  EXPECT_EQ(run(first).at("status"), "cancelled");
  // The next one may have been quicker.
  if (!any_of(heard, "routine.run.completed", second)) {
    EXPECT_EQ(events_until(*stream, "routine.run.completed").back().at("runID"), second);
  }
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(TandemRoutineLines, OnlySoManyRunsWait) {
  // Nothing runs here.
  server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), options(false));
  const std::string id = create(Json::object());
  for (std::size_t i = 0; i < limits::routine_runs_waiting_max; ++i) run_now(id);
  const Answer refused = server().ask("POST", "/routines/" + id + "/run_now", "{}");
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_THAT(refused.json().at("error").get<std::string>(), HasSubstr("wait in line"));
  EXPECT_THAT(ok("GET", "/routines/" + id + "/runs?limit=500").at("runs"),
              SizeIs(limits::routine_runs_waiting_max));
}

// --- what is kept -------------------------------------------------------------------------------

TEST_F(TandemRoutineLines, KeptFilesGoWithTheErasureOfTheirSession) {
  script_call("write", {{"path", "report.md"}, {"content", "# Today\n"}});
  script_answer("Done.");
  const auto stream = follow("/routines/events");
  const std::string id = create({{"allowed_tools", {"write"}}});
  const std::string run_id = run_now(id);
  const std::string session = events_until(*stream, "routine.run.completed").back().at("sessionID");
  const std::string target = "/routines/runs/" + run_id + "/artifacts";
  const std::string path = ok("GET", target).at("artifacts").front().at("content_path");
  ASSERT_THAT(kept_bytes(), SizeIs(1));
  // That the session is put away does not touch them; it can be taken back.
  ok("DELETE", "/session/" + session);
  EXPECT_EQ(server().get(path).status, 200);
  const core::Principal admin(core::Scope::main(), "admin", core::UserRole::operator_role);
  const auto erased = server().engine.run(server().erasure.erase_thread(admin, session));
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_THAT(ok("GET", target).at("artifacts"), IsEmpty());
  EXPECT_EQ(server().get(path).status, 404);
  purge_files();
  EXPECT_THAT(kept_bytes(), IsEmpty());
  const Json left = run(run_id);
  EXPECT_EQ(left.at("status"), "completed") << "that it ran is kept";
  EXPECT_THAT(left.dump(), testing::Not(HasSubstr("report.md")));
}

TEST_F(TandemRoutineLines, KeptFilesGoWithTheirRoutine) {
  script_call("write", {{"path", "report.md"}, {"content", "# Today\n"}});
  script_answer("Done.");
  const auto stream = follow("/routines/events");
  const std::string id = create({{"allowed_tools", {"write"}}});
  const std::string run_id = run_now(id);
  events_until(*stream, "routine.run.completed");
  const std::string target = "/routines/runs/" + run_id + "/artifacts";
  const std::string path = ok("GET", target).at("artifacts").front().at("content_path");
  ok("DELETE", "/routines/" + id);
  EXPECT_FALSE(ok("GET", target).at("artifacts").front().contains("content_path"));
  EXPECT_EQ(server().get(path).status, 404);
  purge_files();
  EXPECT_THAT(kept_bytes(), IsEmpty());
}

TEST_F(TandemRoutineLines, NothingIsKeptOfARunWhoseRoutineIsGone) {
  script_call("write", {{"path", "report.md"}, {"content", "# Today\n"}});
  script_call("launch", {{"target", "moon"}});
  script_answer("Done.");
  const auto all = follow("/event");
  const auto stream = follow("/routines/events");
  const std::string id = create(Json::object());
  const std::string run_id = run_now(id);
  agree(asked(*all));
  const std::string request = asked(*all);
  ok("DELETE", "/routines/" + id);
  agree(request);
  events_until(*stream, "routine.run.completed");
  const Json left = run(run_id);
  EXPECT_THAT(left.at("artifacts"), IsEmpty());
  EXPECT_THAT(left.at("detail").get<std::string>(), HasSubstr("the routine was deleted"));
  EXPECT_THAT(kept_bytes(), IsEmpty()) << "not even until the next start";
}

}  // namespace
}  // namespace colonnade::tests
