// The trail signs itself, goes on where it was, and says when the store is not the one it signed.
#include "core/governance/audit_signer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/access/limits.hpp"
#include "core/access/login_failures.hpp"
#include "core/events/background_commits.hpp"
#include "core/governance/audit_log.hpp"
#include "core/threads/erasure.hpp"
#include "core/tools/tool_servers.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;

class AuditSignerTest : public ::testing::Test {
 protected:
  AuditSignerTest() { engine_.feed.listen(stored_); }
  void add(const std::string& subject) {
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(AppendAudit{
        {.kind = std::string(audit_kind::policy), .actor = "system", .subject = subject}});
    ASSERT_TRUE(engine_.run(engine_.feed.commit(std::move(unit))));
  }
  std::unique_ptr<AuditSigner> new_signer() {
    return std::make_unique<AuditSigner>(
        AuditSignerDependencies{.store = *engine_.store,
                                .feed = engine_.feed,
                                .clock = engine_.clock,
                                .key = key_,
                                .note = [this](const AuditHead& head) { noted_ = head; }});
  }
  std::vector<AuditRecord> trail() { return *engine_.run(engine_.store->audit(0, 1000)); }
  static base::Json text_of(const AuditRecord& record) { return base::Json::parse(record.text); }

  // Woken by every commit.
  class Stored final : public FeedListener {
   public:
    void committed() override {
      ++commits_;
      commits_.notify_all();
    }
    void wait_until(const std::function<bool()>& condition) {
      for (int seen = commits_; !condition(); seen = commits_) commits_.wait(seen);
    }

   private:
    std::atomic<int> commits_{0};
  };

  Stored stored_;
  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
  BackgroundCommits commits_{engine_.feed, engine_.lanes[0]};
  base::SigningKey key_ = base::SigningKey::make();
  std::optional<AuditHead> noted_;
};

TEST_F(AuditSignerTest, SignsWhatWasAddedAndNothingTwice) {
  const auto signer = new_signer();
  ASSERT_TRUE(engine_.run(signer->sign()));
  EXPECT_TRUE(trail().empty()) << "nothing to sign";
  add("a");
  add("b");
  ASSERT_TRUE(engine_.run(signer->sign()));
  ASSERT_TRUE(engine_.run(signer->sign()));
  const auto records = trail();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[2].kind, audit_kind::signature);
  const auto head = signed_head_in(text_of(records[2]));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->head.seq, 2);
  EXPECT_EQ(head->head.hash, records[1].hash);
  EXPECT_EQ(head->key, key_.verifying_key().hex());
  EXPECT_TRUE(key_.verifying_key().accepts(signed_text(head->head), head->signature));
  AuditTree tree;
  tree.add(records[0].hash);
  tree.add(records[1].hash);
  EXPECT_EQ(head->head.root, tree.root());
  ASSERT_TRUE(noted_);
  EXPECT_EQ(noted_->seq, 2);
}

TEST_F(AuditSignerTest, GoesOnAfterARestart) {
  add("a");
  ASSERT_TRUE(engine_.run(new_signer()->sign()));
  add("b");
  const auto again = new_signer();
  ASSERT_TRUE(engine_.run(again->sign()));
  const auto records = trail();
  ASSERT_EQ(records.size(), 4U);
  AuditTree tree;
  for (std::size_t i = 0; i < 3; ++i) tree.add(records[i].hash);
  const auto head = signed_head_in(text_of(records[3]));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->head.root, tree.root());
  EXPECT_EQ(head->head.seq, 3);
}

TEST_F(AuditSignerTest, AStoreThatHasNotWhatWasSignedIsRecordedAsRestored) {
  add("a");
  const auto signer = new_signer();
  ASSERT_TRUE(engine_.run(signer->sign()));
  ASSERT_TRUE(engine_.run(signer->compare({.seq = noted_->seq, .hash = noted_->hash})));
  EXPECT_EQ(trail().size(), 2U) << "it is the same store";
  ASSERT_TRUE(engine_.run(signer->compare({.seq = 77, .hash = noted_->hash})));
  ASSERT_TRUE(engine_.run(signer->compare({.seq = 1, .hash = std::string(64, '0')})));
  const auto records = trail();
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[2].kind, audit_kind::restore);
  EXPECT_EQ(text_of(records[2])["details"]["noted_seq"], 77);
  EXPECT_EQ(text_of(records[3])["details"]["found_hash"], records[0].hash);
}

TEST_F(AuditSignerTest, FailedLoginsAreBoundedForEachAddressAndInAll) {
  AuditLog log(commits_);
  base::ManualClock clock;
  LoginFailures failures(log, clock);
  for (int i = 0; i < 50; ++i) failures.add("10.0.0.1", "token");
  for (int i = 0; i < 2; ++i) failures.add("10.0.0.2", "pairing_code");
  add("behind them");  // committed after what was appended before
  auto records = trail();
  ASSERT_EQ(records.size(), limits::login_failures_per_address + 3);
  EXPECT_EQ(records[0].subject, "10.0.0.1");
  const base::Json next = text_of(records[limits::login_failures_per_address]);
  EXPECT_EQ(next["details"]["address"], "10.0.0.2");
  EXPECT_EQ(next["details"]["not_recorded_before"], 40);
  for (std::size_t i = 0; i < 2 * limits::login_failures_max; ++i) {
    failures.add("10.1.0." + std::to_string(i), "token");
  }
  add("behind them");
  records = *engine_.run(engine_.store->audit(0, 10 * limits::login_failures_max));
  EXPECT_EQ(records.size(), limits::login_failures_max + 2);
  clock.advance(limits::login_failure_window);
  failures.add("10.0.0.1", "token");
  add("behind it");
  EXPECT_EQ(engine_.run(engine_.store->audit(0, 10 * limits::login_failures_max))->size(),
            limits::login_failures_max + 4);
}

