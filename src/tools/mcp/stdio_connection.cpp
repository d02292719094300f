#include "tools/mcp/stdio_connection.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <deque>
#include <mutex>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "base/workers.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Result;
using Clock = std::chrono::steady_clock;

// Joins pieces to lines. A line longer than the limit comes in pieces of that length.
class Lines {
 public:
  explicit Lines(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Calls `on_line(line, whole)` for each that ends or is full; false from it stops.
  template <class OnLine>
  bool add(std::string_view bytes, OnLine on_line) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::size_t room = bytes_max_ - partial_.size();
      const std::size_t take = std::min({end, bytes.size(), room});
      partial_.append(bytes.substr(0, take));
      bytes.remove_prefix(take);
      const bool whole = !bytes.empty() && bytes.front() == '\n';
      if (whole) bytes.remove_prefix(1);
      if (!whole && partial_.size() < bytes_max_) continue;
      if (!partial_.empty() && partial_.back() == '\r') partial_.pop_back();
      const bool go_on = on_line(std::string_view(partial_), whole);
      partial_.clear();
      if (!go_on) return false;
    }
    return true;
  }

 private:
  std::size_t bytes_max_;
  std::string partial_;
};

// What the lane and the thread share. The thread holds it, so it outlives the connection.
struct Shared {
  std::mutex mutex{};
  std::deque<std::string> outgoing{};  // whole lines
  std::size_t outgoing_bytes = 0;
  bool closing = false;  // in order
  bool killing = false;  // at once
  Descriptor woken{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<std::size_t> unhandled_bytes{0};  // posted to the lane and not yet handled
  std::atomic<bool> silenced{false};            // nobody listens any more
  base::Completion<bool> ended{};

  void wake() const {
    constexpr std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(woken.number(), &one, sizeof one);
  }
};

// The thread's side: one process from its start to its end.
class Pump {
 public:
  Pump(base::Lane* lane, StdioOptions options, ServerProcess process,
       std::shared_ptr<Shared> shared, std::weak_ptr<ConnectionListener> listener)
      : lane_(lane),
        options_(std::move(options)),
        process_(std::move(process)),
        shared_(std::move(shared)),
        listener_(std::move(listener)) {}

  void run();

 private:
  enum class Phase { open, closing, terminating, killed };

  void obey();
  void step();
  void advance(Clock::time_point now);
  void enter(Phase phase);
  void write_some();
  void read_output();
  void read_errors();
  bool take_line(std::string_view line, bool whole);
  void log_error_line(std::string_view line);
  void fail(std::string why);
  template <class Work>
  void notify_listener(std::size_t bytes, Work work);

