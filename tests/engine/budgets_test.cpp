// Budgets around runs: what is reserved, what is booked, who is stopped. A token costs a
// micro-dollar, so that money and tokens are the same numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/budgets/call_bound.hpp"
#include "core/context/limits.hpp"
#include "core/models/limits.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);
const Principal root(Scope::main(), "root", UserRole::operator_role);

constexpr std::int64_t micro_a_token = 1'000'000;  // of a price for a million
constexpr int answer_tokens = 500;

// What the request may cost at most.
Usage most_of(const ModelRequest& request) {
  return {.input_tokens = input_tokens_bound(request),
          .output_tokens = output_tokens_bound(request)};
}

class BudgetsTest : public ::testing::Test {
 protected:
  static EngineOptions options() {
    EngineOptions out;
    out.prices = {
        {.provider = "scripted", .model = "*", .input = micro_a_token, .output = micro_a_token}};
    out.runs.defaults.max_output_tokens = answer_tokens;
    out.runs.commit_retry = {.delay_min = std::chrono::milliseconds(1),
                             .delay_max = std::chrono::milliseconds(2)};
    return out;
  }
  // The scope's cap for a day, unless another key is given.
  static BudgetCap put(Engine& engine, std::int64_t limit, BudgetKey key = {},
                       std::int64_t runs = 0) {
    auto cap = engine.run(
        engine.budgets.put(root, {.key = std::move(key), .limit_micros = limit, .runs_max = runs}));
    EXPECT_TRUE(cap) << cap.error().message;
    return cap ? cap->cap : BudgetCap{.scope = Scope::main()};
  }
  static BudgetStanding standing(Engine& engine, const BudgetCap& cap, std::string user = "") {
    auto found = engine.run(engine.budgets.standing(root, cap.id, std::move(user)));
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : BudgetStanding{.cap = cap};
  }
  static Result<FinishedRun> turn(Engine& engine, const Principal& who, const std::string& text) {
    const auto run = engine.start(who, engine.new_thread(who).id, text);
    if (!run) return std::unexpected(run.error());
    return engine.wait(who, *run);
  }
  static std::size_t messages_in(Engine& engine, const std::string& thread_id) {
    return engine.run(engine.store->messages(Scope::main(), thread_id, {}))->size();
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
};

TEST_F(BudgetsTest, ACallIsReservedAtItsMostAndBookedAtItsCost) {
  Engine engine(path_, options());
  const BudgetCap cap = put(engine, 1'000'000);
  BudgetStanding during{.cap = cap};
  engine.model->answer_with([&](const ModelRequest& request) -> std::vector<Act> {
    EXPECT_EQ(request.max_output_tokens, answer_tokens);
    return {Hold{}, reply({TextPart{"Hi"}}, StopReason::end_turn,
                          {.input_tokens = 70, .output_tokens = 30})};
  });
  std::promise<void> asked;
  engine.model->on_hold([&asked] { asked.set_value(); });
  const auto run = engine.start(alice, engine.new_thread(alice).id, "Hello");
  ASSERT_TRUE(run) << run.error().message;
  asked.get_future().wait();
  during = standing(engine, cap);
  EXPECT_EQ(during.spent_micros, 0);
  const Usage most = most_of(engine.model->requests().front());
  EXPECT_EQ(during.reserved_micros, most.input_tokens + most.output_tokens);
  EXPECT_EQ(during.runs, 1);
  engine.model->on_hold({});
  engine.model->release();
  ASSERT_TRUE(engine.wait(alice, *run));
  EXPECT_EQ(standing(engine, cap).spent_micros, 100);
  EXPECT_EQ(standing(engine, cap).reserved_micros, 0);
}

TEST_F(BudgetsTest, ACallWithoutALimitOfItsOwnGetsOne) {
  EngineOptions unlimited = options();
  unlimited.runs.defaults.max_output_tokens.reset();
  Engine engine(path_, std::move(unlimited));
  engine.model->answer_with(
      [](const ModelRequest&) -> std::vector<Act> { return {reply({TextPart{"Hi"}})}; });
  ASSERT_TRUE(turn(engine, alice, "Hello"));
  put(engine, 1'000'000);
  ASSERT_TRUE(turn(engine, alice, "Hello"));
  const auto requests = engine.model->requests();
  EXPECT_EQ(requests[0].max_output_tokens, std::nullopt);
  EXPECT_EQ(requests[1].max_output_tokens, limits::model_output_tokens_default);
}

// Nothing more is written for a budget than the units that a run has anyway.
TEST_F(BudgetsTest, ARunOfOneCallWritesAsOftenWithABudgetAsWithout) {
  Engine engine(path_, options());
  engine.model->answer_with(
      [](const ModelRequest&) -> std::vector<Act> { return {reply({TextPart{"Hi"}})}; });
  for (const bool with_cap : {false, true}) {
    if (with_cap) put(engine, 1'000'000);
    const std::string thread = engine.new_thread(alice).id;
    engine.journal.fail(Fault::no_space, 1, 0);  // forgets what was written before
    const auto run = engine.start(alice, thread, "Hello");
    ASSERT_TRUE(run) << run.error().message;
    ASSERT_TRUE(engine.wait(alice, *run));
    EXPECT_THAT(engine.journal.points(), ElementsAre("opening", "run succeeded"));
  }
}

TEST_F(BudgetsTest, ARunThatACapRefusesLeavesNothing) {
  Engine engine(path_, options());
  const BudgetCap cap = put(engine, 10);
  const std::string thread = engine.new_thread(alice).id;
  const auto refused = engine.start(alice, thread, "Hello");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::over_budget);
  EXPECT_THAT(refused.error().message, StartsWith("Budget cap would be exceeded: scope/day — "));
  EXPECT_EQ(messages_in(engine, thread), 0U);
  EXPECT_TRUE(engine.model->requests().empty());
  EXPECT_EQ(standing(engine, cap).runs, 0);
  // The thread is free, and what a cap lets through begins.
  put(engine, 1'000'000);
  engine.model->script({reply({TextPart{"Hi"}})});
  const auto run = engine.start(alice, thread, "Hello");
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::succeeded);
}

