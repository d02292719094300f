// The stub provider on a thread of its own; it outlives every server.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace colonnade::kill {

class Stub {
 public:
  Stub();
  ~Stub();
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void serve();

  std::atomic<std::uint16_t> port_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace colonnade::kill
