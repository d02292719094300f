#include "core/access/entities.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/ids.hpp"
#include "base/joined.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/access/limits.hpp"
#include "core/access/operators.hpp"
#include "core/governance/audit.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

constexpr std::size_t made_secret_bytes = 32;  // platos §1.2: as hex

EntityName entity_name_of(const Entity& entity) {
  const std::string& key = entity.scope.key();
  const auto first = key.find('/');
  const auto second = key.find('/', first + 1);
  return {.organization = key.substr(0, first),
          .project = key.substr(first + 1, second - first - 1),
          .entity = entity.id};
}

std::string shown_entity(const EntityName& name) {
  return name.organization + "/" + name.project + "/" + name.entity;
}

// Sealed for its place, so that one entity's secret cannot be put in another's.
std::string entity_purpose(const EntityName& name, std::string_view slot) {
  return base::joined({"entity", name.organization, name.project, name.entity, slot});
}
constexpr std::string_view entity_secret_slot = "secret";
constexpr std::string_view entity_second_slot = "second secret";

AuditEntry entity_entry(const Principal& who, const EntityName& name, std::string change, Time at) {
  return {.kind = std::string(audit_kind::entity),
          .actor = who.user_id,
          .subject = name.entity,
          .details = {{"change", std::move(change)},
                      {"organization", name.organization},
                      {"project", name.project}},
          .at = at};
}

Result<void> check_entity_part(std::string_view text, const char* field) {
  if (is_access_name(text)) return {};
  return fail(ErrorKind::invalid,
              std::string(field) + " must have 1 to " +
                  std::to_string(limits::scope_part_bytes_max) +
                  " letters, digits, dots, dashes and underscores",
              field);
}

// The first secret, made when none was given.
Result<std::string> entity_secret_or_new(std::string secret) {
  if (secret.empty()) return base::random_hex(made_secret_bytes);
  if (auto fits = check_entity_secret(secret); !fits) return fail(std::move(fits.error()));
  return secret;
}

}  // namespace

bool is_access_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= limits::scope_part_bytes_max &&
         std::ranges::all_of(text, fits);
}

Result<void> check_entity_name(const EntityName& name) {
  auto fits = check_entity_part(name.organization, "organization");
  if (fits) fits = check_entity_part(name.project, "project");
  if (fits) fits = check_entity_part(name.entity, "entity");
  return fits;
}

Result<void> check_entity_secret(std::string_view secret) {
  const bool fits = secret.size() >= limits::entity_secret_bytes_min &&
                    secret.size() <= limits::entity_secret_bytes_max;
  if (fits) return {};
  return fail(ErrorKind::invalid,
              "the secret has " + std::to_string(secret.size()) + " bytes; it must have " +
                  std::to_string(limits::entity_secret_bytes_min) + " to " +
                  std::to_string(limits::entity_secret_bytes_max) +
                  ", such as those of `openssl rand -hex 32`",
              "secret");
}

Entities::Entities(EntityStore& store, Credentials& credentials, EventFeed& feed,
                   base::Clock& clock, const base::SecretBox& box, ConfiguredSecrets configured)
    : store_(store), credentials_(credentials), feed_(feed), clock_(clock), box_(box) {
  for (ConfiguredEntity& one : configured.entities) {
    Known known{
        .row = {.name = one.name, .configured = true, .second_secret = !one.second_secret.empty()}};
    known.secrets.push_back(begin(std::move(one.secret)));
    if (!one.second_secret.empty()) known.secrets.push_back(begin(std::move(one.second_secret)));
    by_name_.insert_or_assign(std::move(one.name), std::move(known));
  }
  if (!configured.platform_secret.empty()) {
    platform_.push_back(begin(std::move(configured.platform_secret)));
  }
}

SigningSecret Entities::begin(std::string secret) {
  SigningSecret out{.secret = std::move(secret), .credential_id = base::new_id(clock_.now())};
  credentials_.let_in_by(out.credential_id);
  return out;
}

