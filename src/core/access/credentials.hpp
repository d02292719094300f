// Tokens and devices: who may come in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/credential.hpp"
#include "core/access/credential_store.hpp"
#include "core/events/event_feed.hpp"

namespace colonnade::core {

struct MintedToken {
  Credential credential{};
  std::string token{};  // shown once, stored nowhere
};

class Credentials {
 public:
  Credentials(CredentialStore& store, EventFeed& feed, base::Clock& clock);
  ~Credentials();

  // unauthorized for an unknown or revoked token. Fast: answered from memory after the first time.
  // Notes when a device was last seen (written at most once per limits::credential_touch_interval).
  Result<Principal> authenticate(std::string_view token);
  // Makes a token that counts for nothing yet. Whoever must not lose it (the first start) writes it
  // down before admit(): a crash in between leaves a useless token, never a server without a key.
  MintedToken prepare(Scope scope, CredentialKind kind, std::string user_id, std::string name);
  // Stores it; from then on it lets its bearer in. `actor` is who the audit trail says did it.
  base::Task<Result<void>> admit(Credential credential, std::string actor = "system");
  // Both at once: makes a token for `user_id`.
  base::Task<Result<MintedToken>> mint(Scope scope, CredentialKind kind, std::string user_id,
                                       std::string name, std::string actor = "system");
  Result<std::vector<Credential>> list(const Principal& who, CredentialKind kind);
  // The token is dead at once, also in memory. not_found for another user's or an unknown one.
  // `actor` as for admit(); "" for `who`.
  base::Task<Result<void>> revoke(Principal who, CredentialKind kind, std::string id,
                                  std::string actor = "");
  // True when no token exists yet: the first start.
  Result<bool> none_yet();

 private:
  struct Cache;
  CredentialStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  std::unique_ptr<Cache> cache_;
};

}  // namespace colonnade::core
