// Background jobs of the real program: tasks of the configuration, schedules, commands, and a kill
// in the middle of all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../contract/wire_client.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using tests::Answer;
using Json = nlohmann::json;

class JobsOfTheProgram : public testing::Test {
 protected:
  static constexpr const char* config =
      "provider: offline\n"
      "platos:\n"
      "  tasks:\n"
      "    - task_id: greet\n"
      "      name: Greet\n"
      "      handler: agent\n"
      "      agent_id: default\n"
      "      prompt: /say hello {{payload.name}}\n"
      "      max_retries: 20\n";

  void start() {
    const Arguments more{"--config", folder_.write("config.yaml", config)};
    server_ = std::make_unique<ServerProcess>(folder_, more);
    ASSERT_TRUE(server_->ready().is_object());
    if (token_.empty()) token_ = server_->ready()["first_token"];
  }
  void kill_it() {
    server_->process().signal(SIGKILL);
    EXPECT_EQ(server_->process().wait().code, -SIGKILL);
    server_.reset();
  }
  Answer ask(const std::string& method, const std::string& path, const std::string& body = {}) {
    net::Headers headers{{"X-Platos-Organization-Id", "main"},
                         {"X-Platos-Project-Id", "main"},
                         {"X-Platos-Environment-Id", "main"},
                         {"X-Platos-User-Id", "ann"}};
    if (!body.empty()) headers.push_back({"Content-Type", "application/json"});
    return tests::call(server_->port(), {.method = method,
                                         .target = "/api/v1/agent" + path,
                                         .body = body,
                                         .token = token_,
                                         .headers = std::move(headers)});
  }
  std::string trigger(const std::string& name, const Json& options = Json::object()) {
    const Json body = {{"payload", {{"name", name}}}, {"options", options}};
    const Answer begun = ask("POST", "/trigger/tasks/greet/trigger", body.dump());
    EXPECT_EQ(begun.status, 201) << begun.body;
    return begun.json()["id"];
  }
  Json runs(const std::string& query = "?limit=1000") {
    return ask("GET", "/trigger/runs" + query).json()["runs"];
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

  Folder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::string token_;
};

TEST_F(JobsOfTheProgram, NothingIsLostOrDoneTwiceOverAKill) {
  start();
  const Json schedule = {{"taskId", "greet"}, {"cron", "* * * * * *"}, {"payload", {{"tick", 1}}}};
  const Answer scheduled = ask("POST", "/trigger/schedules", schedule.dump());
  ASSERT_EQ(scheduled.status, 201) << scheduled.body;
  std::set<std::string> triggered;
  for (int i = 0; i < 40; ++i) triggered.insert(trigger("number " + std::to_string(i)));
  const auto scheduled_runs = [&] {
    std::vector<Json> out;
    for (const Json& run : runs()) {
      if (!run["scheduleId"].is_null()) out.push_back(run);
    }
    return out;
  };
  until("the schedule fires", [&] { return !scheduled_runs().empty(); });
  kill_it();
  start();
  const std::size_t before = scheduled_runs().size();
  until("the schedule goes on", [&] { return scheduled_runs().size() > before + 1; });
  const std::string schedule_id = scheduled.json()["id"];
  ASSERT_EQ(ask("DELETE", "/trigger/schedules/" + schedule_id).status, 204);
  until("all runs end", [&] {
    for (const Json& run : runs()) {
      if (!run["isCompleted"].get<bool>()) return false;
    }
    return true;
  });
  std::set<std::string> due;
  std::set<std::string> threads;
  for (const Json& run : runs()) {
    EXPECT_EQ(run["status"], "COMPLETED") << run;
    triggered.erase(run["id"].get<std::string>());
    const std::string thread = run["output"]["threadId"];
    EXPECT_TRUE(threads.insert(thread).second) << "two runs in a thread: " << run;
    // What was asked, once, and its answer.
    const Answer said = ask("GET", "/threads/" + thread + "/messages");
    EXPECT_EQ(said.json()["messages"].size(), 2U) << said.body;
    if (run["scheduleId"].is_null()) continue;
    const std::string at = run["payload"]["schedule"]["timestamp"];
    EXPECT_TRUE(due.insert(at).second) << "fired twice for " << at;
  }
  EXPECT_TRUE(triggered.empty()) << triggered.size() << " are lost";
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(JobsOfTheProgram, CommandsListShowCancelAndReplay) {
  start();
  const std::string later = trigger("later", {{"delay", "1h"}});
  const std::string soon = trigger("Ann");
  until("the run ends",
        [&] { return ask("GET", "/trigger/runs/" + soon).json()["status"] == "COMPLETED"; });
  const auto tasks = run({"tasks", "list"}, folder_);
  EXPECT_EQ(tasks.code, 0) << tasks.err;
  EXPECT_EQ(tasks.out, "greet  agent default  manual  configured\n");
  const auto failed = run({"jobs", "list", "--state", "failed"}, folder_);
  EXPECT_EQ(failed.out, "There are no such jobs.\n") << failed.err;
  const auto listed = run({"jobs", "list", "--task", "greet", "--json"}, folder_);
  ASSERT_EQ(listed.code, 0) << listed.err;
  std::map<std::string, std::string> states;
  const Json rows = Json::parse(listed.out);
  for (const Json& row : rows["jobs"]) states[row["id"]] = row["state"];
  EXPECT_EQ(states, (std::map<std::string, std::string>{{later, "delayed"}, {soon, "done"}}));
  const Json shown = Json::parse(run({"jobs", "show", soon}, folder_).out);
  EXPECT_EQ(shown["output"]["text"], "hello Ann");
  EXPECT_EQ(run({"jobs", "cancel", later}, folder_).out, "It is cancelled.\n");
  const auto again = run({"jobs", "replay", soon, "--json"}, folder_);
  EXPECT_EQ(Json::parse(again.out)["replay_of"], soon) << again.err;
  const auto missing = run({"jobs", "show", "nothing"}, folder_);
  EXPECT_NE(missing.code, 0);
  EXPECT_THAT(missing.err, HasSubstr("there is no job"));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(JobsOfTheProgram, ATaskOfTheConfigurationThatIsNoneKeepsItFromStarting) {
  const std::string file = folder_.write(
      "wrong.yaml", std::string(config) + "      trigger: schedule\n      cron: often\n");
  const auto ended =
      run({"serve", "--config", file, "--listen", "127.0.0.1:0", "--data-dir", folder_ / "data"},
          folder_);
  EXPECT_NE(ended.code, 0);
  EXPECT_THAT(ended.err, HasSubstr("platos.tasks: greet"));
}

}  // namespace
}  // namespace colonnade::e2e
