// Credentials: bearer tokens, and the devices that were paired.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/access/principal.hpp"

namespace colonnade::core {

enum class CredentialKind { operator_token, api_token, device };
std::string_view to_string(CredentialKind kind);
std::optional<CredentialKind> credential_kind_from(std::string_view text);

// The token itself is nowhere: only its SHA-256 is kept.
struct Credential {
  std::string id{};  // a device's id is 12 lower-case hex characters (fathom §2.4)
  Scope scope;
  CredentialKind kind = CredentialKind::api_token;
  std::string user_id;
  UserRole role;
  bool every_scope = false;  // see Principal
  std::string name{};
  std::string token_sha256{};  // hex
  base::Time created_at{};
  base::Time last_seen{};
  std::optional<base::Time> revoked_at{};
};

}  // namespace colonnade::core