  base::Lane* lane_;
  StdioOptions options_;
  ServerProcess process_;
  std::shared_ptr<Shared> shared_;
  std::weak_ptr<ConnectionListener> listener_;
  Phase phase_ = Phase::open;
  Clock::time_point deadline_ = Clock::time_point::max();
  std::string sending_;
  std::size_t sent_ = 0;
  Lines output_{limits::mcp_message_bytes_max};
  Lines errors_{limits::mcp_stderr_line_bytes_max};
  std::size_t noise_lines_ = 0;  // in its whole life; of more nothing is logged
  std::size_t noise_in_a_row_ = 0;
  std::size_t error_lines_ = 0;
  std::string why_;             // it was ended by us, other than in order
  bool output_closed_ = false;  // by the server
  bool exited_ = false;
};

// Runs `work(listener)` on the lane and counts `bytes` as unhandled until then.
template <class Work>
void Pump::notify_listener(std::size_t bytes, Work work) {
  shared_->unhandled_bytes += bytes;
  lane_->post([shared = shared_, listener = listener_, bytes, work = std::move(work)]() mutable {
    shared->unhandled_bytes -= bytes;
    shared->wake();
    auto target = listener.lock();
    if (target && !shared->silenced) work(*target);
  });
}

void Pump::fail(std::string why) {
  if (why_.empty()) why_ = std::move(why);
  enter(Phase::killed);
}

void Pump::enter(Phase phase) {
  if (phase <= phase_) return;
  phase_ = phase;
  process_.input.reset();
  const auto now = Clock::now();
  switch (phase) {
    case Phase::open: break;
    case Phase::closing: deadline_ = now + options_.exit_time_max; break;
    case Phase::terminating:
      process_.signal(SIGTERM);
      deadline_ = now + options_.terminate_time_max;
      break;
    case Phase::killed:
      process_.signal(SIGKILL);
      deadline_ = Clock::time_point::max();
      break;
  }
}

void Pump::advance(Clock::time_point now) {
  if (now < deadline_) return;
  enter(phase_ == Phase::closing ? Phase::terminating : Phase::killed);
}

void Pump::obey() {
  std::uint64_t count = 0;
  while (::read(shared_->woken.number(), &count, sizeof count) > 0) {
  }
  const std::lock_guard lock(shared_->mutex);
  if (shared_->killing) enter(Phase::killed);
  if (shared_->closing) enter(Phase::closing);
  if (shared_->outgoing_bytes > limits::mcp_send_queue_bytes_max) {
    fail("it does not read its input");
  }
  if (sending_.empty() && !shared_->outgoing.empty()) {
    sending_ = std::move(shared_->outgoing.front());
    shared_->outgoing.pop_front();
    sent_ = 0;
  }
}

void Pump::write_some() {
  const ssize_t written =
      ::write(process_.input.number(), sending_.data() + sent_, sending_.size() - sent_);
  if (written < 0) {
    // It has closed its input; its exit, if it comes, says why.
    if (errno != EAGAIN && errno != EINTR) process_.input.reset();
    return;
  }
  sent_ += static_cast<std::size_t>(written);
  if (sent_ < sending_.size()) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->outgoing_bytes -= sending_.size();
  sending_.clear();
}

bool Pump::take_line(std::string_view line, bool whole) {
  if (phase_ != Phase::open) return true;
  if (!whole) {
    fail("it wrote a line longer than " + std::to_string(limits::mcp_message_bytes_max) +
         " bytes on its standard output");
    return false;
  }
  if (line.find_first_not_of(" \t") == std::string_view::npos) return true;
  auto messages = decode_messages(line);
  if (!messages) {
    if (++noise_lines_ <= limits::mcp_invalid_message_lines_max) {
      base::log::warn("mcp_invalid_message",
                      {{"server", options_.name}, {"error", messages.error().message}});
    }
    if (++noise_in_a_row_ <= limits::mcp_invalid_message_lines_max) return true;
    fail(
        "it writes other things than MCP messages on its standard output; they belong on standard "
        "error");
    return false;
  }
  noise_in_a_row_ = 0;
  notify_listener(line.size(),
                  [messages = std::move(*messages)](ConnectionListener& listener) mutable {
                    for (Message& message : messages) listener.received(std::move(message));
                  });
  return true;
}

void Pump::read_output() {
  std::array<char, 64 * limits::KiB> bytes;
  const ssize_t got = ::read(process_.output.number(), bytes.data(), bytes.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    process_.output.reset();
    // Without it the server can never answer. It may still exit by itself.
    output_closed_ = true;
    enter(Phase::closing);
    return;
  }
  output_.add({bytes.data(), static_cast<std::size_t>(got)},
              [this](std::string_view line, bool whole) { return take_line(line, whole); });
}

void Pump::log_error_line(std::string_view line) {
  if (++error_lines_ > limits::mcp_stderr_lines_max || line.empty()) return;
  std::string shown(line);
  for (const auto& [name, value] : options_.command.environment) {
    constexpr std::size_t secret_bytes_min = 6;  // shorter ones would mangle every line
    if (value.size() < secret_bytes_min) continue;
    for (auto at = shown.find(value); at != std::string::npos; at = shown.find(value, at)) {
      shown.replace(at, value.size(), "[" + name + "]");
      at += name.size() + 2;
    }
  }
  shown = base::replace_invalid_utf8(shown);
  base::log::info("mcp_stderr", {{"server", options_.name}, {"line", shown}});
}

void Pump::read_errors() {
  std::array<char, 16 * limits::KiB> bytes;
  const ssize_t got = ::read(process_.error.number(), bytes.data(), bytes.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    process_.error.reset();
    return;
  }
  errors_.add({bytes.data(), static_cast<std::size_t>(got)}, [this](std::string_view line, bool) {
    log_error_line(line);
    return true;
  });
}

void Pump::step() {
  obey();
  const auto now = Clock::now();
  advance(now);
  const bool flooded = shared_->unhandled_bytes > limits::mcp_receive_queue_bytes_max;
  const bool writes = process_.input.open() && !sending_.empty();
  std::array<pollfd, 5> all{{{shared_->woken.number(), POLLIN, 0},
                             {process_.exited.number(), POLLIN, 0},
                             {flooded ? -1 : process_.output.number(), POLLIN, 0},
                             {process_.error.number(), POLLIN, 0},
                             {writes ? process_.input.number() : -1, POLLOUT, 0}}};
  int wait_ms = -1;
  if (deadline_ != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - now).count();
    wait_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }
  if (::poll(all.data(), all.size(), wait_ms) <= 0) return;
  if (all[3].revents != 0) read_errors();
  if (all[2].revents != 0) read_output();
  if (all[4].revents != 0 && process_.input.open()) write_some();
  if (all[1].revents != 0) exited_ = true;
}

