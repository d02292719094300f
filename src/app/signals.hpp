// Signals as calls on a thread of their own.
#pragma once

#include <functional>
#include <initializer_list>
#include <thread>

namespace colonnade::app {

// While it lives, the given signals are not delivered in the usual way: `on_signal` gets each, on
// this object's thread. Make it before any other thread, because threads inherit what is blocked.
class SignalWatch {
 public:
  SignalWatch(std::initializer_list<int> signals, std::function<void(int)> on_signal);
  // Waits for a call that is under way.
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void run();

  std::function<void(int)> on_signal_;
  int signals_ = -1;  // signalfd
  int wake_ = -1;     // eventfd
  std::thread thread_;
};

}  // namespace colonnade::app
