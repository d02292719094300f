// The SDK's example programs, which end with 0 only when all they show worked, on the real server.
// Those that need more than a running one are in platos_sdk_test.
#include <gtest/gtest.h>

#include "program.hpp"

namespace colonnade::e2e {
namespace {

class Example : public testing::TestWithParam<const char*> {};

TEST_P(Example, WorksOnTheRealServer) {
  const Folder folder;
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object());
  const std::string token = server.ready()["first_token"];
  Process example({},
                  {{"FATHOM_BASE_URL", server.url()},
                   {"FATHOM_TOKEN", token},
                   {"PHOSON_BASE_URL", server.url()},
                   {"PHOSON_API_KEY", token},
                   {"PLATOS_BASE_URL", server.url()},
                   {"PLATOS_API_KEY", token},
                   {"PLATOS_ORGANIZATION_ID", "org_1"},
                   {"PLATOS_PROJECT_ID", "prj_1"},
                   {"PLATOS_ENVIRONMENT_ID", "env_1"},
                   {"PLATOS_USER_ID", "usr_1"}},
                  folder.path(), std::string(COLONNADE_EXAMPLES) + "/" + GetParam());
  const auto ended = example.wait();
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out, "") << "each prints what it got";
  EXPECT_EQ(server.stop().code, 0);
}

INSTANTIATE_TEST_SUITE_P(Sdk, Example,
                         testing::Values("fathom_quickstart", "fathom_async", "fathom_pairing",
                                         "fathom_errors", "phoson_quickstart", "phoson_async",
                                         "phoson_errors", "platos_quickstart", "platos_async",
                                         "platos_approvals", "platos_cancel", "platos_errors",
                                         "platos_reconnect", "platos_testing"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace colonnade::e2e
