// A model that says what a test tells it to, when the test tells it to.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/task.hpp"
#include "core/models/model_provider.hpp"

namespace colonnade::tests {

// One thing that a scripted model does.
struct Say {
  std::vector<core::ModelEvent> events{};
};
struct Break {
  base::Error error{};
};
struct Hold {};  // silence until the call is stopped, or ScriptedProvider::release()
using Act = std::variant<Say, Break, Hold>;

inline Say text(std::string delta) { return {{core::ModelTextDelta{std::move(delta)}}}; }

inline Say reply(std::vector<core::Part> parts,
                 core::StopReason reason = core::StopReason::end_turn,
                 core::Usage usage = {.input_tokens = 10, .output_tokens = 5}) {
  return {{core::ModelReply{
      .parts = std::move(parts), .stop_reason = reason, .usage = usage, .model = "scripted-1"}}};
}

inline Say tool_call(std::string call_id, std::string tool, base::Json arguments) {
  return reply({core::ToolCallPart{.call_id = std::move(call_id),
                                   .tool = std::move(tool),
                                   .arguments = std::move(arguments)}},
               core::StopReason::tool_use);
}

class ScriptedProvider final : public core::ModelProvider {
 public:
  explicit ScriptedProvider(std::string name = "scripted") : name_(std::move(name)) {}
  // What the next model call does, in order. A call without a script breaks as internal.
  void script(std::vector<Act> acts) {
    const std::lock_guard lock(shared_->mutex);
    shared_->scripts.push_back(std::move(acts));
  }
  // What calls without a script do. Called on the lane.
  void answer_with(std::function<std::vector<Act>(const core::ModelRequest&)> answer) {
    const std::lock_guard lock(shared_->mutex);
    shared_->answer = std::move(answer);
  }
  // Ends one Hold, now or to come.
  void release() { shared_->released.notify(); }

  std::vector<core::ModelRequest> requests() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->requests;
  }
  // Called, on the lane, when a call reaches a Hold.
  void on_hold(std::function<void()> callback) { shared_->on_hold = std::move(callback); }
  // How many steps of scripts were taken, of all calls.
  int acts_done() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->acts_done;
  }
  int stopped_calls() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->stopped;
  }

  std::string_view name() const override { return name_; }
  std::string_view default_model() const override { return "scripted-1"; }
  // Everything but sound.
  bool takes_file(std::string_view /*model*/, std::string_view mime) const override {
    return !mime.starts_with("audio/");
  }
  std::unique_ptr<core::ModelStream> ask(base::Lane&, core::ModelRequest request,
                                         std::stop_token stop) override {
    const std::lock_guard lock(shared_->mutex);
    std::vector<Act> acts = {Break{{.message = "the test wrote no script for this call"}}};
    if (!shared_->scripts.empty()) {
      acts = std::move(shared_->scripts.front());
      shared_->scripts.pop_front();
    } else if (shared_->answer) {
      acts = shared_->answer(request);
    }
    shared_->requests.push_back(std::move(request));
    return std::make_unique<Stream>(shared_, std::move(acts), std::move(stop));
  }

 private:
  struct Shared {
    mutable std::mutex mutex;
    std::deque<std::vector<Act>> scripts;
    std::vector<core::ModelRequest> requests;
    int stopped = 0;
    int acts_done = 0;
    std::function<std::vector<Act>(const core::ModelRequest&)> answer;
    base::Signal released;
    std::function<void()> on_hold;
  };

  class Stream final : public core::ModelStream {
   public:
    Stream(std::shared_ptr<Shared> shared, std::vector<Act> acts, std::stop_token stop)
        : shared_(std::move(shared)), acts_(acts.begin(), acts.end()), stop_(std::move(stop)) {}

    base::Task<base::Result<std::vector<core::ModelEvent>>> next() override {
      for (;;) {
        if (stop_.stop_requested()) {
          const std::lock_guard lock(shared_->mutex);
          ++shared_->stopped;
          co_return base::fail(base::ErrorKind::cancelled, "stopped");
        }
        if (acts_.empty()) {
          co_return base::fail(base::ErrorKind::upstream, "the stream ended without a reply");
        }
        Act act = std::move(acts_.front());
        acts_.pop_front();
        {
          const std::lock_guard lock(shared_->mutex);
          ++shared_->acts_done;
        }
        if (auto* say = std::get_if<Say>(&act)) co_return std::move(say->events);
        if (auto* broken = std::get_if<Break>(&act)) co_return base::fail(std::move(broken->error));
        if (shared_->on_hold) shared_->on_hold();
        co_await shared_->released.wait(stop_);
      }
    }

   private:
    std::shared_ptr<Shared> shared_;
    std::deque<Act> acts_;
    std::stop_token stop_;
  };

  std::string name_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace colonnade::tests