TEST_F(BudgetsTest, TenCentsStopALoopingAgentInsideItsRun) {
  EngineOptions dear = options();
  dear.prices = {{.provider = "scripted", .model = "*", .input = 100'000, .output = 15'000'000}};
  dear.runs.limits.rounds_max = 1000;
  Engine engine(path_, std::move(dear));
  constexpr std::int64_t ten_cents = 100'000;
  const BudgetCap cap = put(engine, ten_cents);
  int calls = 0;
  engine.model->answer_with([&calls](const ModelRequest& request) -> std::vector<Act> {
    return {reply({ToolCallPart{.call_id = "c" + std::to_string(++calls),
                                .tool = "calculator",
                                .arguments = {{"expression", "1+1"}}}},
                  StopReason::tool_use, most_of(request))};
  });
  const auto finished = turn(engine, alice, "Count for ever.");
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_THAT(finished->run.error, StartsWith("Budget cap would be exceeded: scope/day — "));
  EXPECT_GT(finished->run.rounds, 1);
  const BudgetStanding after = standing(engine, cap);
  EXPECT_LE(after.spent_micros, ten_cents);
  EXPECT_EQ(after.spent_micros, finished->run.cost_micros);
  EXPECT_EQ(after.reserved_micros, 0);
  const auto last = engine.events(finished->run.thread_id).back();
  ASSERT_TRUE(std::holds_alternative<RunFinished>(last.body)) << "its clients are told";
  EXPECT_THAT(std::get<RunFinished>(last.body).error, StartsWith("Budget cap "));
}

// Starts a run and says how it ended; an error for one that was refused.
base::Task<void> begin_and_end(Engine* engine, base::Lane* lane, std::string thread_id,
                               std::shared_ptr<std::promise<Result<FinishedRun>>> done) {
  NewMessage input{.thread_id = std::move(thread_id), .parts = {TextPart{"Spend."}}};
  auto run = co_await engine->runs.start(alice, std::move(input), *lane);
  if (!run) {
    done->set_value(std::unexpected(run.error()));
    co_return;
  }
  std::stop_token never;
  auto finished = co_await engine->runs.wait(alice, run->id, never);
  done->set_value(std::move(finished));
}

// Each is billed for all that it could cost.
TEST_F(BudgetsTest, ManyRunsAtOnceNeverPassACapTogether) {
  // Nearly all of them are refused, and that costs a few reads and a unit that is taken back: a
  // thousand are cheap under sanitizers too. An account may have limits::active_runs_per_account.
  constexpr std::size_t runs = 1000;
  EngineOptions many = options();
  many.lanes = 4;
  Engine engine(path_, std::move(many));
  engine.model->answer_with([](const ModelRequest& request) -> std::vector<Act> {
    return {text("S"), reply({TextPart{"S"}}, StopReason::end_turn, most_of(request))};
  });
  const auto first = turn(engine, alice, "Spend.");
  ASSERT_TRUE(first) << first.error().message;
  const std::int64_t each = first->run.cost_micros;
  const std::int64_t limit = 10 * each + each / 2;
  const BudgetCap cap = put(engine, limit);
  std::vector<std::string> threads;
  for (std::size_t i = 0; i < runs; ++i) threads.push_back(engine.new_thread(alice).id);
  std::vector<std::future<Result<FinishedRun>>> ends;
  for (std::size_t i = 0; i < runs; ++i) {
    auto done = std::make_shared<std::promise<Result<FinishedRun>>>();
    ends.push_back(done->get_future());
    base::Lane& lane = engine.lanes[i % 4];
    lane.spawn("begin_and_end", begin_and_end(&engine, &lane, threads[i], std::move(done)));
  }
  std::size_t succeeded = 0;
  for (std::size_t i = 0; i < runs; ++i) {
    EXPECT_LE(standing(engine, cap).used_micros(), limit);
    const auto end = ends[i].get();
    if (end) {
      EXPECT_EQ(end->run.state, RunState::succeeded) << end->run.error;
      ++succeeded;
    } else {
      EXPECT_EQ(end.error().kind, ErrorKind::over_budget) << end.error().message;
      EXPECT_EQ(messages_in(engine, threads[i]), 0U);
    }
  }
  EXPECT_EQ(succeeded, 10U) << "as many as the cap pays for";
  const BudgetStanding after = standing(engine, cap);
  EXPECT_EQ(after.spent_micros, static_cast<std::int64_t>(succeeded) * each);
  EXPECT_EQ(after.reserved_micros, 0);
  EXPECT_EQ(after.runs, 10);
}

TEST_F(BudgetsTest, ACallThatFailsGivesBackWhatItReserved) {
  Engine engine(path_, options());
  const BudgetCap cap = put(engine, 1'000'000);
  engine.model->script({Break{{.kind = ErrorKind::invalid, .message = "no"}}});
  ASSERT_EQ(turn(engine, alice, "Hello")->run.state, RunState::failed);
  EXPECT_EQ(standing(engine, cap).used_micros(), 0);
  // One that broke off in its answer was billed, as far as one can tell.
  engine.model->script(
      {text("Half an answer"), Break{{.kind = ErrorKind::upstream, .message = "x"}}});
  ASSERT_EQ(turn(engine, alice, "Hello")->run.state, RunState::failed);
  EXPECT_GT(standing(engine, cap).spent_micros, 0);
  EXPECT_EQ(standing(engine, cap).reserved_micros, 0);
}

TEST_F(BudgetsTest, ACancelledRunGivesBackWhatItReserved) {
  Engine engine(path_, options());
  const BudgetCap cap = put(engine, 1'000'000);
  std::promise<void> asked;
  engine.model->on_hold([&asked] { asked.set_value(); });
  engine.model->script({Hold{}});
  const auto run = engine.start(alice, engine.new_thread(alice).id, "Hello");
  ASSERT_TRUE(run) << run.error().message;
  asked.get_future().wait();
  EXPECT_GT(standing(engine, cap).reserved_micros, 0);
  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run->id)));
  EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::cancelled);
  EXPECT_EQ(standing(engine, cap).used_micros(), 0);
}

