// Jobs of agents and tools on the whole engine: turns with nobody there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "background.hpp"
#include "launch_tool.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Principal ann(Scope::main(), "ann", UserRole::member);
const Principal root(Scope::main(), "root", UserRole::operator_role);

CatalogTask agent_task(const std::string& prompt = "Build the digest of {{payload.day}}.") {
  CatalogTask out(Scope::main(), "digest");
  out.name = "Digest";
  out.handler = {.agent_id = "default", .prompt = prompt};
  return out;
}

CatalogTask launch_task() {
  CatalogTask out(Scope::main(), "launch");
  out.name = "Launch";
  out.handler = {.kind = JobHandlerKind::tool,
                 .tool = "launch",
                 .args = {{"target", "the {{payload.target}}"}}};
  return out;
}

class AgentJobsTest : public ::testing::Test {
 protected:
  static EngineOptions options(const std::shared_ptr<Launches>& launches) {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches));
    return out;
  }
  // A house on the store of the test; a second one finds what the first has left.
  struct House {
    // What a run that goes on asks of its model is scripted before it does.
    explicit House(const std::string& path, const std::shared_ptr<Launches>& launches,
                   TaskWork::Options how = {}, std::vector<Act> acts = {})
        : engine(path, options(launches)), background(engine, how) {
      if (!acts.empty()) engine.model->script(std::move(acts));
      engine.run(engine.runs.recover());
    }
    void add(CatalogTask task) {
      const auto made = engine.run(background.catalog.create(root, std::move(task)));
      ASSERT_TRUE(made) << made.error().message;
    }
    std::string trigger(const std::string& task_id, const std::string& payload,
                        int attempts_max = 3) {
      auto task = engine.run(background.catalog.active(Scope::main(), task_id));
      NewJob input{.job = job_template_of(*task)};
      input.job.payload = payload;
      input.job.attempts.max = attempts_max;
      input.job.attempts.delay_min = std::chrono::microseconds(1);
      input.job.attempts.delay_max = std::chrono::microseconds(1);
      const auto made = engine.run(background.jobs.trigger(ann, std::move(input)));
      EXPECT_TRUE(made) << made.error().message;
      return made->job.id;
    }
    Job ended(const std::string& id, JobState state) { return background.wait_for(ann, id, state); }
    // The run that works for the job, once it has begun.
    AgentTurnPlace turn_of(const std::string& id) {
      background.changes.wait_until([&] {
        const AgentTurnPlace place = turn_place_of(background.job(ann, id));
        return !place.run_id.empty();
      });
      return turn_place_of(background.job(ann, id));
    }
    Action question() {
      const ActionFilter open{.state = ActionState::pending_approval};
      const auto found = engine.run(engine.actions.list(ann, open));
      return found && !found->empty() ? found->front() : Action{.scope = Scope::main()};
    }
    void answer(bool approve) {
      const HumanAnswer given{.approve = approve};
      const auto answered = engine.run(engine.actions.resolve(ann, question().id, given));
      ASSERT_TRUE(answered) << answered.error().message;
    }

    Engine engine;
    Background background;
  };

  std::string path() const { return folder_.file("colonnade.db"); }

  TemporaryFolder folder_;
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
};

TEST_F(AgentJobsTest, AJobIsATurnInAThreadOfItsOwn) {
  House house(path(), launches_);
  house.add(agent_task());
  house.engine.model->script({reply({TextPart{"Three mails."}})});
  house.background.start();
  const std::string id = house.trigger("digest", R"({"day":"today"})");
  const Job job = house.ended(id, JobState::done);
  const Json output = Json::parse(job.output);
  EXPECT_EQ(output["text"], "Three mails.");
  EXPECT_EQ(output["usage"]["inputTokens"], 10);
  const AgentTurnPlace place = turn_place_of(job);
  EXPECT_EQ(output["threadId"], place.thread_id);
  const auto run = house.engine.run(house.engine.runs.read(ann, place.run_id));
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->run.options.job_id, id);
  const auto requests = house.engine.model->requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(visible_text(requests[0].messages.back().parts), "Build the digest of today.");
}

