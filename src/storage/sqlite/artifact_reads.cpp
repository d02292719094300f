// The read half of Store that concerns artifacts and attachments.
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/event_codec.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::storage::sqlite {
namespace {

// From artifacts a joined with threads t.
#define COLONNADE_ARTIFACT_COLUMNS                                                             \
  "a.id, a.scope, t.id, a.run_id, a.key, a.revision, a.kind, a.title, a.language, a.content, " \
  "a.metadata, a.created_at"
#define COLONNADE_ATTACHMENT_COLUMNS \
  "id, scope, owner, kind, mime, name, bytes, created_at, expires_at"

Result<core::Artifact> read_artifact(Statement& row) {
  const auto kind = core::artifact_kind_from(row.text(6));
  if (!kind) {
    return fail(ErrorKind::internal, "an unknown kind of artifact: " + row.string(6));
  }
  base::Json metadata = nullptr;
  if (!row.is_null(10)) {
    auto tree = read_tree(row.text(10));
    if (!tree) return fail(std::move(tree.error()));
    metadata = std::move(*tree);
  }
  return core::Artifact{.id = row.string(0),
                        .scope = core::Scope::from_key(row.string(1)),
                        .thread_id = row.string(2),
                        .run_id = row.string(3),
                        .key = row.string(4),
                        .revision = static_cast<int>(row.integer(5)),
                        .kind = *kind,
                        .title = row.string(7),
                        .language = row.string(8),
                        .content = row.string(9),
                        .metadata = std::move(metadata),
                        .created_at = row.time(11)};
}

Result<core::Attachment> read_attachment(Statement& row) {
  const auto kind = core::attachment_kind_from(row.text(3));
  if (!kind) {
    return fail(ErrorKind::internal, "an unknown kind of attachment: " + row.string(3));
  }
  return core::Attachment{.id = row.string(0),
                          .scope = core::Scope::from_key(row.string(1)),
                          .owner = row.string(2),
                          .kind = *kind,
                          .mime = row.string(4),
                          .name = row.string(5),
                          .bytes = row.integer(6),
                          .created_at = row.time(7),
                          .expires_at = row.time(8)};
}

}  // namespace

base::Task<Result<std::vector<core::Artifact>>> Store::artifacts(core::Scope scope,
                                                                 std::string thread_id,
                                                                 core::ArtifactPage page) {
  const core::ArtifactPage::Mark mark = page.after.value_or(
      core::ArtifactPage::Mark{.created_at = {std::numeric_limits<std::int64_t>::max()}});
  co_return readers_->with([&](Database& database) {
    return database.all<core::Artifact>(
        "SELECT " COLONNADE_ARTIFACT_COLUMNS
        " FROM threads t CROSS JOIN artifacts a ON a.thread_no = t.no"
        " WHERE t.id = ?1 AND t.scope = ?2 AND t.erased_at IS NULL AND a.created_at <= ?3"
        " AND (a.created_at, a.id) < (?4, ?5)"
        " AND NOT EXISTS (SELECT 1 FROM artifacts b WHERE b.thread_no = a.thread_no"
        " AND b.key = a.key AND b.revision > a.revision AND +b.created_at <= ?3)"
        " ORDER BY a.created_at DESC, a.id DESC LIMIT ?6",
        read_artifact, thread_id, scope.key(), page.as_of, mark.created_at, mark.id, page.limit);
  });
}

base::Task<Result<std::optional<core::Artifact>>> Store::artifact_by_key(core::Scope scope,
                                                                         std::string thread_id,
                                                                         std::string key) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Artifact>(
        "SELECT " COLONNADE_ARTIFACT_COLUMNS
        " FROM threads t CROSS JOIN artifacts a ON a.thread_no = t.no"
        " WHERE t.id = ?1 AND t.scope = ?2 AND t.erased_at IS NULL AND a.key = ?3"
        " ORDER BY a.revision DESC LIMIT 1",
        read_artifact, thread_id, scope.key(), key);
  });
}

base::Task<Result<std::optional<core::Artifact>>> Store::artifact(core::Scope scope,
                                                                  std::string id) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Artifact>(
        "SELECT " COLONNADE_ARTIFACT_COLUMNS
        " FROM artifacts a CROSS JOIN threads t ON t.no = a.thread_no"
        " WHERE a.id = ?1 AND a.scope = ?2 AND t.erased_at IS NULL",
        read_artifact, id, scope.key());
  });
}

base::Task<Result<std::optional<core::Attachment>>> Store::attachment(core::Scope scope,
                                                                      std::string id) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Attachment>("SELECT " COLONNADE_ATTACHMENT_COLUMNS
                                          " FROM attachments WHERE id = ?1 AND scope = ?2",
                                          read_attachment, id, scope.key());
  });
}

base::Task<Result<std::vector<core::FilePlace>>> Store::files_to_remove(base::Time now,
                                                                        core::EveryScopePage page) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::FilePlace>(
        "SELECT scope, id FROM (SELECT scope, id FROM attachments INDEXED BY attachments_by_end"
        " WHERE expires_at <= ?1 UNION ALL SELECT scope, id FROM routine_files"
        " INDEXED BY routine_files_left WHERE job_id = '')"
        " WHERE (scope, id) > (?2, ?3) ORDER BY scope, id LIMIT ?4",
        [](Statement& row) -> Result<core::FilePlace> {
          return core::FilePlace{.scope = core::Scope::from_key(row.string(0)),
                                 .id = row.string(1)};
        },
        now, page.after_scope, page.after_id, page.limit);
  });
}

base::Task<Result<bool>> Store::any_attachment(std::string id) {
  co_return readers_->with([&](Database& database) -> Result<bool> {
    const auto rows = database.number(
        "SELECT (SELECT count(*) FROM attachments WHERE id = ?1)"
        " + (SELECT count(*) FROM routine_files WHERE id = ?1 AND job_id <> '')",
        id);
    if (!rows) return fail(rows.error());
    return *rows > 0;
  });
}

}  // namespace colonnade::storage::sqlite
