#include "base/workers.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace colonnade::base {

struct Workers::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::move_only_function<void()>> queue;
  bool stopping = false;
  std::vector<std::jthread> threads;

  void run() {
    for (;;) {
      std::move_only_function<void()> work;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return stopping || !queue.empty(); });
        if (stopping) return;
        work = std::move(queue.front());
        queue.pop_front();
      }
      work();
    }
  }
};

Workers::Workers(std::size_t threads) : state_(std::make_shared<State>()) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->run(); });
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  state_->threads.clear();  // joins
}

void Workers::post(std::move_only_function<void()> work) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    state_->queue.push_back(std::move(work));
  }
  state_->wake.notify_one();
}

}  // namespace colonnade::base
