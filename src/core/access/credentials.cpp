#include "core/access/credentials.hpp"

#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/access/limits.hpp"
#include "core/access/user_name.hpp"
#include "core/access/visibility.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

// Live credentials by the hash of their token. Only hits are kept, so strangers cannot fill it.
struct Credentials::Cache {
  struct Entry {
    Principal principal;
    CredentialKind kind = CredentialKind::api_token;
    base::SteadyTime touched_at{};
  };
  std::shared_mutex mutex;
  std::unordered_map<std::string, Entry> by_hash;
  std::unordered_set<std::string> live;  // ids of credentials that were let in and not revoked
  std::uint64_t revocations = 0;  // a row read before a revocation must not be cached after it
};

Credentials::Credentials(CredentialStore& store, EventFeed& feed, base::Clock& clock)
    : store_(store), feed_(feed), clock_(clock), cache_(std::make_unique<Cache>()) {}

Credentials::~Credentials() = default;

// What memory says of a token, and how many revocations there had been by then.
struct Credentials::Known {
  std::optional<Principal> principal{};
  std::uint64_t revocations = 0;
};

Credentials::Known Credentials::known(const std::string& hash, base::SteadyTime now) const {
  const std::shared_lock lock(cache_->mutex);
  Known out{.revocations = cache_->revocations};
  const auto found = cache_->by_hash.find(hash);
  if (found != cache_->by_hash.end() &&
      (found->second.kind != CredentialKind::device ||
       now - found->second.touched_at < limits::credential_touch_interval)) {
    out.principal = found->second.principal;
  }
  return out;
}

bool Credentials::remember(const std::string& hash, const Credential& credential,
                           const Principal& who, std::uint64_t revocations) {
  const std::unique_lock lock(cache_->mutex);
  if (revocations != cache_->revocations) return false;
  Cache::Entry entry{.principal = who, .kind = credential.kind, .touched_at = clock_.steady()};
  cache_->by_hash.insert_or_assign(hash, std::move(entry));
  cache_->live.insert(credential.id);
  return true;
}

Task<Result<Principal>> Credentials::authenticate(std::string token) {
  const std::string hash = base::sha256_hex(token);
  for (;;) {
    Known before = known(hash, clock_.steady());
    if (before.principal) co_return std::move(*before.principal);
    auto who = co_await look_up(hash, before.revocations);
    if (!who) co_return fail(std::move(who.error()));
    if (*who) co_return std::move(**who);
  }
}

Task<Result<std::optional<Principal>>> Credentials::look_up(std::string hash,
                                                            std::uint64_t revocations) {
  auto row = co_await store_.credential_by_token(hash);
  if (!row) co_return fail(std::move(row.error()));
  if (!*row) co_return fail(ErrorKind::unauthorized, "invalid token");
  const Credential& credential = **row;
  Principal who(credential.scope, credential.user_id, credential.role);
  if (credential.kind == CredentialKind::device) who.device_id = credential.id;
  who.credential_id = credential.id;
  who.every_scope = credential.every_scope;
  if (!remember(hash, credential, who, revocations)) co_return std::nullopt;
  if (credential.kind == CredentialKind::device) {
    Unit unit{.scope = who.scope, .account = account_of(who)};
    unit.changes.emplace_back(TouchCredential{.id = credential.id, .at = clock_.now()});
    feed_.append(std::move(unit), [](const Result<std::int64_t>& result) {
      // A missed last_seen is no reason to refuse the request.
      if (!result) base::log::warn("last_seen_not_stored", {{"error", result.error().message}});
    });
  }
  co_return who;
}

CreatedToken Credentials::prepare(Principal bearer, CredentialKind kind, std::string name) {
  constexpr std::size_t device_id_bytes = 6;  // 12 hex characters, fathom §2.4
  const base::Time now = clock_.now();
  CreatedToken created{
      .credential = {.id = kind == CredentialKind::device ? base::random_hex(device_id_bytes)
                                                          : base::new_id(now),
                     .scope = std::move(bearer.scope),
                     .kind = kind,
                     .user_id = std::move(bearer.user_id),
                     .role = bearer.role,
                     .every_scope = bearer.every_scope,
                     .name = std::move(name),
                     .token_sha256 = {},
                     .created_at = now,
                     .last_seen = now,
                     .revoked_at = std::nullopt},
      .token = base::new_token()};
  created.credential.token_sha256 = base::sha256_hex(created.token);
  return created;
}

