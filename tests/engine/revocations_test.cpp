// What a credential holds open, as Credentials knows it.
#include "core/access/revocations.hpp"

#include <gtest/gtest.h>

#include <future>

#include "core/access/credentials.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;

class RevocationsTest : public ::testing::Test {
 protected:
  CreatedToken create_token(const std::string& user) {
    return *engine_.run(credentials_.create(Principal(Scope::main(), user, UserRole::member),
                                            CredentialKind::api_token, "test"));
  }
  Principal let_in(const CreatedToken& token) {
    return *engine_.run(credentials_.authenticate(token.token));
  }
  bool revoke(const Principal& who) {
    return engine_.run(credentials_.revoke(who, CredentialKind::api_token, who.credential_id))
        .has_value();
  }
  // What was posted to the lane before is done.
  void settle() {
    std::promise<void> done;
    engine_.lanes[1].post([&] { done.set_value(); });
    done.get_future().wait();
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
  Credentials credentials_{*engine_.store, engine_.feed, engine_.clock};
};

TEST_F(RevocationsTest, EachOpenThingOfTheCredentialIsEndedOnceOnItsLane) {
  const Principal ann = let_in(create_token("ann"));
  const Principal other = let_in(create_token("ann"));
  int ended = 0;
  int others = 0;
  bool on_lane = true;
  const auto end = [&] {
    ++ended;
    on_lane = on_lane && engine_.lanes[1].is_current();
  };
  const auto first = credentials_.watch(ann.credential_id, engine_.lanes[1], end);
  const auto second = credentials_.watch(ann.credential_id, engine_.lanes[1], end);
  const auto foreign = credentials_.watch(other.credential_id, engine_.lanes[1], [&] { ++others; });
  auto closed = credentials_.watch(ann.credential_id, engine_.lanes[1], end);
  EXPECT_EQ(credentials_.open_count(), 4U);
  closed.reset();
  EXPECT_EQ(credentials_.open_count(), 3U);
  ASSERT_TRUE(revoke(ann));
  settle();
  EXPECT_EQ(ended, 2);
  EXPECT_TRUE(on_lane);
  EXPECT_EQ(others, 0);
}

// Between its being let in and its stream's opening, a credential may be revoked.
TEST_F(RevocationsTest, NothingIsOpenedWithWhatWasRevokedMeanwhile) {
  const Principal ann = let_in(create_token("ann"));
  ASSERT_TRUE(revoke(ann));
  EXPECT_EQ(credentials_.watch(ann.credential_id, engine_.lanes[1], [] {}), nullptr);
  EXPECT_EQ(credentials_.open_count(), 0U);
}

}  // namespace
}  // namespace colonnade::tests
