#include "dialects/mcp/calls.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dialects/mcp/limits.hpp"

namespace colonnade::dialects::mcp {
namespace {

TEST(McpCalls, OneOfAnIdAtATime) {
  Calls calls;
  auto first = calls.begin("a", "a", "1");
  ASSERT_TRUE(first);
  EXPECT_FALSE(calls.begin("a", "a", "1"));
  EXPECT_TRUE(calls.begin("a", "a", "2"));
  EXPECT_TRUE(calls.begin("b", "b", "1"));
  first.reset();
  EXPECT_TRUE(calls.begin("a", "a", "1"));
}

TEST(McpCalls, ThoseWithoutANameAreCounted) {
  Calls calls;
  std::vector<std::shared_ptr<Calls::Ticket>> held;
  for (std::size_t i = 0; i < limits::mcp_endpoint_calls_max; ++i) {
    held.push_back(calls.begin("a", "a", ""));
    ASSERT_TRUE(held.back());
  }
  EXPECT_FALSE(calls.begin("a", "a", ""));
  EXPECT_TRUE(calls.begin("b", "b", ""));
  held.pop_back();
  EXPECT_TRUE(calls.begin("a", "a", ""));
}

TEST(McpCalls, ManySessionsOfOneAccountHaveOneBound) {
  Calls calls;
  std::vector<std::shared_ptr<Calls::Ticket>> held;
  for (std::size_t i = 0; i < limits::mcp_endpoint_calls_max; ++i) {
    held.push_back(calls.begin("ada", "session " + std::to_string(i), "1"));
    ASSERT_TRUE(held.back());
  }
  EXPECT_FALSE(calls.begin("ada", "another session", "1"));
  EXPECT_TRUE(calls.begin("eve", "her session", "1"));
}

TEST(McpCalls, CancellingIsForOneLeavingForAll) {
  Calls calls;
  const auto one = calls.begin("a", "a", "1");
  const auto two = calls.begin("a", "a", "2");
  const auto other = calls.begin("b", "b", "1");
  calls.cancel("a", "1");
  EXPECT_TRUE(one->is_cancelled());
  EXPECT_TRUE(one->stop_token().stop_requested());
  EXPECT_FALSE(two->stop_token().stop_requested());
  calls.leave_all("a");
  EXPECT_TRUE(two->stop_token().stop_requested());
  EXPECT_FALSE(two->is_cancelled());
  EXPECT_FALSE(other->stop_token().stop_requested());
}

TEST(McpCalls, AStopEndsThemAndRefusesNewOnes) {
  Calls calls;
  auto held = calls.begin("a", "a", "1");
  // Lets go when it is stopped, as a call does.
  const auto let_go = [&held] { held.reset(); };
  const std::stop_callback watch(held->stop_token(), let_go);
  calls.stop();
  EXPECT_FALSE(held);
  EXPECT_FALSE(calls.begin("a", "a", "2"));
}

}  // namespace
}  // namespace colonnade::dialects::mcp
