// Tokens and devices: who may come in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/credential.hpp"
#include "core/access/credential_store.hpp"
#include "core/access/revocations.hpp"
#include "core/events/event_feed.hpp"

namespace colonnade::core {

struct CreatedToken {
  Credential credential;
  std::string token{};  // shown once, stored nowhere
};

// By whose right a credential is made.
struct CredentialIssuer {
  std::string actor = "system";  // who the audit trail says made it
  // Must be live in the transaction that stores the new one; "" for what needs none: a start, a
  // command on the data folder.
  std::string credential_id{};
};

class Credentials {
 public:
  Credentials(CredentialStore& store, EventFeed& feed, base::Clock& clock);
  ~Credentials();

  // unauthorized for an unknown or revoked token. Fast: answered from memory after the first time.
  // Notes when a device was last seen (written at most once per limits::credential_touch_interval).
  base::Task<Result<Principal>> authenticate(std::string token);
  // Makes a token that counts for nothing yet. Whoever must not lose it (the first start) writes it
  // down before admit(): a crash in between leaves a useless token, never a server without a key.
  CreatedToken prepare(Principal bearer, CredentialKind kind, std::string name);
  // Stores it; from then on it lets its bearer in. Errors: invalid for a name that
  // check_user_name() refuses, unauthorized when the issuer's credential was revoked.
  base::Task<Result<void>> admit(Credential credential, CredentialIssuer issuer = {});
  // Both at once: makes a token that lets its bearer in as `bearer`.
  base::Task<Result<CreatedToken>> create(Principal bearer, CredentialKind kind, std::string name,
                                          CredentialIssuer issuer = {});
  base::Task<Result<std::vector<Credential>>> list(Principal who, CredentialKind kind);
  // Registers something that its holder keeps open: `end` is posted to `lane` when the credential
  // is revoked. nullptr when it has been already.
  std::unique_ptr<Revocations::Watch> watch(std::string credential_id, base::Lane& lane,
                                            std::move_only_function<void()> end);
  // For what lets people in and is no row here (an entity's secret): from now on watch() takes
  // `id`, until end_all() ends what is registered under it.
  void let_in_by(std::string id);
  void end_all(const std::string& id);
  // What is open by credentials of any kind.
  std::size_t open_count() const { return revocations_.count(); }
  // The token is dead at once, also in memory, and what it holds open ends. not_found for one
  // that `who` may not see. `actor` is who the audit trail says did it; "" for `who`.
  base::Task<Result<void>> revoke(Principal who, CredentialKind kind, std::string id,
                                  std::string actor = "");
  // True when no operator of every scope was ever made: the first start, also where other tokens
  // were made before it.
  base::Task<Result<bool>> none_yet();

 private:
  struct Cache;
  struct Known;
  Known known(const std::string& hash, base::SteadyTime now) const;
  // What the store says; nullopt when a token was revoked meanwhile, perhaps this one: look again.
  base::Task<Result<std::optional<Principal>>> look_up(std::string hash, std::uint64_t revocations);
  bool remember(const std::string& hash, const Credential& credential, const Principal& who,
                std::uint64_t revocations);
  CredentialStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  std::unique_ptr<Cache> cache_;
  Revocations revocations_;
};

}  // namespace colonnade::core
