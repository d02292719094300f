// Background runs that agents begin by their tools.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "background.hpp"
#include "core/tasks/background_tools.hpp"
#include "core/tasks/spawned_runs.hpp"
#include "launch_tool.hpp"
#include "tools/builtin/background_tools.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using base::Json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

const Principal ann(Scope::main(), "ann", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);
const Principal root(Scope::main(), "root", UserRole::operator_role);

// A task for agents, by a tool that launches something.
CatalogTask rocket(std::string id = "rocket", std::vector<std::string> agents = {}) {
  CatalogTask out(Scope::main(), std::move(id));
  out.name = "Rocket";
  out.trigger = TaskTrigger::agent_spawn;
  out.agents = std::move(agents);
  out.payload_schema = {{"type", "object"}, {"required", {"target"}}};
  out.handler = {
      .kind = JobHandlerKind::tool, .tool = "launch", .args = {{"target", "{{payload.target}}"}}};
  return out;
}

class SpawnedRunsTest : public ::testing::Test {
 protected:
  SpawnedRunsTest()
      : spawned_([this] { return dependencies(); }),
        engine_(folder_.file("colonnade.db"), options()),
        background_(std::in_place, engine_) {
    engine_.run(engine_.runs.recover());
    add(rocket());
  }
  ~SpawnedRunsTest() override { background_.reset(); }

  EngineOptions options() {
    EngineOptions out;
    out.extra_tools = tools::background_tools(spawned_);
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.extra_allowed = {"launch"};
    return out;
  }
  SpawnedRuns::Dependencies dependencies() {
    return {.runs = *engine_.store,
            .jobs = background_->jobs,
            .schedules = background_->schedules,
            .catalog = background_->catalog,
            .subscriptions = engine_.feed.subscriptions()};
  }
  void add(CatalogTask task) {
    const auto made = engine_.run(background_->catalog.create(root, std::move(task)));
    ASSERT_TRUE(made) << made.error().message;
  }
  // An agent that names these tools, and a thread with it.
  Thread thread_with(std::vector<std::string> tools) {
    const NewAgent input{.name = "lead", .tools = std::move(tools)};
    agent_id_ = engine_.run(engine_.agents.create(ann, input))->id;
    return *engine_.run(engine_.threads.create(ann, {.agent_id = agent_id_}));
  }
  Thread thread_with_all() {
    return thread_with({core::background_tools.begin(), core::background_tools.end()});
  }
  // A turn that calls the tool and says "Done."; what the tool answered.
  Json called(const Thread& thread, const std::string& tool, Json arguments) {
    engine_.model->script({tool_call("c1", tool, std::move(arguments))});
    engine_.model->script({reply({TextPart{"Done."}})});
    const auto run = engine_.start(ann, thread.id, "Go.");
    EXPECT_TRUE(run) << run.error().message;
    if (!run) return nullptr;
    run_id_ = run->id;
    EXPECT_EQ(engine_.wait(ann, *run)->run.state, RunState::succeeded);
    return result_of_last_call();
  }
  Json result_of_last_call() {
    const ModelRequest last = engine_.model->requests().back();
    const auto* result = std::get_if<ToolResultPart>(&last.messages.back().parts.back());
    EXPECT_NE(result, nullptr);
    auto read = base::parse_json(result == nullptr ? "" : result->content, "result");
    EXPECT_TRUE(read) << (result == nullptr ? "" : result->content);
    return read ? std::move(*read) : Json();
  }
  std::vector<SpawnedJobMoved> moves_in(const std::string& thread_id) {
    std::vector<SpawnedJobMoved> out;
    for (const Event& event : engine_.events(thread_id)) {
      if (const auto* moved = std::get_if<SpawnedJobMoved>(&event.body)) out.push_back(*moved);
    }
    return out;
  }
  static std::vector<std::string> names_of(const ModelRequest& request) {
    std::vector<std::string> out;
    for (const ToolDefinition& tool : request.tools) out.push_back(tool.name);
    return out;
  }
  Job ended(const std::string& id) { return background_->wait_for(ann, id, JobState::done); }

  TemporaryFolder folder_;
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  SpawnedRuns spawned_;
  Engine engine_;
  std::optional<Background> background_;
  std::string agent_id_;
  std::string run_id_;  // of the last turn
};

