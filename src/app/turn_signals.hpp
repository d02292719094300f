// Ctrl-C and SIGTERM for commands that wait for an answer without a terminal to ask on.
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>

#include "app/command_line.hpp"
#include "app/signals.hpp"

namespace colonnade::app {

// The first signal during a turn stops it, which cancels it on the server. A second one, and one
// between turns, ends the process at once with exit_signal and its number. Make it before any other
// thread.
class TurnSignals {
 public:
  TurnSignals();

  // A turn begins: what the next signal, or stop(), stops.
  std::stop_token begin();
  void end();
  // Stops the turn for a reason of the program's own. Any thread.
  void stop();
  // The signal that stopped a turn; 0 for none.
  int received() const;

 private:
  void on_signal(int number);

  mutable std::mutex mutex_;
  std::optional<std::stop_source> turn_{};
  int received_ = 0;
  SignalWatch watch_;  // last: it calls on_signal()
};

// Says that a signal ended the wait; the exit code for it.
int print_interrupted(const Context& context, int number);

}  // namespace colonnade::app
