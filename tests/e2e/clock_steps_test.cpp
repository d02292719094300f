// The real program on a clock that somebody sets by hours, forward and back, while schedules are
// due and jobs run. libfaketime stands between the program and the clock on the wall; the clock
// that measures time is the machine's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../contract/wire_client.hpp"
#include "base/clock.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using tests::Answer;
using Json = nlohmann::json;

// The library for programs with threads, where Debian's package has it; "" without that package.
std::string faketime_library() {
  std::error_code none;
  for (const auto& folder : std::filesystem::directory_iterator("/usr/lib", none)) {
    const auto library = folder.path() / "faketime/libfaketimeMT.so.1";
    if (std::filesystem::exists(library, none)) return library.string();
  }
  return {};
}

base::Time moment(const std::string& text) {
  return base::parse_rfc3339(text).value_or(base::Time{});
}

class ClockSteps : public testing::Test {
 protected:
  static constexpr const char* config =
      "provider: offline\n"
      "platos:\n"
      "  tasks:\n"
      "    - task_id: tick\n"
      "      name: Tick\n"
      "      handler: agent\n"
      "      agent_id: default\n"
      "      prompt: /say tick\n"
      "    - task_id: slow\n"  // about three seconds, in one attempt
      "      name: Slow\n"
      "      handler: agent\n"
      "      agent_id: default\n"
      "      prompt: \"/tokens 12\\n/slow 250\"\n"
      "      max_retries: 1\n";

  void SetUp() override {
    if (std::string(COLONNADE_REAL_TIMERS).empty()) {
      GTEST_SKIP() << "a sanitizer and libfaketime cannot both stand before the C library";
    }
    library_ = faketime_library();
    if (library_.empty()) {
      GTEST_SKIP() << "libfaketime is not here; ./dev setup test installs it";
    }
  }

  // The server's clock goes on from there, also one that runs already.
  void set_clock(const std::string& to) {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
    const auto offset =
        std::chrono::ceil<std::chrono::seconds>(moment(to) - base::Time{now}).count();
    const std::string text = (offset < 0 ? "" : "+") + std::to_string(offset) + "\n";
    const std::string next = folder_.write("clock.next", text);
    std::filesystem::rename(next, clock_file());  // it is read at any moment
  }
  std::string clock_file() const { return folder_ / "clock"; }