TEST_F(SpawnedRunsTest, ARunGoesOnWhenItsTurnHasEndedAndItsThreadHears) {
  const Thread thread = thread_with_all();
  const Json begun =
      called(thread, "spawn_bgo", {{"taskId", "rocket"}, {"payload", {{"target", "moon"}}}});
  EXPECT_EQ(begun["spawned"], true);
  EXPECT_EQ(begun["taskId"], "rocket");
  EXPECT_EQ(begun["bgo_id"], begun["runId"]);
  const auto id = begun["runId"].get<std::string>();
  EXPECT_THAT(launches_->seen(), IsEmpty());
  background_->start();
  const Job job = ended(id);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  EXPECT_EQ(job.owner.user_id, "ann");
  EXPECT_EQ(job.origin.thread_id, thread.id);
  EXPECT_EQ(job.origin.run_id, run_id_);
  const auto heard = moves_in(thread.id);
  ASSERT_EQ(heard.size(), 3U);
  EXPECT_EQ(heard[0].state, JobState::queued);
  EXPECT_EQ(heard[1].state, JobState::running);
  EXPECT_EQ(heard[2].state, JobState::done);
  EXPECT_EQ(heard[2].output, job.output);
}

TEST_F(SpawnedRunsTest, AgentsHaveTheToolsThatTheyAskFor) {
  engine_.model->answer_with(
      [](const ModelRequest&) { return std::vector<Act>{reply({TextPart{"Hi."}})}; });
  const auto offered = [&](const Thread& thread) {
    const auto run = engine_.start(ann, thread.id, "Hello.");
    EXPECT_TRUE(engine_.wait(ann, *run));
    return names_of(engine_.model->requests().back());
  };
  EXPECT_THAT(offered(engine_.new_thread(ann)), Not(Contains("spawn_bgo")));
  EXPECT_THAT(offered(thread_with({"list_runs", "calculator"})),
              ElementsAre("calculator", "list_runs"));
  NewAgent all{.name = "all"};
  all.profile.extra_tools = {"spawn_bgo"};
  const auto agent = engine_.run(engine_.agents.create(ann, std::move(all)));
  const auto names = offered(*engine_.run(engine_.threads.create(ann, {.agent_id = agent->id})));
  EXPECT_THAT(names, IsSupersetOf({"spawn_bgo", "calculator"}));
  EXPECT_THAT(names, Not(Contains("cancel_run")));
}

// What a task is open to is asked for each of the tools, and what is not open is missing.
TEST_F(SpawnedRunsTest, ATaskIsOpenToTheAgentsThatItNames) {
  const Thread thread = thread_with_all();
  add(rocket("theirs", {"another"}));
  add(rocket("ours", {"another", agent_id_}));
  CatalogTask manual = rocket("manual");
  manual.trigger = TaskTrigger::manual;
  add(std::move(manual));
  CatalogTask asleep = rocket("asleep");
  asleep.is_active = false;
  add(std::move(asleep));
  const Json listed = called(thread, "list_bgos", Json::object());
  ASSERT_EQ(listed["bgos"].size(), 2U);
  EXPECT_EQ(listed["bgos"][0]["slug"], "ours");
  EXPECT_EQ(listed["bgos"][1]["slug"], "rocket");
  EXPECT_EQ(listed["tasks"], listed["bgos"]);
  const Json payload = {{"target", "moon"}};
  for (const char* id : {"theirs", "manual", "asleep", "nothing"}) {
    const Json spawned = called(thread, "spawn_bgo", {{"taskId", id}, {"payload", payload}});
    EXPECT_EQ(spawned["spawned"], false) << id;
    EXPECT_EQ(spawned["message"], "there is no task \"" + std::string(id) +
                                      "\" that this agent may begin; list_bgos says which there "
                                      "are");
    const Json batch =
        called(thread, "spawn_batch", {{"taskId", id}, {"payloads", Json::array({payload})}});
    EXPECT_EQ(batch["status"], "failed") << id;
  }
  EXPECT_EQ(called(thread, "spawn_bgo", {{"taskId", "ours"}, {"payload", payload}})["spawned"],
            true);
  // A run of a task that is not open to the agent is not there for it, whoever's it is.
  NewJob input{.job = job_template_of(rocket("theirs", {"another"}))};
  const auto hidden = engine_.run(background_->jobs.trigger(ann, std::move(input)));
  NewJob other{.job = job_template_of(rocket())};
  const auto of_bob = engine_.run(background_->jobs.trigger(bob, std::move(other)));
  for (const std::string& id : {hidden->job.id, of_bob->job.id}) {
    EXPECT_EQ(called(thread, "get_run_details", {{"runId", id}})["status"], "failed");
    EXPECT_EQ(called(thread, "wait_for_runs", {{"runIds", {id}}})["status"], "failed");
  }
  const Json runs = called(thread, "list_runs", Json::object());
  ASSERT_EQ(runs["runs"].size(), 1U);
  EXPECT_EQ(runs["runs"][0]["taskIdentifier"], "ours");
}

