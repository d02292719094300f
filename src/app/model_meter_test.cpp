#include "app/model_meter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "app/limits.hpp"
#include "base/lane.hpp"

namespace colonnade::app {
namespace {

using core::ModelEvent;
using Events = base::Result<std::vector<ModelEvent>>;

// Plays what it was given, one next() after the other.
class Player final : public core::ModelStream {
 public:
  explicit Player(std::vector<Events> events) : events_(std::move(events)) {}
  base::Task<Events> next() override {
    Events out = std::move(events_.at(at_++));
    co_return out;
  }

 private:
  std::vector<Events> events_;
  std::size_t at_ = 0;
};

class PlayingProvider final : public core::ModelProvider {
 public:
  explicit PlayingProvider(std::vector<Events> events) : events_(std::move(events)) {}
  std::string_view name() const override { return "mine"; }
  std::string_view default_model() const override { return "m"; }
  std::unique_ptr<core::ModelStream> ask(base::Lane&, core::ModelRequest,
                                         std::stop_token) override {
    return std::make_unique<Player>(events_);
  }

 private:
  std::vector<Events> events_;
};

class ModelMeterTest : public testing::Test {
 protected:
  // Asks, reads `reads` times and lets go.
  ModelCounts after(std::vector<Events> events, int reads) {
    const auto provider = metered(std::make_unique<PlayingProvider>(std::move(events)), meter_);
    EXPECT_EQ(provider->name(), "mine");
    EXPECT_EQ(provider->default_model(), "m");
    {
      const auto stream = provider->ask(lanes_[0], {}, {});
      for (int i = 0; i < reads; ++i) base::run_on(lanes_[0], stream->next());
    }
    return meter_.counts()["mine"];
  }

  base::Lanes lanes_{1};
  core::Prices prices_{{{.provider = "mine", .model = "m", .input = 1'000'000, .output = 0}}};
  ModelMeter meter_{prices_};
};

core::ModelReply reply() {
  return {.usage = {.input_tokens = 2'000'000, .output_tokens = 7}, .model = "m"};
}

TEST_F(ModelMeterTest, CountsAReplyOnceWithItsUsageAndCost) {
  const ModelCounts counts = after(
      {std::vector<ModelEvent>{core::ModelTextDelta{"a"}}, std::vector<ModelEvent>{reply()}}, 2);
  EXPECT_EQ(counts.calls_succeeded, 1U);
  EXPECT_EQ(counts.calls_failed + counts.calls_abandoned, 0U);
  EXPECT_EQ(counts.usage.input_tokens, 2'000'000);
  EXPECT_EQ(counts.usage.output_tokens, 7);
  EXPECT_EQ(counts.cost_micros, 2'000'000);
}

TEST_F(ModelMeterTest, CountsAFailure) {
  const ModelCounts counts = after({base::fail(base::ErrorKind::upstream, "broken")}, 1);
  EXPECT_EQ(counts.calls_failed, 1U);
  EXPECT_EQ(counts.calls_succeeded + counts.calls_abandoned, 0U);
}

TEST_F(ModelMeterTest, ACancelledOrDroppedCallIsAbandoned) {
  EXPECT_EQ(after({base::fail(base::ErrorKind::cancelled, "stop")}, 1).calls_abandoned, 1U);
  const ModelCounts counts = after({std::vector<ModelEvent>{core::ModelTextDelta{"a"}}}, 1);
  EXPECT_EQ(counts.calls_abandoned, 2U);
  EXPECT_EQ(counts.calls_failed + counts.calls_succeeded, 0U);
}

TEST_F(ModelMeterTest, TimesCallsAndTheirFirstOutputByModel) {
  after({std::vector<ModelEvent>{core::ModelTextDelta{"a"}}, std::vector<ModelEvent>{reply()}}, 2);
  after({base::fail(base::ErrorKind::upstream, "broken")}, 1);
  after({base::fail(base::ErrorKind::cancelled, "stop")}, 1);
  const ModelTimesByName times = meter_.times();
  ASSERT_EQ(times.size(), 1U);
  const ModelTimes& one = times.at({"mine", "m"});
  EXPECT_EQ(one.calls.count, 2U) << "an abandoned one says nothing of the model";
  EXPECT_EQ(one.first_tokens.count, 1U) << "one said something";
}

// Clients name models; each name would be a series for ever.
TEST_F(ModelMeterTest, ModelsBeyondTheBoundAreOneSeries) {
  for (std::size_t i = 0; i < limits::metric_models_max + 5; ++i) {
    meter_.timing_of("mine", "m" + std::to_string(i)).calls.observe(std::chrono::microseconds(1));
  }
  const ModelTimesByName times = meter_.times();
  EXPECT_EQ(times.size(), limits::metric_models_max + 1);
  EXPECT_EQ(times.at({"mine", "other"}).calls.count, 5U);
}

}  // namespace
}  // namespace colonnade::app
