// The real server as a child process on a data folder of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/child.hpp"
#include "harness/connection.hpp"

namespace colonnade::bench {

struct ServerOptions {
  std::string binary{};
  std::string data_dir{};  // made by the server when absent
  std::string durability{"full"};
  int io_threads = 0;                    // 0: the server's default
  std::optional<int> cpu{};              // pinned to this one
  std::uint16_t provider_port = 0;       // a stub provider on loopback; 0: the offline provider
  std::uint16_t port = 0;                // 0: any free one
  std::vector<std::string> arguments{};  // further ones of `serve`
  std::chrono::milliseconds patience = std::chrono::seconds(20);  // for the start
};

class Server {
 public:
  // Starts it and waits for its first 200 on the health route; on any free port, first for what it
  // says it listens on. Throws std::runtime_error with the end of the server's log when that does
  // not come in time.
  explicit Server(const ServerOptions& options);
  // Starts it and leaves it to the caller to end it, perhaps before it answers.
  static std::unique_ptr<Child> launch(const ServerOptions& options);

  const Target& target() const { return target_; }
  pid_t pid() const { return child_->pid(); }
  bool running() { return child_->running(); }
  // From exec to the first 200.
  std::chrono::microseconds start_time() const { return start_time_; }
  void kill();  // SIGKILL, and waits until it is gone
  // SIGTERM; true when it ended by itself with exit code 0 within `patience`.
  bool stop(std::chrono::milliseconds patience = std::chrono::seconds(15));

 private:
  std::uint16_t announced_port() const;
  void wait_until_healthy(const ServerOptions& options);

  std::string data_dir_;
  std::unique_ptr<Child> child_;
  Target target_;
  std::chrono::microseconds start_time_{};
};

// The last lines of a log, for messages.
std::string end_of_file(const std::string& path, std::size_t bytes = 2000);

}  // namespace colonnade::bench
