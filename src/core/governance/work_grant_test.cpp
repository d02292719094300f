#include "core/governance/work_grant.hpp"

#include <gtest/gtest.h>

namespace colonnade::core {
namespace {

TEST(WorkGrant, NamesToolsByAnyOfTheirNames) {
  const WorkGrant grant{.by = "Routine digest", .tools = {"bash", "mcp.files.*", "Todo-Write"}};
  EXPECT_TRUE(grants(grant, "shell", {"bash"}));
  EXPECT_TRUE(grants(grant, "mcp.files.read", {}));
  EXPECT_TRUE(grants(grant, "todo_write", {}));
  EXPECT_FALSE(grants(grant, "shell", {}));
  EXPECT_FALSE(grants(grant, "mcp.mail.send", {}));
}

TEST(WorkGrant, AnEmptyOneGrantsNothing) { EXPECT_FALSE(grants({}, "read", {"cat"})); }

}  // namespace
}  // namespace colonnade::core
