#include "base/task.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace colonnade::base {

namespace asio = boost::asio;

// The coroutines of one loop that wait on a signal. Asio destroys what waits on a timer or a socket
// when the loop goes away; this does it for signals. Without it a coroutine that waits on a signal
// of its own would keep itself alive for ever. Used by the loop's thread, and by whoever shuts it
// down.
class SignalWaits final : public asio::execution_context::service {
 public:
  struct Link {
    Link* previous = nullptr;
    Link* next = nullptr;

    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link() { unlink(); }
    virtual void drop() {}

    void unlink() {
      if (previous == nullptr) return;
      previous->next = next;
      next->previous = previous;
      previous = next = nullptr;
    }
  };

  using key_type = SignalWaits;
  inline static asio::execution_context::id id;

  explicit SignalWaits(asio::execution_context& context) : service(context) {
    head_.previous = head_.next = &head_;
  }

  void add(Link& link) {
    link.previous = &head_;
    link.next = head_.next;
    head_.next->previous = &link;
    head_.next = &link;
  }

 private:
  void shutdown() override {
    while (head_.next != &head_) {
      Link& link = *head_.next;
      link.unlink();
      link.drop();
    }
  }

  Link head_;
};

struct Signal::State : SignalWaits::Link {
  std::mutex mutex;
  bool notified = false;
  std::move_only_function<void()> waiter;  // resumes the coroutine on its own executor

  // The coroutine is destroyed unresumed, and this with it when nobody else holds it.
  void drop() override {
    std::move_only_function<void()> dropped;
    const std::lock_guard lock(mutex);
    dropped.swap(waiter);
  }

  void notify() {
    std::move_only_function<void()> wake;
    {
      const std::lock_guard lock(mutex);
      if (waiter) {
        wake.swap(waiter);
      } else {
        notified = true;
      }
    }
    if (wake) wake();
  }
};

Signal::Signal() : state_(std::make_shared<State>()) {}
Signal::~Signal() = default;

void Signal::notify() { state_->notify(); }

Task<void> Signal::wait() {
  auto state = state_;
  auto initiate = [state](auto handler) {
    auto executor = asio::get_associated_executor(handler);
    const std::lock_guard lock(state->mutex);
    if (state->notified) {
      state->notified = false;
      asio::post(executor, std::move(handler));
      return;
    }
    asio::use_service<SignalWaits>(asio::query(executor, asio::execution::context)).add(*state);
    state->waiter = [executor, handler = std::move(handler)]() mutable {
      asio::post(executor, std::move(handler));
    };
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(initiate),
                                                                        asio::use_awaitable);
  state->unlink();
}

Task<void> Signal::wait(std::stop_token stop) {
  auto state = state_;
  const auto on_stop = [state] { state->notify(); };
  const std::stop_callback callback(stop, on_stop);
  co_await wait();
}

Task<bool> sleep_for(std::chrono::microseconds duration, std::stop_token stop) {
  auto executor = co_await asio::this_coro::executor;
  auto timer = std::make_shared<asio::steady_timer>(executor, duration);
  // The timer belongs to this coroutine's lane, so a stop from elsewhere is posted to it.
  const auto on_stop = [timer, executor] { asio::post(executor, [timer] { timer->cancel(); }); };
  const std::stop_callback callback(stop, on_stop);
  if (stop.stop_requested()) co_return false;
  boost::system::error_code error;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

namespace {

class TimerAlarm final : public Alarm {
 public:
  TimerAlarm(const asio::any_io_executor& executor, std::chrono::microseconds delay,
             std::move_only_function<void()> call)
      : timer_(executor, delay), call_(std::make_shared<Call>(std::move(call))) {
    timer_.async_wait([call = call_](const boost::system::error_code& error) {
      // Taken out first: the call may destroy the alarm.
      if (auto now = std::exchange(*call, nullptr); !error && now) now();
    });
  }
  // A wait that is over but not yet handled would still call: take the function away.
  ~TimerAlarm() override { *call_ = nullptr; }

 private:
  using Call = std::move_only_function<void()>;
  asio::steady_timer timer_;
  std::shared_ptr<Call> call_;
};

}  // namespace

Task<std::unique_ptr<Alarm>> call_after(std::chrono::microseconds delay,
                                        std::move_only_function<void()> call) {
  auto executor = co_await asio::this_coro::executor;
  co_return std::make_unique<TimerAlarm>(executor, delay, std::move(call));
}

}  // namespace colonnade::base