TEST_F(AgentJobsTest, AnAnswerThatFitsItsSchemaIsTheObject) {
  House house(path(), launches_);
  CatalogTask task = agent_task();
  task.handler.output_schema = {{"type", "object"}};
  house.add(std::move(task));
  house.engine.model->script({reply({TextPart{R"({"mails":3})"}})});
  house.background.start();
  const Job job = house.ended(house.trigger("digest", ""), JobState::done);
  EXPECT_EQ(Json::parse(job.output)["object"], (Json{{"mails", 3}}));
}

TEST_F(AgentJobsTest, AJobWaitsForAHumanWithoutASlot) {
  House house(path(), launches_);
  house.add(agent_task());
  house.engine.model->script({tool_call("c1", "launch", {{"target", "moon"}})});
  house.engine.model->script({reply({TextPart{"Launched."}})});
  house.background.start();
  const std::string id = house.trigger("digest", "");
  const Job waiting = house.ended(id, JobState::waiting);
  EXPECT_EQ(waiting.waits_for, "run:" + turn_place_of(waiting).run_id);
  EXPECT_THAT(launches_->seen(), IsEmpty());
  house.answer(true);
  EXPECT_EQ(Json::parse(house.ended(id, JobState::done).output)["text"], "Launched.");
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(AgentJobsTest, WorkThatAsksNobodyIsDeniedWhatWouldBeAsked) {
  House house(path(), launches_, {.asks_nobody = true});
  house.add(agent_task());
  house.engine.model->script({tool_call("c1", "launch", {{"target", "moon"}})});
  house.engine.model->script({reply({TextPart{"I may not."}})});
  house.background.start();
  EXPECT_EQ(Json::parse(house.ended(house.trigger("digest", ""), JobState::done).output)["text"],
            "I may not.");
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(AgentJobsTest, CancellingReachesTheRun) {
  House house(path(), launches_);
  house.add(agent_task());
  std::promise<void> held;
  house.engine.model->on_hold([&held] { held.set_value(); });
  house.engine.model->script({Hold{}});
  house.background.start();
  const std::string id = house.trigger("digest", "");
  held.get_future().wait();
  const AgentTurnPlace place = house.turn_of(id);
  ASSERT_TRUE(house.engine.run(house.background.jobs.cancel(ann, id)));
  const auto ended = house.engine.run(house.engine.runs.wait(ann, place.run_id, {}));
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->run.state, RunState::cancelled);
  EXPECT_EQ(house.background.job(ann, id).state, JobState::cancelled);
}

TEST_F(AgentJobsTest, CancellingOneThatWaitsForAHumanEndsItsRun) {
  House house(path(), launches_);
  house.add(agent_task());
  house.engine.model->script({tool_call("c1", "launch", {{"target", "moon"}})});
  house.background.start();
  const std::string id = house.trigger("digest", "");
  const Job waiting = house.ended(id, JobState::waiting);
  ASSERT_TRUE(house.engine.run(house.background.jobs.cancel(ann, id)));
  const auto ended =
      house.engine.run(house.engine.runs.wait(ann, turn_place_of(waiting).run_id, {}));
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->run.state, RunState::cancelled);
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(AgentJobsTest, AJobThatIsHeldEndsItsRunAndBeginsAnotherWhenItIsResumed) {
  House house(path(), launches_);
  house.add(agent_task());
  std::promise<void> held;
  house.engine.model->on_hold([&held] { held.set_value(); });
  house.engine.model->script({Hold{}});
  house.background.start();
  const std::string id = house.trigger("digest", "");
  held.get_future().wait();
  const AgentTurnPlace place = house.turn_of(id);
  ASSERT_TRUE(house.engine.run(house.background.jobs.hold(ann, id)));
  const auto ended = house.engine.run(house.engine.runs.wait(ann, place.run_id, {}));
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->run.state, RunState::cancelled);
  EXPECT_EQ(house.background.job(ann, id).state, JobState::waiting) << "it waits to be resumed";
  house.engine.model->script({reply({TextPart{"Three mails."}})});
  ASSERT_TRUE(house.engine.run(house.background.jobs.resume(ann, id)));
  const Job job = house.ended(id, JobState::done);
  EXPECT_EQ(Json::parse(job.output)["text"], "Three mails.");
  EXPECT_NE(turn_place_of(job).run_id, place.run_id);
  EXPECT_EQ(job.attempts.made, 1);
}

