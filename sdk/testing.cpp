#include "colonnade/testing.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace colonnade::inline v1::testing {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string target_of(const std::string& url) {
  const auto authority = url.find("://");
  if (authority == std::string::npos) return url;
  const auto path = url.find('/', authority + 3);
  return path == std::string::npos ? "/" : url.substr(path);
}

Failure transport_failure(TransportErrorKind kind, std::string message) {
  return Failure{.kind = ErrorKind::transport, .message = std::move(message), .transport = kind};
}

// Blocks until the call is stopped or its time is up.
Failure wait_for_the_end(const std::stop_token& stop, std::chrono::milliseconds limit) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  if (limit.count() > 0) {
    woken.wait_for(lock, stop, limit, [] { return false; });
  } else {
    woken.wait(lock, stop, [] { return false; });
  }
  if (stop.stop_requested()) {
    return transport_failure(TransportErrorKind::canceled, "the call was stopped");
  }
  return transport_failure(TransportErrorKind::timeout,
                           "no reply within " + std::to_string(limit.count()) + " ms");
}

// Silence and whole time alike: nothing ever comes here.
std::chrono::milliseconds limit_of(const TransportRequest& request) {
  if (request.total_timeout.count() == 0) return request.read_timeout;
  if (request.read_timeout.count() == 0) return request.total_timeout;
  return std::min(request.total_timeout, request.read_timeout);
}

}  // namespace

ScriptError::~ScriptError() = default;

std::string RecordedRequest::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (same_name(header.name, name)) return header.value;
  }
  return {};
}

bool RecordedRequest::has_header(std::string_view name) const {
  return std::ranges::any_of(headers,
                             [&](const Header& header) { return same_name(header.name, name); });
}

struct ScriptedTransport::Expectation::Plan {
  std::string method;
  std::string target;
  std::size_t order = 0;  // among all expectations
  std::size_t times = 1;
  std::size_t used = 0;
  int status = 200;
  std::vector<Header> headers;
  std::vector<std::string> pieces;  // of a stream; of a plain reply, its body
  enum class End { done, failure, hang } end = End::done;
  Failure failure;
  bool scripted = false;
};

ScriptedTransport::Expectation::Expectation(std::shared_ptr<Plan> plan) : plan_(std::move(plan)) {}

ScriptedTransport::Expectation& ScriptedTransport::Expectation::reply(int status,
                                                                      std::string_view body,
                                                                      std::vector<Header> headers) {
  plan_->status = status;
  plan_->headers = std::move(headers);
  plan_->pieces = {std::string(body)};
  plan_->scripted = true;
  return *this;
}

ScriptedTransport::Expectation& ScriptedTransport::Expectation::stream(
    std::vector<std::string> pieces) {
  plan_->status = 200;
  plan_->headers = {{"Content-Type", "text/event-stream"}};
  plan_->pieces = std::move(pieces);
  plan_->scripted = true;
  return *this;
}

ScriptedTransport::Expectation& ScriptedTransport::Expectation::fail(TransportErrorKind kind,
                                                                     std::string_view message) {
  plan_->end = Plan::End::failure;
  plan_->failure = transport_failure(kind, std::string(message));
  return *this;
}

ScriptedTransport::Expectation& ScriptedTransport::Expectation::hang() {
  plan_->end = Plan::End::hang;
  return *this;
}

ScriptedTransport::Expectation& ScriptedTransport::Expectation::times(std::size_t count) {
  plan_->times = count;
  return *this;
}

struct ScriptedTransport::SocketScript::Plan {
  struct Step {
    enum class Kind { say, hear, close, fail, hang, then } kind = Kind::say;
    std::string text{};
    int code = 0;
    std::size_t times = 1;
    Failure failure{};
    std::function<void()> action{};
  };
  std::string target;
  std::size_t order = 0;  // among all expectations, of both kinds
  std::vector<Step> steps;
  bool used = false;
};

ScriptedTransport::SocketScript::SocketScript(std::shared_ptr<Plan> plan)
    : plan_(std::move(plan)) {}

ScriptedTransport::SocketScript& ScriptedTransport::SocketScript::say(std::string_view text) {
  plan_->steps.push_back({.kind = Plan::Step::Kind::say, .text = std::string(text)});
  return *this;
}

ScriptedTransport::SocketScript& ScriptedTransport::SocketScript::hear(std::string_view text) {
  plan_->steps.push_back({.kind = Plan::Step::Kind::hear, .text = std::string(text)});
  return *this;
}

ScriptedTransport::SocketScript& ScriptedTransport::SocketScript::close(int code,
                                                                        std::string_view reason) {
  plan_->steps.push_back(
      {.kind = Plan::Step::Kind::close, .text = std::string(reason), .code = code});
  return *this;
}