  void start() {
    const Arguments more{"--config", folder_.write("config.yaml", config)};
    const Variables variables{{"LD_PRELOAD", std::string(COLONNADE_REAL_TIMERS) + ":" + library_},
                              {"FAKETIME_TIMESTAMP_FILE", clock_file()},
                              {"FAKETIME_NO_CACHE", "1"},
                              {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
                              {"NO_FAKE_STAT", "1"}};
    server_ = std::make_unique<ServerProcess>(folder_, more, variables);
    ASSERT_TRUE(server_->ready().is_object());
    if (token_.empty()) token_ = server_->ready()["first_token"];
  }

  // --- requests ---

  Answer ask(const std::string& method, const std::string& target, const Json& body = nullptr) {
    net::Headers headers{{"X-Platos-Organization-Id", "main"},
                         {"X-Platos-Project-Id", "main"},
                         {"X-Platos-Environment-Id", "main"},
                         {"X-Platos-User-Id", "ann"}};
    if (!body.is_null()) headers.push_back({"Content-Type", "application/json"});
    return tests::call(server_->port(), {.method = method,
                                         .target = target,
                                         .body = body.is_null() ? std::string() : body.dump(),
                                         .token = token_,
                                         .headers = std::move(headers)});
  }
  Answer platos(const std::string& method, const std::string& path, const Json& body = nullptr) {
    return ask(method, "/api/v1/agent/trigger" + path, body);
  }
  std::string schedule(const std::string& cron) {
    const Answer made =
        platos("POST", "/schedules", {{"taskId", "tick"}, {"cron", cron}, {"payload", {{"a", 1}}}});
    EXPECT_EQ(made.status, 201) << made.body;
    return made.json()["id"];
  }
  // Due every ten minutes from now on.
  void make_routine(const std::string& id, const Json& misfire) {
    const Answer made = ask("POST", "/routines",
                            {{"routine_id", id},
                             {"name", id},
                             {"schedule", {{"interval_seconds", {{"seconds", 600}}}}},
                             {"misfire_policy", misfire},
                             {"entrypoint", "/say tock"},
                             {"requires_approval", false}});
    EXPECT_EQ(made.status, 200) << made.body;
  }
  std::string trigger(const std::string& task, const Json& options = Json::object()) {
    const Answer begun =
        platos("POST", "/tasks/" + task + "/trigger", {{"payload", Json()}, {"options", options}});
    EXPECT_EQ(begun.status, 201) << begun.body;
    return begun.json()["id"];
  }

  // --- what became of it ---

  Json run_of(const std::string& id) { return platos("GET", "/runs/" + id).json(); }
  Json runs() { return platos("GET", "/runs?limit=1000").json()["runs"]; }
  // The due times that have begun a run, in their order.
  std::vector<base::Time> fired(const std::string& schedule_id) {
    std::vector<base::Time> out;
    const Json all = runs();
    for (const Json& run : all) {
      if (run["scheduleId"] != schedule_id) continue;
      out.push_back(moment(run["payload"]["schedule"]["timestamp"]));
    }
    std::ranges::sort(out);
    return out;
  }
  // For how many due times each run of a routine stands, the oldest first.
  std::vector<int> routine_runs(const std::string& id) {
    std::vector<int> out;
    const Answer listed = ask("GET", "/routines/" + id + "/runs?limit=100");
    EXPECT_EQ(listed.status, 200) << listed.body;
    const Json all = listed.json()["runs"];
    for (const Json& run : all) out.push_back(run["run_count"]);
    std::ranges::reverse(out);
    return out;
  }
  std::string next_of(const std::string& schedule_id) {
    const Json all = platos("GET", "/schedules").json()["schedules"];
    for (const Json& one : all) {
      if (one["id"] == schedule_id) return one["nextRunAt"];
    }
    return {};
  }
  void expect_none_within(const std::string& schedule_id, const std::string& from,
                          const std::string& to) {
    for (const base::Time at : fired(schedule_id)) {
      EXPECT_FALSE(at > moment(from) && at < moment(to)) << base::to_rfc3339(at);
    }
  }
  void expect_each_once(const std::string& schedule_id) {
    const std::vector<base::Time> times = fired(schedule_id);
    EXPECT_EQ(std::set(times.begin(), times.end()).size(), times.size());
  }
  // Asks again until it is so, or patience runs out.
  template <class Condition>
  static void until(const char* what, Condition is_so) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!is_so()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << what;
      std::this_thread::yield();
    }
  }
  void until_completed(const char* what, const std::string& id) {
    until(what, [&] { return run_of(id)["isCompleted"].get<bool>(); });
    const Json run = run_of(id);
    EXPECT_EQ(run["status"], "COMPLETED") << run;
    EXPECT_EQ(run["attemptCount"], 1) << run;
  }
  void until_fired_after(const std::string& schedule_id, const std::string& when) {
    until("the schedule fires at the new time", [&] {
      const std::vector<base::Time> times = fired(schedule_id);
      return !times.empty() && times.back() >= moment(when);
    });
  }

  // --- the steps, in their order ---

  void begin();
  void three_hours_forward();
  void two_hours_back();
  void restarted_while_it_is_back();
  void a_day_forward();
  void everything_ends();

  Folder folder_;
  std::string library_;
  std::unique_ptr<ServerProcess> server_;
  std::string token_;
  std::string each_second_;
  std::string ten_minutes_;
  std::string made_later_;  // while the clock was set back
  std::vector<base::Time> fired_before_back_;
};

void ClockSteps::begin() {
  set_clock("2027-03-01T09:01:00Z");
  start();
  each_second_ = schedule("* * * * * *");
  ten_minutes_ = schedule("*/10 * * * *");
  EXPECT_THAT(next_of(ten_minutes_), StartsWith("2027-03-01T09:10:00")) << "libfaketime works";
  make_routine("skipping", {{"type", "skip"}});
  make_routine("counted", {{"type", "catch_up"}, {"max_runs", 1000}});
  until("the schedule fires", [&] { return fired(each_second_).size() >= 2; });
}

// What the step passed is missed: run_once makes the newest good, skip nothing that is older than a
// minute, and catch_up counts. A delay is a date. Who runs meanwhile is not disturbed.
void ClockSteps::three_hours_forward() {
  const std::string in_an_hour = trigger("tick", {{"delay", "1h"}});
  const std::string under_way = trigger("slow");
  until("it runs", [&] { return run_of(under_way)["status"] == "EXECUTING"; });
  EXPECT_EQ(run_of(in_an_hour)["status"], "DELAYED");
  set_clock("2027-03-01T12:06:00Z");
  until_fired_after(each_second_, "2027-03-01T12:06:00Z");
  until("what was missed is counted", [&] { return !routine_runs("counted").empty(); });
  until_completed("the delay is over", in_an_hour);
  until_completed("the run goes on", under_way);
  EXPECT_THAT(fired(ten_minutes_), ElementsAre(moment("2027-03-01T12:00:00Z")));
  EXPECT_THAT(routine_runs("counted"), ElementsAre(18)) << "09:11 to 12:01";
  EXPECT_THAT(routine_runs("skipping"), IsEmpty());
  expect_none_within(each_second_, "2027-03-01T09:05:00Z", "2027-03-01T12:05:59Z");
  expect_each_once(each_second_);
}

