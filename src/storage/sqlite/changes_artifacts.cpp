// Artifacts and attachments.
#include <optional>
#include <string>
#include <utility>

#include "storage/event_codec.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"

namespace colonnade::storage::sqlite {
namespace {

struct NewestRevision {
  std::int64_t revision = 0;
  std::string kind{};
};

struct Held {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

Result<Held> read_held(Statement& row) {
  return Held{.rows = row.integer(0), .bytes = row.integer(1)};
}

}  // namespace

Result<void> Changes::on(const core::Scope& scope, const core::InsertArtifact& change) {
  const core::Artifact& a = change.artifact;
  const auto thread_no = database_.one<std::int64_t>(
      "SELECT no FROM threads WHERE id = ?1 AND scope = ?2 AND erased_at IS NULL",
      [](Statement& row) -> Result<std::int64_t> { return row.integer(0); }, a.thread_id,
      scope.key());
  if (!thread_no) return fail(thread_no.error());
  if (!*thread_no) return missing("thread", a.thread_id);
  const std::int64_t thread = **thread_no;
  const auto newest = database_.one<NewestRevision>(
      "SELECT revision, kind FROM artifacts WHERE thread_no = ?1 AND key = ?2"
      " ORDER BY revision DESC LIMIT 1",
      [](Statement& row) -> Result<NewestRevision> {
        return NewestRevision{.revision = row.integer(0), .kind = row.string(1)};
      },
      thread, a.key);
  if (!newest) return fail(newest.error());
  const NewestRevision before = newest->value_or(NewestRevision{});
  const bool same_kind = before.revision == 0 || before.kind == core::to_string(a.kind);
  if (a.revision != before.revision + 1 || !same_kind) {
    return fail(ErrorKind::conflict, quoted("artifact", a.key) + " has " +
                                         std::to_string(before.revision) + " revisions" +
                                         (same_kind ? "" : " of the kind " + before.kind));
  }
  const auto held = database_.one<Held>(
      "SELECT count(*), coalesce(sum(bytes), 0) FROM artifacts WHERE thread_no = ?1", read_held,
      thread);
  if (!held) return fail(held.error());
  const Held so_far = held->value_or(Held{});
  if (std::cmp_greater_equal(so_far.rows, change.revisions_max) ||
      std::cmp_greater(so_far.bytes + static_cast<std::int64_t>(a.content.size()),
                       change.bytes_max)) {
    return fail(ErrorKind::too_large,
                "the conversation holds as many artifacts as it may; begin a new one");
  }
  const auto metadata =
      a.metadata.is_null() ? std::nullopt : std::optional<std::string>(tree_text(a.metadata));
  return inserted(
      write("INSERT INTO artifacts (scope, id, thread_no, run_id, key, revision, kind, title,"
            " language, metadata, created_at, bytes, content)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            scope.key(), a.id, thread, a.run_id, a.key, a.revision, core::to_string(a.kind),
            a.title, a.language, metadata, a.created_at, a.content.size(), a.content),
      "artifact", a.id);
}

Result<void> Changes::on(const core::Scope& scope, const core::InsertAttachment& change) {
  const core::Attachment& a = change.attachment;
  const auto held = database_.one<Held>(
      "SELECT count(*), coalesce(sum(bytes), 0) FROM attachments WHERE scope = ?1 AND owner = ?2",
      read_held, scope.key(), a.owner);
  if (!held) return fail(held.error());
  const Held so_far = held->value_or(Held{});
  if (std::cmp_greater_equal(so_far.rows, change.rows_max) ||
      std::cmp_greater(so_far.bytes + a.bytes, change.bytes_max)) {
    return fail(ErrorKind::too_large, "you have " + std::to_string(so_far.rows) + " files of " +
                                          std::to_string(so_far.bytes) +
                                          " bytes here, as many as one user may; erase threads "
                                          "that have files, or wait until they expire");
  }
  return inserted(write("INSERT INTO attachments (scope, id, owner, kind, mime, name, bytes,"
                        " created_at, expires_at)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                        scope.key(), a.id, a.owner, core::to_string(a.kind), a.mime, a.name,
                        a.bytes, a.created_at, a.expires_at),
                  "attachment", a.id);
}

Result<void> Changes::on(const core::Scope& scope, const core::UseAttachment& change) {
  const auto thread = threads_.find(scope, change.thread_id);
  if (!thread) return fail(thread.error());
  if (*thread == nullptr) return missing("thread", change.thread_id);
  const auto kept =
      one_row(write("UPDATE attachments SET expires_at = max(expires_at, ?5)"
                    " WHERE id = ?1 AND scope = ?2 AND owner = ?3 AND expires_at > ?4",
                    change.id, scope.key(), change.owner, change.at, change.expires_at),
              [&] {
                return fail(ErrorKind::not_found,
                            "there is no " + quoted("attachment", change.id) +
                                "; it may have expired: upload the file again",
                            "attachmentIds");
              });
  if (!kept) return kept;
  return any_row(
      write("INSERT OR IGNORE INTO attachment_uses (attachment_no, thread_no)"
            " SELECT no, ?3 FROM attachments WHERE id = ?1 AND scope = ?2",
            change.id, scope.key(), (*thread)->no));
}

Result<void> Changes::on(const core::Scope& scope, const core::RemoveAttachment& change) {
  const auto uses =
      any_row(write("DELETE FROM attachment_uses WHERE attachment_no IN"
                    " (SELECT no FROM attachments WHERE id = ?1 AND scope = ?2)",
                    change.id, scope.key()));
  if (!uses) return uses;
  const auto of_run =
      any_row(write("DELETE FROM routine_files WHERE id = ?1 AND scope = ?2 AND job_id = ''",
                    change.id, scope.key()));
  if (!of_run) return of_run;
  return any_row(
      write("DELETE FROM attachments WHERE id = ?1 AND scope = ?2", change.id, scope.key()));
}

}  // namespace colonnade::storage::sqlite
