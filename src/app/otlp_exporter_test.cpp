// The exporter against a collector that is a server of this test: what arrives there of real runs.
#include "app/otlp_exporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "core/events/event.hpp"
#include "net/testing.hpp"
#include "tests/engine/engine.hpp"

namespace colonnade::app {
namespace {

using base::Json;
using core::Principal;
using core::Scope;
using core::TextPart;
using net::testing::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Principal alice(Scope::main(), "alice", core::UserRole::member);

// What the collector got, and what it answers next; 200 when nothing is scripted.
struct Taken {
  std::mutex mutex{};
  std::vector<net::Request> requests{};
  std::deque<int> statuses{};
};

base::Task<net::Reply> take_traces(std::shared_ptr<Taken> taken,
                                   std::shared_ptr<const net::Request> request) {
  const std::lock_guard lock(taken->mutex);
  taken->requests.push_back(*request);
  net::Response out{.body = "{}"};
  if (!taken->statuses.empty()) {
    out.status = taken->statuses.front();
    taken->statuses.pop_front();
  }
  co_return out;
}

class OtlpExporterTest : public ::testing::Test {
 protected:
  OtlpExporterTest() { base::log::set_level(base::log::Level::off); }
  ~OtlpExporterTest() override {
    if (exporter_) exporter_->end();
    lanes_.stop();
  }

  std::vector<net::Route> routes() {
    return {{net::Method::post, "/v1/traces",
             net::Handler([taken = taken_](std::shared_ptr<const net::Request> request) {
               return take_traces(taken, std::move(request));
             }),
             limits::MiB}};
  }
  OtlpOptions options(bool content = false) const {
    OtlpOptions out = otlp_options("http://127.0.0.1:" + std::to_string(server_.server.port()),
                                   {{"X-Key", "hush"}}, content);
    out.retry_delay_min = std::chrono::milliseconds(1);
    return out;
  }
  OtlpExporter& make(OtlpOptions options) {
    exporter_ =
        std::make_unique<OtlpExporter>(OtlpExporter::Ports{.spans = engine_.store->stores().spans,
                                                           .runs = *engine_.store,
                                                           .threads = *engine_.store,
                                                           .redaction = engine_.redaction,
                                                           .client = client_},
                                       std::move(options), lanes_[0]);
    engine_.feed.listen(*exporter_);
    return *exporter_;
  }
  // A run that calls a tool and answers; its id.
  std::string run_with_a_tool(const std::string& said = "How much is it?") {
    engine_.model->script({tests::tool_call("c1", "calculator", {{"expression", "2+2"}})});
    engine_.model->script({tests::reply({TextPart{"Four."}})});
    const core::Thread thread = engine_.new_thread(alice);
    const auto run = engine_.start(alice, thread.id, said);
    EXPECT_TRUE(run) << run.error().message;
    const auto finished = engine_.wait(alice, *run);
    EXPECT_TRUE(finished) << finished.error().message;
    return run->id;
  }
  std::size_t requests() const {
    const std::lock_guard lock(taken_->mutex);
    return taken_->requests.size();
  }
  net::Request request(std::size_t index) const {
    const std::lock_guard lock(taken_->mutex);
    return taken_->requests.at(index);
  }
  static std::vector<Json> spans_in(const std::string& body) {
    return Json::parse(body).at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans");
  }

