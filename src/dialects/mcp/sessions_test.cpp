#include "dialects/mcp/sessions.hpp"

#include <gtest/gtest.h>

#include "dialects/mcp/limits.hpp"

namespace colonnade::dialects::mcp {
namespace {

const core::Principal ada{.user_id = "ada"};
const core::Principal eve{.user_id = "eve"};

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

TEST(McpSessions, TheIdlestMakesRoom) {
  base::ManualClock clock;
  Sessions sessions(clock);
  const std::string first = sessions.create(ada, "2025-11-25");
  clock.advance(std::chrono::microseconds(1));
  const std::string second = sessions.create(ada, "2025-11-25");
  clock.advance(std::chrono::microseconds(1));
  EXPECT_TRUE(sessions.use(ada, first));
  while (sessions.size() < limits::mcp_endpoint_sessions_max) sessions.create(eve, "2025-11-25");
  const std::string last = sessions.create(ada, "2025-11-25");
  EXPECT_EQ(sessions.size(), limits::mcp_endpoint_sessions_max);
  EXPECT_FALSE(sessions.use(ada, second));
  EXPECT_TRUE(sessions.use(ada, first));
  EXPECT_TRUE(sessions.use(ada, last));
}

}  // namespace
}  // namespace colonnade::dialects::mcp
