// The recorder's rule: whatever commit of a run fails, however it fails, nothing that depends on it
// happens, and the thread can be used as soon as the store writes again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "core/limits.hpp"
#include "engine.hpp"
#include "launch_tool.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

const Principal alice(Scope::main(), "alice", UserRole::member);

// Counts by what it was called with; changes something, and is allowed without asking.
std::unique_ptr<tools::Tool> counting_tool(std::shared_ptr<Launches> counted) {
  return std::make_unique<LaunchTool>(std::move(counted), "count");
}

class BrokenTool final : public tools::Tool {
 public:
  BrokenTool() {
    definition_.name = "broken";
    definition_.description = "Throws.";
    definition_.input_schema = {{"type", "object"}};
  }
  const ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::changes; }
  base::Task<ToolOutcome> run(tools::ToolContext, base::Json, std::stop_token) override {
    throw std::runtime_error("a bug");
    co_return ToolOutcome{};
  }

 private:
  ToolDefinition definition_;
};

ToolCallPart call(std::string id, std::string tool, base::Json arguments) {
  return {.call_id = std::move(id), .tool = std::move(tool), .arguments = std::move(arguments)};
}

// So much that it is published at once, although nobody follows the thread.
const std::string long_text(limits::KiB * 70, 'x');

std::size_t results_in(const ModelRequest& request) {
  const auto is_result = [](const Part& part) {
    return std::holds_alternative<ToolResultPart>(part);
  };
  return static_cast<std::size_t>(std::ranges::count_if(request.messages.back().parts, is_result));
}

// A model without a memory of its own: first it counts, wants to launch and to use a tool that is
// denied; then it counts again; then it answers.
std::vector<Act> tool_turn(const ModelRequest& request) {
  if (request.instructions.contains("keep the notes")) {
    return {reply({TextPart{"Notes."}}, StopReason::end_turn,
                  {.input_tokens = 100, .output_tokens = 5})};
  }
  if (visible_text(request.messages.back().parts).contains("again?")) {
    return {reply({TextPart{"Usable."}})};
  }
  switch (request.messages.back().role == Role::user ? 0 : results_in(request)) {
    case 0:
      return {text(long_text),
              reply({TextPart{long_text}, call("c1", "count", {{"target", "first"}}),
                     call("c2", "launch", {{"target", "moon"}}),
                     call("c3", "unheard_of", base::Json::object())},
                    StopReason::tool_use)};
    case 3: return {reply({call("c1", "count", {{"target", "second"}})}, StopReason::tool_use)};
    default: return {text("Done."), reply({TextPart{"Done."}})};
  }
}

// One way through a run; each commit of it fails once in every way.
struct Path {
  std::string name{};
  // What happened before the fault, on a store of its own.
  // Returns the run's thread.
  std::function<std::string(const std::string& path, std::shared_ptr<Launches>)> before{};
  bool cancels = false;       // the run is cancelled once it waits for a human
  bool answers_early = true;  // also before the run was stored as waiting
  bool summarises = false;    // the thread is summarised first
  RunState end = RunState::succeeded;
  std::set<std::string> effects{};    // of the tools, in a run that nothing stops
  std::vector<std::string> points{};  // commits that it has, among others
};

void PrintTo(const Path& path, std::ostream* out) { *out << path.name; }

