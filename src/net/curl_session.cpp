// long: the one thread behind background calls, streams and WebSockets is one class
#include "net/curl_session.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "net/curl_socket.hpp"
#include "net/curl_transfer.hpp"

namespace colonnade::net {
namespace {

using Clock = CurlTransfer::Clock;

constexpr auto poll_time_max = std::chrono::milliseconds(3'600'000);  // libcurl takes an int

void start_libcurl() {
  // Counted and thread-safe inside libcurl; once per process is enough.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)started;
}

CURLM* new_multi(std::size_t connections_max, std::size_t idle_max) {
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(idle_max));
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(connections_max));
  return multi;
}

int poll_ms(std::optional<Clock::time_point> due) {
  auto wait = poll_time_max;
  if (due) {
    // Rounded up, so that the deadline has passed when poll returns.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Clock::now());
    wait = std::clamp(left, std::chrono::milliseconds(0), poll_time_max);
  }
  return static_cast<int>(wait.count());
}

// Hands results of finished transfers to their CurlTransfer.
void collect(CURLM* multi) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    reinterpret_cast<CurlTransfer*>(transfer)->finish(message->data.result);
  }
}

CurlError cancelled_error() { return {CurlErrorKind::cancelled, "the call was stopped"}; }

CurlError silence_error(std::chrono::milliseconds limit) {
  return {CurlErrorKind::timeout, "nothing received for " + std::to_string(limit.count()) + " ms"};
}

struct Wake {
  CURLM* multi;
  void operator()() const { curl_multi_wakeup(multi); }
};

}  // namespace

// Multi handles for blocking calls; each keeps at most one idle connection. The one used last is
// taken first, so a program that makes one call at a time stays on one connection.
class CurlSession::Pool : public std::enable_shared_from_this<Pool> {
 public:
  explicit Pool(CurlOptions options_in) : options(std::move(options_in)) {}
  ~Pool() {
    for (CURLM* multi : idle_) curl_multi_cleanup(multi);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Waits for a free place; null when stopped or too late.
  CURLM* borrow(const std::stop_token& stop, std::optional<Clock::time_point> due) {
    std::unique_lock lock(mutex_);
    const auto free = [this] { return in_use_ < options.connections_max; };
    if (!free()) {
      const bool got =
          due ? released_.wait_until(lock, stop, *due, free) : released_.wait(lock, stop, free);
      if (!got) return nullptr;
    }
    CURLM* multi = nullptr;
    if (!idle_.empty()) {
      multi = idle_.back();
      idle_.pop_back();
    } else {
      multi = new_multi(1, 1);
    }
    ++in_use_;
    return multi;
  }

  void give_back(CURLM* multi) noexcept {
    CURLM* surplus = nullptr;
    {
      const std::lock_guard lock(mutex_);
      --in_use_;
      if (idle_.size() < options.idle_max) {
        idle_.push_back(multi);
      } else {
        surplus = multi;
      }
    }
    released_.notify_one();
    if (surplus != nullptr) curl_multi_cleanup(surplus);
  }

  const CurlOptions options;

 private:
  std::mutex mutex_;
  std::condition_variable_any released_;
  std::vector<CURLM*> idle_;
  std::size_t in_use_ = 0;
};

namespace {

// A transfer on the caller's thread.
template <class Pool>
class BlockingTransfer final : public CurlStream {
 public:
  BlockingTransfer(std::shared_ptr<Pool> pool, CurlRequest request, bool streaming)
      : pool_(std::move(pool)), transfer_(std::move(request), pool_->options, streaming) {
    const std::stop_token& stop = transfer_.request().stop;
    multi_ = pool_->borrow(stop, transfer_.deadline());
    if (multi_ == nullptr) {
      if (stop.stop_requested()) {
        transfer_.finish(CurlErrorKind::cancelled, cancelled_error().message);
      } else {
        transfer_.finish(CurlErrorKind::timeout, "no connection of the pool became free in time");
      }
      return;
    }
    transfer_.listen();
    wake_.emplace(stop, Wake{multi_});
    curl_multi_add_handle(multi_, transfer_.easy());
  }