TEST_F(BudgetsTest, WhatADeadProcessHadReservedIsGivenBackAtTheNextStart) {
  core::Run run{.scope = Scope::main()};
  BudgetCap cap{.scope = Scope::main()};
  {
    Engine engine(path_, options());
    cap = put(engine, 1'000'000);
    std::promise<void> asked;
    engine.model->on_hold([&asked] { asked.set_value(); });
    engine.model->script({Hold{}});
    run = *engine.start(alice, engine.new_thread(alice).id, "Hello");
    asked.get_future().wait();
    engine.model->on_hold({});
  }
  Engine engine(path_, options());
  EXPECT_GT(standing(engine, cap).reserved_micros, 0);
  ASSERT_TRUE(engine.run(engine.budgets.open()));
  EXPECT_EQ(standing(engine, cap).reserved_micros, 0);
  EXPECT_EQ(standing(engine, cap).runs, 1);
  engine.model->script(
      {reply({TextPart{"Hi"}}, StopReason::end_turn, {.input_tokens = 60, .output_tokens = 40})});
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  EXPECT_EQ(engine.wait(alice, run)->run.state, RunState::succeeded);
  const BudgetStanding after = standing(engine, cap);
  EXPECT_EQ(after.spent_micros, 100);
  EXPECT_EQ(after.reserved_micros, 0);
  EXPECT_EQ(after.runs, 1) << "it was counted when it began";
}

