#include "core/access/access_keys.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/ids.hpp"
#include "base/visible_text.hpp"
#include "core/access/account.hpp"
#include "core/access/limits.hpp"
#include "core/access/operators.hpp"
#include "core/access/tokens.hpp"
#include "core/governance/audit.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

constexpr std::size_t access_key_bytes = 24;  // platos §1.4: 48 hex digits

Result<void> check_key_origins(const std::vector<std::string>& origins) {
  const auto fits = [](const std::string& origin) {
    const bool web = origin.starts_with("https://") || origin.starts_with("http://");
    const auto host = origin.find("://") + 3;
    return web && origin.size() <= limits::access_key_origin_bytes_max && host < origin.size() &&
           origin.find_first_of("/?# ", host) == std::string::npos && !base::has_hidden(origin);
  };
  if (origins.size() <= limits::access_key_origins_max && std::ranges::all_of(origins, fits)) {
    return {};
  }
  return fail(ErrorKind::invalid,
              "origins must be at most " + std::to_string(limits::access_key_origins_max) +
                  " of the form https://HOST, or http://HOST, with a port where there is one and "
                  "nothing behind it",
              "origins");
}

AuditEntry access_key_entry(const Principal& who, const std::string& id, const std::string& name,
                            std::string change, Time at) {
  return {.kind = std::string(audit_kind::access_key),
          .actor = who.user_id,
          .subject = id,
          .details = {{"change", std::move(change)}, {"name", name}},
          .at = at};
}

}  // namespace

AccessKeys::AccessKeys(AccessKeyStore& store, EventFeed& feed, base::Clock& clock,
                       std::string prefix)
    : store_(store), feed_(feed), clock_(clock), prefix_(std::move(prefix)) {}

Task<Result<void>> AccessKeys::open() {
  EveryScopePage page;
  for (;;) {
    const auto rows = co_await store_.access_keys(page);
    if (!rows) co_return fail(rows.error());
    {
      const std::unique_lock lock(mutex_);
      for (const AccessKey& key : *rows) by_scope_[key.scope].push_back(key);
    }
    if (rows->size() < page.limit) co_return Result<void>{};
    page = page.after(rows->back());
  }
}

bool AccessKeys::counts(const Scope& scope, std::string_view key, std::string_view origin) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_scope_.find(scope);
  if (found == by_scope_.end()) return true;
  const std::string hash = base::sha256_hex(key);
  bool out = false;
  for (const AccessKey& one : found->second) {
    const bool same = base::equal_in_constant_time(one.key_sha256, hash);
    const bool from_there =
        one.origins.empty() || std::ranges::find(one.origins, origin) != one.origins.end();
    out = out || (same && from_there);
  }
  return out;
}

Task<Result<std::vector<AccessKey>>> AccessKeys::list(Principal who) const {
  auto allowed = check_operator(who);
  if (!allowed) co_return fail(std::move(allowed.error()));
  const std::shared_lock lock(mutex_);
  const auto found = by_scope_.find(who.scope);
  co_return found == by_scope_.end() ? std::vector<AccessKey>{} : found->second;
}

Task<Result<CreatedAccessKey>> AccessKeys::add(Principal who, NewAccessKey input) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  if (auto named = check_token_name(input.name); !named) co_return fail(std::move(named.error()));
  if (auto fits = check_key_origins(input.origins); !fits) co_return fail(std::move(fits.error()));
  {
    const std::shared_lock lock(mutex_);
    const auto found = by_scope_.find(who.scope);
    if (found != by_scope_.end() && found->second.size() >= limits::access_keys_per_scope) {
      co_return fail(ErrorKind::conflict,
                     "the scope " + who.scope.key() + " has " +
                         std::to_string(limits::access_keys_per_scope) +
                         " access keys, and no more are kept; remove one first");
    }
  }
  const Time now = clock_.now();
  CreatedAccessKey out{.key = {.id = base::new_id(now),
                               .scope = who.scope,
                               .name = std::move(input.name),
                               .origins = std::move(input.origins),
                               .created_at = now},
                       .text = prefix_ + base::random_hex(access_key_bytes)};
  out.key.key_sha256 = base::sha256_hex(out.text);
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(InsertAccessKey{out.key});
  unit.changes.emplace_back(
      AppendAudit{access_key_entry(who, out.key.id, out.key.name, "added", now)});
  const auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(committed.error());
  const std::unique_lock lock(mutex_);
  by_scope_[who.scope].push_back(out.key);
  co_return out;
}

Task<Result<void>> AccessKeys::remove(Principal who, std::string id) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(DeleteAccessKey{.id = id});
  unit.changes.emplace_back(AppendAudit{access_key_entry(who, id, "", "removed", clock_.now())});
  const auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(committed.error());
  const std::unique_lock lock(mutex_);
  const auto found = by_scope_.find(who.scope);
  if (found == by_scope_.end()) co_return Result<void>{};
  std::erase_if(found->second, [&](const AccessKey& one) { return one.id == id; });
  if (found->second.empty()) by_scope_.erase(found);
  co_return Result<void>{};
}

}  // namespace colonnade::core
