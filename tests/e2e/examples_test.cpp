// The SDK's example programs, which end with 0 only when all they show worked, on the real server.
// Those that need more than a running one are in platos_sdk_test.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "program.hpp"

namespace colonnade::e2e {
namespace {

class Example : public testing::TestWithParam<const char*> {};

// One that runs a command needs bubblewrap, and nobody shall be asked outside of this machine.
bool sandbox_runs() {
  return std::system("bwrap --unshare-all --ro-bind / / true >/dev/null 2>&1") == 0;
}

TEST_P(Example, WorksOnTheRealServer) {
  const bool runs_a_command = GetParam() == std::string_view("tandem_permissions");
  if (runs_a_command && !sandbox_runs()) GTEST_SKIP() << "bubblewrap cannot run here";
  const Folder folder;
  const std::string config = folder.write(
      "config.yaml",
      "provider: offline\nproviders:\n  openrouter:\n    base_url: http://127.0.0.1:9/v1\n");
  ServerProcess server(folder, {"--config", config});
  ASSERT_TRUE(server.ready().is_object());
  const std::string token = server.ready()["first_token"];
  Process example({},
                  {{"FATHOM_BASE_URL", server.url()},
                   {"FATHOM_TOKEN", token},
                   {"PHOSON_BASE_URL", server.url()},
                   {"PHOSON_API_KEY", token},
                   {"TANDEM_BASE_URL", server.url()},
                   {"TANDEM_API_TOKEN", token},
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
                                         "platos_approvals", "platos_background", "platos_budgets",
                                         "platos_cancel", "platos_errors", "platos_reconnect",
                                         "platos_testing", "tandem_quickstart", "tandem_async",
                                         "tandem_permissions", "tandem_routines",
                                         "tandem_services"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace colonnade::e2e