TEST_F(AgentJobsTest, AHeldJobThatIsCancelledLeavesNoRun) {
  House house(path(), launches_);
  house.add(agent_task());
  std::promise<void> held;
  house.engine.model->on_hold([&held] { held.set_value(); });
  house.engine.model->script({Hold{}});
  house.background.start();
  const std::string id = house.trigger("digest", "");
  held.get_future().wait();
  const AgentTurnPlace place = house.turn_of(id);
  ASSERT_TRUE(house.engine.run(house.background.jobs.hold(ann, id)));
  ASSERT_TRUE(house.engine.run(house.background.jobs.cancel(ann, id)));
  const auto ended = house.engine.run(house.engine.runs.wait(ann, place.run_id, {}));
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->run.state, RunState::cancelled);
  EXPECT_EQ(house.background.job(ann, id).state, JobState::cancelled);
}

// Its last worker dies with it: the job has failed, and nobody waits for the human any more.
TEST_F(AgentJobsTest, TheRunOfALostJobIsCancelled) {
  std::string id;
  AgentTurnPlace place;
  {
    House house(path(), launches_);
    house.add(agent_task());
    house.engine.model->script({tool_call("c1", "launch", {{"target", "moon"}})});
    house.background.start();
    id = house.trigger("digest", "", 1);
    const Job waiting = house.ended(id, JobState::waiting);
    place = turn_place_of(waiting);
    house.background.stop();
    const Time now = house.engine.clock.now();
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(
        job_change(WakeJob{.id = id, .waits_for = waiting.waits_for, .at = now}));
    unit.changes.emplace_back(job_change(ClaimJobs{
        .claim_id = "c", .worker = "one that dies", .jobs_max = 1, .at = now, .lease_until = now}));
    ASSERT_TRUE(house.engine.run(house.engine.feed.commit(std::move(unit))));
    ASSERT_EQ(house.background.job(ann, id).state, JobState::running);
  }
  House house(path(), launches_);
  house.background.start();
  EXPECT_EQ(house.ended(id, JobState::failed).error.failure, JobFailure::lost);
  const auto ended = house.engine.run(house.engine.runs.wait(ann, place.run_id, {}));
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->run.state, RunState::cancelled);
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(AgentJobsTest, ATurnThatIsCancelledCancelsItsJob) {
  House house(path(), launches_);
  house.add(agent_task());
  std::promise<void> held;
  house.engine.model->on_hold([&held] { held.set_value(); });
  house.engine.model->script({Hold{}});
  house.background.start();
  const std::string id = house.trigger("digest", "");
  held.get_future().wait();
  const AgentTurnPlace place = house.turn_of(id);
  ASSERT_TRUE(house.engine.run(house.engine.runs.cancel(ann, place.run_id)));
  house.ended(id, JobState::cancelled);
}

TEST_F(AgentJobsTest, ATurnThatFailsIsTriedAgainInItsThread) {
  House house(path(), launches_);
  house.add(agent_task());
  house.engine.model->script({Break{{.kind = base::ErrorKind::invalid, .message = "refused"}}});
  house.engine.model->script({reply({TextPart{"Three mails."}})});
  house.background.start();
  const Job job = house.ended(house.trigger("digest", ""), JobState::done);
  EXPECT_EQ(job.attempts.made, 2);
  EXPECT_EQ(turn_place_of(job).attempt, 2);
}

TEST_F(AgentJobsTest, AfterARestartAJobFindsItsTurnAndBeginsNoOther) {
  std::string id;
  AgentTurnPlace place;
  {
    House house(path(), launches_);
    house.add(agent_task());
    std::promise<void> held;
    house.engine.model->on_hold([&held] { held.set_value(); });
    house.engine.model->script({Hold{}});
    house.background.start();
    id = house.trigger("digest", "");
    held.get_future().wait();
    place = house.turn_of(id);
    house.background.stop();
    EXPECT_EQ(house.background.job(ann, id).state, JobState::queued);
  }
  House house(path(), launches_, {}, {reply({TextPart{"Three mails."}})});
  house.background.start();
  const Job job = house.ended(id, JobState::done);
  EXPECT_EQ(Json::parse(job.output)["text"], "Three mails.");
  EXPECT_EQ(turn_place_of(job).run_id, place.run_id);
  EXPECT_EQ(job.attempts.made, 1);
}

