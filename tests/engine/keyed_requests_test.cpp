// Submitting once, on a real store.
#include "core/access/keyed_requests.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

#include "core/access/limits.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);

class KeyedRequestsTest : public ::testing::Test {
 protected:
  struct House {
    explicit House(const std::string& path, KeyedRequestBounds bounds = {})
        : engine(path), keyed_requests(*engine.store, engine.feed, clock, bounds) {}
    Result<KeyedRequests::Begun> begin(const Principal& who, const std::string& key,
                                       const std::string& fingerprint = "f") {
      return engine.run(keyed_requests.begin(who, key, fingerprint));
    }
    Engine engine;
    base::ManualClock clock;
    KeyedRequests keyed_requests;
  };

  template <class T>
  static T as(Result<KeyedRequests::Begun> begun) {
    EXPECT_TRUE(begun) << begun.error().message;
    EXPECT_TRUE(std::holds_alternative<T>(*begun)) << begun->index();
    return std::get<T>(std::move(*begun));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
};

TEST_F(KeyedRequestsTest, TheSecondGetsTheFirstsAnswerAlsoAfterARestart) {
  {
    House house(path_);
    const auto first = as<KeyedRequests::First>(house.begin(alice, "k"));
    house.engine.run(house.keyed_requests.answer(alice, first.id, {200, "application/json", "{}"}));
    EXPECT_EQ(as<KeyedRequests::Answered>(house.begin(alice, "k")).answer.body, "{}");
    as<KeyedRequests::First>(house.begin(bob, "k"));
  }
  House house(path_);
  const auto answered = as<KeyedRequests::Answered>(house.begin(alice, "k"));
  EXPECT_EQ(answered.answer.status, 200);
  EXPECT_EQ(house.begin(alice, "k", "other request").error().kind, ErrorKind::conflict);
}

TEST_F(KeyedRequestsTest, WaitersOfOneAccountAreBoundedAndLeaveAnothersAlone) {
  House house(path_);
  const auto first = as<KeyedRequests::First>(house.begin(alice, "k"));
  auto of_bob = as<KeyedRequests::First>(house.begin(bob, "k"));
  std::vector<std::future<Result<KeyedRequests::Begun>>> waiting;
  // The last one is refused, whichever that is: the others wait for the answer.
  std::atomic<int> refused = 0;
  std::promise<base::Error> error;
  for (std::size_t i = 0; i <= limits::keyed_waiters_per_account; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] {
      auto begun = house.begin(alice, "k");
      if (!begun && refused.fetch_add(1) == 0) error.set_value(begun.error());
      return begun;
    }));
  }
  const base::Error told = error.get_future().get();
  EXPECT_EQ(told.kind, ErrorKind::rate_limited);
  EXPECT_TRUE(told.retry_after);
  auto second_of_bob = std::async(std::launch::async, [&] { return house.begin(bob, "k"); });
  house.engine.run(house.keyed_requests.answer(bob, of_bob.id, {200, "application/json", "{}"}));
  EXPECT_EQ(as<KeyedRequests::Answered>(second_of_bob.get()).answer.status, 200);
  house.engine.run(house.keyed_requests.answer(alice, first.id, {201, "application/json", "{}"}));
  for (auto& one : waiting) {
    const auto begun = one.get();
    if (begun) EXPECT_EQ(as<KeyedRequests::Answered>(begun).answer.status, 201);
  }
  EXPECT_EQ(refused, 1);
}

TEST_F(KeyedRequestsTest, KeysOfOneAccountAreBoundedAndLeaveAnothersAlone) {
  House house(path_, {.per_account = 2, .total = 3});
  const auto done = [&](const KeyedRequests::First& first) {
    house.engine.run(house.keyed_requests.answer(alice, first.id, {200, "text/plain", "ok"}));
  };
  done(as<KeyedRequests::First>(house.begin(alice, "a")));
  const auto second = as<KeyedRequests::First>(house.begin(alice, "b"));
  const auto refused = house.begin(alice, "c");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::rate_limited);
  EXPECT_EQ(refused.error().field, "Idempotency-Key");
  EXPECT_GE(refused.error().retry_after.value(), limits::idempotency_time);
  EXPECT_EQ(as<KeyedRequests::Answered>(house.begin(alice, "a")).answer.body, "ok")
      << "what is kept is given";
  as<KeyedRequests::First>(house.begin(bob, "c"));
  EXPECT_EQ(house.begin(bob, "d").error().kind, ErrorKind::unavailable) << "all have their three";

  house.engine.run(house.keyed_requests.drop(alice, second.id));
  done(as<KeyedRequests::First>(house.begin(alice, "c")));
  EXPECT_EQ(house.begin(alice, "d").error().kind, ErrorKind::rate_limited);
  house.clock.advance(limits::idempotency_time + std::chrono::hours(2));
  house.engine.run(house.keyed_requests.purge());
  done(as<KeyedRequests::First>(house.begin(alice, "d")));
}

