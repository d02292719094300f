// Showing an authorization server who we are by a signed statement (RFC 7523 §2.2, RFC 7519).
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace colonnade::tools::mcp {

struct AssertionClaims {
  std::string client_id{};
  std::string audience{};  // the authorization server's issuer
  std::string id{};        // never used before
  base::Time now{};
};

// A JWT that counts for limits::mcp_assertion_time_max. `private_key` is PEM: a key on P-256 signs
// ES256, an RSA key RS256. ErrorKind::invalid (field "private_key") for any other text; the message
// holds nothing of it.
base::Result<std::string> sign_assertion(const std::string& private_key,
                                         const AssertionClaims& claims);

}  // namespace colonnade::tools::mcp
