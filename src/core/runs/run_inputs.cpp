#include "core/runs/run_inputs.hpp"

#include <utility>

namespace colonnade::core {

base::Error parked_error() {
  return {.kind = base::ErrorKind::unavailable,
          .message = "the server is stopping; the run goes on at its next start"};
}

void RunInputs::push(RunInput input) {
  inputs_.push_back(std::move(input));
  changed_.notify();
}

void RunInputs::broke(std::exception_ptr error) {
  if (!broken_) broken_ = std::move(error);
  changed_.notify();
}

base::Task<std::optional<RunInput>> RunInputs::next() {
  while (inputs_.empty() && !parked() && !broken_) co_await changed_.wait();
  if (broken_) std::rethrow_exception(std::exchange(broken_, nullptr));
  if (parked()) co_return std::nullopt;
  RunInput input = std::move(inputs_.front());
  inputs_.pop_front();
  co_return input;
}

base::Task<void> RunInputs::changed() { co_await changed_.wait(); }

void RunInputs::cancel() {
  // Once: clients may ask as often as they like while the driver waits for the disk.
  if (cancelled_.stop_requested()) return;
  push(CancelRequested{});
  cancelled_.request_stop();
  work_.request_stop();
}

void RunInputs::wake_parked() {
  parking_.request_stop();
  work_.request_stop();
  changed_.notify();
}

}  // namespace colonnade::core
