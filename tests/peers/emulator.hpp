// The emulator of the vendors' servers (emulator.mjs) as a child process.
#pragma once

#include <sys/types.h>

#include <string>

namespace colonnade::peers {

// Ends with its standard input, so it cannot outlive the test.
class Emulator {
 public:
  Emulator();
  ~Emulator();
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;

  // Where it listens; "" when it could not be started: node or its packages are missing.
  const std::string& url() const { return url_; }

 private:
  pid_t process_ = 0;
  int input_ = -1;
  std::string url_{};
};

}  // namespace colonnade::peers