  ~BlockingTransfer() override {
    wake_.reset();
    if (multi_ == nullptr) return;
    curl_multi_remove_handle(multi_,
                             transfer_.easy());  // closes the connection of a part-read reply
    pool_->give_back(multi_);
  }

  CurlTransfer& transfer() { return transfer_; }
  CURLM* multi() const { return multi_; }

  // Until the transfer has ended or `arrived`.
  template <class Arrived>
  void drive(Arrived arrived) {
    while (!transfer_.finished() && !arrived()) {
      if (transfer_.request().stop.stop_requested()) {
        transfer_.finish(CurlErrorKind::cancelled, cancelled_error().message);
        return;
      }
      int running = 0;
      curl_multi_perform(multi_, &running);
      collect(multi_);
      transfer_.check_time(Clock::now());
      if (transfer_.finished() || arrived()) return;
      curl_multi_poll(multi_, nullptr, 0, poll_ms(transfer_.deadline()), nullptr);
    }
  }

  void read(ReadHandler done) override {
    transfer_.listen();
    drive([this] { return transfer_.has_bytes(); });
    // A stop or a broken connection does not wait for what arrived before it; a plain end does.
    if (transfer_.has_bytes()) {
      done(transfer_.take_bytes());
    } else if (transfer_.error()) {
      done(std::unexpected(*transfer_.error()));
    } else {
      done(std::string());
    }
  }

 private:
  std::shared_ptr<Pool> pool_;
  CurlTransfer transfer_;
  CURLM* multi_ = nullptr;
  std::optional<std::stop_callback<Wake>> wake_{};
};

// A WebSocket on the caller's thread.
template <class Pool>
class BlockingSocket final : public CurlSocket {
 public:
  BlockingSocket(std::shared_ptr<Pool> pool, CurlRequest request)
      : carrier_(std::move(pool), std::move(request), /*streaming=*/true) {}
  ~BlockingSocket() override {
    if (line_) line_->say_goodbye();
  }

  // The answer to the handshake, without the socket.
  CurlResult<CurlConnected> connect() {
    const auto total = request().total_time_max;
    std::optional<Clock::time_point> due;
    if (total.count() > 0) due = Clock::now() + total;
    carrier_.drive([] { return false; });
    if (carrier_.transfer().error()) return std::unexpected(*carrier_.transfer().error());
    line_.emplace(carrier_.transfer().easy(), request());
    if (auto error = wait([this] { return line_->protocol().answered(); }, due, total)) {
      return std::unexpected(*std::move(error));
    }
    if (!line_->protocol().fault().empty()) return std::unexpected(*line_->error());
    return line_->take_answer();
  }

  void read(std::chrono::milliseconds silence_max, ReadHandler done) override {
    std::optional<Clock::time_point> due;
    if (silence_max.count() > 0) due = Clock::now() + silence_max;
    if (auto error = wait([this] { return line_->protocol().has_input(); }, due, silence_max)) {
      done(std::unexpected(*std::move(error)));
    } else {
      done(line_->protocol().take_input());
    }
  }

  void send(std::string text) override {
    line_->protocol().send_text(text);
    line_->move();
  }

 private:
  const CurlRequest& request() { return carrier_.transfer().request(); }

  // Until `arrived`; an error says why it did not.
  template <class Arrived>
  std::optional<CurlError> wait(Arrived arrived, std::optional<Clock::time_point> due,
                                std::chrono::milliseconds limit) {
    for (;;) {
      if (request().stop.stop_requested()) return cancelled_error();
      line_->move();
      if (arrived()) return std::nullopt;
      if (auto error = line_->error()) return error;
      if (due && Clock::now() >= *due) return silence_error(limit);
      curl_waitfd ready = line_->wait_for();
      curl_multi_poll(carrier_.multi(), &ready, 1, poll_ms(due), nullptr);
    }
  }