ScriptedTransport::SocketScript& ScriptedTransport::SocketScript::fail(TransportErrorKind kind,
                                                                       std::string_view message) {
  plan_->steps.push_back(
      {.kind = Plan::Step::Kind::fail, .failure = transport_failure(kind, std::string(message))});
  return *this;
}

ScriptedTransport::SocketScript& ScriptedTransport::SocketScript::hang(std::size_t times) {
  plan_->steps.push_back({.kind = Plan::Step::Kind::hang, .times = times});
  return *this;
}

ScriptedTransport::SocketScript& ScriptedTransport::SocketScript::then(
    std::function<void()> action) {
  plan_->steps.push_back({.kind = Plan::Step::Kind::then, .action = std::move(action)});
  return *this;
}

// Plays the script. Outlives the ScriptedTransport as long as a client holds it.
class ScriptedTransport::Player final : public Transport,
                                        public std::enable_shared_from_this<Player> {
 public:
  using Plan = Expectation::Plan;

  using SocketPlan = SocketScript::Plan;

  std::shared_ptr<Plan> add(std::string_view method, std::string_view target);
  std::shared_ptr<SocketPlan> add_socket(std::string_view target);
  std::vector<RecordedRequest> requests() const;
  std::vector<std::string> sent_messages() const;
  std::size_t open_streams() const;
  std::string problems() const;

  void call(TransportRequest request, Calling calling, CallHandler done) override;
  void open(TransportRequest request, Calling calling, OpenHandler done) override;
  void connect(TransportRequest request, Calling calling, ConnectHandler done) override;

 private:
  class Piecewise;
  class Socket;

  Result<Plan> next_plan(const TransportRequest& request);
  // Null when none is expected at this target, or a plain reply is expected before it; the request
  // is recorded when one is given.
  std::shared_ptr<SocketPlan> next_socket(const TransportRequest& request);
  // Runs `work` here, or on a thread of its own that the destructor joins.
  void perform(Calling calling, std::function<void()> work);

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Plan>> plans_;
  std::vector<RecordedRequest> requests_;
  std::vector<std::shared_ptr<SocketPlan>> sockets_;
  std::size_t expectations_ = 0;
  std::vector<std::string> sent_messages_;
  std::vector<std::string> complaints_;
  std::vector<std::string> unexpected_;
  std::size_t open_streams_ = 0;
};

class ScriptedTransport::Player::Piecewise final : public TransportStream {
 public:
  Piecewise(std::shared_ptr<Player> player, Plan plan, TransportRequest request, Calling calling)
      : player_(std::move(player)),
        plan_(std::move(plan)),
        request_(std::move(request)),
        calling_(calling) {
    const std::lock_guard lock(player_->mutex_);
    ++player_->open_streams_;
  }
  ~Piecewise() override {
    const std::lock_guard lock(player_->mutex_);
    --player_->open_streams_;
  }

  void read(ReadHandler done) override {
    if (request_.stop.stop_requested()) {
      done(transport_failure(TransportErrorKind::canceled, "the stream was stopped"));
      return;
    }
    while (next_ < plan_.pieces.size() && plan_.pieces[next_].empty()) ++next_;
    if (next_ < plan_.pieces.size()) {
      done(plan_.pieces[next_++]);
    } else if (plan_.end == Plan::End::failure) {
      done(plan_.failure);
    } else if (plan_.end == Plan::End::hang) {
      player_->perform(
          calling_, [done = std::move(done), stop = request_.stop, limit = request_.read_timeout] {
            done(wait_for_the_end(stop, limit));
          });
    } else {
      done(std::string());
    }
  }

 private:
  std::shared_ptr<Player> player_;
  Plan plan_;
  TransportRequest request_;
  Calling calling_;
  std::size_t next_ = 0;
};

class ScriptedTransport::Player::Socket final : public TransportSocket {
 public:
  using Step = SocketPlan::Step;

  Socket(std::shared_ptr<Player> player, std::shared_ptr<SocketPlan> plan, TransportRequest request,
         Calling calling)
      : player_(std::move(player)),
        plan_(std::move(plan)),
        request_(std::move(request)),
        calling_(calling) {
    const std::lock_guard lock(player_->mutex_);
    ++player_->open_streams_;
  }
  ~Socket() override {
    const std::lock_guard lock(player_->mutex_);
    --player_->open_streams_;
  }

  void send(std::string text) override {
    const std::lock_guard lock(player_->mutex_);
    player_->sent_messages_.push_back(text);
    heard_.push_back(std::move(text));
  }

