#include "base/lane.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <string>
#include <thread>

#include "base/log.hpp"

namespace colonnade::base {

namespace asio = boost::asio;

namespace {

// What becomes of a coroutine's exception.
struct LogFailure {
  std::string name;

  void operator()(std::exception_ptr error) const {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      log::error("coroutine_failed", {{"coroutine", name}, {"error", e.what()}});
    } catch (...) {
      log::error("coroutine_failed", {{"coroutine", name}, {"error", "unknown exception"}});
    }
  }
};

}  // namespace

class Lanes::Loop final : public Lane {
 public:
  // Not with the hint that it has one thread: what a lane posts to itself would then wait until its
  // current handler returns, behind what other threads have posted since.
  explicit Loop(std::size_t index) : index_(index), guard_(context_.get_executor()) {}

  void start() {
    thread_ = std::jthread([this] { run(); });
  }

  void stop() {
    guard_.reset();
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  // Destroys what waits or is queued; the loop itself still takes (and drops) new work.
  void drop_all() { context_.drop_all(); }

  void post(std::move_only_function<void()> work) override {
    asio::post(context_, std::move(work));
  }

  void spawn(std::string_view name, Task<void> task) override {
    // Posted: Asio would start it within this call when the caller is on this lane.
    asio::post(context_, [this, name = std::string(name), task = std::move(task)]() mutable {
      asio::co_spawn(context_, std::move(task), LogFailure{std::move(name)});
    });
  }

  bool is_current() const override { return context_.get_executor().running_in_this_thread(); }
  std::size_t index() const override { return index_; }
  asio::io_context& loop() override { return context_; }

 private:
  void run() {
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& e) {
        // A posted function threw: a bug, but one request's bug must not take the server down.
        log::error("lane_exception", {{"error", e.what()}});
      } catch (...) {
        log::error("lane_exception", {{"error", "unknown exception"}});
      }
    }
  }

  // Asio keeps shutdown() to the context itself.
  struct Context : asio::io_context {
    using asio::io_context::io_context;
    void drop_all() { shutdown(); }
  };

  std::size_t index_;
  mutable Context context_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::jthread thread_;
};

Lanes::Lanes(std::size_t count) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    lanes_.push_back(std::make_unique<Loop>(i));
  }
  for (auto& lane : lanes_) lane->start();
}

Lanes::~Lanes() { stop(); }

Lane& Lanes::operator[](std::size_t index) { return *lanes_[index]; }

Lane& Lanes::next() {
  return *lanes_[next_.fetch_add(1, std::memory_order_relaxed) % lanes_.size()];
}

// Destroying a coroutine runs its destructors, and those may post to any lane or drop what lives on
// one: so all lanes are emptied while all of them exist, and again of what was posted meanwhile.
void Lanes::stop() {
  for (auto& lane : lanes_) lane->stop();
  for (int pass = 0; pass < 2; ++pass) {
    for (auto& lane : lanes_) lane->drop_all();
  }
}

}  // namespace colonnade::base
