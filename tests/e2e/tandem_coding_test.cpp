// A coding session with the Tandem client on the real server: the model asks for an edit and a
// command in a git repository, a human permits both, the changes are looked at and taken back byte
// for byte. The server is killed while it waits for the human. The model is the vendors' emulator,
// whose turn stands in the prompt (tests/peers/scripted_model.mjs).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../peers/emulator.hpp"
#include "colonnade/tandem.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr std::string_view original_source = "def greeting():\n    return \"Hello\"\n";
constexpr std::string_view edited_source = "def greeting():\n    return \"Hello, world\"\n";

std::string coding_prompt() {
  const std::string command =
      R"sh(printf '\001\002' > data.bin && chmod 644 data.bin && mkdir -p out && )sh"
      R"sh(sed -n 's/.*return "\(.*\)"/\1/p' hello.py > out/said.txt && cat out/said.txt && pwd)sh";
  const Json edit{{"path", "hello.py"}, {"old", "\"Hello\""}, {"new", "\"Hello, world\""}};
  const Json steps = Json::array({
      Json{{"tool", "read"}, {"arguments", Json{{"path", "hello.py"}}}},
      Json{{"tool", "edit"}, {"arguments", edit}},
      Json{{"tool", "bash"}, {"arguments", Json{{"command", command}}}},
      Json{{"text", "Done: {result}"}},
  });
  return "script-please " + steps.dump();
}

class TandemCoding : public testing::Test {
 protected:
  void SetUp() override {
    if (emulator_.url().empty()) {
      GTEST_SKIP() << "no emulator: run `npm ci` in tests/peers (needs node 20)";
    }
    data_.write("config.yaml",
                "provider: openai\nproviders:\n  openai:\n    api_key: test-key\n"
                "    default_model: some-model\n    base_url: " +
                    emulator_.url() + "/v1\n");
    start();
    make_repository();
  }

  void start() {
    server_ = std::make_unique<ServerProcess>(data_, Arguments{"--config", data_ / "config.yaml"});
    ASSERT_TRUE(server_->ready().is_object());
    if (token_.empty()) token_ = server_->ready()["first_token"];
    client_ = std::make_unique<tandem::Client>(
        tandem::Options{.base_url = server_->url(), .token = token_});
  }
  void kill_and_start() {
    server_->process().signal(SIGKILL);
    ASSERT_EQ(server_->process().wait().code, -SIGKILL);
    start();
  }

  std::string git(Arguments words) {
    words.insert(words.begin(), {"git", "-c", "user.name=Peers", "-c", "user.email=p@example.org"});
    // Looking at it changes nothing.
    Process process(words, {{"GIT_OPTIONAL_LOCKS", "0"}, {"GIT_CONFIG_NOSYSTEM", "1"}},
                    repository_.path(), "/usr/bin/env");
    const Process::Ended ended = process.wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ended.out;
  }
  void make_repository() {
    git({"init", "--quiet", "--initial-branch=main"});
    repository_.write("hello.py", original_source);
    const std::string data = repository_.write("data.bin", std::string_view("\0\xff\r\n", 4));
    std::filesystem::permissions(data, std::filesystem::perms(0755));
    git({"add", "."});
    git({"commit", "--quiet", "--message=Begin"});
  }
  // Every file below the repository, git's own included, with its permissions and its bytes.
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> out;
    for (const auto& each : std::filesystem::recursive_directory_iterator(repository_.path())) {
      if (each.is_directory()) continue;
      const auto mode = static_cast<unsigned>(each.status().permissions());
      out[each.path().lexically_relative(repository_.path()).string()] =
          std::to_string(mode) + " " + read_file(each.path().string());
    }
    return out;
  }

  // Reads on behind the last event that was read, up to the next question or to the run's end,
  // which has no id.
  tandem::PermissionRequest read_on(const std::string& session, const std::string& run) {
    for (const auto& event : client_->stream(session, run, {.last_event_id = last_event_id_})) {
      if (event.run_id() != run) continue;
      last_event_id_ = event.id();
      ids_.push_back(event.id());
      if (const auto* piece = event.as<tandem::SessionResponse>()) answer_ += piece->delta;
      if (const auto* result = event.as<tandem::ToolResult>()) results_.push_back(*result);
      if (const auto* end = event.as<tandem::RunFinished>()) status_ = end->status;
      if (const auto* asks = event.as<tandem::PermissionRequest>()) return *asks;
    }
    return {};
  }

  peers::Emulator emulator_;
  Folder data_;
  Folder repository_;
  std::string token_{};
  std::unique_ptr<ServerProcess> server_{};
  std::unique_ptr<tandem::Client> client_{};
  std::string last_event_id_{};
  std::vector<std::string> ids_{};
  std::vector<tandem::ToolResult> results_{};
  std::string answer_{};
  std::string status_{};
};