TEST_F(BudgetsTest, AModelIsNotAskedBeforeItsReservationIsStored) {
  Engine engine(path_, options());
  put(engine, 1'000'000);
  const std::string thread = engine.new_thread(alice).id;
  engine.journal.fail_from(Fault::no_space, "opening");
  const auto refused = engine.start(alice, thread, "Hello");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(engine.model->requests().empty());
  engine.journal.heal();

  // Between rounds the run waits for the store with its reservation.
  engine.model->script({tool_call("c1", "calculator", {{"expression", "1+1"}})});
  engine.model->script({reply({TextPart{"2"}})});
  const std::size_t failed = engine.journal.failed();
  engine.journal.fail_from(Fault::no_space, "other");
  const auto run = engine.start(alice, thread, "Hello");
  ASSERT_TRUE(run) << run.error().message;
  engine.journal.wait_for_failures(failed + 1);
  EXPECT_EQ(engine.model->requests().size(), 1U);
  engine.journal.heal();
  EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::succeeded);
}

TEST_F(BudgetsTest, AnUnknownPriceIsRefusedOrAssumed) {
  EngineOptions unknown = options();
  unknown.prices.clear();
  {
    Engine engine(path_, std::move(unknown));
    put(engine, 1'000'000);
    const auto refused = turn(engine, alice, "Hello");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("budgets.unknown_price"));
  }
  EngineOptions assumed = options();
  assumed.prices.clear();
  assumed.budgets.unknown_price = Price{.input = micro_a_token, .output = micro_a_token};
  Engine engine(path_, std::move(assumed));
  ASSERT_TRUE(engine.run(engine.budgets.open()));
  engine.model->script(
      {reply({TextPart{"Hi"}}, StopReason::end_turn, {.input_tokens = 7, .output_tokens = 3})});
  ASSERT_TRUE(turn(engine, alice, "Hello"));
  const auto caps = engine.run(engine.budgets.list(root));
  ASSERT_TRUE(caps);
  ASSERT_EQ(caps->size(), 1U);
  EXPECT_EQ(standing(engine, caps->front()).spent_micros, 10);
}