// A disk that is full for a while loses no record; an older state of a server does not replace a
// newer one.
TEST_F(AuditSignerTest, WhatNobodyWaitsForIsStoredWhenTheStoreWorksAgain) {
  const Principal alice(Scope::main(), "alice", UserRole::operator_role);
  base::SecretBox box{base::SecretBox::Key{}};
  ToolServers servers(*engine_.store, engine_.agents, engine_.feed, commits_, engine_.clock, box,
                      {});
  const auto server = engine_.run(servers.create(
      alice, {.name = "away", .transport = ToolServerTransport::http, .url = "https://h/mcp"}));
  ASSERT_TRUE(server);
  AuditLog log(commits_);
  engine_.journal.fail(Fault::no_space, 1, 4);
  servers.store_pins(Scope::main(), server->id, "old");
  servers.store_pins(Scope::main(), server->id, "new");
  log.record(Scope::main(), {.kind = std::string(audit_kind::policy), .subject = "one"});
  stored_.wait_until([&] {
    const auto records = trail();
    const bool recorded =
        std::ranges::any_of(records, [](const auto& one) { return one.subject == "one"; });
    const auto pins = engine_.run(engine_.store->tool_pins(Scope::main(), server->id));
    return recorded && pins == "new";
  });
  // Three attempts, then the record and the newer pins again; one of these was refused once more.
  EXPECT_EQ(engine_.journal.points().size(), 6U);
}

TEST_F(AuditSignerTest, AgentsAndToolServersAreRecorded) {
  const Principal alice(Scope::main(), "alice", UserRole::operator_role);
  base::SecretBox box{base::SecretBox::Key{}};
  ToolServers servers(*engine_.store, engine_.agents, engine_.feed, commits_, engine_.clock, box,
                      {});
  Erasure erasure({.store = *engine_.store,
                   .run_store = *engine_.store,
                   .feed = engine_.feed,
                   .agents = engine_.agents,
                   .threads = engine_.threads,
                   .runs = engine_.runs,
                   .clock = engine_.clock,
                   .memories = *engine_.store});
  const auto server =
      engine_.run(servers.create(alice, {.name = "away",
                                         .transport = ToolServerTransport::http,
                                         .url = "https://u:hunter2@h/?token=abcXYZ",
                                         .secrets = {.headers = {{"X-Key", "very secret"}}}}));
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(server->url, "https://u:[redacted]@h/?token=[redacted]");
  const auto agent = engine_.run(engine_.agents.create(alice, {.name = "gardener"}));
  ASSERT_TRUE(agent);
  ASSERT_TRUE(engine_.run(servers.attach(alice, agent->id, server->id)));
  ASSERT_TRUE(engine_.run(servers.remove(alice, server->id)));
  ASSERT_TRUE(engine_.run(erasure.erase_agent(alice, agent->id)));
  std::vector<std::string> changes;
  for (const AuditRecord& record : trail()) {
    EXPECT_FALSE(record.text.contains("hunter2") || record.text.contains("very secret") ||
                 record.text.contains("abcXYZ"))
        << record.text;
    const base::Json text = text_of(record);
    EXPECT_EQ(text["actor"], "alice");
    changes.push_back(record.kind + " " + text["details"]["change"].get<std::string>());
  }
  EXPECT_EQ(changes,
            (std::vector<std::string>{"tool_server registered", "agent created", "agent changed",
                                      "tool_server removed", "agent removed"}));
}

// Its secrets are stored sealed, and whoever connects gets the whole.
TEST_F(AuditSignerTest, AUrlWithAPasswordIsStoredSealed) {
  struct Host final : ToolServerHost {
    void added(OpenedToolServer server) override { servers.push_back(std::move(server)); }
    void removed(const Scope& /*scope*/, const std::string& /*id*/) override {}
    std::vector<OpenedToolServer> servers;
  };
  const Principal alice(Scope::main(), "alice", UserRole::operator_role);
  const std::string url = "https://u:hunter2@h/mcp";
  base::SecretBox box{base::SecretBox::Key{}};
  Host host;
  ToolServers servers(*engine_.store, engine_.agents, engine_.feed, commits_, engine_.clock, box,
                      {});
  servers.tell(host);
  ASSERT_TRUE(engine_.run(
      servers.create(alice, {.name = "away", .transport = ToolServerTransport::http, .url = url})));
  ToolServers again(*engine_.store, engine_.agents, engine_.feed, commits_, engine_.clock, box, {});
  again.tell(host);
  ASSERT_TRUE(engine_.run(again.open_all()));
  ASSERT_EQ(host.servers.size(), 2U);
  for (const OpenedToolServer& one : host.servers) EXPECT_EQ(one.server.url, url);
  const auto stored = engine_.run(engine_.store->tool_servers(Scope::main()));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->front().url, "https://u:[redacted]@h/mcp");
  EXPECT_FALSE(stored->front().sealed_secrets.contains("hunter2"));
}

}  // namespace
}  // namespace colonnade::tests