Entities::Known Entities::known_from(const Entity& entity) {
  Known out{.row = {.name = entity_name_of(entity),
                    .second_secret = !entity.sealed_second.empty(),
                    .created_at = entity.created_at,
                    .changed_at = entity.changed_at}};
  for (const auto& [sealed, slot] : {std::pair(&entity.sealed_secret, entity_secret_slot),
                                     std::pair(&entity.sealed_second, entity_second_slot)}) {
    if (sealed->empty()) continue;
    auto secret = box_.open(*sealed, entity_purpose(out.row.name, slot));
    if (secret) {
      out.secrets.push_back(begin(std::move(*secret)));
    } else {
      base::log::error("entity_secret_unreadable", {{"entity", shown_entity(out.row.name)},
                                                    {"which", slot},
                                                    {"error", secret.error().message}});
    }
  }
  return out;
}

Task<Result<void>> Entities::open() {
  EveryScopePage page;
  for (;;) {
    const auto rows = co_await store_.entities(page);
    if (!rows) co_return fail(rows.error());
    for (const Entity& entity : *rows) {
      const EntityName name = entity_name_of(entity);
      const std::unique_lock lock(mutex_);
      if (by_name_.contains(name)) {
        base::log::warn("entity_of_configuration_wins", {{"entity", shown_entity(name)}});
        continue;
      }
      by_name_.emplace(name, known_from(entity));
    }
    if (rows->size() < page.limit) co_return Result<void>{};
    page = page.after(rows->back());
  }
}

std::vector<SigningSecret> Entities::secrets_of(const EntityName& name) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::vector<SigningSecret>{} : found->second.secrets;
}

Task<Result<std::vector<EntityRow>>> Entities::list(Principal who) const {
  auto allowed = check_server_operator(who);
  if (!allowed) co_return fail(std::move(allowed.error()));
  std::vector<EntityRow> out;
  const std::shared_lock lock(mutex_);
  for (const auto& [name, known] : by_name_) out.push_back(known.row);
  co_return out;
}

Result<Entities::Known> Entities::changeable(const Principal& who, const EntityName& name) const {
  if (auto allowed = check_server_operator(who); !allowed) return fail(std::move(allowed.error()));
  const std::shared_lock lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    return fail(ErrorKind::not_found, "there is no entity " + shown_entity(name), "entity");
  }
  if (found->second.row.configured) {
    return fail(
        ErrorKind::conflict,
        shown_entity(name) + " is an entity of the configuration; change it there and restart",
        "entity");
  }
  return found->second;
}

std::string Entities::seal(const EntityName& name, const std::vector<SigningSecret>& secrets,
                           Slot slot) const {
  const std::size_t at = slot == Slot::first ? 0 : 1;
  if (at >= secrets.size()) return "";
  return box_.seal(
      secrets[at].secret,
      entity_purpose(name, slot == Slot::first ? entity_secret_slot : entity_second_slot));
}

Task<Result<EntityWithSecret>> Entities::add(Principal who, EntityName name, std::string secret) {
  if (auto allowed = check_server_operator(who); !allowed) {
    co_return fail(std::move(allowed.error()));
  }
  if (auto fits = check_entity_name(name); !fits) co_return fail(std::move(fits.error()));
  auto first = entity_secret_or_new(std::move(secret));
  if (!first) co_return fail(std::move(first.error()));
  {
    const std::shared_lock lock(mutex_);
    if (by_name_.contains(name)) {
      co_return fail(ErrorKind::conflict, "there is an entity " + shown_entity(name) + " already",
                     "entity");
    }
  }
  const Time now = clock_.now();
  Known known{.row = {.name = name, .created_at = now, .changed_at = now}};
  known.secrets.push_back(begin(*first));
  Unit unit{.scope = project_scope(name.organization, name.project), .account = account_of(who)};
  unit.changes.emplace_back(
      InsertEntity{.entity = {.id = name.entity,
                              .scope = unit.scope,
                              .sealed_secret = seal(name, known.secrets, Slot::first),
                              .created_at = now,
                              .changed_at = now}});
  unit.changes.emplace_back(AppendAudit{entity_entry(who, name, "added", now)});
  const auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) {
    credentials_.end_all(known.secrets.front().credential_id);
    co_return fail(committed.error());
  }
  EntityWithSecret out{.row = known.row, .secret = std::move(*first)};
  const std::unique_lock lock(mutex_);
  by_name_.insert_or_assign(std::move(name), std::move(known));
  co_return out;
}

