#include "core/jobs/job_pause.hpp"

#include <algorithm>
#include <utility>

namespace colonnade::core {

base::Task<void> rest_until(std::shared_ptr<base::Signal> wake,
                            std::optional<std::chrono::microseconds> time, std::stop_token stop) {
  std::unique_ptr<base::Alarm> alarm;
  if (time) {
    const auto delay = std::max(*time, std::chrono::microseconds(0));
    std::move_only_function<void()> ring = [wake] { wake->notify(); };
    alarm = co_await base::call_after(delay, std::move(ring));
  }
  co_await wake->wait(std::move(stop));
}

}  // namespace colonnade::core