  BlockingTransfer<Pool> carrier_;
  std::optional<CurlSocketLine> line_{};
};

}  // namespace

// The thread behind background calls. All its state but the inbox belongs to that thread.
class CurlSession::Worker : public std::enable_shared_from_this<Worker> {
 public:
  struct Exchange;
  struct Line;
  using Command = std::function<void()>;

  explicit Worker(CurlOptions options)
      : options_(std::move(options)),
        multi_(new_multi(options_.connections_max, options_.idle_max)) {}
  ~Worker() { curl_multi_cleanup(multi_); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void submit(CurlRequest request, bool streaming,
              std::function<void(CurlResult<CurlReply>)> on_reply,
              std::function<void(CurlResult<CurlOpened>)> on_opened);
  void connect(CurlRequest request, std::function<void(CurlResult<CurlConnected>)> done);
  // False when the thread has ended; the command was not taken.
  bool post(Command command);
  // From any thread, its own too.
  void stop();

 private:
  class Stream;
  class Socket;

  void start_thread();
  void run();
  void step();
  void advance(Exchange& exchange);
  void detach(Exchange& exchange);
  void advance(Line& line, Clock::time_point now);
  void detach(Line& line);
  void cancel_all();

  CurlOptions options_;
  CURLM* multi_;
  std::mutex mutex_;
  std::vector<Command> inbox_;
  bool started_ = false;
  bool stopping_ = false;
  bool ended_ = false;
  std::thread thread_;
  std::vector<std::shared_ptr<Exchange>> active_;
  std::vector<std::shared_ptr<Line>> lines_;
};

struct CurlSession::Worker::Exchange : std::enable_shared_from_this<Exchange> {
  // On a stop: end it on the worker's thread.
  struct Cancel {
    std::weak_ptr<Worker> worker;
    std::weak_ptr<Exchange> exchange;
    void operator()() const {
      if (const auto to = worker.lock()) {
        to->post([target = exchange] {
          if (const auto found = target.lock()) {
            found->transfer.finish(CurlErrorKind::cancelled, cancelled_error().message);
          }
        });
      }
    }
  };

  Exchange(CurlRequest request, const CurlOptions& options, bool streaming)
      : transfer(std::move(request), options, streaming) {}

  CurlTransfer transfer;
  std::function<void(CurlResult<CurlReply>)> on_reply{};
  std::function<void(CurlResult<CurlOpened>)> on_opened{};
  CurlStream::ReadHandler on_read{};
  bool attached = false;
  bool opened = false;
  bool over = false;  // nobody waits for anything of it any more
  std::optional<std::stop_callback<Cancel>> on_stop{};
};

class CurlSession::Worker::Stream final : public CurlStream {
 public:
  Stream(std::shared_ptr<Worker> worker, std::shared_ptr<Exchange> exchange)
      : worker_(std::move(worker)), exchange_(std::move(exchange)) {}
  ~Stream() override {
    worker_->post([exchange = exchange_] { exchange->over = true; });
  }
  void read(ReadHandler done) override {
    const bool taken = worker_->post([exchange = exchange_, done] {
      exchange->on_read = done;
      exchange->transfer.listen();
    });
    if (!taken) done(std::unexpected(cancelled_error()));
  }

 private:
  std::shared_ptr<Worker> worker_;
  std::shared_ptr<Exchange> exchange_;
};

// A WebSocket on the worker's thread.
struct CurlSession::Worker::Line : std::enable_shared_from_this<Line> {
  // On a stop: end it on the worker's thread.
  struct Cancel {
    std::weak_ptr<Worker> worker;
    std::weak_ptr<Line> line;
    void operator()() const {
      if (const auto to = worker.lock()) {
        to->post([target = line] {
          if (const auto found = target.lock()) found->cancelled = true;
        });
      }
    }
  };

  Line(CurlRequest request, const CurlOptions& options)
      : transfer(std::move(request), options, /*streaming=*/true) {
    const auto total = transfer.request().total_time_max;
    if (total.count() > 0) open_due = Clock::now() + total;
  }

