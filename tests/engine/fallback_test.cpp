// A second model where the first fails, within one run. A token of the first costs a micro-dollar,
// one of the second ten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/budgets/call_bound.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

const Principal ann(Scope::main(), "ann", UserRole::operator_role);

constexpr std::int64_t micro_a_token = 1'000'000;  // of a price for a million
constexpr std::int64_t spare_factor = 10;

Break overloaded() {
  return {{.kind = ErrorKind::upstream, .message = "overloaded", .retryable = true}};
}

class FallbackTest : public ::testing::Test {
 protected:
  // An engine with two vendors, and an agent that falls back from the first to the second.
  struct House {
    explicit House(const std::string& path,
                   std::vector<ModelFallback> fallbacks = {{ModelFault::unavailable, "spare"}})
        : engine(path, options()), wanted(std::move(fallbacks)) {
      auto owned = std::make_unique<ScriptedProvider>("spare");
      spare = owned.get();
      engine.providers.add(std::move(owned));
    }
    static EngineOptions options() {
      EngineOptions out;
      out.prices = {
          {.provider = "scripted", .model = "*", .input = micro_a_token, .output = micro_a_token},
          {.provider = "spare",
           .model = "*",
           .input = spare_factor * micro_a_token,
           .output = spare_factor * micro_a_token}};
      out.runs.limits.retries_max = 1;
      out.runs.defaults.max_output_tokens = 500;
      return out;
    }
    Thread thread() {
      NewAgent input{.name = "S", .settings = {.fallbacks = wanted}, .shared = true};
      input.profile.model_routes = {
          {.label = "own", .provider = "scripted", .model = "scripted-1", .is_default = true},
          {.label = "spare", .provider = "spare", .model = "spare-1"},
          {.label = "away", .provider = "nowhere", .model = "x"}};
      const auto agent = engine.run(engine.agents.create(ann, std::move(input)));
      EXPECT_TRUE(agent) << agent.error().message;
      return *engine.run(engine.threads.create(ann, {.agent_id = agent->id}));
    }
    template <class T>
    std::vector<T> told(const Thread& in) {
      std::vector<T> out;
      for (const Event& event : engine.events(in.id)) {
        if (const auto* body = std::get_if<T>(&event.body)) out.push_back(*body);
      }
      return out;
    }

    Engine engine;
    std::vector<ModelFallback> wanted;
    ScriptedProvider* spare = nullptr;
  };

  std::string path() const { return folder_.file("colonnade.db"); }

  TemporaryFolder folder_;
};

TEST_F(FallbackTest, AnswersWithinTheRunAfterTheRetriesOfTheFirst) {
  House house(path());
  house.engine.model->script({overloaded()});
  house.engine.model->script({overloaded()});
  house.spare->script({text("Here."), reply({TextPart{"Here."}})});
  const Thread thread = house.thread();
  const auto run = house.engine.start(ann, thread.id, "hi");
  ASSERT_TRUE(run) << run.error().message;
  const auto finished = house.engine.wait(ann, *run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  EXPECT_EQ(finished->run.id, run->id);
  ASSERT_TRUE(finished->reply);
  EXPECT_EQ(visible_text(finished->reply->parts), "Here.");
  EXPECT_EQ(finished->reply->provider, "spare");
  EXPECT_EQ(finished->run.cost_micros, 15 * spare_factor) << "10 and 5 tokens, at the second's";
  EXPECT_THAT(house.engine.model->requests(), SizeIs(2)) << "the first attempt and its one retry";
  ASSERT_THAT(house.spare->requests(), SizeIs(1));
  EXPECT_EQ(house.spare->requests().front().model, "spare-1");
  const auto changes = house.told<ModelChanged>(thread);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes.front().provider, "spare");
  EXPECT_EQ(changes.front().model, "spare-1");
  EXPECT_EQ(changes.front().because, ModelFault::unavailable);
}

TEST_F(FallbackTest, IsKeptToForTheRestOfTheRun) {
  House house(path());
  house.engine.model->script({overloaded()});
  house.engine.model->script({overloaded()});
  house.spare->script({tool_call("c1", "calculator", {{"expression", "6*7"}})});
  house.spare->script({reply({TextPart{"42"}})});
  const Thread thread = house.thread();
  const auto finished = house.engine.wait(ann, *house.engine.start(ann, thread.id, "hi"));
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  EXPECT_EQ(finished->run.cost_micros, 30 * spare_factor);
  EXPECT_THAT(house.engine.model->requests(), SizeIs(2));
  EXPECT_THAT(house.spare->requests(), SizeIs(2));
}