EngineOptions options_for(const Path& path, const std::shared_ptr<Launches>& launches) {
  EngineOptions out;
  out.extra_tools.push_back(counting_tool(launches));
  out.extra_tools.push_back(std::make_unique<LaunchTool>(launches));
  out.extra_tools.push_back(std::make_unique<BrokenTool>());
  out.extra_allowed = {"count", "broken"};
  out.runs.commit_retry = {.delay_min = std::chrono::milliseconds(1),
                           .delay_max = std::chrono::milliseconds(2)};
  // Room for the long text of each round.
  out.runs.context.windows = ModelWindows(
      {{.provider = "scripted", .model = "scripted-1", .context = 200'000, .output = 500},
       {.provider = "gone", .model = "scripted-1", .context = 200'000, .output = 500}});
  if (path.summarises) out.runs.context.compact_at_percent = 10;
  return out;
}

std::optional<Run> run_in(Engine& engine, const std::string& thread_id) {
  const auto messages = *engine.run(
      engine.store->messages(Scope::main(), thread_id, {.limit = limits::page_rows_max}));
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    if (visible_text(message->parts) == "go") {
      return *engine.run(engine.store->run(Scope::main(), message->run_id));
    }
  }
  return std::nullopt;
}

void answer_questions(Engine& engine) {
  const auto open =
      engine.run(engine.actions.list(alice, {.state = ActionState::pending_approval}));
  for (const Action& action : *open) {
    // Refused while the store cannot write; then it is answered later.
    [[maybe_unused]] const auto answered =
        engine.run(engine.actions.resolve(alice, action.id, {.approve = true}));
  }
}

// Plays until the run is over, or the journal is dead.
void play(Engine& engine, const Path& path, const std::string& thread_id) {
  bool cancelled = false;
  const auto begun = std::chrono::steady_clock::now();
  while (!engine.journal.dead()) {
    const auto run = run_in(engine, thread_id);
    if (std::chrono::steady_clock::now() - begun > std::chrono::seconds(20)) {
      std::string rows;
      if (run) {
        rows = to_string(run->state);
        for (const ToolCall& row : *engine.run(engine.store->tool_calls(Scope::main(), run->id))) {
          rows += " " + row.tool + "=" + std::string(to_string(row.state));
        }
      }
      FAIL() << "the run does not end: " << rows;
    }
    if (!run) {
      const auto started = engine.start(alice, thread_id, "go");
      if (!started && !engine.journal.dead()) {
        ASSERT_EQ(started.error().kind, ErrorKind::unavailable) << started.error().message;
        ASSERT_TRUE(started.error().retry_after);
        ASSERT_FALSE(run_in(engine, thread_id)) << "what was refused is not stored";
      }
    } else if (is_terminal(run->state)) {
      return;
    } else if (!path.cancels) {
      const bool early = path.answers_early || run->state == RunState::waiting_approval;
      if (early) answer_questions(engine);
    } else if (run->state == RunState::waiting_approval && !cancelled) {
      cancelled = engine.run(engine.runs.cancel(alice, run->id)).has_value();
    }
    std::this_thread::yield();
  }
}

// What holds for every end of every run, whatever failed.
void expect_sound(Engine& engine, const std::string& thread_id,
                  const std::vector<std::string>& effects) {
  EXPECT_TRUE(engine.run(engine.store->unfinished_runs())->empty());
  EXPECT_EQ(std::set<std::string>(effects.begin(), effects.end()).size(), effects.size())
      << "a tool ran twice";
  const auto run = run_in(engine, thread_id);
  ASSERT_TRUE(run);
  // Every effect is on record.
  std::set<std::string> recorded;
  std::vector<std::string> succeeded;
  for (const ToolCall& row : *engine.run(engine.store->tool_calls(Scope::main(), run->id))) {
    EXPECT_NE(row.state, ToolCallState::running);
    const bool ran =
        row.state == ToolCallState::succeeded || row.state == ToolCallState::interrupted;
    if (ran) recorded.insert(row.arguments.at("target").get<std::string>());
    if (row.state == ToolCallState::succeeded) succeeded.push_back(row.arguments.at("target"));
  }
  EXPECT_THAT(effects, IsSupersetOf(succeeded));
  EXPECT_THAT(recorded, IsSupersetOf(effects));
  for (const Action& action : *engine.run(engine.store->actions_of_run(Scope::main(), run->id))) {
    EXPECT_NE(action.state, ActionState::executing);
    EXPECT_NE(action.state, ActionState::pending_approval);
    std::map<std::string, int> kinds;
    for (const AuditRecord& record :
         *engine.run(engine.store->audit_of(Scope::main(), action.id))) {
      ++kinds[record.kind];
    }
    EXPECT_LE(kinds["execution.started"], 1);
    EXPECT_EQ(kinds["execution.started"], kinds["execution.finished"]);
  }
  const auto answer = *engine.run(engine.store->reply_of(Scope::main(), run->id));
  EXPECT_EQ(answer.has_value(), run->state == RunState::succeeded);
  int ends = 0;
  for (const Event& event : engine.events(thread_id)) {
    const auto* end = std::get_if<RunFinished>(&event.body);
    if (end == nullptr || event.run_id != run->id) continue;
    ++ends;
    EXPECT_EQ(end->state, run->state);
    if (end->message) EXPECT_EQ(end->message->id, answer->id);
  }
  EXPECT_EQ(ends, 1);
  // And the thread is free.
  const auto next = engine.start(alice, thread_id, "again?");
  ASSERT_TRUE(next) << next.error().message;
  const auto finished = engine.wait(alice, *next);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
}

void prepare(Engine& engine) {
  engine.model->answer_with(tool_turn);
  ASSERT_TRUE(engine.run(engine.runs.recover()));
}

// The thread that the run is in; with something in it to be summarised.
std::string new_thread(Engine& engine, const Path& path) {
  const std::string id = engine.new_thread(alice).id;
  if (!path.summarises) return id;
  for (int i = 0; i < 2; ++i) {
    std::string message = "again?";
    for (int word = 0; word < 12'000; ++word) message += " word";
    const auto run = engine.start(alice, id, message);
    if (!run || !engine.wait(alice, *run)) throw std::runtime_error("the thread was not made");
  }
  return id;
}

// Plays `path` with a fault; returns what the appends were for.
std::vector<std::string> play_with(const Path& path, Fault fault, std::size_t first,
                                   std::size_t count) {
  TemporaryFolder folder;
  const std::string file = folder.file("colonnade.db");
  auto launches = std::make_shared<Launches>();
  std::vector<std::string> points;
  std::string thread_id;
  if (path.before) thread_id = path.before(file, launches);
  {
    Engine engine(file, options_for(path, launches));
    engine.model->answer_with(tool_turn);
    if (!path.before) thread_id = new_thread(engine, path);
    engine.journal.fail(fault, first, count);
    EXPECT_TRUE(engine.run(engine.runs.recover()));
    play(engine, path, thread_id);
    points = engine.journal.points();
    if (!engine.journal.dead()) {
      engine.journal.heal();
      const auto seen = launches->seen();
      EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), path.effects);
      const auto run = run_in(engine, thread_id);
      EXPECT_TRUE(run);
      if (run) EXPECT_EQ(run->state, path.end) << run->error;
      if (run) expect_sound(engine, thread_id, seen);
      return points;
    }
  }
  Engine engine(file, options_for(path, launches));
  prepare(engine);
  play(engine, path, thread_id);
  expect_sound(engine, thread_id, launches->seen());
  return points;
}

// Makes a store in which a run of "go" was under way when the process died at `point`; returns its
// thread. Nobody answers before the run waits: a call that an answer let begin as the process died
// might have had its effect or not.
std::function<std::string(const std::string&, std::shared_ptr<Launches>)> died_at(
    std::string point) {
  return [point = std::move(point)](const std::string& file, std::shared_ptr<Launches> launches) {
    const Path path{.answers_early = false};
    Engine engine(file, options_for(path, launches));
    prepare(engine);
    std::string thread_id = engine.new_thread(alice).id;
    engine.journal.fail_from(Fault::dies_before, point);
    play(engine, path, thread_id);
    return thread_id;
  };
}

// As above, of a provider that is not there any more.
std::string died_with_a_provider_that_is_gone(const std::string& file,
                                              std::shared_ptr<Launches> launches) {
  Engine engine(file, options_for({}, std::move(launches)));
  auto gone = std::make_unique<ScriptedProvider>("gone");
  gone->answer_with(tool_turn);
  engine.providers.add(std::move(gone));
  std::string thread_id = engine.new_thread(alice).id;
  engine.journal.fail_from(Fault::dies_before, "call succeeded");
  NewMessage input{
      .thread_id = thread_id, .parts = {TextPart{"go"}}, .settings = {.provider = "gone"}};
  const auto run = engine.run(engine.runs.start(alice, std::move(input), engine.lanes[0]));
  EXPECT_TRUE(run);
  while (run && !engine.journal.dead()) std::this_thread::yield();
  return thread_id;
}

std::vector<Path> all_paths() {
  const std::set<std::string> all = {"first", "moon", "second"};
  return {
      {.name = "ToolsAndAHuman",
       .answers_early = false,
       .effects = all,
       .points = {"opening", "output", "step with calls", "call denied", "call waiting_approval",
                  "call running", "call succeeded", "human's answer", "parked", "resumed",
                  "run succeeded"}},
      {.name = "ASummaryFirst", .summarises = true, .effects = all, .points = {"summary"}},
      {.name = "CancelledWhileItWaits",
       .cancels = true,
       .end = RunState::cancelled,
       .effects = {"first"},
       .points = {"waiting run ended"}},
      {.name = "TakenUpAsAToolRan",
       .before = died_at("call succeeded"),
       .effects = all,
       .points = {"call interrupted"}},
      {.name = "TakenUpBeforeItsLastReply",
       .before = died_at("run succeeded"),
       .effects = all,
       .points = {"output restarted"}},
      {.name = "CannotBeTakenUp",
       .before = died_with_a_provider_that_is_gone,
       .end = RunState::failed,
       .effects = {"first"},
       .points = {"run failed"}},
  };
}

class CommitFailuresOf : public ::testing::TestWithParam<Path> {};

TEST_P(CommitFailuresOf, EveryCommitInEveryWay) {
  const Path& path = GetParam();
  const auto commits = play_with(path, Fault::no_space, 0, 0);
  EXPECT_THAT(commits, IsSupersetOf(path.points));
  for (std::size_t at = 1; at <= commits.size(); ++at) {
    for (const Fault fault : all_faults) {
      for (const std::size_t times : {1, 3}) {
        if (times > 1 && fault != Fault::no_space) continue;
        SCOPED_TRACE("commit " + std::to_string(at) + " (" + commits[at - 1] +
                     "): " + std::string(name_of(fault)) + ", " + std::to_string(times) + " times");
        play_with(path, fault, at, times);
        if (HasFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, CommitFailuresOf, ::testing::ValuesIn(all_paths()),
                         [](const auto& info) { return info.param.name; });

// --- while the store cannot write ---------------------------------------------------------------

class CommitFailuresTest : public ::testing::Test {
 protected:
  EngineOptions options() { return options_for({}, launches_); }
  core::Run start(Engine& engine, const std::string& message = "go") {
    thread_ = engine.new_thread(alice);
    const auto run = engine.start(alice, thread_.id, message);
    if (!run) throw std::runtime_error(run.error().message);
    return *run;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  Thread thread_{.scope = Scope::main()};
};

TEST_F(CommitFailuresTest, ACancelDuringTheWaitIsTheEndThatIsStored) {
  for (const char* point : {"step with calls", "call running", "run succeeded"}) {
    SCOPED_TRACE(point);
    launches_->targets.clear();
    Engine engine(folder_.file(std::string(point) + ".db"), options());
    engine.model->script(
        {reply({call("c1", "count", {{"target", "first"}})}, StopReason::tool_use)});
    engine.model->script({reply({TextPart{"Done."}})});
    engine.journal.fail_from(Fault::no_space, point);
    const core::Run run = start(engine);
    engine.journal.wait_for_failures(2);
    ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run.id)));
    engine.journal.wait_for_failures(engine.journal.failed() + 2);
    engine.journal.heal();
    const auto finished = engine.wait(alice, run);
    ASSERT_TRUE(finished) << finished.error().message;
    EXPECT_EQ(finished->run.state, RunState::cancelled);
    EXPECT_FALSE(*engine.run(engine.store->reply_of(Scope::main(), run.id)));
    const bool ran = std::string_view(point) == "run succeeded";
    EXPECT_EQ(launches_->seen().size(), ran ? 1U : 0U) << "no tool starts after the cancel";
  }
}

TEST_F(CommitFailuresTest, TheTimeLimitHoldsDuringTheWait) {
  EngineOptions limited = options();
  // The call is reached within it on any machine.
  limited.runs.run_time_max = std::chrono::seconds(2);
  const auto over = std::chrono::milliseconds(2500);
  Engine engine(path_, std::move(limited));
  engine.model->answer_with(tool_turn);
  engine.journal.fail_from(Fault::failed_sync, "call running");
  const core::Run run = start(engine);
  const auto began = std::chrono::steady_clock::now();
  for (std::size_t failures = 1; std::chrono::steady_clock::now() < began + over; ++failures) {
    engine.journal.wait_for_failures(failures);
  }
  engine.journal.heal();
  const auto finished = engine.wait(alice, run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_THAT(finished->run.error, HasSubstr("run_time_max"));
  EXPECT_TRUE(launches_->seen().empty());
}

TEST_F(CommitFailuresTest, TheModelIsNotReadWhileItsOutputCannotBeStored) {
  Engine engine(path_, options());
  std::vector<Act> acts;
  std::string said;
  for (int i = 0; i < 200; ++i) {
    std::string piece(limits::KiB * 70, static_cast<char>('a' + i % 26));
    said += piece;
    acts.emplace_back(text(std::move(piece)));
  }
  acts.emplace_back(reply({TextPart{said}}));
  engine.model->script(std::move(acts));
  engine.journal.fail_from(Fault::failed_write, "output");
  const core::Run run = start(engine);
  engine.journal.wait_for_failures(50);
  EXPECT_LT(engine.model->acts_done(), 100);
  engine.journal.heal();
  const auto finished = engine.wait(alice, run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  EXPECT_EQ(visible_text(finished->reply->parts), said);
  std::string told;
  for (const Event& event : engine.events(thread_.id)) {
    if (std::holds_alternative<OutputRestarted>(event.body)) told.clear();
    if (const auto* delta = std::get_if<TextDelta>(&event.body)) told += delta->text;
  }
  EXPECT_EQ(told, said) << "nothing twice, nothing missing, in order";
}

TEST_F(CommitFailuresTest, AServerThatStopsDuringTheWaitGoesOnAtItsNextStart) {
  core::Run run{.scope = Scope::main()};
  {
    Engine engine(path_, options());
    engine.model->answer_with(tool_turn);
    engine.journal.fail_from(Fault::no_space, "step with calls");
    run = start(engine);
    engine.journal.wait_for_failures(2);
  }
  EXPECT_TRUE(launches_->seen().empty());
  Engine engine(path_, options());
  prepare(engine);
  play(engine, {}, thread_.id);
  EXPECT_EQ((*engine.run(engine.store->run(Scope::main(), run.id)))->state, RunState::succeeded);
  expect_sound(engine, thread_.id, launches_->seen());
}

// --- bugs ---------------------------------------------------------------------------------------

TEST_F(CommitFailuresTest, AToolThatThrowsFailsItsRunAndFreesTheThread) {
  Engine engine(path_, options());
  engine.model->script({reply({call("c1", "broken", base::Json::object())}, StopReason::tool_use)});
  engine.model->script({reply({TextPart{"Usable."}})});
  const core::Run run = start(engine);
  const auto finished = engine.wait(alice, run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_EQ(finished->run.error, "internal error; run id " + run.id);
  EXPECT_EQ(engine.run(engine.store->tool_calls(Scope::main(), run.id))->front().state,
            ToolCallState::interrupted);
  const auto next = engine.start(alice, thread_.id, "again?");
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(engine.wait(alice, *next)->run.state, RunState::succeeded);
}

TEST_F(CommitFailuresTest, AProviderThatThrowsFailsItsRunAlsoWhileTheStoreCannotWrite) {
  Engine engine(path_, options());
  engine.model->answer_with([](const ModelRequest& request) -> std::vector<Act> {
    if (visible_text(request.messages.back().parts) == "again?") {
      return {reply({TextPart{"Usable."}})};
    }
    throw std::runtime_error("a bug");
  });
  engine.journal.fail_from(Fault::no_space, "run failed");
  const core::Run run = start(engine);
  engine.journal.wait_for_failures(3);
  EXPECT_EQ(engine.start(alice, thread_.id, "again?").error().kind, ErrorKind::conflict);
  engine.journal.heal();
  const auto finished = engine.wait(alice, run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_EQ(finished->run.error, "internal error; run id " + run.id);
  const auto next = engine.start(alice, thread_.id, "again?");
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(engine.wait(alice, *next)->run.state, RunState::succeeded);
}

}  // namespace
}  // namespace colonnade::tests
