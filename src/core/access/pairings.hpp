// Pairing a device: a six-digit code, shown on one device and typed on another (fathom §5.3). Codes
// live in memory only; a restart voids them.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "core/access/principal.hpp"

namespace colonnade::core {

struct PairingCode {
  std::string code{};
  base::Time expires_at{};
};

class Pairings {
 public:
  Pairings(Credentials& credentials, base::Clock& clock);
  ~Pairings();

  Result<PairingCode> start(const Principal& who);
  // Makes a device token of the issuer's user. `address` is counted against the claim limit; ""
  // shares one bucket. Errors: rate_limited (with retry_after), not_found (also when the credential
  // that asked for the code was revoked), gone (expired), conflict (used).
  base::Task<Result<CreatedToken>> claim(std::string code, std::string device_name,
                                         std::string address);
  // Waits for the claim of a code that `who` issued. timeout after limits::pairing_watch_time_max,
  // gone when it expired unclaimed, not_found for an unknown one (or another user's).
  base::Task<Result<Credential>> watch(Principal who, std::string code, std::stop_token stop);
  // Ends every wait, and those that would begin, with unavailable: the server stops. Any thread.
  void stop();

 private:
  struct State;
  Credentials& credentials_;
  base::Clock& clock_;
  std::shared_ptr<State> state_;
};

}  // namespace colonnade::core