  void read(std::chrono::milliseconds silence_max, ReadHandler done) override {
    for (;; ++next_) {
      if (request_.stop.stop_requested()) {
        done(transport_failure(TransportErrorKind::canceled, "the socket was stopped"));
        return;
      }
      if (next_ == plan_->steps.size()) {
        done(transport_failure(TransportErrorKind::reset, "the script of the socket has ended"));
        return;
      }
      Step& step = plan_->steps[next_];
      if (step.kind == Step::Kind::then) {
        step.action();
      } else if (step.kind == Step::Kind::hear) {
        if (!hear(step.text)) {
          done(transport_failure(TransportErrorKind::protocol, "the script was not followed"));
          return;
        }
      } else if (step.kind == Step::Kind::hang) {
        if (step.times == 0) continue;
        --step.times;
        player_->perform(calling_, [done = std::move(done), stop = request_.stop, silence_max] {
          done(wait_for_the_end(stop, silence_max));
        });
        return;
      } else {
        break;
      }
    }
    const Step& step = plan_->steps[next_++];
    if (step.kind == Step::Kind::fail) {
      done(step.failure);
    } else if (step.kind == Step::Kind::close) {
      done(SocketInput{.closed = true, .code = step.code, .close_reason = step.text});
    } else {
      done(SocketInput{.text = step.text});
    }
  }

 private:
  bool hear(const std::string& wanted) {
    const std::lock_guard lock(player_->mutex_);
    const std::string got = next_heard_ < heard_.size() ? heard_[next_heard_] : "nothing";
    ++next_heard_;
    const bool open_end = wanted.ends_with('*');
    const std::string_view start(wanted.data(), wanted.size() - (open_end ? 1 : 0));
    if (open_end ? got.starts_with(start) : got == wanted) return true;
    player_->complaints_.push_back("expected the message " + wanted + ", heard " + got);
    return false;
  }

  std::shared_ptr<Player> player_;
  std::shared_ptr<SocketPlan> plan_;
  TransportRequest request_;
  Calling calling_;
  std::size_t next_ = 0;
  std::vector<std::string> heard_;
  std::size_t next_heard_ = 0;
};

std::shared_ptr<ScriptedTransport::Player::Plan> ScriptedTransport::Player::add(
    std::string_view method, std::string_view target) {
  auto plan = std::make_shared<Plan>();
  plan->method = method;
  plan->target = target;
  const std::lock_guard lock(mutex_);
  plan->order = ++expectations_;
  plans_.push_back(plan);
  return plan;
}

std::shared_ptr<ScriptedTransport::Player::SocketPlan> ScriptedTransport::Player::add_socket(
    std::string_view target) {
  auto plan = std::make_shared<SocketPlan>();
  plan->target = target;
  const std::lock_guard lock(mutex_);
  plan->order = ++expectations_;
  sockets_.push_back(plan);
  return plan;
}

std::vector<std::string> ScriptedTransport::Player::sent_messages() const {
  const std::lock_guard lock(mutex_);
  return sent_messages_;
}

std::vector<RecordedRequest> ScriptedTransport::Player::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t ScriptedTransport::Player::open_streams() const {
  const std::lock_guard lock(mutex_);
  return open_streams_;
}

std::string ScriptedTransport::Player::problems() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const std::string& complaint : complaints_) out += complaint + "\n";
  for (const auto& socket : sockets_) {
    if (!socket->used) out += "expected socket that was never opened: " + socket->target + "\n";
  }
  for (const std::string& request : unexpected_) out += "unexpected request: " + request + "\n";
  for (const auto& plan : plans_) {
    if (plan->used >= plan->times) continue;
    out += "expected request that never came: " + plan->method + " " + plan->target;
    if (plan->times > 1) {
      out += " (" + std::to_string(plan->used) + " of " + std::to_string(plan->times) + ")";
    }
    out += "\n";
  }
  return out;
}

Result<ScriptedTransport::Player::Plan> ScriptedTransport::Player::next_plan(
    const TransportRequest& request) {
  const std::lock_guard lock(mutex_);
  const std::string target = target_of(request.url);
  requests_.push_back({.method = request.method,
                       .target = target,
                       .url = request.url,
                       .headers = request.headers,
                       .body = request.body,
                       .has_body = request.has_body});
  std::string open;
  for (const auto& plan : plans_) {
    if (plan->used >= plan->times) continue;
    const bool any_query = plan->target.find('?') == std::string::npos;
    const std::string asked = any_query ? target.substr(0, target.find('?')) : target;
    if (plan->method == request.method && plan->target == asked) {
      ++plan->used;
      return *plan;
    }
    open += (open.empty() ? "" : ", ") + plan->method + " " + plan->target;
  }
  unexpected_.push_back(request.method + " " + target);
  return transport_failure(TransportErrorKind::connect, "the script has no reply for " +
                                                            unexpected_.back() + "; it expects " +
                                                            (open.empty() ? "nothing more" : open));
}

