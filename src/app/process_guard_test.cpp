#include "app/process_guard.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace colonnade::app {
namespace {

// What the kernel shows of this process's environment. Opened once: afterwards only root may.
class ShownEnvironment {
 public:
  ShownEnvironment() : file_(::open("/proc/self/environ", O_RDONLY | O_CLOEXEC)) {}
  ~ShownEnvironment() { ::close(file_); }
  ShownEnvironment(const ShownEnvironment&) = delete;
  ShownEnvironment& operator=(const ShownEnvironment&) = delete;

  std::string text() const {
    std::string out(64 * 1024, '\0');
    const ssize_t got = ::pread(file_, out.data(), out.size(), 0);
    out.resize(static_cast<std::size_t>(got > 0 ? got : 0));
    return out;
  }

 private:
  int file_;
};

// In a child that was executed with them: what is set later lies elsewhere than the kernel shows.
TEST(ProcessGuard, TakesSecretsOutOfTheEnvironmentAndHidesTheProcess) {
  constexpr const char* again = "COLONNADE_TEST_GUARDED_CHILD";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  if (std::getenv(again) == nullptr) {  // allow(getenv): this test's own
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::vector<std::string> variables = {std::string(again) + "=1", "TEST_KEY=topsecret-one",
                                            "OTHER=kept"};
      std::vector<char*> environment;
      for (std::string& one : variables) environment.push_back(one.data());
      environment.push_back(nullptr);
      std::string program = "/proc/self/exe";
      std::string filter = "--gtest_filter=ProcessGuard.*";
      char* arguments[] = {program.data(), filter.data(), nullptr};
      ::execve(program.c_str(), arguments, environment.data());
      ::_exit(127);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    return;
  }
  const ShownEnvironment shown;
  ASSERT_NE(shown.text().find("topsecret-one"), std::string::npos);
  guard_process({"TEST_KEY", "NOT_SET"});
  EXPECT_EQ(shown.text().find("topsecret"), std::string::npos);
  EXPECT_NE(shown.text().find("OTHER=kept"), std::string::npos);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  EXPECT_EQ(std::getenv("TEST_KEY"), nullptr);  // allow(getenv): this test's own
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
  rlimit core{};
  ASSERT_EQ(::getrlimit(RLIMIT_CORE, &core), 0);
  EXPECT_EQ(core.rlim_max, 0U);
}

TEST(ProcessGuard, KnowsEveryVariableThatHoldsASecret) {
  Settings settings;
  settings.providers.emplace_back("ours", ProviderSettings{.api_key_env = "OUR_KEY"});
  settings.mcp.servers.emplace_back("files",
                                    McpServerSettings{.env_from = {{"TOKEN", "FILES_TOKEN"}},
                                                      .headers_from = {{"X-Key", "FILES_HEADER"}},
                                                      .oauth_client_secret_env = "FILES_SECRET"});
  const auto names = secret_variables(settings);
  for (const char* name :
       {"OUR_KEY", "FILES_TOKEN", "FILES_HEADER", "FILES_SECRET", "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY", "OPENROUTER_API_KEY", "COLONNADE_FARAMESH_TOKENS", "FARAMESH_TOKEN",
        "COLONNADE_MEMORY_EMBEDDINGS_API_KEY"}) {
    EXPECT_NE(std::ranges::find(names, name), names.end()) << name;
  }
  EXPECT_EQ(std::ranges::find(names, "COLONNADE_LISTEN"), names.end());
}

}  // namespace
}  // namespace colonnade::app
