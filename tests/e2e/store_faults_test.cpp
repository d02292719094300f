// The real program while its disk fails: a small file system that is full, and a disk that does not
// confirm what was written. Nothing is restarted.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "../contract/wire_client.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using Json = nlohmann::json;
using tests::Answer;

class StoreFaults : public testing::Test {
 protected:
  void serve(const Arguments& more, const std::string& program = COLONNADE_PROGRAM,
             const Arguments& before = {}) {
    server_ = std::make_unique<ServerProcess>(folder_, more, Variables{}, program, before);
    ASSERT_TRUE(server_->ready().is_object()) << server_->stop().err;
    token_ = server_->ready()["first_token"];
  }
  Answer call(const std::string& method, const std::string& target, const Json& body = {}) {
    tests::Call out{.method = method, .target = target, .token = token_};
    if (!body.is_null()) {
      out.body = body.dump();
      out.headers.push_back({"Content-Type", "application/json"});
    }
    return tests::call(server_->port(), out);
  }
  std::string new_thread() {
    const Answer made = call("POST", "/api/v1/threads", Json::object());
    EXPECT_EQ(made.status, 200) << made.body;
    return made.status == 200 ? Json::parse(made.body)["id"].get<std::string>() : "";
  }
  Answer send(const std::string& thread, const std::string& text) {
    return call("POST", "/api/v1/threads/" + thread + "/messages", {{"text", text}});
  }
  // The result of a tool of the MCP server.
  Json mcp(const std::string& tool, const Json& arguments) {
    const Json meta = {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                       {"io.modelcontextprotocol/clientCapabilities", Json::object()}};
    const Json message = {{"jsonrpc", "2.0"},
                          {"id", 1},
                          {"method", "tools/call"},
                          {"params", {{"name", tool}, {"arguments", arguments}, {"_meta", meta}}}};
    const Answer answer =
        tests::call(server_->port(), {.method = "POST",
                                      .target = "/api/mcp",
                                      .body = message.dump(),
                                      .token = token_,
                                      .headers = {{"MCP-Protocol-Version", "2026-07-28"},
                                                  {"Mcp-Method", "tools/call"},
                                                  {"Mcp-Name", tool}}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return Json::parse(answer.body).at("result");
  }
  // Asks until the answer has the status. The requests of one client are the clock here.
  Answer await_ready(int status) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
      Answer answer = call("GET", "/api/v1/ready");
      if (answer.status == status) return answer;
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "ready still answers " << answer.status << ": " << answer.body;
        return answer;
      }
    }
  }
  void await_running(const std::string& thread, bool running) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const Answer view = call("GET", "/api/v1/threads/" + thread);
      if (view.status == 200 && Json::parse(view.body)["running"] == running) return;
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << thread << " is still as it was: " << view.body;
        return;
      }
    }
  }
  // In each dialect's own words, with the time to wait.
  void expect_new_work_is_refused(const std::string& reason) {
    const Answer fathom = call("POST", "/api/v1/threads", Json::object());
    EXPECT_EQ(fathom.status, 503) << fathom.body;
    EXPECT_NE(fathom.header("Retry-After"), "");
    EXPECT_NE(Json::parse(fathom.body)["error"].get<std::string>().find(reason), std::string::npos)
        << fathom.body;
    const Answer phoson = call("POST", "/v1/agents", {{"name", "a"}, {"description", "d"}});
    EXPECT_EQ(phoson.status, 503) << phoson.body;
    EXPECT_NE(phoson.header("Retry-After"), "");
    EXPECT_TRUE(Json::parse(phoson.body).contains("detail")) << phoson.body;
    const Answer faramesh = call(
        "POST", "/v1/actions",
        {{"agent_id", "a"}, {"tool", "http"}, {"operation", "get"}, {"params", Json::object()}});
    EXPECT_EQ(faramesh.status, 503) << faramesh.body;
    EXPECT_NE(faramesh.header("Retry-After"), "");
    EXPECT_TRUE(Json::parse(faramesh.body).contains("detail")) << faramesh.body;
  }
  // Also `doctor` and Faramesh's route say it.
  void expect_told(const Answer& not_ready, const std::string& state, const std::string& reason) {
    const std::string text = Json::parse(not_ready.body)["error"];
    EXPECT_NE(text.find(state), std::string::npos) << text;
    EXPECT_NE(text.find(reason), std::string::npos) << text;
    const Answer faramesh = call("GET", "/ready");
    EXPECT_EQ(faramesh.status, 503);
    EXPECT_NE(faramesh.body.find(state), std::string::npos) << faramesh.body;
    const auto doctor = run({"doctor", "--data-dir", data_dir_, "--json"}, folder_);
    EXPECT_EQ(doctor.code, 1);
    bool told = false;
    for (const Json& finding : Json::parse(doctor.out)["findings"]) {
      if (finding["check"] != "server") continue;
      told = true;
      EXPECT_EQ(finding["health"], "failure");
      EXPECT_NE(finding["message"].get<std::string>().find(state), std::string::npos) << finding;
    }
    EXPECT_TRUE(told) << doctor.out;
  }

  Folder folder_;
  std::string data_dir_;
  std::string token_;
  std::unique_ptr<ServerProcess> server_;
};

