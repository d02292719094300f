#include "run_clients.hpp"

#include <algorithm>
#include <stdexcept>

#include "harness/statistics.hpp"
#include "setup.hpp"

namespace colonnade::bench {
namespace {

// How a wire makes a run; `{}` stands for the thread.
struct WireCalls {
  const char* make = "";
  const char* stream = "";
  const char* prompt = "";
  const char* prompt_waited = "";  // of a load without streams
  int prompted = 200;              // the status of a prompt with a stream
  const char* body_begin = "";     // around the prompt
  const char* body_end = "";
  // In the stream: it may be prompted, a piece of the answer, the end.
  const char* ready = "";
  const char* piece = "";
  const char* end = "";
};

constexpr WireCalls fathom_calls{.make = "/api/v1/threads",
                                 .stream = "/api/v1/threads/{}/stream",
                                 .prompt = "/api/v1/threads/{}/messages",
                                 .prompt_waited = "/api/v1/threads/{}/messages",
                                 .body_begin = "{\"text\":\"",
                                 .body_end = "\"}",
                                 .ready = "event: ready",
                                 .piece = "event: agent_delta",
                                 .end = "event: agent_done"};
constexpr WireCalls tandem_calls{.make = "/session",
                                 .stream = "/event?sessionID={}",
                                 .prompt = "/session/{}/prompt_async?return=run",
                                 .prompt_waited = "/session/{}/prompt_sync",
                                 .prompted = 202,
                                 .body_begin = "{\"parts\":[{\"type\":\"text\",\"text\":\"",
                                 .body_end = "\"}]}",
                                 .ready = "engine.lifecycle.ready",
                                 .piece = "\"session.response\"",
                                 .end = "\"session.run.finished\""};

// What all clients of a load share.
struct Shared {
  Loop& loop;
  const RunLoad& load;
  const WireCalls& wire;
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
    rest_->send(request_text(shared_.load.target, "POST", shared_.wire.make, R"({"title":""})"));
  }

  void answered(int status) {
    const bool prompted = !thread_.empty();
    const int wanted = prompted && shared_.load.streamed ? shared_.wire.prompted : 200;
    if (status != wanted) return shared_.fail(std::to_string(status) + " " + body_);
    if (prompted) {
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
    stream_->send(request_text(shared_.load.target, "GET", in_thread(shared_.wire.stream)));
  }

  std::string in_thread(std::string path) const {
    return path.replace(path.find("{}"), 2, thread_);
  }

  void send_prompt() {
    body_.clear();
    sent_ = true;
    const WireCalls& wire = shared_.wire;
    rest_->send(request_text(shared_.load.target, "POST",
                             in_thread(shared_.load.streamed ? wire.prompt : wire.prompt_waited),
                             wire.body_begin + shared_.load.prompt + wire.body_end));
  }

  void streamed(std::string_view piece) {
    const std::size_t from = seen_.size() < 32 ? 0 : seen_.size() - 32;
    seen_.append(piece);
    if (!sent_ && seen_.contains(shared_.wire.ready)) return send_prompt();
    const std::size_t done = seen_.find(shared_.wire.end, from);
    if (shown_ || done == std::string::npos) return;
    // The text must have been streamed, not only shown at the end.
    if (!std::string_view(seen_).substr(0, done).contains(shared_.wire.piece)) {
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
  Shared shared{.loop = loop,
                .load = load,
                .wire = load.wire == Wire::tandem ? tandem_calls : fathom_calls,
                .deadline = begin + load.time};
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
