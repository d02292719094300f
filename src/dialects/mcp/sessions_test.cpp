#include "dialects/mcp/sessions.hpp"

#include <gtest/gtest.h>

#include "dialects/mcp/limits.hpp"

namespace colonnade::dialects::mcp {
namespace {

core::Principal member(const std::string& user) {
  return core::Principal(core::Scope::main(), user, core::UserRole::member);
}

const core::Principal ada = member("ada");
const core::Principal eve = member("eve");

TEST(McpSessions, AreTheirUsersOwn) {
  base::ManualClock clock;
  Sessions sessions(clock);
  const std::string id = sessions.create(ada, "2025-11-25");
  EXPECT_EQ(sessions.use(ada, id), "2025-11-25");
  EXPECT_FALSE(sessions.use(eve, id));
  EXPECT_FALSE(sessions.remove(eve, id));
  EXPECT_TRUE(sessions.remove(ada, id));
  EXPECT_FALSE(sessions.use(ada, id));
  EXPECT_FALSE(sessions.attach(ada, id, nullptr));
}

TEST(McpSessions, AnIdleOneEndsAndAUsedOneDoesNot) {
  base::ManualClock clock;
  Sessions sessions(clock);
  const std::string idle = sessions.create(ada, "2025-11-25");
  const std::string used = sessions.create(ada, "2025-06-18");
  clock.advance(limits::mcp_endpoint_session_idle_time_max);
  EXPECT_TRUE(sessions.use(ada, used));
  clock.advance(std::chrono::microseconds(1));
  EXPECT_FALSE(sessions.use(ada, idle));
  EXPECT_TRUE(sessions.use(ada, used));
}

TEST(McpSessions, AnIdleOneEndsInItsTimeWhateverTheClockIsSetTo) {
  base::ManualClock clock;
  Sessions sessions(clock);
  const std::string id = sessions.create(ada, "2025-11-25");
  clock.step(2 * limits::mcp_endpoint_session_idle_time_max);
  EXPECT_TRUE(sessions.use(ada, id)) << "set forward, no time has passed";
  clock.step(-10 * limits::mcp_endpoint_session_idle_time_max);
  clock.advance(limits::mcp_endpoint_session_idle_time_max + std::chrono::microseconds(1));
  EXPECT_FALSE(sessions.use(ada, id)) << "set back";
}

TEST(McpSessions, AnAccountsOwnIdlestMakesRoom) {
  base::ManualClock clock;
  Sessions sessions(clock);
  const std::string idlest = sessions.create(ada, "2025-11-25");
  clock.advance(std::chrono::microseconds(1));
  const std::string first = sessions.create(eve, "2025-11-25");
  clock.advance(std::chrono::microseconds(1));
  const std::string second = sessions.create(eve, "2025-11-25");
  clock.advance(std::chrono::microseconds(1));
  EXPECT_TRUE(sessions.use(eve, first));
  for (std::size_t i = 2; i < limits::mcp_endpoint_sessions_per_account; ++i) {
    sessions.create(eve, "2025-11-25");
  }
  EXPECT_TRUE(sessions.use(eve, second));
  clock.advance(std::chrono::microseconds(1));
  EXPECT_TRUE(sessions.use(eve, second));
  const std::string last = sessions.create(eve, "2025-11-25");
  EXPECT_EQ(sessions.size(), 1 + limits::mcp_endpoint_sessions_per_account);
  EXPECT_TRUE(sessions.use(eve, second));
  EXPECT_TRUE(sessions.use(eve, last));
  EXPECT_TRUE(sessions.use(ada, idlest)) << "another account's, and the idlest of all";
}

// As when a token is revoked: it must not be taken for one that can make room.
TEST(McpSessions, OneThatWasEndedHoldsNoPlace) {
  base::ManualClock clock;
  Sessions sessions(clock);
  sessions.end(sessions.create(eve, "2025-11-25"));
  clock.advance(std::chrono::microseconds(1));
  const std::string first = sessions.create(eve, "2025-11-25");
  clock.advance(std::chrono::microseconds(1));
  while (sessions.size() < limits::mcp_endpoint_sessions_per_account) {
    sessions.create(eve, "2025-11-25");
  }
  EXPECT_TRUE(sessions.use(eve, first));
  clock.advance(std::chrono::microseconds(1));
  sessions.create(eve, "2025-11-25");
  EXPECT_EQ(sessions.size(), limits::mcp_endpoint_sessions_per_account);
  EXPECT_TRUE(sessions.use(eve, first));
}

TEST(McpSessions, TenThousandOfOneAccountEndNoneOfAnother) {
  base::ManualClock clock;
  Sessions sessions(clock);
  const std::string id = sessions.create(ada, "2025-11-25");
  for (std::size_t i = 0; i < limits::mcp_endpoint_sessions_max; ++i) {
    clock.advance(std::chrono::microseconds(1));
    sessions.create(eve, "2025-11-25");
  }
  EXPECT_TRUE(sessions.use(ada, id));
}

TEST(McpSessions, WhoeverHasTheMostMakesRoomForAll) {
  base::ManualClock clock;
  Sessions sessions(clock);
  const std::string id = sessions.create(ada, "2025-11-25");
  const core::Principal many = member("many");
  const std::string idlest_of_many = sessions.create(many, "2025-11-25");
  clock.advance(std::chrono::microseconds(1));
  sessions.create(many, "2025-11-25");
  for (int i = 0; sessions.size() < limits::mcp_endpoint_sessions_max; ++i) {
    sessions.create(member(std::to_string(i)), "2025-11-25");
  }
  sessions.create(eve, "2025-11-25");
  EXPECT_EQ(sessions.size(), limits::mcp_endpoint_sessions_max);
  EXPECT_FALSE(sessions.use(many, idlest_of_many));
  EXPECT_TRUE(sessions.use(ada, id));
}

}  // namespace
}  // namespace colonnade::dialects::mcp