// A file system of its own, as small as a test can fill.
class SmallFileSystem {
 public:
  explicit SmallFileSystem(std::string path) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    if (::mount("colonnade", path_.c_str(), "tmpfs", 0, "size=8m,mode=0700") != 0) failed_ = errno;
  }
  ~SmallFileSystem() {
    if (failed_ == 0) ::umount2(path_.c_str(), MNT_DETACH);
  }
  int failed() const { return failed_; }
  const std::string& path() const { return path_; }
  // Until not one byte more fits.
  void fill() {
    std::ofstream file(path_ + "/fill", std::ios::binary);
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void free() { std::filesystem::remove(path_ + "/fill"); }

 private:
  std::string path_;
  int failed_ = 0;
};

TEST_F(StoreFaults, AFullDiskIsToldAndPassesWithoutARestart) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may mount a small file system";
  SmallFileSystem disk(folder_ / "small");
  if (disk.failed() != 0) GTEST_SKIP() << "no tmpfs here: " << std::strerror(disk.failed());
  data_dir_ = disk.path() + "/data";
  serve({"--data-dir", data_dir_});
  std::vector<std::string> threads;
  for (int i = 0; i < 10; ++i) {
    threads.push_back(new_thread());
    ASSERT_EQ(send(threads.back(), "/say before").status, 200);
  }
  disk.fill();
  // What is left inside the files that are there already is used up.
  while (call("POST", "/api/v1/threads", Json::object()).status == 200) {
  }
  const Answer not_ready = await_ready(503);
  expect_told(not_ready, "cannot write", "no space");
  EXPECT_NE(not_ready.header("Retry-After"), "");
  expect_new_work_is_refused("no space");
  for (const std::string& thread : threads) {
    EXPECT_EQ(call("GET", "/api/v1/threads/" + thread).status, 200) << "reads go on";
    EXPECT_EQ(send(thread, "/say never").status, 503);
  }
  disk.free();
  await_ready(200);
  for (const std::string& thread : threads) {
    const Answer said = send(thread, "/say after");
    EXPECT_EQ(said.status, 200) << said.body;
    const Json view = Json::parse(call("GET", "/api/v1/threads/" + thread).body);
    EXPECT_EQ(view["running"], false);
    EXPECT_EQ(view["messages"].size(), 4U) << "what was refused left nothing";
  }
  EXPECT_EQ(server_->stop().code, 0);
}

// That a run was cancelled is an answer only once it is stored; until then there is an error, and
// at once.
TEST_F(StoreFaults, ACancelOverMcpIsAnErrorWhileTheDiskIsFull) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may mount a small file system";
  SmallFileSystem disk(folder_ / "small");
  if (disk.failed() != 0) GTEST_SKIP() << "no tmpfs here: " << std::strerror(disk.failed());
  data_dir_ = disk.path() + "/data";
  serve({"--data-dir", data_dir_});
  const std::string run_id = mcp("start_run", {{"message", "/slow 1000\n/tokens 4000"}})
                                 .at("structuredContent")
                                 .at("run_id");
  disk.fill();
  while (call("POST", "/api/v1/threads", Json::object()).status == 200) {
  }
  await_ready(503);
  const Json refused = mcp("cancel_run", {{"run_id", run_id}});
  EXPECT_EQ(refused.at("isError"), true) << refused;
  const std::string told = refused.at("content").at(0).at("text");
  EXPECT_NE(told.find("its end cannot be stored just now"), std::string::npos) << told;
  EXPECT_NE(told.find("no space"), std::string::npos) << told;
  disk.free();
  await_ready(200);
  // What was asked for happens, without being asked again.
  const auto end = std::chrono::steady_clock::now() + patience;
  Json state;
  while (state != "cancelled" && std::chrono::steady_clock::now() < end) {
    state = mcp("read_run", {{"run_id", run_id}}).at("structuredContent").at("state");
  }
  EXPECT_EQ(state, "cancelled");
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(StoreFaults, ADiskThatDoesNotSyncIsToldAndPassesWithoutARestart) {
  const std::string fault = folder_ / "fault";
  data_dir_ = folder_ / "data";
  serve({"--data-dir", data_dir_}, COLONNADE_FAULT_RUNNER, {fault, COLONNADE_PROGRAM});
  const std::string thread = new_thread();
  ASSERT_EQ(send(thread, "/say before").status, 200);
  folder_.write("fault", "");
  EXPECT_EQ(send(thread, "/say never").status, 503);
  const Answer not_ready = await_ready(503);
  expect_told(not_ready, "cannot sync", "does not confirm");
  EXPECT_NE(not_ready.header("Retry-After"), "");
  expect_new_work_is_refused("does not confirm");
  EXPECT_EQ(Json::parse(call("GET", "/api/v1/threads/" + thread).body)["messages"].size(), 2U)
      << "nobody is shown what is not durable";
  std::filesystem::remove(fault);
  await_ready(200);
  EXPECT_EQ(send(thread, "/say after").status, 200);
  EXPECT_EQ(server_->stop().code, 0);
  EXPECT_EQ(run({"doctor", "--data-dir", data_dir_}, folder_).out.find("problems"),
            std::string::npos);
}