TEST_F(SpawnedRunsTest, ATurnBeginsNoMoreThanItMay) {
  const Thread thread = thread_with_all();
  Json payloads = Json::array();
  for (std::size_t i = 0; i < limits::jobs_spawned_per_run - 1; ++i) {
    payloads.push_back({{"target", std::to_string(i)}});
  }
  const Json one = {{"taskId", "rocket"}, {"payload", {{"target", "x"}}}};
  engine_.model->script(
      {tool_call("a1", "spawn_batch", {{"taskId", "rocket"}, {"payloads", payloads}})});
  engine_.model->script(
      {tool_call("a2", "spawn_batch", {{"taskId", "rocket"}, {"payloads", payloads}})});
  engine_.model->script({tool_call("a3", "spawn_bgo", one)});
  const Json refused = called(thread, "spawn_bgo", one);
  EXPECT_EQ(refused["spawned"], false);
  EXPECT_EQ(refused["error"], "bgo_cap_exceeded");
  // The second batch found no room for all of it, and began none.
  const auto jobs = engine_.run(background_->jobs.list(ann, {}));
  EXPECT_EQ(jobs->jobs.size(), limits::jobs_spawned_per_run);
  EXPECT_EQ(called(thread, "spawn_bgo", one)["spawned"], true) << "another turn may";
}

TEST_F(SpawnedRunsTest, APayloadThatDoesNotFitBeginsNothing) {
  const Thread thread = thread_with_all();
  const Json spawned = called(thread, "spawn_bgo", {{"taskId", "rocket"}, {"instruction", "fly"}});
  EXPECT_EQ(spawned["spawned"], false);
  EXPECT_THAT(spawned["message"].get<std::string>(), HasSubstr("target"));
  const Json batch = called(
      thread, "spawn_batch",
      {{"taskId", "rocket"}, {"payloads", Json::array({{{"target", "a"}}, Json::object()})}});
  EXPECT_EQ(batch["status"], "failed");
  EXPECT_THAT(engine_.run(background_->jobs.list(ann, {}))->jobs, IsEmpty());
}

TEST_F(SpawnedRunsTest, AnInstructionAndATimeGoWithTheRun) {
  const Thread thread = thread_with_all();
  const Json begun = called(thread, "spawn_bgo",
                            {{"taskId", "rocket"},
                             {"payload", {{"target", "moon"}}},
                             {"instruction", "gently"},
                             {"metadata", {{"by", "lead"}}},
                             {"timeout", 7}});
  const Job job = background_->job(ann, begun["runId"].get<std::string>());
  EXPECT_EQ(Json::parse(job.payload), (Json{{"target", "moon"}, {"instruction", "gently"}}));
  EXPECT_EQ(Json::parse(job.metadata), (Json{{"by", "lead"}}));
  EXPECT_EQ(job.time_max, std::chrono::seconds(7));
  EXPECT_EQ(moves_in(thread.id).back().metadata, job.metadata);
}