// What was due does not come again, and the rest waits for its time; what is new goes by the new
// one.
void ClockSteps::two_hours_back() {
  set_clock("2027-03-01T10:06:00Z");
  made_later_ = schedule("* * * * * *");
  EXPECT_THAT(next_of(made_later_), StartsWith("2027-03-01T10:06"));
  until("a new schedule fires", [&] { return !fired(made_later_).empty(); });
  fired_before_back_ = fired(each_second_);
  EXPECT_GE(moment(next_of(each_second_)), moment("2027-03-01T12:06:00Z"));
  const std::string soon = trigger("tick", {{"delay", "1s"}});
  until_completed("a delay goes by", soon);
  until("it goes on", [&] { return fired(made_later_).size() >= 3; });
  EXPECT_EQ(fired(each_second_), fired_before_back_);
  EXPECT_THAT(fired(made_later_), Each(testing::Lt(moment("2027-03-01T10:20:00Z"))));
}

void ClockSteps::restarted_while_it_is_back() {
  EXPECT_EQ(server_->stop().code, 0);
  start();
  const std::size_t before = fired(made_later_).size();
  until("it goes on", [&] { return fired(made_later_).size() >= before + 2; });
  const std::string now = trigger("tick");
  until_completed("a job is done", now);
  EXPECT_EQ(fired(each_second_), fired_before_back_);
  EXPECT_EQ(fired(ten_minutes_).size(), 1U);
  EXPECT_EQ(routine_runs("counted").size(), 1U);
  expect_each_once(made_later_);
}

void ClockSteps::a_day_forward() {
  const std::string under_way = trigger("slow");
  until("it runs", [&] { return run_of(under_way)["status"] == "EXECUTING"; });
  set_clock("2027-03-02T10:06:30Z");
  until_fired_after(each_second_, "2027-03-02T10:06:30Z");
  until_fired_after(made_later_, "2027-03-02T10:06:30Z");
  until("what was missed is counted", [&] { return routine_runs("counted").size() == 2; });
  until_completed("the run goes on", under_way);
  EXPECT_THAT(fired(ten_minutes_),
              ElementsAre(moment("2027-03-01T12:00:00Z"), moment("2027-03-02T10:00:00Z")));
  EXPECT_THAT(routine_runs("counted"), ElementsAre(18, 132)) << "12:11 to 10:01 of the next day";
  EXPECT_THAT(routine_runs("skipping"), IsEmpty());
  expect_none_within(each_second_, "2027-03-01T12:20:00Z", "2027-03-02T10:06:29Z");
  expect_none_within(made_later_, "2027-03-01T10:20:00Z", "2027-03-02T10:06:29Z");
}

void ClockSteps::everything_ends() {
  for (const std::string& id : {each_second_, ten_minutes_, made_later_}) {
    expect_each_once(id);
    EXPECT_EQ(platos("DELETE", "/schedules/" + id).status, 204);
  }
  until("nothing is stuck", [&] {
    const Json all = runs();
    return std::ranges::all_of(all, [](const Json& run) { return run["isCompleted"].get<bool>(); });
  });
  for (const Json& run : runs()) EXPECT_EQ(run["status"], "COMPLETED") << run;
  until("the routine's runs have ended", [&] {
    const Json all = ask("GET", "/routines/counted/runs?limit=100").json()["runs"];
    return std::ranges::all_of(all, [](const Json& run) { return run["status"] == "completed"; });
  });
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(ClockSteps, NothingFiresTwiceAndNothingIsStuck) {
  ASSERT_NO_FATAL_FAILURE(begin());
  ASSERT_NO_FATAL_FAILURE(three_hours_forward());
  ASSERT_NO_FATAL_FAILURE(two_hours_back());
  ASSERT_NO_FATAL_FAILURE(restarted_while_it_is_back());
  ASSERT_NO_FATAL_FAILURE(a_day_forward());
  ASSERT_NO_FATAL_FAILURE(everything_ends());
}

}  // namespace
}  // namespace colonnade::e2e
