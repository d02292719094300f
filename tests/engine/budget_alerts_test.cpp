// Thresholds become jobs, once each, and jobs call webhooks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/budgets/budget_alerts.hpp"
#include "core/jobs/job_store.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using base::Json;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal root(Scope::main(), "root", UserRole::operator_role);

// Answers what a test says, and keeps what it was asked to send.
class ScriptedWebhook final : public WebhookSender {
 public:
  base::Task<Result<int>> send(WebhookCall call, std::stop_token) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    co_return answer_;
  }
  void answer_with(Result<int> answer) { answer_ = std::move(answer); }
  std::vector<WebhookCall> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<WebhookCall> calls_;
  Result<int> answer_ = 200;
};

class BudgetAlertsTest : public ::testing::Test {
 protected:
  static EngineOptions options() {
    EngineOptions out;
    constexpr std::int64_t micro_a_token = 1'000'000;
    out.prices = {
        {.provider = "scripted", .model = "*", .input = micro_a_token, .output = micro_a_token}};
    return out;
  }
  BudgetCap put(std::int64_t limit) {
    auto cap = engine_.run(engine_.budgets.put(
        root, {.limit_micros = limit, .webhook_url = "https://hooks.example/x"}));
    EXPECT_TRUE(cap) << cap.error().message;
    return cap->cap;
  }
  void spend(std::int64_t tokens) {
    engine_.model->script(
        {reply({TextPart{"Hi"}}, StopReason::end_turn, {.input_tokens = tokens})});
    const auto run = engine_.start(alice, engine_.new_thread(alice).id, "Hello");
    ASSERT_TRUE(run) << run.error().message;
    ASSERT_TRUE(engine_.wait(alice, *run));
  }
  void queue() {
    std::stop_token never;
    const auto queued = engine_.run(alerts_.queue_all(never));
    ASSERT_TRUE(queued) << queued.error().message;
  }
  std::vector<Job> jobs() {
    const auto page =
        engine_.run(engine_.store->stores().jobs.jobs(Scope::main(), std::nullopt, {}));
    EXPECT_TRUE(page) << page.error().message;
    return page ? page->jobs : std::vector<Job>{};
  }
  JobStep tell(const Job& job) { return engine_.run(alerts_.tell({.job = job})); }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db"), options()};
  ScriptedWebhook webhook_;
  BudgetAlerts alerts_{engine_.store->stores().budgets, engine_.feed, engine_.clock, webhook_};
};

TEST_F(BudgetAlertsTest, EachThresholdBecomesOneJob) {
  const BudgetCap cap = put(1'000'000);
  int looked = 0;
  engine_.budgets.on_alerts([&looked] { ++looked; });
  spend(600'000);
  EXPECT_GT(looked, 0) << "whoever queues is woken";
  queue();
  queue();
  auto made = jobs();
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].work.kind, JobHandlerKind::internal);
  EXPECT_EQ(made[0].work.name, budget_alert_job);
  EXPECT_EQ(made[0].owner.user_id, "root");
  EXPECT_EQ(made[0].attempts.max, limits::budget_alert_attempts);
  spend(10);
  queue();
  EXPECT_EQ(jobs().size(), 1U) << "it was told in this window";

  const JobStep done = tell(made[0]);
  ASSERT_TRUE(std::holds_alternative<JobDone>(done));
  ASSERT_EQ(webhook_.calls().size(), 1U);
  const WebhookCall call = webhook_.calls()[0];
  EXPECT_EQ(call.url, "https://hooks.example/x");
  EXPECT_EQ(call.id, made[0].id);
  const Json body = Json::parse(call.body);
  EXPECT_EQ(body["type"], "budget.threshold");
  EXPECT_EQ(body["id"], made[0].id);
  EXPECT_EQ(body["capId"], cap.id);
  EXPECT_EQ(body["scope"], "main/main/main");
  EXPECT_EQ(body["threshold"], 50);
  EXPECT_EQ(body["spentCents"], 60);
  EXPECT_EQ(body["limitCents"], 100);
  EXPECT_EQ(body["period"], "day");
}

TEST_F(BudgetAlertsTest, AFailedCallIsTriedAgainUnlessItCannotSucceed) {
  put(1'000'000);
  spend(600'000);
  queue();
  const Job job = jobs().at(0);
  const auto is_final = [&](Result<int> answer) -> std::optional<bool> {
    webhook_.answer_with(std::move(answer));
    const JobStep step = tell(job);
    const auto* failed = std::get_if<JobFailed>(&step);
    if (failed == nullptr) return std::nullopt;
    return failed->is_final;
  };
  EXPECT_EQ(is_final(204), std::nullopt);
  EXPECT_EQ(is_final(500), false);
  EXPECT_EQ(is_final(302), false);
  EXPECT_EQ(is_final(429), false);
  EXPECT_EQ(is_final(404), true);
  EXPECT_EQ(is_final(base::fail(ErrorKind::timeout, "slow")), false);
  EXPECT_EQ(is_final(base::fail(ErrorKind::forbidden, "private")), true);
}

TEST_F(BudgetAlertsTest, ACapThatIsGoneHasNobodyToTell) {
  const BudgetCap cap = put(1'000'000);
  spend(600'000);
  queue();
  const Job job = jobs().at(0);
  ASSERT_TRUE(engine_.run(engine_.budgets.remove(root, cap.id)));
  EXPECT_TRUE(std::holds_alternative<JobDone>(tell(job)));
  EXPECT_TRUE(webhook_.calls().empty());
}

}  // namespace
}  // namespace colonnade::tests