TEST_F(FallbackTest, IsNotAskedForAnotherFaultNorOnceSomethingWasSaid) {
  House house(path(), {{ModelFault::limited, "spare"}});
  const Thread thread = house.thread();
  house.engine.model->script({overloaded()});
  house.engine.model->script({overloaded()});
  EXPECT_EQ(house.engine.wait(ann, *house.engine.start(ann, thread.id, "hi"))->run.state,
            RunState::failed);
  house.engine.model->script({text("Half an ans"), overloaded()});
  EXPECT_EQ(house.engine.wait(ann, *house.engine.start(ann, thread.id, "hi"))->run.state,
            RunState::failed);
  EXPECT_THAT(house.spare->requests(), IsEmpty());
  EXPECT_THAT(house.told<ModelChanged>(thread), IsEmpty());
}

TEST_F(FallbackTest, ARouteThatIsNotThereIsPassedOver) {
  House house(path(), {{ModelFault::unauthorized, "no such route"},
                       {ModelFault::unauthorized, "away"},
                       {ModelFault::unauthorized, "own"},
                       {ModelFault::unauthorized, "spare"}});
  house.engine.model->script({Break{{.kind = ErrorKind::unauthorized, .message = "no such key"}}});
  house.spare->script({reply({TextPart{"Here."}})});
  const Thread thread = house.thread();
  const auto finished = house.engine.wait(ann, *house.engine.start(ann, thread.id, "hi"));
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  EXPECT_THAT(house.engine.model->requests(), SizeIs(1));
  EXPECT_THAT(house.told<ModelChanged>(thread), SizeIs(1));
}

TEST_F(FallbackTest, BudgetsReserveForItAtItsOwnPrice) {
  House house(path());
  const auto cap = house.engine.run(house.engine.budgets.put(ann, {.limit_micros = 1'000'000}));
  ASSERT_TRUE(cap) << cap.error().message;
  const auto standing = [&] {
    return *house.engine.run(house.engine.budgets.standing(ann, cap->cap.id, ""));
  };
  house.engine.model->script({overloaded()});
  house.engine.model->script({overloaded()});
  std::promise<void> asked;
  house.spare->on_hold([&asked] { asked.set_value(); });
  house.spare->script({Hold{}, reply({TextPart{"Here."}})});
  const auto run = house.engine.start(ann, house.thread().id, "hi");
  ASSERT_TRUE(run) << run.error().message;
  asked.get_future().wait();
  const ModelRequest request = house.spare->requests().front();
  EXPECT_EQ(standing().reserved_micros,
            spare_factor * (input_tokens_bound(request) + output_tokens_bound(request)));
  house.spare->on_hold({});
  house.spare->release();
  ASSERT_TRUE(house.engine.wait(ann, *run));
  EXPECT_EQ(standing().spent_micros, 15 * spare_factor);
  EXPECT_EQ(standing().reserved_micros, 0);
}

TEST_F(FallbackTest, ACapThatItWouldPassEndsTheRun) {
  House house(path());
  // Enough for the first, which costs a tenth.
  const auto cap = house.engine.run(house.engine.budgets.put(ann, {.limit_micros = 8'000}));
  ASSERT_TRUE(cap) << cap.error().message;
  house.engine.model->script({overloaded()});
  house.engine.model->script({overloaded()});
  const auto run = house.engine.start(ann, house.thread().id, "hi");
  ASSERT_TRUE(run) << run.error().message;
  const auto finished = house.engine.wait(ann, *run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_THAT(finished->run.error, StartsWith(budget_refusal));
  EXPECT_THAT(house.spare->requests(), IsEmpty());
}

TEST_F(FallbackTest, AfterARestartEachStepCostsWhatItsOwnModelCosts) {
  std::string thread_id;
  core::Run run{.scope = Scope::main()};
  {
    House house(path());
    house.engine.model->script({tool_call("c1", "calculator", {{"expression", "1+1"}})});
    house.engine.model->script({overloaded()});
    house.engine.model->script({overloaded()});
    house.spare->script({tool_call("c2", "calculator", {{"expression", "2+2"}})});
    std::promise<void> holding;
    house.spare->on_hold([&holding] { holding.set_value(); });
    house.spare->script({Hold{}});
    thread_id = house.thread().id;
    run = *house.engine.start(ann, thread_id, "hi");
    holding.get_future().wait();
    house.engine.runs.park_all();
  }
  House house(path());
  house.engine.model->script({reply({TextPart{"4"}})});
  EXPECT_EQ(*house.engine.run(house.engine.runs.recover()), 1U);
  const auto finished = house.engine.wait(ann, run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  EXPECT_EQ(finished->run.cost_micros, 15 + 15 * spare_factor + 15);
}

}  // namespace
}  // namespace colonnade::tests
