// A changed policy file counts without anybody being told, however busy the server is.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "colonnade/faramesh.hpp"
#include "colonnade/platos.hpp"
#include "net/testing.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using net::testing::eventually;
using net::testing::RawClient;

class PolicyReload : public testing::Test {
 protected:
  void start(const Arguments& more = {}) {
    Arguments arguments{"--policy-file", write_policy("deny", "first")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_ = std::make_unique<ServerProcess>(folder_, arguments);
    ASSERT_TRUE(server_->ready().is_object()) << server_->process().wait().err;
    token_ = server_->ready()["first_token"];
  }
  std::string write_policy(const std::string& effect, const std::string& description) const {
    return folder_.write("policy.yaml", "rules:\n  - match: {tool: http}\n    " + effect +
                                            ": true\n    description: " + description + "\n");
  }
  faramesh::GateDecision decide() const {
    faramesh::Options options;
    options.base_url = server_->url();
    options.token = token_;
    return faramesh::Client(options).gate_decide(
        {.agent_id = "bot", .tool = "http", .operation = "get"});
  }
  platos::Client platos_client() const {
    platos::Options options;
    options.base_url = server_->url();
    options.api_key = token_;
    options.scope = {.organization_id = "acme", .project_id = "shop", .environment_id = "live"};
    options.default_user = "root";
    return platos::Client(options);
  }
  RawClient search() const {
    RawClient out(server_->port());
    out.send(
        "GET /api/v1/threads/search?q=x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
        token_ + "\r\n\r\n");
    return out;
  }
  static bool is_answered(const RawClient& client) {
    pollfd polled{.fd = client.descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, 0) != 0;
  }

  const Folder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::string token_;
};

TEST_F(PolicyReload, AChangedFileCountsWithoutASignal) {
  start();
  EXPECT_EQ(decide().outcome, faramesh::Outcome::halt);
  write_policy("allow", "second");
  EXPECT_TRUE(eventually([&] { return decide().outcome == faramesh::Outcome::execute; }));
  EXPECT_EQ(server_->stop().code, 0);
}

// A pipe in a file's place: whoever reads it waits until it is let go.
class HeldFile {
 public:
  explicit HeldFile(std::string path) : path_(std::move(path)) {
    std::filesystem::remove(path_);
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  }
  ~HeldFile() { let_go(); }
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;

  void let_go() {
    if (let_go_) return;
    let_go_ = true;
    EXPECT_TRUE(eventually([&] {
      const int writer = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      if (writer >= 0) ::close(writer);
      return writer >= 0;  // there is a reader
    })) << "nobody reads the file";
  }

 private:
  std::string path_;
  bool let_go_ = false;
};

// The only worker reads an attachment that does not come, and searches wait behind it.
TEST_F(PolicyReload, AChangedFileCountsWhileNoWorkerIsFree) {
  start({"--worker-threads", "1"});
  const platos::Client client = platos_client();
  const auto agent = client.agents.create({.name = "Ann"});
  const auto thread = client.threads.create({.agent_id = agent.id});
  const auto file = client.attachments.upload("a,b\n", {.mime_type = "text/csv", .name = "a.csv"});
  const std::string attachments = server_->ready()["data_dir"].get<std::string>() + "/attachments";
  const std::string path = std::filesystem::directory_iterator(attachments)->path();
  std::jthread asking;  // ends after the file was let go
  HeldFile held(path);
  asking = std::jthread([&] {
    try {
      client.threads.ask(thread.id, "/say Read.", {.attachment_ids = {file.id}});
    } catch (const colonnade::Error&) {
      // What it reads is no attachment any more.
    }
  });
  // The first rounds may come before the worker began to read.
  std::string hash = decide().policy_hash.value_or("");
  for (int round = 0;; ++round) {
    ASSERT_LT(round, 10) << "the worker does not read the attachment";
    const RawClient waiting = search();
    write_policy("allow", "round " + std::to_string(round));
    ASSERT_TRUE(eventually([&] { return decide().policy_hash != hash; })) << "round " << round;
    if (!is_answered(waiting)) break;
    hash = decide().policy_hash.value_or("");
  }
  EXPECT_EQ(decide().outcome, faramesh::Outcome::execute);
  RawClient later = search();
  held.let_go();
  EXPECT_EQ(net::testing::status_of(later.read_response()), 200);
  asking.join();
  EXPECT_EQ(server_->stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