// The server died between the cancel of the job and that of its run.
TEST_F(AgentJobsTest, AfterARestartTheRunOfACancelledJobIsCancelled) {
  std::string id;
  AgentTurnPlace place;
  {
    House house(path(), launches_);
    house.add(agent_task());
    house.engine.model->script({tool_call("c1", "launch", {{"target", "moon"}})});
    house.background.start();
    id = house.trigger("digest", "");
    place = turn_place_of(house.ended(id, JobState::waiting));
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(job_change(CancelJob{.id = id, .at = house.engine.clock.now()}));
    ASSERT_TRUE(house.engine.run(house.engine.feed.commit(std::move(unit))));
  }
  House house(path(), launches_);
  ASSERT_TRUE(house.engine.run(house.background.agent_jobs->end_orphans(house.engine.store.get())));
  const auto ended = house.engine.run(house.engine.runs.wait(ann, place.run_id, {}));
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->run.state, RunState::cancelled);
}

// The server died after it had stored that the job is held, and before that reached the run.
TEST_F(AgentJobsTest, AfterARestartTheRunOfAHeldJobIsCancelled) {
  std::string id;
  AgentTurnPlace place;
  {
    House house(path(), launches_);
    house.add(agent_task());
    house.engine.model->script({tool_call("c1", "launch", {{"target", "moon"}})});
    house.background.start();
    id = house.trigger("digest", "");
    const Job waiting = house.ended(id, JobState::waiting);
    place = turn_place_of(waiting);
    const Time now = house.engine.clock.now();
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(
        job_change(WakeJob{.id = id, .waits_for = waiting.waits_for, .at = now}));
    unit.changes.emplace_back(
        job_change(HoldJob{.id = id, .waits_for = std::string(until_resumed), .at = now}));
    ASSERT_TRUE(house.engine.run(house.engine.feed.commit(std::move(unit))));
  }
  House house(path(), launches_);
  ASSERT_TRUE(house.engine.run(house.background.agent_jobs->end_orphans(house.engine.store.get())));
  const auto ended = house.engine.run(house.engine.runs.wait(ann, place.run_id, {}));
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->run.state, RunState::cancelled);
  EXPECT_EQ(house.background.job(ann, id).state, JobState::waiting);
}

TEST_F(AgentJobsTest, AToolIsCalledWithThePayloadOverItsArguments) {
  House house(path(), launches_);
  house.add(launch_task());
  house.background.start();
  const std::string id = house.trigger("launch", R"({"target":"moon"})");
  const Job waiting = house.ended(id, JobState::waiting);
  EXPECT_EQ(waiting.waits_for, "action:" + house.question().id);
  house.answer(true);
  EXPECT_EQ(house.ended(id, JobState::done).output, "\"launched moon\"");
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(AgentJobsTest, ADeniedCallFailsItsJobForGood) {
  House house(path(), launches_);
  house.add(launch_task());
  house.background.start();
  const std::string id = house.trigger("launch", R"({"target":"moon"})");
  house.ended(id, JobState::waiting);
  house.answer(false);
  const Job failed = house.ended(id, JobState::failed);
  EXPECT_THAT(failed.error.message, HasSubstr("denied"));
  EXPECT_EQ(failed.attempts.made, 1);
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(AgentJobsTest, ACancelledCallAsksNobodyAnyMore) {
  House house(path(), launches_);
  house.add(launch_task());
  house.background.start();
  const std::string id = house.trigger("launch", R"({"target":"moon"})");
  house.ended(id, JobState::waiting);
  ASSERT_NE(house.question().id, "");
  ASSERT_TRUE(house.engine.run(house.background.jobs.cancel(ann, id)));
  EXPECT_EQ(house.question().id, "");
  EXPECT_EQ(house.background.job(ann, id).state, JobState::cancelled);
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(AgentJobsTest, ACallThatAsksNobodyFailsAtOnce) {
  House house(path(), launches_, {.asks_nobody = true});
  house.add(launch_task());
  house.background.start();
  const Job failed = house.ended(house.trigger("launch", R"({"target":"moon"})"), JobState::failed);
  EXPECT_THAT(failed.error.message, HasSubstr("NOBODY_TO_ASK"));
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(AgentJobsTest, AJobOfATaskThatIsGoneFails) {
  House house(path(), launches_);
  house.add(agent_task());
  const std::string id = house.trigger("digest", "");
  ASSERT_TRUE(house.engine.run(house.background.catalog.remove(root, "digest")));
  house.background.start();
  EXPECT_THAT(house.ended(id, JobState::failed).error.message, HasSubstr("no task"));
}

}  // namespace
}  // namespace colonnade::tests