  // When somebody stops waiting.
  std::optional<Clock::time_point> due() const {
    if (!opened) return open_due;
    return on_read ? read_due : std::nullopt;
  }
  void connected(CurlResult<CurlConnected> result) {
    const auto done = std::exchange(on_connected, nullptr);
    opened = true;
    done(std::move(result));
  }
  void give(CurlResult<SocketInput> input) {
    const auto done = std::exchange(on_read, nullptr);
    done(std::move(input));
  }

  CurlTransfer transfer;  // makes the connection
  std::optional<CurlSocketLine> line{};
  std::function<void(CurlResult<CurlConnected>)> on_connected{};
  CurlSocket::ReadHandler on_read{};
  std::optional<Clock::time_point> open_due{};
  std::optional<Clock::time_point> read_due{};
  std::chrono::milliseconds silence_max{0};
  bool attached = false;
  bool opened = false;  // on_connected was called
  bool cancelled = false;
  bool over = false;  // nobody waits for anything of it any more
  std::optional<std::stop_callback<Cancel>> on_stop{};
};

class CurlSession::Worker::Socket final : public CurlSocket {
 public:
  Socket(std::shared_ptr<Worker> worker, std::shared_ptr<Line> line)
      : worker_(std::move(worker)), line_(std::move(line)) {}
  ~Socket() override {
    worker_->post([line = line_] { line->over = true; });
  }
  void read(std::chrono::milliseconds silence_max, ReadHandler done) override {
    const bool taken = worker_->post([line = line_, silence_max, done] {
      line->on_read = done;
      line->silence_max = silence_max;
      line->read_due.reset();
      if (silence_max.count() > 0) line->read_due = Clock::now() + silence_max;
    });
    if (!taken) done(std::unexpected(cancelled_error()));
  }
  void send(std::string text) override {
    worker_->post([line = line_, text = std::move(text)] {
      if (line->line) line->line->protocol().send_text(text);
    });
  }

 private:
  std::shared_ptr<Worker> worker_;
  std::shared_ptr<Line> line_;
};

bool CurlSession::Worker::post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    inbox_.push_back(std::move(command));
  }
  curl_multi_wakeup(multi_);
  return true;
}

void CurlSession::Worker::submit(CurlRequest request, bool streaming,
                                 std::function<void(CurlResult<CurlReply>)> on_reply,
                                 std::function<void(CurlResult<CurlOpened>)> on_opened) {
  start_thread();
  const std::stop_token stop = request.stop;
  auto exchange = std::make_shared<Exchange>(std::move(request), options_, streaming);
  exchange->on_reply = on_reply;
  exchange->on_opened = on_opened;
  const bool taken = post([this, exchange, stop] {
    exchange->transfer.listen();
    exchange->attached = curl_multi_add_handle(multi_, exchange->transfer.easy()) == CURLM_OK;
    active_.push_back(exchange);
    exchange->on_stop.emplace(stop, Exchange::Cancel{weak_from_this(), exchange});
  });
  if (taken) return;
  if (on_reply) on_reply(std::unexpected(cancelled_error()));
  if (on_opened) on_opened(std::unexpected(cancelled_error()));
}

void CurlSession::Worker::connect(CurlRequest request,
                                  std::function<void(CurlResult<CurlConnected>)> done) {
  start_thread();
  const std::stop_token stop = request.stop;
  auto line = std::make_shared<Line>(std::move(request), options_);
  line->on_connected = done;
  const bool taken = post([this, line, stop] {
    line->attached = curl_multi_add_handle(multi_, line->transfer.easy()) == CURLM_OK;
    lines_.push_back(line);
    line->on_stop.emplace(stop, Line::Cancel{weak_from_this(), line});
  });
  if (!taken) done(std::unexpected(cancelled_error()));
}

void CurlSession::Worker::start_thread() {
  const std::lock_guard lock(mutex_);
  if (started_ || stopping_) return;
  started_ = true;
  thread_ = std::thread([self = shared_from_this()] { self->run(); });
}