void ScriptedTransport::Player::perform(Calling calling, std::function<void()> work) {
  if (calling == Calling::blocking) {
    work();
  } else {
    // Ends with the call it plays, which a stop or its time limit ends; holds the player until
    // then.
    std::thread player([self = shared_from_this(), work = std::move(work)] { work(); });
    player.detach();  // allow(detached): it owns what it uses, and nobody may wait for it
  }
}

void ScriptedTransport::Player::call(TransportRequest request, Calling calling, CallHandler done) {
  const auto plan = next_plan(request);
  if (!plan) {
    done(plan.error());
  } else if (request.stop.stop_requested()) {
    done(transport_failure(TransportErrorKind::canceled, "the call was stopped"));
  } else if (plan->end == Plan::End::failure) {
    done(plan->failure);
  } else if (plan->end == Plan::End::hang) {
    perform(calling, [done = std::move(done), stop = request.stop, limit = limit_of(request)] {
      done(wait_for_the_end(stop, limit));
    });
  } else {
    std::string body;
    for (const std::string& piece : plan->pieces) body += piece;
    done(TransportReply{.status = plan->status, .headers = plan->headers, .body = std::move(body)});
  }
}

void ScriptedTransport::Player::open(TransportRequest request, Calling calling, OpenHandler done) {
  const auto plan = next_plan(request);
  if (!plan) {
    done(plan.error());
  } else if (request.stop.stop_requested()) {
    done(transport_failure(TransportErrorKind::canceled, "the call was stopped"));
  } else if (!plan->scripted && plan->end == Plan::End::failure) {
    done(plan->failure);
  } else if (!plan->scripted && plan->end == Plan::End::hang) {
    perform(calling, [done = std::move(done), stop = request.stop, limit = limit_of(request)] {
      done(wait_for_the_end(stop, limit));
    });
  } else {
    const int status = plan->status;
    std::vector<Header> headers = plan->headers;
    done(TransportOpened{.status = status,
                         .headers = std::move(headers),
                         .body = std::make_unique<Piecewise>(shared_from_this(), *plan,
                                                             std::move(request), calling)});
  }
}

std::shared_ptr<ScriptedTransport::Player::SocketPlan> ScriptedTransport::Player::next_socket(
    const TransportRequest& request) {
  const std::lock_guard lock(mutex_);
  const std::string target = target_of(request.url);
  for (const auto& plan : sockets_) {
    const bool any_query = plan->target.find('?') == std::string::npos;
    if (plan->used || plan->target != (any_query ? target.substr(0, target.find('?')) : target)) {
      continue;
    }
    const bool refused_first = std::ranges::any_of(plans_, [&](const auto& other) {
      return other->used < other->times && other->method == "GET" &&
             other->target == plan->target && other->order < plan->order;
    });
    if (refused_first) return nullptr;
    plan->used = true;
    requests_.push_back({.method = request.method,
                         .target = target,
                         .url = request.url,
                         .headers = request.headers});
    return plan;
  }
  return nullptr;
}

void ScriptedTransport::Player::connect(TransportRequest request, Calling calling,
                                        ConnectHandler done) {
  if (request.stop.stop_requested()) {
    done(transport_failure(TransportErrorKind::canceled, "the call was stopped"));
    return;
  }
  if (const auto socket = next_socket(request)) {
    done(TransportConnected{.status = 101,
                            .socket = std::make_unique<Socket>(shared_from_this(), socket,
                                                               std::move(request), calling)});
    return;
  }
  // A scripted refusal or failure.
  call(std::move(request), calling, [done = std::move(done)](Result<TransportReply> reply) {
    if (!reply) {
      done(reply.error());
    } else {
      done(TransportConnected{.status = reply->status,
                              .headers = std::move(reply->headers),
                              .body = std::move(reply->body)});
    }
  });
}

ScriptedTransport::ScriptedTransport() : player_(std::make_shared<Player>()) {}
ScriptedTransport::~ScriptedTransport() = default;

ScriptedTransport::Expectation ScriptedTransport::expect(std::string_view method,
                                                         std::string_view target) {
  return Expectation(player_->add(method, target));
}

ScriptedTransport::SocketScript ScriptedTransport::expect_socket(std::string_view target) {
  return SocketScript(player_->add_socket(target));
}

std::vector<std::string> ScriptedTransport::sent_messages() const {
  return player_->sent_messages();
}

std::shared_ptr<Transport> ScriptedTransport::transport() const { return player_; }
std::vector<RecordedRequest> ScriptedTransport::requests() const { return player_->requests(); }
std::size_t ScriptedTransport::open_streams() const { return player_->open_streams(); }

void ScriptedTransport::verify() const {
  const std::string problems = player_->problems();
  if (!problems.empty()) throw ScriptError("the script was not followed:\n" + problems);
}

}  // namespace colonnade::inline v1::testing