TEST_F(TandemCoding, AChangeIsPermittedOverAKillAndTakenBack) {
  const auto original = contents();
  const std::string session =
      client_->sessions.create({.title = "Greet the world", .directory = repository_.path()});
  const std::string run = client_->sessions.prompt_async(session, coding_prompt()).run_id;

  const tandem::PermissionRequest edit = read_on(session, run);
  EXPECT_EQ(edit.permission, "edit");
  EXPECT_EQ(edit.args.get<std::string>("/path"), "hello.py");
  EXPECT_EQ(contents(), original) << "nothing is changed before it is permitted";

  ASSERT_NO_FATAL_FAILURE(kill_and_start());
  const auto waiting = client_->permissions.list().requests;
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].id, edit.id) << "the question survived";
  const auto active = client_->sessions.active_run(session).active;
  ASSERT_TRUE(active);
  EXPECT_EQ(active->run_id, run);
  EXPECT_EQ(contents(), original);
  client_->permissions.reply(edit.id, tandem::PermissionReply::allow);

  const tandem::PermissionRequest bash = read_on(session, run);
  EXPECT_EQ(bash.permission, "bash");
  EXPECT_EQ(read_file(repository_ / "hello.py"), edited_source);
  ASSERT_NO_FATAL_FAILURE(kill_and_start());
  client_->permissions.reply(bash.id, tandem::PermissionReply::once);
  EXPECT_EQ(read_on(session, run).id, "") << "nothing else is asked";

  EXPECT_EQ(status_, "completed");
  ASSERT_EQ(results_.size(), 3U) << "each ran once";
  EXPECT_EQ(results_[0].tool, "read");
  EXPECT_EQ(results_[1].tool, "edit");
  EXPECT_EQ(results_[2].tool, "bash");
  for (const auto& result : results_) EXPECT_FALSE(result.error) << *result.error;
  EXPECT_THAT(results_[2].output, HasSubstr("Hello, world\n/workspace")) << "in the sandbox";
  EXPECT_THAT(answer_, StartsWith("Done: "));
  EXPECT_THAT(answer_, HasSubstr("Hello, world"));
  // Over two kills each event came once.
  std::vector<std::string> stored;
  for (const auto& event : client_->run_events(run)) {
    stored.push_back(std::to_string(event.data().get<std::int64_t>("/seq")));
  }
  EXPECT_EQ(ids_, stored);

  const auto changed = contents();
  EXPECT_EQ(read_file(repository_ / "out/said.txt"), "Hello, world\n");
  const auto diff = client_->sessions.diff(session);
  EXPECT_THAT(diff.files, UnorderedElementsAre("data.bin", "hello.py", "out/said.txt"));
  EXPECT_THAT(diff.diff.value_or(""), HasSubstr("\n-    return \"Hello\"\n"));
  EXPECT_THAT(diff.diff.value_or(""), HasSubstr("\n+    return \"Hello, world\"\n"));
  EXPECT_EQ(git({"status", "--porcelain", "--untracked-files=all"}),
            " M data.bin\n M hello.py\n?? out/said.txt\n");

  EXPECT_TRUE(client_->sessions.revert(session).ok);
  EXPECT_EQ(contents(), original);
  EXPECT_TRUE(client_->sessions.unrevert(session).ok);
  EXPECT_EQ(contents(), changed);
  EXPECT_TRUE(client_->sessions.revert(session).ok);
  EXPECT_EQ(contents(), original);
  EXPECT_EQ(git({"status", "--porcelain"}), "");
  EXPECT_EQ(server_->stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