TEST_F(BudgetsTest, CapsCountForUsersKeysAndAutomations) {
  Engine engine(path_, options());
  engine.model->answer_with(
      [](const ModelRequest&) -> std::vector<Act> { return {reply({TextPart{"Hi"}})}; });
  const BudgetCap each =
      put(engine, 0, {.holder = BudgetHolder::user, .target = std::string(every_user)}, 1);
  const BudgetCap key = put(engine, 0, {.holder = BudgetHolder::key, .target = "k1"}, 5);
  const BudgetCap automation =
      put(engine, 0, {.holder = BudgetHolder::automation, .target = "r1"}, 5);
  Principal keyed = alice;
  keyed.credential_id = "k1";
  ASSERT_TRUE(turn(engine, keyed, "Hello"));
  EXPECT_EQ(turn(engine, alice, "Hello").error().kind, ErrorKind::over_budget);
  NewMessage input{.thread_id = engine.new_thread(bob).id, .parts = {TextPart{"Hello"}}};
  input.options.automation_id = "r1";
  const auto run = engine.run(engine.runs.start(bob, std::move(input), engine.lanes[0]));
  ASSERT_TRUE(run) << run.error().message;
  ASSERT_TRUE(engine.wait(bob, *run));
  EXPECT_EQ(standing(engine, each, "alice").runs, 1);
  EXPECT_EQ(standing(engine, each, "bob").runs, 1);
  EXPECT_EQ(standing(engine, key).runs, 1);
  EXPECT_EQ(standing(engine, automation).runs, 1);
}

// --- the use cases ------------------------------------------------------------------------------

TEST_F(BudgetsTest, WhatIsHandedOnCountsForTheKeyAndTheAutomationThatItIsDoneFor) {
  EngineOptions with_task = options();
  with_task.task = true;
  Engine engine(path_, std::move(with_task));
  const BudgetCap key = put(engine, 0, {.holder = BudgetHolder::key, .target = "k1"}, 5);
  const BudgetCap automation =
      put(engine, 0, {.holder = BudgetHolder::automation, .target = "r1"}, 5);
  engine.model->script({tool_call("c1", "task", {{"description", "Add"}, {"prompt", "2 and 2"}})});
  engine.model->script({reply({TextPart{"4"}})});
  engine.model->script({reply({TextPart{"Four."}})});
  Principal keyed = alice;
  keyed.credential_id = "k1";
  NewMessage input{.thread_id = engine.new_thread(keyed).id, .parts = {TextPart{"How much?"}}};
  input.options.automation_id = "r1";
  const auto run = engine.run(engine.runs.start(keyed, std::move(input), engine.lanes[0]));
  ASSERT_TRUE(run) << run.error().message;
  const auto finished = engine.wait(keyed, *run);
  ASSERT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  for (const BudgetCap& cap : {key, automation}) {
    EXPECT_EQ(standing(engine, cap).runs, 2) << cap.key.target;
    EXPECT_GT(standing(engine, cap).spent_micros, finished->run.cost_micros) << cap.key.target;
  }
}

TEST_F(BudgetsTest, AnOverrideLetsRunsThroughForAWhile) {
  Engine engine(path_, options());
  engine.model->answer_with(
      [](const ModelRequest&) -> std::vector<Act> { return {reply({TextPart{"Hi"}})}; });
  const BudgetCap cap = put(engine, 10);
  ASSERT_FALSE(turn(engine, alice, "Hello"));
  const auto lifted = engine.run(engine.budgets.lift(root, cap.id, 60));
  ASSERT_TRUE(lifted) << lifted.error().message;
  EXPECT_EQ(lifted->override_by, "root");
  ASSERT_TRUE(turn(engine, alice, "Hello"));
  EXPECT_EQ(standing(engine, cap).spent_micros, 15) << "it is counted all the same";
  const auto status = engine.run(engine.budgets.status(alice, "default", std::nullopt));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->reason, "");
  ASSERT_TRUE(engine.run(engine.budgets.lift(root, cap.id, 0)));
  EXPECT_FALSE(turn(engine, alice, "Hello"));
  EXPECT_THAT(engine.run(engine.budgets.status(alice, "default", std::nullopt))->reason,
              StartsWith("Budget cap exceeded: scope/day — "));
}

