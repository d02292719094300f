// What gives the requests to an HTTP server their bearer token.
#pragma once

#include <stop_token>
#include <string>

#include "base/task.hpp"

namespace colonnade::tools::mcp {

// A request that was refused for want of a (better) token.
struct Challenge {
  int status = 0;        // 401, or 403 with insufficient_scope
  std::string header{};  // WWW-Authenticate
  std::string token{};   // that was refused; "" for none
  // The server answers from an address that is not of the public Internet.
  bool from_private_address = false;
};

// Used on the lane of its server's session only.
class Authorization {
 public:
  virtual ~Authorization() = default;
  // "" when there is none (yet).
  virtual std::string token() const = 0;
  // Whether the request may be made again, with the token() of then.
  virtual base::Task<bool> challenged(Challenge challenge, std::stop_token stop) = 0;
};

}  // namespace colonnade::tools::mcp
