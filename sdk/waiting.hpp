// Looking again and again whether something at the server is over.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>

#include "colonnade/options.hpp"
#include "colonnade/task.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::detail {

// When to look next, and until when.
class Looks {
 public:
  explicit Looks(const WaitOptions& options)
      : options_(options), began_(std::chrono::steady_clock::now()) {}

  bool time_is_up() const { return left() == std::chrono::milliseconds(0); }
  // Before the next look: doubles from one to the other, up to WaitOptions::interval, and never
  // passes the end of the time.
  std::chrono::milliseconds next_delay() {
    const std::chrono::milliseconds delay = std::min({next_, options_.interval, left()});
    next_ = std::min(next_ * 2, options_.interval);
    return delay;
  }

 private:
  std::chrono::milliseconds left() const {
    if (options_.time_max.count() <= 0) return std::chrono::milliseconds::max();
    const auto used =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_);
    return std::max(options_.time_max - used, std::chrono::milliseconds(0));
  }

  WaitOptions options_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::milliseconds next_{100};
};

// Sleeps; a stop ends that, and is noticed by the next call over the channel, which then fails.
inline Task<bool> pause(std::shared_ptr<const Channel> channel, std::chrono::milliseconds delay) {
  const auto stop = std::make_shared<EitherStop>(channel->scope.stop, channel->pool->closing());
  const std::stop_token either = stop->token();
  const bool slept = co_await sleep_for(delay, either);
  co_return slept;
}

}  // namespace colonnade::inline v1::detail
