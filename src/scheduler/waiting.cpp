#include "scheduler/waiting.hpp"

#include <utility>

namespace colonnade::scheduler {

base::Task<void> LaneWaiting::wait(std::optional<std::chrono::microseconds> at_most,
                                   std::stop_token stop) {
  const auto signal = signal_;
  std::unique_ptr<base::Alarm> alarm;
  if (at_most) {
    auto ring = [signal] { signal->notify(); };
    alarm = co_await base::call_after(*at_most, std::move(ring));
  }
  co_await signal->wait(stop);
}

}  // namespace colonnade::scheduler
