// What is looked for in the whole store is found to its end and in every scope.
#include <gtest/gtest.h>

#include <string>

#include "core/threads/erasure.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;

const Scope first = Scope::main();
const Scope second("acme", "garden", "live");

class RecoveryTest : public ::testing::Test {
 protected:
  void put(const Scope& scope, std::vector<Change> changes) {
    Unit unit{.scope = scope, .changes = std::move(changes)};
    const auto done = engine_.run(engine_.feed.commit(std::move(unit)));
    ASSERT_TRUE(done) << done.error().message;
  }
  void put_actions(const Scope& scope, int count, ActionState state) {
    std::vector<Change> changes;
    for (int i = 0; i < count; ++i) {
      Action action{.id = base::new_id(engine_.clock.now()), .scope = scope, .owner = "alice"};
      action.request = {.agent_id = "bot", .tool = "pay", .operation = "do", .params = "{}"};
      action.state = state;
      action.created_at = engine_.clock.now();
      action.updated_at = action.created_at;
      if (state == ActionState::pending_approval) action.expires_at = action.created_at;
      changes.emplace_back(InsertAction{action});
    }
    put(scope, std::move(changes));
  }
  std::size_t count(const Scope& scope, ActionState state) {
    std::size_t out = 0;
    for (ActionFilter filter{.state = state, .limit = 1000};; filter.offset += filter.limit) {
      const auto page = engine_.run(engine_.store->actions(scope, filter));
      out += page->size();
      if (page->size() < filter.limit) return out;
    }
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
};

TEST_F(RecoveryTest, EveryExecutingActionOfEveryScopeIsSettled) {
  put_actions(first, 1100, ActionState::executing);
  put_actions(second, 250, ActionState::executing);
  const auto settled = engine_.run(engine_.actions.recover());
  ASSERT_TRUE(settled) << settled.error().message;
  EXPECT_EQ(*settled, 1350U);
  EXPECT_EQ(count(first, ActionState::executing), 0U);
  EXPECT_EQ(count(second, ActionState::executing), 0U);
  EXPECT_EQ(count(first, ActionState::failed), 1100U);
  EXPECT_EQ(count(second, ActionState::failed), 250U);
}

TEST_F(RecoveryTest, EveryExpiredQuestionOfEveryScopeIsSettledInOneLook) {
  put_actions(first, 450, ActionState::pending_approval);
  put_actions(second, 250, ActionState::pending_approval);
  EXPECT_EQ(engine_.run(engine_.actions.settle_expired()), 700U);
  EXPECT_EQ(count(first, ActionState::pending_approval), 0U);
  EXPECT_EQ(count(second, ActionState::pending_approval), 0U);
}

TEST_F(RecoveryTest, EveryErasedThreadOfEveryScopeIsPurged) {
  for (const Scope& scope : {first, second}) {
    std::vector<Change> changes;
    for (int i = 0; i < 450; ++i) {
      const std::string id = "t" + std::to_string(i);
      changes.emplace_back(
          InsertThread{.thread = {.id = id, .scope = scope, .owner = "alice", .created_at = {1}}});
      changes.emplace_back(EraseThread{.id = id, .at = {2}});
    }
    put(scope, std::move(changes));
  }
  Erasure erasure{{.store = *engine_.store,
                   .run_store = *engine_.store,
                   .feed = engine_.feed,
                   .agents = engine_.agents,
                   .threads = engine_.threads,
                   .runs = engine_.runs,
                   .clock = engine_.clock,
                   .memories = *engine_.store}};
  engine_.run([](Erasure* one) -> base::Task<int> {
    co_await one->recover();
    co_return 0;
  }(&erasure));
  EXPECT_TRUE(engine_.run(engine_.store->erased_threads({}))->empty());
}

}  // namespace
}  // namespace colonnade::tests
