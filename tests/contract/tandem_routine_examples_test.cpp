// The contract's examples (tandem-examples.jsonl) of routines and automations V1, against a server:
// the same status, and every member of the example with a value of its type. Ids, times and texts
// are the server's own.
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "tandem_examples.hpp"
#include "tandem_routines_fixture.hpp"

namespace colonnade::tests {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

class TandemRoutineExamples : public TandemRoutinesTest {
 protected:
  void TearDown() override { expect_played(played_); }

  // Ids of the examples, and what stands for them here.
  std::string ours(std::string text) const {
    for (const auto& [theirs, own] : ids_) text = replaced(std::move(text), theirs, own);
    return text;
  }
  // `unless`: members that the example has of another state.
  Json replay(const std::string& name, std::initializer_list<const char*> unless = {}) {
    const Json& row = examples_.at(name);
    played_.insert(name);
    const Json request = row.value("request", Json());
    const std::string body = request.is_null() ? "" : ours(request.dump());
    const Answer answer = server().ask(row.at("method").get<std::string>(),
                                       ours(row.at("path").get<std::string>()), body);
    EXPECT_EQ(answer.status, row.at("status")) << name << ": " << answer.body;
    Json wanted = row.at("response");
    for (const char* member : unless) {
      wanted.erase(member);
      for (const char* part : {"run", "routine"}) {
        if (wanted.contains(part)) wanted.at(part).erase(member);
      }
    }
    const Json got = answer.json();
    has_members(wanted, got, name);
    return got;
  }
  void told(const std::string& name, const Json& event) {
    played_.insert(name);
    has_members(examples_.at(name).at("event"), event, name);
  }

  const std::string their_routine_ = "rt-daily-digest";
  const std::string their_run_ = "routine-run-5b6d0c1e-7a3f-4c21-9b0d-2f1e8d7c6b5a";
  const std::string their_automation_ = "automation-5b6d0c1e7a3f4c219b0d2f1e8d7c6b5a";
  const std::string their_automation_run_ = "automation-run-5b6d0c1e-7a3f-4c21-9b0d-2f1e8d7c6b5a";
  std::map<std::string, Json> examples_ = tandem_examples();
  std::map<std::string, std::string> ids_{};
  std::set<std::string> played_{};
};

TEST_F(TandemRoutineExamples, OfRoutines) {
  answer_always("Nothing happened today.");
  const auto stream = follow("/routines/events");
  replay("routines.create.bad_schedule");
  replay("routines.delete.not_found");
  // The engine names tools of its own where nobody names any.
  const Json theirs = replay("engine046.routines.create", {"allowed_tools"});
  ok("DELETE", "/routines/" + theirs.at("routine").at("routine_id").get<std::string>());
  ids_[their_routine_] = replay("routines.create").at("routine").at("id");
  replay("routines.list");
  ids_[their_run_] = replay("routines.run_now").at("runID");
  told("event.routine.fired", events_until(*stream, "routine.fired").back());
  told("event.routine.run.completed", events_until(*stream, "routine.run.completed").back());
  for (const char* name : {"routines.list_runs", "routines.get_runs_for_routine",
                           "routines.get_run", "routines.add_artifact", "routines.list_artifacts",
                           "routines.history", "routines.deny_run.conflict"}) {
    replay(name);
  }
  replay("routines.update", {"next_fire_at_ms"});  // it is paused
  replay("routines.delete");
}

// The stand-in that the examples were taken from shows a run that has ended in all of them.
TEST_F(TandemRoutineExamples, OfRunsThatHumansDecideOn) {
  const auto stream = follow("/routines/events");
  create({{"routine_id", "rt-ext"}, {"args", {{"connector_id", "mail"}}}});
  replay("routines.run_now.blocked");
  ids_[their_run_] = run_now(create({{"routine_id", "rt-asks"},
                                     {"args", {{"connector_id", "mail"}}},
                                     {"allowed_tools", {"read", "websearch", "write"}},
                                     {"external_integrations_allowed", true}}));
  model().script({text("Half"), Hold{}, reply({core::TextPart{"Half"}})});
  replay("routines.approve_run", {"started_at_ms", "finished_at_ms", "latest_session_id"});
  events_until(*stream, "routine.run.started");
  replay("routines.pause_run", {"finished_at_ms"});
  model().script({reply({core::TextPart{"Whole."}})});
  replay("routines.resume_run", {"finished_at_ms"});
  events_until(*stream, "routine.run.completed");
}

TEST_F(TandemRoutineExamples, OfAutomations) {
  answer_always("Nothing happened today.");
  const auto stream = follow("/automations/events");
  replay("automations.create.invalid");
  replay("automations.create.routine_shaped");
  ids_[their_automation_] = replay("automations.create").at("automation").at("id");
  ids_[their_automation_run_] = replay("automations.run_now").at("runID");
  told("event.automations.run.completed", events_until(*stream, "run.completed").back());
  replay("automations.get_run");
}

}  // namespace
}  // namespace colonnade::tests
