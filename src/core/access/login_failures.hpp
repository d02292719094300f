// Failed logins in the audit trail: bounded for each address and in all, so that whoever guesses
// tokens can neither fill the trail nor hide another's attempts in it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace colonnade::core {

class AuditLog;

// Thread-safe.
class LoginFailures {
 public:
  // Both must outlive it.
  LoginFailures(AuditLog& log, base::Clock& clock) : log_(log), clock_(clock) {}

  // From `address`, by `means`: "token", "pairing_code". What was tried is not said. Beyond
  // limits::login_failures_per_address and limits::login_failures_max of one
  // limits::login_failure_window it is only counted; the first record after that says how many.
  void add(const std::string& address, std::string_view means);

 private:
  AuditLog& log_;
  base::Clock& clock_;
  std::mutex mutex_;
  bool has_window_ = false;
  base::SteadyTime window_began_{};
  std::size_t recorded_ = 0;
  std::map<std::string, std::size_t> of_address_{};  // of those that were recorded
  std::int64_t unrecorded_ = 0;
};

}  // namespace colonnade::core
