// Sends the traces of ended runs to an OpenTelemetry collector, as OTLP/HTTP JSON.
//
// It is never in a run's way: what has ended is noted in a bounded queue, read back from the store
// on a lane of its own time, and sent in batches. When the collector is away, a batch is tried
// again with back-off; meanwhile the queue drops its oldest entries, and counts them. What was not
// sent when the process was killed is not sent: the spans are in the store.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "app/otlp_body.hpp"
#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/events/feed_listener.hpp"
#include "core/governance/redaction.hpp"
#include "core/runs/run_store.hpp"
#include "core/spans/span_store.hpp"
#include "core/threads/thread_store.hpp"
#include "net/http_client.hpp"

namespace colonnade::app {

struct OtlpOptions {
  std::string url{};          // of a collector's traces, as they are posted to: ".../v1/traces"
  net::Headers headers{};     // secrets
  bool content = false;       // messages, arguments and results too, redacted
  std::size_t queue_max = 0;  // runs
  std::size_t batch_max = 0;  // runs in a request
  std::chrono::milliseconds retry_delay_min{};
  std::chrono::milliseconds retry_delay_max{};
  int attempts_max = 0;  // of a batch; then it is dropped
  std::chrono::milliseconds request_time_max{};
  std::chrono::milliseconds stop_time_max{};  // for what is queued when the server stops
};
// With the limits' own bounds. The path /v1/traces is added to an address that has none.
OtlpOptions otlp_options(std::string endpoint,
                         std::vector<std::pair<std::string, std::string>> headers, bool content);

struct OtlpCounts {
  std::uint64_t runs_sent = 0;
  std::uint64_t runs_dropped = 0;  // the queue was full, or the collector did not take them
  std::uint64_t requests_failed = 0;
  std::uint64_t queued = 0;  // now
};

class OtlpExporter final : public core::FeedListener {
 public:
  struct Ports {
    core::SpanStore& spans;
    core::RunStore& runs;
    core::ThreadStore& threads;
    const core::Redaction& redaction;
    net::HttpClient& client;
  };
  // Works on `lane`. Give it to EventFeed::listen() before the first commit. Everything must
  // outlive the lanes' work.
  OtlpExporter(Ports ports, OtlpOptions options, base::Lane& lane);

  bool follows_runs() const override { return true; }
  void run_finished(const core::Event& event) override;

  // Once, before the first run ends.
  void begin();
  // Sends what is queued, for stop_time_max at most, and ends. Blocks; not from a lane. Idempotent;
  // the lanes still run, and the store can be read.
  void end();

  OtlpCounts counts() const;  // any thread

 private:
  struct Ended {
    core::Scope scope;
    std::string run_id{};
  };

  static base::Task<void> keep(OtlpExporter* self);
  std::vector<Ended> take_batch();
  base::Task<std::vector<OtlpRun>> read(std::vector<Ended> batch);
  base::Task<OtlpContent> content_of(core::Scope scope, std::string run_id);
  base::Task<void> send(std::string body, std::size_t runs);
  base::Task<base::Result<void>> post(std::string body);
  void note_ended();

  Ports ports_;
  OtlpOptions options_;
  base::Lane& lane_;
  std::stop_source stopping_;  // no more waiting: each batch is tried once
  std::stop_source over_;      // nothing more at all
  base::Signal changed_;
  mutable std::mutex mutex_;
  std::condition_variable ended_changed_;
  std::deque<Ended> queue_;
  bool begun_ = false;
  bool ended_ = false;
  std::atomic<std::uint64_t> runs_sent_{0};
  std::atomic<std::uint64_t> runs_dropped_{0};
  std::atomic<std::uint64_t> requests_failed_{0};
};

}  // namespace colonnade::app
