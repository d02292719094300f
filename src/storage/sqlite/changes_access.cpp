// Entities and access keys.
#include <string>

#include "storage/event_codec.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"

namespace colonnade::storage::sqlite {

Result<void> Changes::on(const core::Scope& scope, const core::InsertEntity& change) {
  const core::Entity& e = change.entity;
  return inserted(
      write("INSERT INTO entities (scope, id, sealed_secret, sealed_second, created_at, changed_at)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            scope.key(), e.id, e.sealed_secret, e.sealed_second, e.created_at, e.changed_at),
      "entity", e.id);
}

Result<void> Changes::on(const core::Scope& scope, const core::ChangeEntitySecrets& change) {
  return one_row(write("UPDATE entities SET sealed_secret = ?4, sealed_second = ?5, changed_at = ?6"
                       " WHERE scope = ?1 AND id = ?2 AND changed_at = ?3",
                       scope.key(), change.id, change.unchanged_since, change.sealed_secret,
                       change.sealed_second, change.at),
                 [&] {
                   return fail(ErrorKind::conflict,
                               quoted("entity", change.id) + " was changed by somebody else");
                 });
}

Result<void> Changes::on(const core::Scope& scope, const core::DeleteEntity& change) {
  return one_row(write("DELETE FROM entities WHERE scope = ?1 AND id = ?2", scope.key(), change.id),
                 [&] { return missing("entity", change.id); });
}

Result<void> Changes::on(const core::Scope& scope, const core::InsertAccessKey& change) {
  const core::AccessKey& k = change.key;
  return inserted(
      write("INSERT INTO access_keys (scope, id, name, key_sha256, origins, created_at)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            scope.key(), k.id, k.name, k.key_sha256, *names_text(k.origins), k.created_at),
      "access key", k.id);
}

Result<void> Changes::on(const core::Scope& scope, const core::DeleteAccessKey& change) {
  return one_row(
      write("DELETE FROM access_keys WHERE scope = ?1 AND id = ?2", scope.key(), change.id),
      [&] { return missing("access key", change.id); });
}

}  // namespace colonnade::storage::sqlite
