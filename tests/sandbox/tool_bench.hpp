// A thread's workspace between things that must not be reached, and a way to call a tool there.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "base/workers.hpp"
#include "tools/tool.hpp"
#include "tools/workspaces.hpp"

namespace colonnade::tools::testing {

namespace fs = std::filesystem;

inline void put(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// data/operator.token            a secret
// data/workspaces/th1            the workspace
// data/workspaces/th2/other.txt  another thread's
class ToolBench : public ::testing::Test {
 protected:
  static constexpr const char* secret = "top-secret-operator-token";

  ToolBench() {
    std::string pattern = (fs::path(::testing::TempDir()) / "colonnade-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    data_ = fs::canonical(pattern);
    put(data_ / "operator.token", secret);
    put(data_ / "workspaces/th2/other.txt", secret);
    const Workspaces workspaces({.root = (data_ / "workspaces").string()});
    workspace_ = *workspaces.folder_of(core::Scope::main(), "th1");
  }
  ~ToolBench() override {
    std::error_code ignored;
    fs::remove_all(data_, ignored);
  }

  // As the catalog does it: the arguments are brought into their one form, then the tool runs.
  core::ToolOutcome call(Tool& tool, base::Json arguments, std::stop_token stop = {}) {
    auto go_on = [this](base::Json next) {
      judged_again_.push_back(std::move(next));
      return judge_ ? judge_(judged_again_.back()) : allow();
    };
    ToolContext context{.lane = &lanes_[0],
                        .scope = core::Scope::main(),
                        .thread_id = "th1",
                        .run_id = "r1",
                        .tool_call_id = "c1",
                        .workspace = workspace_.string(),
                        .judge_again = go_on};
    auto canonical = tool.canonical(context, std::move(arguments), core::ArgumentsFrom::model);
    if (!canonical) return failed(canonical.error().message);
    if (before_run_) before_run_();
    return base::run_on(lanes_[0],
                        tool.run(std::move(context), std::move(*canonical), std::move(stop)));
  }
  static base::Task<base::Result<void>> allow() { co_return base::Result<void>(); }

  // That it fails, that the reason is in the answer, and that the secret is not.
  static void expect_refused(const core::ToolOutcome& outcome, const std::string& reason) {
    EXPECT_TRUE(outcome.is_error) << outcome.content;
    EXPECT_NE(outcome.content.find(reason), std::string::npos)
        << "expected '" << reason << "' in:\n"
        << outcome.content;
    EXPECT_EQ(outcome.content.find(secret), std::string::npos) << outcome.content;
  }

  std::function<base::Task<base::Result<void>>(base::Json)> judge_{};  // empty: allows all
  std::vector<base::Json> judged_again_{};
  std::function<void()> before_run_{};  // between the judging and the running
  fs::path data_;
  fs::path workspace_;
  base::Lanes lanes_{1};
  // A call of a test may run beside another of the same account.
  base::Workers workers_{base::WorkersOptions{.threads = 2, .running_per_account = 2}};
};

}  // namespace colonnade::tools::testing
