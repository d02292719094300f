#include "app/turn_signals.hpp"

#include <unistd.h>

#include <csignal>

namespace colonnade::app {

TurnSignals::TurnSignals() : watch_({SIGINT, SIGTERM}, [this](int number) { on_signal(number); }) {}

std::stop_token TurnSignals::begin() {
  const std::lock_guard lock(mutex_);
  return turn_.emplace().get_token();
}

void TurnSignals::end() {
  const std::lock_guard lock(mutex_);
  turn_.reset();
}

void TurnSignals::stop() {
  const std::lock_guard lock(mutex_);
  if (turn_) turn_->request_stop();
}

int TurnSignals::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

void TurnSignals::on_signal(int number) {
  {
    const std::lock_guard lock(mutex_);
    if (received_ == 0) {
      received_ = number;
      if (turn_ && turn_->request_stop()) return;
    }
  }
  // The main thread waits for a line or for a server that does not answer; nothing that it holds
  // needs to be put away.
  ::_exit(exit_signal + number);
}

int print_interrupted(const Context& context, int number) {
  return print_error(context, "interrupted; the turn was cancelled", exit_signal + number);
}

}  // namespace colonnade::app