void CurlSession::Worker::run() {
  for (;;) {
    std::vector<Command> commands;
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      commands.swap(inbox_);
      last = stopping_;
      ended_ = last;
    }
    for (const Command& command : commands) command();
    commands.clear();
    if (last) {
      cancel_all();
      return;
    }
    step();
  }
}

// Moves bytes, delivers what arrived, then sleeps until there is more to do.
void CurlSession::Worker::step() {
  int running = 0;
  curl_multi_perform(multi_, &running);
  collect(multi_);
  const auto now = Clock::now();
  std::optional<Clock::time_point> due;
  for (const auto& exchange : active_) {
    exchange->transfer.check_time(now);
    advance(*exchange);
    const auto mine = exchange->over ? std::nullopt : exchange->transfer.deadline();
    if (mine && !exchange->transfer.finished()) due = due ? std::min(*due, *mine) : mine;
  }
  std::erase_if(active_, [this](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->over) detach(*exchange);
    return exchange->over;
  });
  std::vector<curl_waitfd> waits;
  for (const auto& line : lines_) {
    advance(*line, now);
    if (line->over) continue;
    if (line->line && line->line->wait_for().events != 0) waits.push_back(line->line->wait_for());
    const auto mine = line->due();
    if (mine) due = due ? std::min(*due, *mine) : mine;
  }
  std::erase_if(lines_, [this](const std::shared_ptr<Line>& line) {
    if (line->over) detach(*line);
    return line->over;
  });
  curl_multi_poll(multi_, waits.data(), static_cast<unsigned>(waits.size()), poll_ms(due), nullptr);
}

void CurlSession::Worker::advance(Line& line, Clock::time_point now) {
  if (line.over) return;
  if (line.transfer.finished() && !line.transfer.error() && !line.line) {
    line.line.emplace(line.transfer.easy(), line.transfer.request());
  }
  if (line.line) line.line->move();
  std::optional<CurlError> error;
  if (line.cancelled) {
    error = cancelled_error();
  } else if (line.transfer.error()) {
    error = line.transfer.error();
  } else if (line.line) {
    error = line.line->error();
  }
  if (!line.opened) {
    const bool answered =
        line.line && line.line->protocol().answered() && line.line->protocol().fault().empty();
    if (answered && !line.cancelled) {
      const bool open = line.line->protocol().open();
      CurlConnected answer = line.line->take_answer();
      if (open)
        answer.socket = std::make_unique<Socket>(shared_from_this(), line.shared_from_this());
      line.over = !open;
      line.connected(std::move(answer));
      return;
    }
    if (!error && line.open_due && now >= *line.open_due) {
      error = silence_error(line.transfer.request().total_time_max);
    }
    if (!error) return;
    line.over = true;
    line.connected(std::unexpected(*std::move(error)));
    return;
  }
  if (!line.on_read) return;
  if (line.line->protocol().has_input() && !line.cancelled) {
    line.give(line.line->protocol().take_input());
  } else if (error) {
    line.give(std::unexpected(*std::move(error)));
  } else if (line.read_due && now >= *line.read_due) {
    line.give(std::unexpected(silence_error(line.silence_max)));
  }
}

void CurlSession::Worker::detach(Line& line) {
  if (!line.attached) return;
  line.attached = false;
  if (line.line) line.line->say_goodbye();
  curl_multi_remove_handle(multi_, line.transfer.easy());  // closes the connection
}

