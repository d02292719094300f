// Budgets by command, with a server and without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

class BudgetCommands : public testing::Test {
 protected:
  Folder folder_;
};

TEST_F(BudgetCommands, ARunningServerKeepsThemAtOnce) {
  ServerProcess server(folder_);
  ASSERT_TRUE(server.ready().is_object());
  const auto made = run({"budgets", "set", "--period", "day", "--runs", "1", "--json"}, folder_);
  ASSERT_EQ(made.code, 0) << made.err;
  const std::string id = Json::parse(made.out)["id"];
  EXPECT_THAT(run({"budgets", "list"}, folder_).out, HasSubstr(id + "  scope  1 runs a day"));
  const auto first = run({"send", "/say hi"}, folder_);
  EXPECT_EQ(first.code, 0) << first.err;
  const auto second = run({"send", "/say hi"}, folder_);
  EXPECT_NE(second.code, 0);
  EXPECT_THAT(second.err, HasSubstr("Budget cap exceeded: scope/day"));
  const auto shown = run({"budgets", "show", id}, folder_);
  EXPECT_THAT(shown.out, HasSubstr("runs      1")) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("It refuses runs now."));

  const auto lifted = run({"budgets", "override", id, "--minutes", "5"}, folder_);
  EXPECT_THAT(lifted.out, HasSubstr("(lifted until ")) << lifted.err;
  EXPECT_EQ(run({"send", "/say hi"}, folder_).code, 0);
  EXPECT_EQ(run({"budgets", "override", id, "--minutes", "0"}, folder_).code, 0);
  EXPECT_NE(run({"send", "/say hi"}, folder_).code, 0);
  EXPECT_EQ(run({"budgets", "remove", id}, folder_).code, 0);
  EXPECT_NE(run({"budgets", "remove", id}, folder_).code, 0) << "it is gone";
  EXPECT_EQ(run({"send", "/say hi"}, folder_).code, 0);
  EXPECT_EQ(server.stop().code, 0);
}

TEST_F(BudgetCommands, WithoutAServerTheStoreIsOpened) {
  {
    ServerProcess server(folder_);
    ASSERT_TRUE(server.ready().is_object());
    EXPECT_EQ(server.stop().code, 0);
  }
  const auto made =
      run({"budgets", "set", "--period", "month", "--limit", "12.5", "--each-user", "--of-agent",
           "helper", "--threshold", "90", "--scope", "acme/shop/live", "--json"},
          folder_);
  ASSERT_EQ(made.code, 0) << made.err;
  const Json cap = Json::parse(made.out);
  EXPECT_EQ(cap["holder"], "user");
  EXPECT_EQ(cap["target"], "*");
  EXPECT_EQ(cap["agent_id"], "helper");
  EXPECT_EQ(cap["limit_usd"], 12.5);
  EXPECT_EQ(cap["thresholds"], Json::array({90}));
  EXPECT_EQ(cap["changed_by"], "system");
  EXPECT_THAT(run({"budgets", "list", "--scope", "acme/shop/live"}, folder_).out,
              HasSubstr("each user with agent helper  $12.50 a month"));
  EXPECT_THAT(run({"budgets", "list"}, folder_).out, IsEmpty());
  const auto shown =
      run({"budgets", "show", cap["id"], "--user", "ann", "--scope", "acme/shop/live"}, folder_);
  EXPECT_THAT(shown.out, HasSubstr("spent     $0.00")) << shown.err;
}

TEST_F(BudgetCommands, WhatIsMissingOrTooMuchIsSaid) {
  ServerProcess server(folder_);
  ASSERT_TRUE(server.ready().is_object());
  const auto neither = run({"budgets", "set", "--period", "day"}, folder_);
  EXPECT_EQ(neither.code, 2);
  EXPECT_THAT(neither.err, HasSubstr("--limit"));
  const auto two = run(
      {"budgets", "set", "--period", "day", "--runs", "1", "--user", "a", "--agent", "b"}, folder_);
  EXPECT_EQ(two.code, 2);
  EXPECT_THAT(two.err, HasSubstr("name one of"));
  const auto text = run({"budgets", "set", "--period", "day", "--limit", "much"}, folder_);
  EXPECT_EQ(text.code, 2);
  const auto year = run({"budgets", "set", "--period", "year", "--limit", "1"}, folder_);
  EXPECT_NE(year.code, 0);
  EXPECT_THAT(year.err, HasSubstr("hour, day, week, month"));
  const auto hook = run({"budgets", "set", "--period", "day", "--limit", "1", "--webhook",
                         "https://hooks.example.com/x"},
                        folder_);
  EXPECT_NE(hook.code, 0);
  EXPECT_THAT(hook.err, HasSubstr("budgets.webhook_secret"));
  EXPECT_EQ(server.stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
