// Submitting once: a client's idempotency key, what it was used for, and the answer it got.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

struct StoredAnswer {
  int status = 0;
  std::string content_type{};
  std::string body{};
};

struct KeyedRequest {
  std::string id{};
  Scope scope;
  std::string user_id{};      // keys of different users never meet
  std::string key{};          // as the client chose it
  std::string fingerprint{};  // SHA-256 over method, path and body: the same key must mean the same
  std::string object_id{};    // thread or run that it made, linked in the transaction that made it
  std::optional<StoredAnswer> answer{};
  base::Time created_at{};  // kept for limits::idempotency_time
};

}  // namespace colonnade::core