// Somebody overwrites half of the file while it is served. It does not pass, so nobody is told to
// come back.
TEST_F(StoreFaults, ADamagedStoreIsTold) {
  data_dir_ = folder_ / "data";
  serve({"--data-dir", data_dir_});
  std::vector<std::string> threads;
  for (int i = 0; i < 8; ++i) {
    threads.push_back(new_thread());
    ASSERT_EQ(send(threads.back(), "/say " + std::string(30'000, 'x')).status, 200);
  }
  ASSERT_EQ(server_->stop().code, 0);
  server_ = std::make_unique<ServerProcess>(folder_, Arguments{"--data-dir", data_dir_});
  ASSERT_TRUE(server_->ready().is_object()) << server_->stop().err;
  EXPECT_EQ(call("GET", "/api/v1/ready").status, 200);
  const std::string path = data_dir_ + "/colonnade.db";
  const std::size_t kept = std::filesystem::file_size(path) / 2;
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(kept));
  file << std::string(kept, '\x5a') << std::flush;
  for (const std::string& thread : threads) call("GET", "/api/v1/threads/" + thread);
  const Answer not_ready = await_ready(503);
  expect_told(not_ready, "the store is damaged since ", "restore a backup");
  EXPECT_EQ(not_ready.header("Retry-After"), "");
  const Answer refused = call("POST", "/api/v1/threads", Json::object());
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "");
  EXPECT_NE(refused.body.find("the store is damaged: "), std::string::npos) << refused.body;
}

// Ten runs are under way while the disk fills up: none leaves a thread that cannot be used.
TEST_F(StoreFaults, RunsThatMeetAFullDiskEndByThemselvesOnceThereIsSpace) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may mount a small file system";
  SmallFileSystem disk(folder_ / "small");
  if (disk.failed() != 0) GTEST_SKIP() << "no tmpfs here: " << std::strerror(disk.failed());
  data_dir_ = disk.path() + "/data";
  serve({"--data-dir", data_dir_});
  std::vector<std::string> threads;
  for (int i = 0; i < 10; ++i) threads.push_back(new_thread());
  std::vector<std::thread> senders;
  for (const std::string& thread : threads) {
    senders.emplace_back([this, thread] { send(thread, "/slow 10\n/tokens 60"); });
  }
  for (const std::string& thread : threads) await_running(thread, true);
  disk.fill();
  while (call("POST", "/api/v1/threads", Json::object()).status == 200) {
  }
  await_ready(503);
  disk.free();
  await_ready(200);
  for (std::thread& sender : senders) sender.join();
  for (const std::string& thread : threads) {
    await_running(thread, false);
    const Answer said = send(thread, "/say after");
    EXPECT_EQ(said.status, 200) << said.body;
  }
  EXPECT_EQ(server_->stop().code, 0);
}

// The disk stops confirming while a run is about to end: its answer is stored as soon as it
// confirms again.
TEST_F(StoreFaults, ARunWhoseEndDoesNotSyncEndsOnceTheDiskSyncs) {
  const std::string fault = folder_ / "fault";
  data_dir_ = folder_ / "data";
  serve({"--data-dir", data_dir_}, COLONNADE_FAULT_RUNNER, {fault, COLONNADE_PROGRAM});
  const std::string thread = new_thread();
  Answer said;
  std::thread sender([&] { said = send(thread, "/slow 5\n/tokens 60"); });
  await_running(thread, true);
  folder_.write("fault", "");
  await_ready(503);
  std::filesystem::remove(fault);
  await_ready(200);
  sender.join();
  EXPECT_EQ(said.status, 200) << said.body;
  await_running(thread, false);
  EXPECT_EQ(Json::parse(call("GET", "/api/v1/threads/" + thread).body)["messages"].size(), 2U);
  EXPECT_EQ(send(thread, "/say after").status, 200);
  EXPECT_EQ(server_->stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
