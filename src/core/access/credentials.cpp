#include "core/access/credentials.hpp"

#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "core/access/limits.hpp"
#include "core/access/user_name.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

// Live credentials by the hash of their token. Only hits are kept, so strangers cannot fill it.
struct Credentials::Cache {
  struct Entry {
    Principal principal{};
    CredentialKind kind = CredentialKind::api_token;
    base::SteadyTime touched_at{};
  };
  std::shared_mutex mutex;
  std::unordered_map<std::string, Entry> by_hash;
  std::uint64_t revocations = 0;  // a row read before a revocation must not be cached after it
};

Credentials::Credentials(CredentialStore& store, EventFeed& feed, base::Clock& clock)
    : store_(store), feed_(feed), clock_(clock), cache_(std::make_unique<Cache>()) {}

Credentials::~Credentials() = default;

Result<Principal> Credentials::authenticate(std::string_view token) {
  const std::string hash = base::sha256_hex(token);
  const base::SteadyTime now = clock_.steady();
  std::uint64_t revocations = 0;
  {
    const std::shared_lock lock(cache_->mutex);
    const auto found = cache_->by_hash.find(hash);
    if (found != cache_->by_hash.end() &&
        (found->second.kind != CredentialKind::device ||
         now - found->second.touched_at < limits::credential_touch_interval)) {
      return found->second.principal;
    }
    revocations = cache_->revocations;
  }
  auto row = store_.credential_by_token(hash);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return fail(ErrorKind::unauthorized, "invalid token");
  const Credential& credential = **row;
  Principal who{.scope = credential.scope,
                .user_id = credential.user_id,
                .device_id = credential.kind == CredentialKind::device ? credential.id : "",
                .credential_id = credential.id,
                .is_operator = credential.kind == CredentialKind::operator_token};
  {
    const std::unique_lock lock(cache_->mutex);
    if (revocations == cache_->revocations) {
      cache_->by_hash[hash] = {.principal = who, .kind = credential.kind, .touched_at = now};
    }
  }
  if (credential.kind == CredentialKind::device) {
    Unit unit{.scope = who.scope};
    unit.changes.emplace_back(TouchCredential{.id = credential.id, .at = clock_.now()});
    feed_.append(std::move(unit), [](const Result<std::int64_t>& result) {
      // A missed last_seen is no reason to refuse the request.
      if (!result) base::log::warn("last_seen_not_stored", {{"error", result.error().message}});
    });
  }
  return who;
}

MintedToken Credentials::prepare(Scope scope, CredentialKind kind, std::string user_id,
                                 std::string name) {
  constexpr std::size_t device_id_bytes = 6;  // 12 hex characters, fathom §2.4
  const base::Time now = clock_.now();
  MintedToken minted{
      .credential = {.id = kind == CredentialKind::device ? base::random_hex(device_id_bytes)
                                                          : base::new_id(now),
                     .scope = std::move(scope),
                     .kind = kind,
                     .user_id = std::move(user_id),
                     .name = std::move(name),
                     .token_sha256 = {},
                     .created_at = now,
                     .last_seen = now,
                     .revoked_at = std::nullopt},
      .token = base::new_token()};
  minted.credential.token_sha256 = base::sha256_hex(minted.token);
  return minted;
}

namespace {

AuditEntry credential_entry(const Credential& credential, std::string actor, const char* change,
                            Time at) {
  return {.kind = std::string(audit_kind::credential),
          .actor = std::move(actor),
          .subject = credential.id,
          .details = {{"change", change},
                      {"kind", to_string(credential.kind)},
                      {"user", credential.user_id},
                      {"name", credential.name}},
          .at = at};
}

}  // namespace

Task<Result<void>> Credentials::admit(Credential credential, std::string actor) {
  if (auto fault = user_name_fault(credential.user_id)) co_return fail(std::move(*fault));
  Unit unit{.scope = credential.scope};
  unit.changes.emplace_back(
      AppendAudit{credential_entry(credential, std::move(actor), "made", clock_.now())});
  unit.changes.emplace_back(InsertCredential{std::move(credential)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

Task<Result<MintedToken>> Credentials::mint(Scope scope, CredentialKind kind, std::string user_id,
                                            std::string name, std::string actor) {
  MintedToken minted = prepare(std::move(scope), kind, std::move(user_id), std::move(name));
  auto admitted = co_await admit(minted.credential, std::move(actor));
  if (!admitted) co_return fail(std::move(admitted.error()));
  co_return minted;
}

Result<std::vector<Credential>> Credentials::list(const Principal& who, CredentialKind kind) {
  return store_.credentials(who.scope, who.user_id, kind);
}

Task<Result<void>> Credentials::revoke(Principal who, CredentialKind kind, std::string id,
                                       std::string actor) {
  const Time now = clock_.now();
  Unit unit{.scope = who.scope};
  unit.changes.emplace_back(
      RevokeCredential{.id = id, .user_id = who.user_id, .kind = kind, .at = now});
  const Credential revoked{.id = id, .kind = kind, .user_id = who.user_id};
  if (actor.empty()) actor = who.user_id;
  unit.changes.emplace_back(
      AppendAudit{credential_entry(revoked, std::move(actor), "revoked", now)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  const std::unique_lock lock(cache_->mutex);
  ++cache_->revocations;
  std::erase_if(cache_->by_hash,
                [&](const auto& entry) { return entry.second.principal.credential_id == id; });
  co_return Result<void>{};
}

Result<bool> Credentials::none_yet() {
  auto any = store_.any_credential();
  if (!any) return fail(std::move(any.error()));
  return !*any;
}

}  // namespace colonnade::core
