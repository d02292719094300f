// Documents: their changes and their reads.
#include <algorithm>
#include <string>

#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/rows.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::storage::sqlite {
namespace {

#define COLONNADE_DOCUMENT_COLUMNS \
  "scope, collection, owner, key, text, revision, changed_by, created_at, changed_at"
#define COLONNADE_DOCUMENT_PLACE " collection = ?1 AND scope = ?2 AND owner = ?3"

Result<core::Document> read_document(Statement& row) {
  return core::Document{.scope = core::Scope::from_key(row.string(0)),
                        .collection = row.string(1),
                        .owner = row.string(2),
                        .key = row.string(3),
                        .text = row.string(4),
                        .revision = row.integer(5),
                        .changed_by = row.string(6),
                        .created_at = row.time(7),
                        .changed_at = row.time(8)};
}

std::unexpected<base::Error> changed_meanwhile(const std::string& key, std::int64_t revision) {
  return fail(ErrorKind::conflict,
              quoted("key", key) + " is at revision " + std::to_string(revision), "revision");
}

}  // namespace

Result<void> Changes::on(const core::Scope& scope, const core::PutDocument& change) {
  const core::Document& d = change.document;
  const auto revision = database_.number(
      "SELECT revision FROM documents WHERE" COLONNADE_DOCUMENT_PLACE " AND key = ?4", d.collection,
      scope.key(), d.owner, d.key);
  if (!revision) return fail(revision.error());
  if (change.revision_before && *change.revision_before != *revision) {
    return changed_meanwhile(d.key, *revision);
  }
  if (*revision != 0) {
    return any_row(
        write("UPDATE documents SET text = ?5, revision = revision + 1, changed_by = ?6,"
              " changed_at = ?7 WHERE" COLONNADE_DOCUMENT_PLACE " AND key = ?4",
              d.collection, scope.key(), d.owner, d.key, d.text, d.changed_by, d.changed_at));
  }
  const auto count =
      database_.number("SELECT count(*) FROM documents WHERE" COLONNADE_DOCUMENT_PLACE,
                       d.collection, scope.key(), d.owner);
  if (!count) return fail(count.error());
  if (static_cast<std::size_t>(*count) >= change.documents_max) {
    if (!change.first_make_room) {
      return fail(ErrorKind::too_large, "there are " + std::to_string(change.documents_max) +
                                            " keys already; remove some first");
    }
    const auto gone = write("DELETE FROM documents WHERE" COLONNADE_DOCUMENT_PLACE
                            " AND key IN (SELECT key FROM documents WHERE" COLONNADE_DOCUMENT_PLACE
                            " ORDER BY key LIMIT ?4)",
                            d.collection, scope.key(), d.owner,
                            static_cast<std::size_t>(*count) - change.documents_max + 1);
    if (!gone) return fail(gone.error());
  }
  return any_row(write("INSERT INTO documents (" COLONNADE_DOCUMENT_COLUMNS
                       ") VALUES (?2, ?1, ?3, ?4, ?5, 1, ?6, ?7, ?8)",
                       d.collection, scope.key(), d.owner, d.key, d.text, d.changed_by,
                       d.created_at, d.changed_at));
}

Result<void> Changes::on(const core::Scope& scope, const core::RemoveDocument& change) {
  const auto revision = database_.number(
      "SELECT revision FROM documents WHERE" COLONNADE_DOCUMENT_PLACE " AND key = ?4",
      change.collection, scope.key(), change.owner, change.key);
  if (!revision) return fail(revision.error());
  if (*revision == 0) return missing("key", change.key);
  if (change.revision_before && *change.revision_before != *revision) {
    return changed_meanwhile(change.key, *revision);
  }
  return any_row(write("DELETE FROM documents WHERE" COLONNADE_DOCUMENT_PLACE " AND key = ?4",
                       change.collection, scope.key(), change.owner, change.key));
}

base::Task<Result<std::optional<core::Document>>> Store::document(core::DocumentPlace place,
                                                                  std::string key) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Document>(
        "SELECT " COLONNADE_DOCUMENT_COLUMNS " FROM documents WHERE" COLONNADE_DOCUMENT_PLACE
        " AND key = ?4",
        read_document, place.collection, place.scope.key(), place.owner, key);
  });
}

base::Task<Result<std::vector<core::Document>>> Store::documents(core::DocumentPlace place,
                                                                 core::DocumentPage page) {
  const std::size_t limit = std::clamp<std::size_t>(page.limit, 1, limits::page_rows_max);
  co_return readers_->with([&](Database& database) {
    // The prefix is compared byte by byte, so that no character in it means something else.
    if (page.backwards) {
      return database.all<core::Document>(
          "SELECT " COLONNADE_DOCUMENT_COLUMNS " FROM documents WHERE" COLONNADE_DOCUMENT_PLACE
          " AND (?4 = '' OR key < ?4) AND key >= ?5 AND substr(key, 1, length(?5)) = ?5"
          " ORDER BY key DESC LIMIT ?6",
          read_document, place.collection, place.scope.key(), place.owner, page.after, page.prefix,
          limit);
    }
    return database.all<core::Document>(
        "SELECT " COLONNADE_DOCUMENT_COLUMNS " FROM documents WHERE" COLONNADE_DOCUMENT_PLACE
        " AND key > ?4 AND key >= ?5 AND substr(key, 1, length(?5)) = ?5"
        " ORDER BY key LIMIT ?6",
        read_document, place.collection, place.scope.key(), place.owner, page.after, page.prefix,
        limit);
  });
}

base::Task<Result<std::vector<core::Document>>> Store::documents_of_every_scope(
    std::string collection, std::size_t limit) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Document>(
        "SELECT " COLONNADE_DOCUMENT_COLUMNS
        " FROM documents WHERE collection = ?1 ORDER BY scope, owner, key LIMIT ?2",
        read_document, collection, limit);
  });
}

}  // namespace colonnade::storage::sqlite