TEST_F(KeyedRequestsTest, AConcurrentSecondWaitsForTheAnswer) {
  House house(path_);
  const auto first = as<KeyedRequests::First>(house.begin(alice, "k"));
  auto second = std::async(std::launch::async, [&] {
    return base::run_on(house.engine.lanes[1], house.keyed_requests.begin(alice, "k", "f"));
  });
  house.engine.run(house.keyed_requests.answer(alice, first.id, {200, "text/plain", "once"}));
  EXPECT_EQ(as<KeyedRequests::Answered>(second.get()).answer.body, "once");
}

TEST_F(KeyedRequestsTest, ADroppedAttemptFreesTheKey) {
  House house(path_);
  const auto first = as<KeyedRequests::First>(house.begin(alice, "k"));
  auto second = std::async(std::launch::async, [&] {
    return base::run_on(house.engine.lanes[1], house.keyed_requests.begin(alice, "k", "f"));
  });
  house.engine.run(house.keyed_requests.drop(alice, first.id));
  const auto mine = as<KeyedRequests::First>(second.get());
  EXPECT_NE(mine.id, first.id);
}

TEST_F(KeyedRequestsTest, AnAttemptThatDiedIsTakenOverOrItsObjectIsFound) {
  {
    House house(path_);
    as<KeyedRequests::First>(house.begin(alice, "no effect"));
    const auto made = as<KeyedRequests::First>(house.begin(alice, "made a thread"));
    const auto thread =
        house.engine.run(house.engine.threads.create(alice, {.keyed_request_id = made.id}));
    ASSERT_TRUE(thread);
  }
  House house(path_);
  as<KeyedRequests::First>(house.begin(alice, "no effect"));
  const auto orphan = as<KeyedRequests::Orphan>(house.begin(alice, "made a thread"));
  EXPECT_TRUE(house.engine.run(house.engine.threads.get(alice, orphan.object_id)));
  house.engine.run(house.keyed_requests.answer(alice, orphan.id, {200, "t", "a"}));
  as<KeyedRequests::Answered>(house.begin(alice, "made a thread"));
}

TEST_F(KeyedRequestsTest, KeysExpire) {
  House house(path_);
  const auto first = as<KeyedRequests::First>(house.begin(alice, "k"));
  house.engine.run(house.keyed_requests.answer(alice, first.id, {200, "t", "old"}));
  house.clock.advance(limits::idempotency_time + std::chrono::seconds(1));
  as<KeyedRequests::First>(house.begin(alice, "k", "something else"));
}

TEST_F(KeyedRequestsTest, PurgingForgetsOnlyWhatIsOld) {
  House house(path_);
  const auto old = as<KeyedRequests::First>(house.begin(alice, "old"));
  house.engine.run(house.keyed_requests.answer(alice, old.id, {200, "t", "a"}));
  house.clock.advance(limits::idempotency_time + std::chrono::seconds(1));
  const auto young = as<KeyedRequests::First>(house.begin(alice, "young"));
  house.engine.run(house.keyed_requests.answer(alice, young.id, {200, "t", "b"}));
  house.engine.run(house.keyed_requests.purge());
  EXPECT_FALSE(*house.engine.run(house.engine.store->keyed_request(Scope::main(), "alice", "old")));
  EXPECT_TRUE(
      *house.engine.run(house.engine.store->keyed_request(Scope::main(), "alice", "young")));
}

TEST_F(KeyedRequestsTest, AKeyHasALength) {
  House house(path_);
  EXPECT_EQ(house.begin(alice, "").error().kind, ErrorKind::invalid);
  const auto longer = house.begin(alice, std::string(256, 'k'));
  EXPECT_EQ(longer.error().field, "Idempotency-Key");
  as<KeyedRequests::First>(house.begin(alice, std::string(255, 'k')));
}

}  // namespace
}  // namespace colonnade::tests