// The turn waits in its tool while the runs do their work.
TEST_F(SpawnedRunsTest, ATurnWaitsForTheRunsOfItsConversation) {
  const Thread thread = thread_with_all();
  std::vector<std::string> ids;
  for (const char* target : {"moon", "mars"}) {
    const Json begun =
        called(thread, "spawn_bgo", {{"taskId", "rocket"}, {"payload", {{"target", target}}}});
    ids.push_back(begun["runId"].get<std::string>());
  }
  engine_.model->script({tool_call("c1", "wait_for_runs", {{"runIds", ids}})});
  engine_.model->script({reply({TextPart{"Both are up."}})});
  const auto run = engine_.start(ann, thread.id, "And?");
  ASSERT_TRUE(run);
  background_->start();
  EXPECT_EQ(engine_.wait(ann, *run)->run.state, RunState::succeeded);
  const Json waited = result_of_last_call();
  EXPECT_EQ(waited["status"], "completed");
  EXPECT_THAT(waited["stillPending"], IsEmpty());
  for (const std::string& id : ids) EXPECT_EQ(waited["settled"][id]["status"], "COMPLETED");
  EXPECT_THAT(launches_->seen(), UnorderedElementsAre("moon", "mars"));
  // Another conversation does not hear of them.
  const Thread elsewhere = *engine_.run(engine_.threads.create(ann, {.agent_id = agent_id_}));
  const Json refused = called(elsewhere, "wait_for_runs", {{"runIds", ids}});
  EXPECT_THAT(refused["error"].get<std::string>(), HasSubstr("not begun in this conversation"));
  const Json seen = called(elsewhere, "get_run_details", {{"runId", ids[0]}});
  EXPECT_EQ(seen["status"], "COMPLETED");
  EXPECT_EQ(seen["id"], ids[0]);
  EXPECT_TRUE(seen["error"].is_null());
}

TEST_F(SpawnedRunsTest, AWaitEndsWithItsTimeAndWithItsTurn) {
  const Thread thread = thread_with_all();
  const Json begun =
      called(thread, "spawn_bgo", {{"taskId", "rocket"}, {"payload", {{"target", "moon"}}}});
  const auto id = begun["runId"].get<std::string>();
  const SpawningTurn by{
      .scope = Scope::main(), .user_id = "ann", .agent_id = agent_id_, .run_id = run_id_};
  const auto none = engine_.run(
      spawned_.wait(by, {id}, std::chrono::seconds(0), &engine_.lanes[0], std::stop_token()));
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_THAT(none->ended, IsEmpty());
  EXPECT_THAT(none->pending, ElementsAre(id));
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = engine_.run(
      spawned_.wait(by, {id, id}, std::chrono::seconds(3600), &engine_.lanes[0], stop.get_token()));
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_THAT(stopped->pending, ElementsAre(id));
}

TEST_F(SpawnedRunsTest, AHumanAgreesBeforeARunIsCancelled) {
  const Thread thread = thread_with_all();
  const Json begun =
      called(thread, "spawn_bgo", {{"taskId", "rocket"}, {"payload", {{"target", "moon"}}}});
  const auto id = begun["runId"].get<std::string>();
  engine_.model->script({tool_call("c1", "cancel_run", {{"runId", id}, {"reason", "clouds"}})});
  engine_.model->script({reply({TextPart{"Called off."}})});
  const auto run = engine_.start(ann, thread.id, "Stop it.");
  std::vector<Action> open;
  while (open.empty()) {
    open = *engine_.run(engine_.actions.list(ann, {.state = ActionState::pending_approval}));
    std::this_thread::yield();
  }
  EXPECT_EQ(open[0].request.tool, "cancel_run");
  EXPECT_EQ(background_->job(ann, id).state, JobState::queued);
  ASSERT_TRUE(engine_.run(engine_.actions.resolve(ann, open[0].id, {.approve = true})));
  EXPECT_EQ(engine_.wait(ann, *run)->run.state, RunState::succeeded);
  EXPECT_EQ(result_of_last_call(), (Json{{"status", "cancelled"}, {"runId", id}}));
  const Job job = background_->job(ann, id);
  EXPECT_EQ(job.state, JobState::cancelled);
  EXPECT_EQ(job.error.message, "clouds");
  EXPECT_EQ(moves_in(thread.id).back().state, JobState::cancelled);
  const Json listed = called(thread, "list_runs", {{"status", "CANCELED"}, {"taskId", "rocket"}});
  ASSERT_EQ(listed["runs"].size(), 1U);
  EXPECT_EQ(listed["runs"][0]["id"], id);
  EXPECT_THAT(called(thread, "list_runs", {{"status", "QUEUED"}})["runs"], IsEmpty());
  EXPECT_EQ(called(thread, "list_runs", {{"status", "GONE"}})["status"], "failed");
}

