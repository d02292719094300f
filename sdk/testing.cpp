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

// Plays the script. Outlives the ScriptedTransport as long as a client holds it.
class ScriptedTransport::Player final : public Transport,
                                        public std::enable_shared_from_this<Player> {
 public:
  using Plan = Expectation::Plan;

  std::shared_ptr<Plan> add(std::string_view method, std::string_view target);
  std::vector<RecordedRequest> requests() const;
  std::size_t open_streams() const;
  std::string problems() const;

  void call(TransportRequest request, Calling calling, CallHandler done) override;
  void open(TransportRequest request, Calling calling, OpenHandler done) override;

 private:
  class Piecewise;

  Result<Plan> next_plan(const TransportRequest& request);
  // Runs `work` here, or on a thread of its own that the destructor joins.
  void perform(Calling calling, std::function<void()> work);

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Plan>> plans_;
  std::vector<RecordedRequest> requests_;
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

std::shared_ptr<ScriptedTransport::Player::Plan> ScriptedTransport::Player::add(
    std::string_view method, std::string_view target) {
  auto plan = std::make_shared<Plan>();
  plan->method = method;
  plan->target = target;
  const std::lock_guard lock(mutex_);
  plans_.push_back(plan);
  return plan;
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

ScriptedTransport::ScriptedTransport() : player_(std::make_shared<Player>()) {}
ScriptedTransport::~ScriptedTransport() = default;

ScriptedTransport::Expectation ScriptedTransport::expect(std::string_view method,
                                                         std::string_view target) {
  return Expectation(player_->add(method, target));
}

std::shared_ptr<Transport> ScriptedTransport::transport() const { return player_; }
std::vector<RecordedRequest> ScriptedTransport::requests() const { return player_->requests(); }
std::size_t ScriptedTransport::open_streams() const { return player_->open_streams(); }

void ScriptedTransport::verify() const {
  const std::string problems = player_->problems();
  if (!problems.empty()) throw ScriptError("the script was not followed:\n" + problems);
}

}  // namespace colonnade::inline v1::testing
