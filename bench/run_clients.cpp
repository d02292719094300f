#include "run_clients.hpp"

#include <algorithm>
#include <stdexcept>

#include "harness/statistics.hpp"
#include "setup.hpp"

namespace colonnade::bench {
namespace {

// What all clients of a load share.
struct Shared {
  Loop& loop;
  const RunLoad& load;
  SteadyClock::time_point deadline{};
  std::vector<double> times_ms{};
  int active = 0;
  unsigned next_source = 1;
  std::string error{};

  void fail(std::string what) {
    if (error.empty()) error = std::move(what);
    loop.stop();
  }
};

class RunClient {
 public:
  explicit RunClient(Shared& shared) : shared_(shared) {
    rest_ = std::make_unique<LoopConnection>(
        shared.loop, shared.load.target.port, 0,
        LoopConnection::Callbacks{
            .on_body = [this](std::string_view piece) { body_.append(piece); },
            .on_complete = [this](int status) { answered(status); },
            .on_closed = [this] { shared_.fail("a connection was closed"); }});
    ++shared.active;
    begin();
  }

 private:
  void begin() {
    began_ = SteadyClock::now();
    if (began_ >= shared_.deadline) {
      if (--shared_.active == 0) shared_.loop.stop();
      return;
    }
    thread_.clear();
    body_.clear();
    rest_->send(request_text(shared_.load.target, "POST", "/api/v1/threads", R"({"title":""})"));
  }

  void answered(int status) {
    if (status != 200) return shared_.fail(std::to_string(status) + " " + body_);
    if (!thread_.empty()) {
      replied_ = true;
      return finish_when_all_is_read();
    }
    thread_ = first_id(body_);
    replied_ = false;
    shown_ = !shared_.load.streamed;
    if (shown_) return send_prompt();
    seen_.clear();
    sent_ = false;
    stream_ = std::make_unique<LoopConnection>(
        shared_.loop, shared_.load.target.port, shared_.next_source++ % 10'000,
        LoopConnection::Callbacks{.on_body = [this](std::string_view piece) { streamed(piece); },
                                  .on_closed = [this] { shared_.fail("a stream was closed"); }});
    stream_->send(
        request_text(shared_.load.target, "GET", "/api/v1/threads/" + thread_ + "/stream"));
  }

  void send_prompt() {
    body_.clear();
    sent_ = true;
    rest_->send(request_text(shared_.load.target, "POST",
                             "/api/v1/threads/" + thread_ + "/messages",
                             "{\"text\":\"" + shared_.load.prompt + "\"}"));
  }

  void streamed(std::string_view piece) {
    const std::size_t from = seen_.size() < 32 ? 0 : seen_.size() - 32;
    seen_.append(piece);
    if (!sent_ && seen_.contains("event: ready")) return send_prompt();
    const std::size_t done = seen_.find("event: agent_done", from);
    if (shown_ || done == std::string::npos) return;
    // The text must have been streamed, not only shown at the end.
    if (!std::string_view(seen_).substr(0, done).contains("event: agent_delta")) {
      return shared_.fail("a reply without deltas");
    }
    shown_ = true;
    finish_when_all_is_read();
  }

  void finish_when_all_is_read() {
    if (!shown_ || !replied_) return;
    shared_.times_ms.push_back(
        std::chrono::duration<double, std::milli>(SteadyClock::now() - began_).count());
    // Not from within the stream's own callback.
    shared_.loop.at(began_, [this] {
      stream_.reset();
      begin();
    });
  }

  Shared& shared_;
  std::unique_ptr<LoopConnection> rest_;
  std::unique_ptr<LoopConnection> stream_;
  SteadyClock::time_point began_{};
  std::string thread_;
  std::string body_;
  std::string seen_;
  bool sent_ = false;
  bool shown_ = false;    // by the stream
  bool replied_ = false;  // to the message
};

}  // namespace

RunRate load_runs(const RunLoad& load) {
  Loop loop;
  const auto begin = SteadyClock::now();
  Shared shared{.loop = loop, .load = load, .deadline = begin + load.time};
  std::vector<std::unique_ptr<RunClient>> clients;
  for (int i = 0; i < load.clients; ++i) clients.push_back(std::make_unique<RunClient>(shared));
  const bool ended = loop.run_until(shared.deadline + std::chrono::seconds(30));
  if (!shared.error.empty()) throw std::runtime_error("a run failed: " + shared.error);
  if (!ended) throw std::runtime_error("runs did not end");
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
  return {.a_second = static_cast<double>(shared.times_ms.size()) / seconds,
          .p50_ms = percentile(shared.times_ms, 0.5),
          .p99_ms = percentile(shared.times_ms, 0.99),
          .runs = shared.times_ms.size()};
}

}  // namespace colonnade::bench