void Pump::run() {
  // A write to a server that has gone is an error here, not a signal.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  while (!exited_) step();
  // What it had written before it exited still counts, as far as the pipe holds it.
  constexpr int reads_max = 64;
  for (int i = 0; i < reads_max && process_.output.open() && phase_ == Phase::open; ++i) {
    pollfd left{process_.output.number(), POLLIN, 0};
    if (::poll(&left, 1, 0) <= 0) break;
    read_output();
  }
  for (int i = 0; i < reads_max && process_.error.open(); ++i) {
    pollfd left{process_.error.number(), POLLIN, 0};
    if (::poll(&left, 1, 0) <= 0) break;
    read_errors();
  }
  const std::string ending = process_.reap();
  std::string why = why_.empty() ? ending : why_;
  if (output_closed_ && why_.empty() && phase_ >= Phase::terminating)
    why = "it closed its standard output";
  notify_listener(0, [name = options_.name, why = std::move(why)](ConnectionListener& listener) {
    listener.closed({.kind = ErrorKind::upstream,
                     .message = "the MCP server '" + name + "' has ended: " + why,
                     .retryable = true});
  });
  shared_->ended.complete(true);
}

class StdioConnection final : public Connection {
 public:
  StdioConnection(base::Lane& lane, StdioOptions options)
      : lane_(lane), options_(std::move(options)), shared_(std::make_shared<Shared>()) {}

  ~StdioConnection() override {
    shared_->silenced = true;
    order(true);
    worker_.reset();
  }

  Result<void> open(std::weak_ptr<ConnectionListener> listener) override {
    if (!shared_->woken.open()) {
      return base::fail(ErrorKind::unavailable, "this process has no free descriptors");
    }
    auto process = ServerProcess::start(options_.command);
    if (!process) return base::fail(process.error());
    auto pump =
        std::make_unique<Pump>(&lane_, options_, std::move(*process), shared_, std::move(listener));
    worker_ = std::make_unique<base::Workers>(1);
    // It ends by itself once it is told to: no deadline and no other stop.
    return worker_->post("", std::make_shared<base::JobTicket>(),
                         [pump = std::move(pump)](const std::stop_token&) { pump->run(); });
  }

  void send(Outgoing message) override {
    message.text += '\n';
    {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->outgoing_bytes > limits::mcp_send_queue_bytes_max) return;  // about to be ended
      shared_->outgoing_bytes += message.text.size();
      shared_->outgoing.push_back(std::move(message.text));
    }
    shared_->wake();
  }

  void abandon(std::int64_t) override {}
  void established(const ServerInfo&) override {}
  bool silence_means_old() const override { return true; }
  bool abandoning_cancels(const ServerInfo&) const override { return false; }

  base::Task<void> close() override {
    shared_->silenced = true;
    if (!worker_) co_return;
    order(false);
    const std::shared_ptr<Shared> shared = shared_;
    co_await shared->ended.wait();
    worker_.reset();  // it has nothing left to do
  }

 private:
  void order(bool at_once) const {
    {
      const std::lock_guard lock(shared_->mutex);
      (at_once ? shared_->killing : shared_->closing) = true;
    }
    shared_->wake();
  }

  base::Lane& lane_;
  StdioOptions options_;
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<base::Workers> worker_;  // joined with it
};

}  // namespace

std::unique_ptr<Connection> make_stdio_connection(base::Lane& lane, StdioOptions options) {
  return std::make_unique<StdioConnection>(lane, std::move(options));
}

}  // namespace colonnade::tools::mcp