namespace {

AuditEntry credential_entry(const Credential& credential, std::string actor, Time at) {
  return {.kind = std::string(audit_kind::credential),
          .actor = std::move(actor),
          .subject = credential.id,
          .details = {{"change", "made"},
                      {"kind", to_string(credential.kind)},
                      {"user", credential.user_id},
                      {"role", to_string(credential.role)},
                      {"every_scope", credential.every_scope},
                      {"name", credential.name}},
          .at = at};
}

}  // namespace

Task<Result<void>> Credentials::admit(Credential credential, CredentialIssuer issuer) {
  if (auto named = check_user_name(credential.user_id); !named) {
    co_return fail(std::move(named.error()));
  }
  Unit unit{.scope = credential.scope};
  unit.changes.emplace_back(
      AppendAudit{credential_entry(credential, std::move(issuer.actor), clock_.now())});
  unit.changes.emplace_back(InsertCredential{.credential = std::move(credential),
                                             .issuer_id = std::move(issuer.credential_id)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

Task<Result<CreatedToken>> Credentials::create(Principal bearer, CredentialKind kind,
                                               std::string name, CredentialIssuer issuer) {
  CreatedToken created = prepare(std::move(bearer), kind, std::move(name));
  auto admitted = co_await admit(created.credential, std::move(issuer));
  if (!admitted) co_return fail(std::move(admitted.error()));
  co_return created;
}

Task<Result<std::vector<Credential>>> Credentials::list(Principal who, CredentialKind kind) {
  auto owner = owner_seen_by(who);
  return store_.credentials(std::move(who.scope), std::move(owner), kind);
}

std::unique_ptr<Revocations::Watch> Credentials::watch(std::string credential_id, base::Lane& lane,
                                                       std::move_only_function<void()> end) {
  auto out = revocations_.watch(credential_id, lane, std::move(end));
  // Looked at afterwards: a revocation either shows here or finds what was registered.
  const std::shared_lock lock(cache_->mutex);
  return cache_->live.contains(credential_id) ? std::move(out) : nullptr;
}

void Credentials::let_in_by(std::string id) {
  const std::unique_lock lock(cache_->mutex);
  cache_->live.insert(std::move(id));
}

void Credentials::end_all(const std::string& id) {
  {
    const std::unique_lock lock(cache_->mutex);
    cache_->live.erase(id);
  }
  revocations_.revoke(id);
}

Task<Result<void>> Credentials::revoke(Principal who, CredentialKind kind, std::string id,
                                       std::string actor) {
  auto found = co_await store_.credential(who.scope, id);
  if (!found) co_return fail(std::move(found.error()));
  if (!*found || !may_see(who, (*found)->scope, (*found)->user_id)) {
    co_return fail(ErrorKind::not_found, "there is no credential " + id);
  }
  const std::string owner = (*found)->user_id;
  const Time now = clock_.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(RevokeCredential{.id = id, .user_id = owner, .kind = kind, .at = now});
  if (actor.empty()) actor = who.user_id;
  unit.changes.emplace_back(AppendAudit{
      {.kind = std::string(audit_kind::credential),
       .actor = std::move(actor),
       .subject = id,
       .details = {{"change", "revoked"}, {"kind", to_string(kind)}, {"user", owner}, {"name", ""}},
       .at = now}});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  {
    const std::unique_lock lock(cache_->mutex);
    ++cache_->revocations;
    cache_->live.erase(id);
    std::erase_if(cache_->by_hash,
                  [&](const auto& entry) { return entry.second.principal.credential_id == id; });
  }
  revocations_.revoke(id);
  co_return Result<void>{};
}

Task<Result<bool>> Credentials::none_yet() {
  auto any = co_await store_.any_server_operator();
  if (!any) co_return fail(std::move(any.error()));
  co_return !*any;
}

}  // namespace colonnade::core