TEST_F(BudgetsTest, WhatUsersSeeOfBudgetsIsTheirOwn) {
  Engine engine(path_, options());
  put(engine, 10);
  const BudgetCap alices = put(engine, 10, {.holder = BudgetHolder::user, .target = "alice"});
  put(engine, 10, {.holder = BudgetHolder::user, .target = std::string(every_user)});
  EXPECT_EQ(engine.run(engine.budgets.list(root))->size(), 3U);
  EXPECT_EQ(engine.run(engine.budgets.list(alice))->size(), 3U);
  EXPECT_EQ(engine.run(engine.budgets.list(bob))->size(), 2U);
  EXPECT_EQ(engine.run(engine.budgets.status(bob, "", "alice"))->caps.size(), 1U);
  EXPECT_EQ(engine.run(engine.budgets.status(root, "", "alice"))->caps.size(), 3U);
  for (const Principal& who : {alice, bob}) {
    EXPECT_EQ(engine.run(engine.budgets.put(who, {})).error().kind, ErrorKind::forbidden);
    EXPECT_EQ(engine.run(engine.budgets.remove(who, alices.id)).error().kind, ErrorKind::forbidden);
    EXPECT_EQ(engine.run(engine.budgets.lift(who, alices.id, 1)).error().kind,
              ErrorKind::forbidden);
  }
  const Principal elsewhere(Scope("acme", "shop", "live"), "root", UserRole::operator_role);
  EXPECT_EQ(engine.run(engine.budgets.remove(elsewhere, alices.id)).error().kind,
            ErrorKind::not_found);
  EXPECT_TRUE(engine.run(engine.budgets.list(elsewhere))->empty());
}

TEST_F(BudgetsTest, WhatIsChangedOfACapStaysWhereNothingIsSaid) {
  Engine engine(path_, options());
  const auto first =
      engine.run(engine.budgets.put(root, {.limit_micros = 10,
                                           .thresholds = std::vector<double>{80, 20, 80},
                                           .emails = "a@example.com"}));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_THAT(first->cap.thresholds, ElementsAre(20, 80));
  const auto second = engine.run(engine.budgets.put(root, {.limit_micros = 20, .enabled = false}));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(first->is_new);
  EXPECT_FALSE(second->is_new);
  EXPECT_EQ(second->cap.id, first->cap.id);
  EXPECT_THAT(second->cap.thresholds, ElementsAre(20, 80));
  EXPECT_EQ(second->cap.emails, "a@example.com");
  EXPECT_FALSE(second->cap.enabled);
  EXPECT_EQ(second->cap.created_at, first->cap.created_at);
  const auto records = engine.run(engine.store->audit_of(Scope::main(), first->cap.id));
  ASSERT_TRUE(records);
  EXPECT_EQ(records->size(), 2U);
}

TEST_F(BudgetsTest, WhatACapCannotBeIsNamed) {
  EngineOptions unsigned_calls = options();
  unsigned_calls.budgets.no_webhooks_because = "there is no secret";
  Engine engine(path_, std::move(unsigned_calls));
  const auto field = [&](NewBudgetCap input) {
    const auto made = engine.run(engine.budgets.put(root, std::move(input)));
    if (made) return std::string("none");
    EXPECT_EQ(made.error().kind, ErrorKind::invalid);
    return made.error().field;
  };
  EXPECT_EQ(field({.key = {.target = "x"}}), "target");
  EXPECT_EQ(field({.key = {.holder = BudgetHolder::agent}}), "target");
  EXPECT_EQ(field({.key = {.holder = BudgetHolder::agent, .target = "*"}}), "target");
  EXPECT_EQ(field({.key = {.skill = "x"}}), "skill");
  EXPECT_EQ(field({.limit_micros = -1}), "limit");
  EXPECT_EQ(field({.runs_max = -1}), "runs");
  EXPECT_EQ(field({.thresholds = std::vector<double>{0}}), "thresholds");
  EXPECT_EQ(field({.thresholds = std::vector<double>{201}}), "thresholds");
  EXPECT_EQ(field({.webhook_url = "https://hooks.example/x"}), "webhook_url");
  EXPECT_EQ(field({.webhook_url = ""}), "none");
}

}  // namespace
}  // namespace colonnade::tests