  std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();
  net::testing::TestServer server_{routes()};
  tests::TemporaryFolder folder_;
  tests::Engine engine_{folder_.file("colonnade.db")};
  base::Lanes lanes_{1};
  net::HttpClient client_{lanes_};
  std::unique_ptr<OtlpExporter> exporter_;
};

TEST_F(OtlpExporterTest, AWholeAgentRunArrivesAsOneTrace) {
  OtlpExporter& exporter = make(options());
  exporter.begin();
  const std::string run_id = run_with_a_tool();
  ASSERT_TRUE(eventually([&] { return exporter.counts().runs_sent == 1; }));
  ASSERT_EQ(requests(), 1U);
  EXPECT_EQ(request(0).header("X-Key"), "hush");
  EXPECT_EQ(request(0).header("Content-Type"), "application/json");
  std::vector<std::string> names;
  std::set<std::string> ids;
  for (const Json& span : spans_in(request(0).body)) {
    EXPECT_EQ(span["traceId"], run_id);
    names.push_back(span["name"]);
    ids.insert(span["spanId"]);
  }
  EXPECT_THAT(names, ElementsAre("agent.turn", "chat scripted-1", "gate.decide",
                                 "execute_tool calculator", "chat scripted-1"));
  EXPECT_EQ(ids.size(), names.size());
  EXPECT_THAT(request(0).body, Not(HasSubstr("How much"))) << "content is off";
  EXPECT_THAT(request(0).body, Not(HasSubstr("2+2")));
}

TEST_F(OtlpExporterTest, ContentIsSentWhereThatIsAskedForWithoutSecrets) {
  OtlpExporter& exporter = make(options(true));
  exporter.begin();
  run_with_a_tool("How much? password=hunter2hunter2");
  ASSERT_TRUE(eventually([&] { return exporter.counts().runs_sent == 1; }));
  const std::string body = request(0).body;
  for (const char* text : {"How much?", "Four.", "2+2"}) EXPECT_THAT(body, HasSubstr(text));
  EXPECT_THAT(body, Not(HasSubstr("hunter2")));
}

TEST_F(OtlpExporterTest, WhatTheCollectorCannotTakeNowIsSentAgain) {
  taken_->statuses = {503, 429};
  OtlpExporter& exporter = make(options());
  exporter.begin();
  run_with_a_tool();
  ASSERT_TRUE(eventually([&] { return exporter.counts().runs_sent == 1; }));
  EXPECT_EQ(requests(), 3U);
  EXPECT_EQ(request(0).body, request(2).body);
  EXPECT_EQ(exporter.counts().requests_failed, 2U);
  EXPECT_EQ(exporter.counts().runs_dropped, 0U);
}

TEST_F(OtlpExporterTest, WhatTheCollectorRefusesIsDropped) {
  taken_->statuses = {400};
  OtlpExporter& exporter = make(options());
  exporter.begin();
  run_with_a_tool();
  ASSERT_TRUE(eventually([&] { return exporter.counts().runs_dropped == 1; }));
  EXPECT_EQ(requests(), 1U);
  EXPECT_EQ(exporter.counts().runs_sent, 0U);
}

// Runs end no slower for it, and memory stays bounded: the oldest go.
TEST_F(OtlpExporterTest, AFullQueueDropsItsOldest) {
  OtlpOptions small = options();
  small.queue_max = 2;
  OtlpExporter& exporter = make(small);
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(run_with_a_tool());
  EXPECT_EQ(exporter.counts().queued, 2U);
  EXPECT_EQ(exporter.counts().runs_dropped, 1U);
  exporter.begin();
  ASSERT_TRUE(eventually([&] { return exporter.counts().runs_sent == 2; }));
  EXPECT_EQ(requests(), 1U) << "in one batch";
  EXPECT_THAT(request(0).body, Not(HasSubstr(ids[0])));
  EXPECT_THAT(request(0).body, HasSubstr(ids[1]));
  EXPECT_THAT(request(0).body, HasSubstr(ids[2]));
}

TEST_F(OtlpExporterTest, WhatIsQueuedIsSentBeforeTheEnd) {
  OtlpExporter& exporter = make(options());
  for (int i = 0; i < 3; ++i) run_with_a_tool();
  exporter.begin();
  exporter.end();
  EXPECT_EQ(exporter.counts().runs_sent, 3U);
  EXPECT_EQ(exporter.counts().queued, 0U);
}

TEST_F(OtlpExporterTest, ACollectorThatIsAwayDoesNotHoldUpTheEnd) {
  OtlpOptions away = options();
  away.url = "http://127.0.0.1:1/v1/traces";  // nothing listens there
  away.retry_delay_min = std::chrono::hours(1);
  OtlpExporter& exporter = make(away);
  exporter.begin();
  run_with_a_tool();
  ASSERT_TRUE(eventually([&] { return exporter.counts().requests_failed == 1; }));
  exporter.end();
  EXPECT_EQ(exporter.counts().runs_dropped, 1U);
  EXPECT_EQ(exporter.counts().runs_sent, 0U);
}

TEST(OtlpOptions, AnAddressWithoutAPathGetsThePathOfTraces) {
  const auto url_of = [](const char* endpoint) { return otlp_options(endpoint, {}, false).url; };
  EXPECT_EQ(url_of("http://127.0.0.1:4318"), "http://127.0.0.1:4318/v1/traces");
  EXPECT_EQ(url_of("http://127.0.0.1:4318/"), "http://127.0.0.1:4318/v1/traces");
  EXPECT_EQ(url_of("https://otlp.example/ingest/v1/traces"),
            "https://otlp.example/ingest/v1/traces");
}

}  // namespace
}  // namespace colonnade::app
