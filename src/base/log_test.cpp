#include "base/log.hpp"

#include <gtest/gtest.h>

#include <unistd.h>
#include <future>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"

namespace colonnade::base {
namespace {

class Log : public testing::Test {
 protected:
  Log()
      : path_(std::filesystem::temp_directory_path() /
              ("colonnade_log_test." + std::to_string(::getpid()) + "." +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove(path_);
    EXPECT_TRUE(log::write_to_file(path_.string()).has_value());
  }
  ~Log() override {
    log::set_level(log::Level::info);
    std::filesystem::remove(path_);
  }

  // Every line written so far, parsed.
  std::vector<Json> lines() {
    log::flush();
    std::ifstream in(path_);
    std::vector<Json> out;
    for (std::string line; std::getline(in, line);) {
      const auto tree = parse_json(line, "line");
      EXPECT_TRUE(tree.has_value()) << line;
      if (tree) out.push_back(*tree);
    }
    return out;
  }

  std::filesystem::path path_;
};

TEST_F(Log, HoldsNoPasswordOfAUrl) {
  log::warn("upstream_failed", {{"url", "https://ada:hunter2@h/v1?api_key=sk-1"},
                                {"error", "cannot reach http://bob:hunter3@h"}});
  const auto got = lines();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]["url"], "https://ada:***@h/v1?api_key=***");
  EXPECT_EQ(got[0]["error"], "cannot reach http://bob:***@h");
}

TEST_F(Log, WritesOneJsonObjectALine) {
  log::info("server_started", {{"port", 8787}, {"host", "::1"}, {"tls", false}, {"load", 0.5}});
  const auto got = lines();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]["level"], "info");
  EXPECT_EQ(got[0]["event"], "server_started");
  EXPECT_EQ(got[0]["port"], 8787);
  EXPECT_EQ(got[0]["host"], "::1");
  EXPECT_EQ(got[0]["tls"], false);
  EXPECT_EQ(got[0]["load"], 0.5);
  EXPECT_TRUE(parse_rfc3339(got[0]["time"].get<std::string>()));
}

TEST_F(Log, KeepsALineALine) {
  const std::string name = "two\nlines \"quoted\" \xFF";
  log::warn("odd", {{"name", name}});
  const auto got = lines();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]["name"], "two\nlines \"quoted\" \xEF\xBF\xBD");
}

TEST_F(Log, LeavesOutWhatIsBelowTheLevel) {
  log::debug("no");
  log::set_level(log::Level::debug);
  EXPECT_TRUE(log::enabled(log::Level::debug));
  log::debug("yes");
  log::set_level(log::Level::warn);
  EXPECT_FALSE(log::enabled(log::Level::info));
  log::info("no");
  log::error("yes");
  log::set_level(log::Level::off);
  log::error("no");
  const auto got = lines();
  ASSERT_EQ(got.size(), 2u);
  for (const Json& line : got) EXPECT_EQ(line["event"], "yes");
}

TEST_F(Log, AppendsToWhatTheFileHolds) {
  log::info("first");
  ASSERT_TRUE(log::write_to_file(path_.string()).has_value());
  log::info("second");
  EXPECT_EQ(lines().size(), 2u);
}

TEST_F(Log, SaysWhenAFileCannotBeOpenedAndGoesOn) {
  const auto opened = log::write_to_file((path_ / "not" / "a" / "folder").string());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::invalid);
  EXPECT_NE(opened.error().message.find("not/a/folder"), std::string::npos);
  log::info("still_here");
  EXPECT_EQ(lines().size(), 1u);
}

// Flushing while others write loses nothing, and each writer's lines stay in order.
TEST_F(Log, LosesNothingWhileOthersFlush) {
  constexpr int threads_count = 3;
  constexpr int each = 1'000;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < threads_count; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < each; ++i) {
          log::info("line", {{"thread", t}, {"number", i}});
          if (i % 100 == 0) log::flush();
        }
      });
    }
  }
  std::map<int, int> next;
  for (const Json& line : lines()) {
    const int thread = line["thread"];
    EXPECT_EQ(line["number"], next[thread]++);
  }
  ASSERT_EQ(next.size(), 3u);
  for (const auto& [thread, count] : next) EXPECT_EQ(count, each) << "thread " << thread;
}

// A burst beyond the queue drops lines rather than block, and says how many.
TEST_F(Log, CountsWhatItDropped) {
  constexpr std::int64_t burst = 20'000;
  for (std::int64_t i = 0; i < burst; ++i) log::info("burst");
  std::int64_t written = 0;
  std::int64_t dropped = 0;
  for (const Json& line : lines()) {
    if (line["event"] == "burst") ++written;
    if (line["event"] == "log_lines_dropped") dropped += line["count"].get<std::int64_t>();
  }
  EXPECT_EQ(written + dropped, burst);
}

Task<void> fail_with(std::string what) {
  throw std::runtime_error(what);
  co_return;
}

TEST_F(Log, NamesACoroutineThatFailed) {
  {
    Lanes lanes(1);
    lanes[0].spawn("some_work", fail_with("out of luck"));
    lanes[0].post([] { throw std::runtime_error("posted"); });
    lanes[0].post([] { throw 7; });
    std::promise<void> reached;  // by what was posted after them
    lanes[0].post([&reached] { reached.set_value(); });
    reached.get_future().wait();
    run_on(lanes[0], []() -> Task<void> { co_return; }());
  }
  std::multiset<std::string> got;  // the two kinds of work come in no particular order
  for (const Json& line : lines()) {
    got.insert(line.value("event", "") + " " + line.value("coroutine", "-") + " " +
               line.value("error", ""));
  }
  EXPECT_EQ(got, (std::multiset<std::string>{"coroutine_failed some_work out of luck",
                                             "lane_exception - posted",
                                             "lane_exception - unknown exception"}));
}

}  // namespace
}  // namespace colonnade::base