void CurlSession::Worker::advance(Exchange& exchange) {
  if (exchange.over) return;
  CurlTransfer& transfer = exchange.transfer;
  if (transfer.finished()) detach(exchange);
  if (exchange.on_reply) {
    if (!transfer.finished()) return;
    exchange.over = true;
    const auto done = std::move(exchange.on_reply);
    exchange.on_reply = nullptr;
    if (transfer.error()) {
      done(std::unexpected(*transfer.error()));
    } else {
      done(transfer.take_reply());
    }
    return;
  }
  if (!exchange.opened) {
    if (!transfer.finished() && !transfer.head_ready()) return;
    const auto done = std::move(exchange.on_opened);
    exchange.on_opened = nullptr;
    exchange.opened = true;
    if (!transfer.head_ready()) {
      exchange.over = true;
      done(std::unexpected(*transfer.error()));
      return;
    }
    done(CurlOpened{
        .head = transfer.take_head(),
        .stream = std::make_unique<Stream>(shared_from_this(), exchange.shared_from_this())});
  }
  if (!exchange.on_read || (!transfer.has_bytes() && !transfer.finished())) return;
  const auto done = std::move(exchange.on_read);
  exchange.on_read = nullptr;
  if (transfer.has_bytes()) {
    done(transfer.take_bytes());
  } else if (transfer.error()) {
    done(std::unexpected(*transfer.error()));
  } else {
    done(std::string());
  }
}

void CurlSession::Worker::detach(Exchange& exchange) {
  if (!exchange.attached) return;
  exchange.attached = false;
  curl_multi_remove_handle(multi_, exchange.transfer.easy());
}

void CurlSession::Worker::cancel_all() {
  for (const auto& exchange : active_) {
    exchange->transfer.finish(CurlErrorKind::cancelled, "the client was closed");
    advance(*exchange);
    detach(*exchange);
  }
  active_.clear();
  for (const auto& line : lines_) {
    line->cancelled = true;
    advance(*line, Clock::now());
    detach(*line);
  }
  lines_.clear();
}

void CurlSession::Worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (!started_) ended_ = true;
  }
  curl_multi_wakeup(multi_);
  if (!thread_.joinable()) return;
  // The last reference may go inside a handler; the thread then ends by itself.
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();  // allow(detached): a thread cannot join itself
  } else {
    thread_.join();
  }
}

CurlSession::CurlSession(CurlOptions options) {
  start_libcurl();
  options.connections_max = std::max<std::size_t>(options.connections_max, 1);
  worker_ = std::make_shared<Worker>(options);
  pool_ = std::make_shared<Pool>(std::move(options));
}

CurlSession::~CurlSession() { worker_->stop(); }

CurlResult<CurlReply> CurlSession::call(CurlRequest request) {
  BlockingTransfer<Pool> run(pool_, std::move(request), /*streaming=*/false);
  run.drive([] { return false; });
  if (run.transfer().error()) return std::unexpected(*run.transfer().error());
  return run.transfer().take_reply();
}

CurlResult<CurlOpened> CurlSession::open(CurlRequest request) {
  auto run =
      std::make_unique<BlockingTransfer<Pool>>(pool_, std::move(request), /*streaming=*/true);
  run->drive([&] { return run->transfer().head_ready(); });
  // An error that came in the same step as the headers is left for the first read.
  if (!run->transfer().head_ready()) return std::unexpected(*run->transfer().error());
  CurlHead head = run->transfer().take_head();
  return CurlOpened{.head = std::move(head), .stream = std::move(run)};
}

CurlResult<CurlConnected> CurlSession::connect(CurlRequest request) {
  request.connect_only = true;
  request.silence_time_max = {};
  auto socket = std::make_unique<BlockingSocket<Pool>>(pool_, std::move(request));
  auto answer = socket->connect();
  if (answer && answer->head.status == 101) answer->socket = std::move(socket);
  return answer;
}

void CurlSession::connect_in_background(CurlRequest request,
                                        std::function<void(CurlResult<CurlConnected>)> done) {
  request.connect_only = true;
  request.silence_time_max = {};
  worker_->connect(std::move(request), std::move(done));
}

void CurlSession::call_in_background(CurlRequest request,
                                     std::function<void(CurlResult<CurlReply>)> done) {
  worker_->submit(std::move(request), /*streaming=*/false, std::move(done), {});
}

void CurlSession::open_in_background(CurlRequest request,
                                     std::function<void(CurlResult<CurlOpened>)> done) {
  worker_->submit(std::move(request), /*streaming=*/true, {}, std::move(done));
}

}  // namespace colonnade::net
