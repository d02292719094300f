// Two paired devices on one thread, and a server that dies under them.
#include <gtest/gtest.h>

#include <algorithm>

#include "../contract/wire_client.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using tests::Answer;
using tests::WireEvent;
using tests::WireStream;
using Json = nlohmann::json;

std::string text_of(const std::vector<WireEvent>& events) {
  std::string out;
  for (const WireEvent& event : events)
    out += event.id + " " + event.name + " " + event.data + "\n";
  return out;
}

std::int64_t id_of(const WireEvent& event) { return std::stoll(event.id); }

class PairedDevices : public testing::Test {
 protected:
  // Shows a code with the operator's token and claims it as a device does, without any.
  std::string pair(const std::string& name) {
    const std::string code = Json::parse(run({"pair", "start", "--json"}, folder_).out)["code"];
    const Answer claimed = call({.method = "POST",
                                 .target = "/api/v1/pair/claim",
                                 .body = Json{{"code", code}, {"device_name", name}}.dump(),
                                 .token = {}});
    EXPECT_EQ(claimed.status, 200) << claimed.body;
    return claimed.json()["token"];
  }
  Answer call(tests::Call what) { return tests::call(server_->port(), what); }
  WireStream follow(const std::string& thread, const std::string& token, const std::string& after) {
    return WireStream(
        server_->port(),
        {.target = "/api/v1/threads/" + thread + "/stream?resume=1",
         .token = token,
         .headers = after.empty() ? net::Headers{} : net::Headers{{"Last-Event-ID", after}}});
  }
  void start() {
    server_ = std::make_unique<ServerProcess>(folder_);
    ASSERT_TRUE(server_->ready().is_object());
  }

  Folder folder_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(PairedDevices, SeeTheSameAndMissNothingWhenTheServerIsKilled) {
  start();
  const std::string phone = pair("phone");
  const std::string laptop = pair("laptop");
  ASSERT_NE(phone, laptop);
  const std::string thread = call({.method = "POST",
                                   .target = "/api/v1/threads",
                                   .body = R"({"title":"shared"})",
                                   .token = phone})
                                 .json()["id"];

  // One sends, both see the same events: identical bytes, ids included.
  std::string seen;
  {
    WireStream on_phone = follow(thread, phone, "");
    WireStream on_laptop = follow(thread, laptop, "");
    ASSERT_EQ(on_phone.next()->name, "ready");
    ASSERT_EQ(on_laptop.next()->name, "ready");
    const Answer answer = call({.method = "POST",
                                .target = "/api/v1/threads/" + thread + "/messages",
                                .body = R"({"text":"/say hello to both"})",
                                .token = phone});
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto first = on_phone.until("agent_done");
    EXPECT_EQ(text_of(first), text_of(on_laptop.until("agent_done")));
    EXPECT_EQ(first.front().name, "user_message");
    seen = first.back().id;
  }

  // A long answer; the server is killed in its middle.
  std::vector<WireEvent> before;
  {
    WireStream on_laptop = follow(thread, laptop, seen);
    ASSERT_EQ(on_laptop.next()->name, "ready");
    tests::WireConnection sender(server_->port());
    sender.send({.method = "POST",
                 .target = "/api/v1/threads/" + thread + "/messages",
                 .body = R"({"text":"/slow 20\n/tokens 60"})",
                 .token = phone});
    for (int deltas = 0; deltas < 5;) {
      before.push_back(*on_laptop.next());
      if (before.back().name == "agent_delta") ++deltas;
    }
    server_->process().signal(SIGKILL);
    EXPECT_EQ(server_->process().wait().code, -SIGKILL);
  }
  start();
  EXPECT_EQ(server_->ready()["recovered_runs"], 1);

  // The laptop goes on where it was; the phone, which saw nothing of it, reads all of it.
  WireStream on_laptop = follow(thread, laptop, before.back().id);
  WireStream on_phone = follow(thread, phone, seen);
  ASSERT_EQ(on_laptop.next()->name, "ready");
  ASSERT_EQ(on_phone.next()->name, "ready");
  std::vector<WireEvent> resumed = before;
  for (WireEvent& event : on_laptop.until("agent_done")) resumed.push_back(std::move(event));
  const auto whole = on_phone.until("agent_done");
  EXPECT_EQ(text_of(resumed), text_of(whole));
  for (std::size_t i = 1; i < whole.size(); ++i) EXPECT_LT(id_of(whole[i - 1]), id_of(whole[i]));
  const Json last = whole.back().json();
  EXPECT_EQ(last["message"]["role"], "agent");
  const Json shown = call({.target = "/api/v1/threads/" + thread, .token = phone}).json();
  EXPECT_EQ(shown["messages"].size(), 4U);
  EXPECT_EQ(shown["messages"][3], last["message"]);
  EXPECT_EQ(shown["running"], false);
}

// The contract lets a device have any name; a list shows it on its own row, as what it is.
TEST_F(PairedDevices, ANameStaysInItsRow) {
  start();
  pair("lamp\n0a1b2c3d4e5f  last seen never  fake\u202E\u009b2J");
  const auto listed = run({"devices", "list"}, folder_);
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_TRUE(
      listed.out.ends_with("  lamp\\n0a1b2c3d4e5f  last seen never  fake\\u{202E}\\u{9B}2J\n"))
      << listed.out;
  EXPECT_EQ(std::ranges::count(listed.out, '\n'), 1);
  const auto devices = Json::parse(run({"devices", "list", "--json"}, folder_).out)["devices"];
  EXPECT_EQ(devices[0]["name"], "lamp\n0a1b2c3d4e5f  last seen never  fake\u202E\u009b2J");
  EXPECT_EQ(server_->stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