TEST_F(SpawnedRunsTest, AScheduleIsMadeOnceAHumanAgrees) {
  const Thread thread = thread_with_all();
  engine_.model->script({tool_call("c1", "create_schedule",
                                   {{"taskId", "rocket"},
                                    {"cron", "0 9 * * 1"},
                                    {"timezone", "Europe/Paris"},
                                    {"payload", {{"target", "moon"}}}})});
  engine_.model->script({reply({TextPart{"Every Monday."}})});
  const auto run = engine_.start(ann, thread.id, "Weekly, please.");
  std::vector<Action> open;
  while (open.empty()) {
    open = *engine_.run(engine_.actions.list(ann, {.state = ActionState::pending_approval}));
    std::this_thread::yield();
  }
  ASSERT_TRUE(engine_.run(engine_.actions.resolve(ann, open[0].id, {.approve = true})));
  EXPECT_EQ(engine_.wait(ann, *run)->run.state, RunState::succeeded);
  const Json made = result_of_last_call();
  EXPECT_EQ(made["status"], "created");
  const auto schedule =
      engine_.run(background_->schedules.get(ann, made["scheduleId"].get<std::string>()));
  ASSERT_TRUE(schedule) << schedule.error().message;
  EXPECT_EQ(schedule->job.task, "rocket");
  EXPECT_EQ(Json::parse(schedule->job.payload)["target"], "moon");
  EXPECT_EQ(schedule->timing.zone, "Europe/Paris");
}

// A sub-agent's own thread is put away: what it begins is its lead's, in the lead's depth of jobs.
TEST_F(SpawnedRunsTest, WhatASubAgentBeginsIsItsLeads) {
  const NewAgent input{.name = "lead",
                       .tools = std::vector<std::string>{"spawn_bgo"},
                       .profile = {.tool_mode = ToolMode::sub_agent}};
  const auto agent = engine_.run(engine_.agents.create(ann, input));
  const Thread thread = *engine_.run(engine_.threads.create(ann, {.agent_id = agent->id}));
  engine_.model->script({tool_call("c1", "delegate_to_sub_agent", {{"task", "launch it"}})});
  engine_.model->script(
      {tool_call("c2", "spawn_bgo", {{"taskId", "rocket"}, {"payload", {{"target", "moon"}}}})});
  engine_.model->script({reply({TextPart{"Begun."}})});
  engine_.model->script({reply({TextPart{"It was begun."}})});
  const auto run = engine_.start(ann, thread.id, "Go.");
  EXPECT_EQ(engine_.wait(ann, *run)->run.state, RunState::succeeded);
  const auto jobs = engine_.run(background_->jobs.list(ann, {}));
  ASSERT_EQ(jobs->jobs.size(), 1U);
  EXPECT_EQ(jobs->jobs[0].origin.thread_id, thread.id);
  EXPECT_EQ(jobs->jobs[0].origin.run_id, run->id);
  EXPECT_EQ(moves_in(thread.id).size(), 1U);
}

// An agent's task that begins itself comes to an end: jobs begin jobs to a depth.
TEST_F(SpawnedRunsTest, RunsThatBeginRunsHaveADepth) {
  thread_with_all();
  CatalogTask again(Scope::main(), "again");
  again.name = "Again";
  again.trigger = TaskTrigger::agent_spawn;
  again.handler = {.agent_id = agent_id_, .prompt = "Once more."};
  add(std::move(again));
  int spawned = 0;
  std::string refusal;
  engine_.model->answer_with([&](const ModelRequest& request) {
    const Part& last = request.messages.back().parts.back();
    if (const auto* result = std::get_if<ToolResultPart>(&last)) {
      const Json said = Json::parse(result->content);
      const bool was_spawned = said.value("spawned", false);
      if (was_spawned) ++spawned;
      if (!was_spawned) refusal = said.value("message", "");
      return std::vector<Act>{reply({TextPart{"Well."}})};
    }
    return std::vector<Act>{tool_call("c1", "spawn_bgo", {{"taskId", "again"}})};
  });
  NewJob first{
      .job = job_template_of(*engine_.run(background_->catalog.active(Scope::main(), "again")))};
  ASSERT_TRUE(engine_.run(background_->jobs.trigger(ann, std::move(first))));
  background_->start();
  std::size_t done = 0;
  background_->changes.wait_until([&] {
    const auto all = engine_.run(background_->jobs.list(ann, {.states = {JobState::done}}));
    done = all ? all->jobs.size() : 0;
    return done == static_cast<std::size_t>(limits::job_depth_max) + 1;
  });
  background_->stop();
  EXPECT_EQ(spawned, limits::job_depth_max);
  EXPECT_THAT(refusal, HasSubstr("depth"));
}

}  // namespace
}  // namespace colonnade::tests