Task<Result<void>> Entities::remove(Principal who, EntityName name) {
  auto known = changeable(who, name);
  if (!known) co_return fail(std::move(known.error()));
  Unit unit{.scope = project_scope(name.organization, name.project), .account = account_of(who)};
  unit.changes.emplace_back(DeleteEntity{.id = name.entity});
  unit.changes.emplace_back(AppendAudit{entity_entry(who, name, "removed", clock_.now())});
  const auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(committed.error());
  std::vector<SigningSecret> ended;
  {
    const std::unique_lock lock(mutex_);
    // As it is now: its secrets may have been changed since it was looked at.
    if (const auto found = by_name_.find(name); found != by_name_.end()) {
      ended = std::move(found->second.secrets);
      by_name_.erase(found);
    }
  }
  for (const SigningSecret& one : ended) credentials_.end_all(one.credential_id);
  co_return Result<void>{};
}

Task<Result<EntityRow>> Entities::replace_secrets(Principal who, Known before, Known after,
                                                  std::string change) {
  const EntityName& name = after.row.name;
  after.row.changed_at = clock_.now();
  after.row.second_secret = after.secrets.size() > 1;
  Unit unit{.scope = project_scope(name.organization, name.project), .account = account_of(who)};
  unit.changes.emplace_back(
      ChangeEntitySecrets{.id = name.entity,
                          .unchanged_since = before.row.changed_at,
                          .sealed_secret = seal(name, after.secrets, Slot::first),
                          .sealed_second = seal(name, after.secrets, Slot::second),
                          .at = after.row.changed_at});
  unit.changes.emplace_back(
      AppendAudit{entity_entry(who, name, std::move(change), after.row.changed_at)});
  const auto committed = co_await feed_.commit(std::move(unit));
  const auto keeps = [](const std::vector<SigningSecret>& secrets, const SigningSecret& one) {
    return std::ranges::find(secrets, one.credential_id, &SigningSecret::credential_id) !=
           secrets.end();
  };
  std::vector<SigningSecret> ended;
  if (committed) {
    for (const SigningSecret& one : before.secrets) {
      if (!keeps(after.secrets, one)) ended.push_back(one);
    }
    const std::unique_lock lock(mutex_);
    // Removed meanwhile, after this was stored: then none of them counts.
    const auto found = by_name_.find(name);
    const bool there =
        found != by_name_.end() && found->second.row.changed_at == before.row.changed_at;
    if (there) {
      found->second = after;
    } else {
      ended.insert(ended.end(), after.secrets.begin(), after.secrets.end());
    }
  } else {
    for (const SigningSecret& one : after.secrets) {
      if (!keeps(before.secrets, one)) ended.push_back(one);
    }
  }
  for (const SigningSecret& one : ended) credentials_.end_all(one.credential_id);
  if (!committed) co_return fail(committed.error());
  co_return after.row;
}

Task<Result<EntityWithSecret>> Entities::rotate(Principal who, EntityName name,
                                                std::string secret) {
  auto before = changeable(who, name);
  if (!before) co_return fail(std::move(before.error()));
  auto first = entity_secret_or_new(std::move(secret));
  if (!first) co_return fail(std::move(first.error()));
  Known after{.row = before->row};
  after.secrets.push_back(begin(*first));
  // None when it could not be opened: then there is nothing to go on with.
  if (!before->secrets.empty()) after.secrets.push_back(before->secrets.front());
  auto row =
      co_await replace_secrets(std::move(who), std::move(*before), std::move(after), "rotated");
  if (!row) co_return fail(std::move(row.error()));
  co_return EntityWithSecret{.row = std::move(*row), .secret = std::move(*first)};
}

Task<Result<void>> Entities::finish_rotation(Principal who, EntityName name) {
  auto before = changeable(who, name);
  if (!before) co_return fail(std::move(before.error()));
  if (before->secrets.size() < 2) {
    co_return fail(ErrorKind::conflict, shown_entity(name) + " has no second secret", "entity");
  }
  Known after{.row = before->row, .secrets = {before->secrets.front()}};
  const auto row = co_await replace_secrets(std::move(who), std::move(*before), std::move(after),
                                            "rotation finished");
  if (!row) co_return fail(row.error());
  co_return Result<void>{};
}

}  // namespace colonnade::core
