// Tokens, made on this machine: straight in the store when no server runs on it, else through the
// server that does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "base/result.hpp"

namespace colonnade::app {

// Scope, user and role as they were given; open_tokens()' object checks them.
struct NewTokenRequest {
  std::string name{};
  std::string scope{};  // ORGANIZATION/PROJECT/ENVIRONMENT
  std::string user{};
  std::string role{};  // operator or member
};

struct TokenRow {
  std::string id{};
  std::string name{};
  std::string user{};
  std::string scope{};
  std::string role{};
  std::string kind{};
  std::string created_at{};
  std::string token{};  // only for one that was just made
};

class Tokens {
 public:
  virtual ~Tokens() = default;
  virtual base::Result<TokenRow> create(const NewTokenRequest& request) = 0;
  virtual base::Result<std::vector<TokenRow>> list(const std::string& scope,
                                                   const std::string& user) = 0;
  virtual base::Result<void> revoke(const std::string& scope, const std::string& id) = 0;
};

// Prefers the running server. Errors: not_found when there is no store; conflict when the store is
// in use but no server can be found.
base::Result<std::unique_ptr<Tokens>> open_tokens(const Settings& settings);

}  // namespace colonnade::app
