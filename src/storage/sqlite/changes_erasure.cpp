// Erasing threads: first the row is hidden for good, then all that hung on it goes.
//
// The newest message and the newest event of the whole store stay as empty rows if they were the
// thread's, because their numbers must not be given out twice.
#include <iterator>
#include <string>
#include <utility>

#include "base/ids.hpp"
#include "core/governance/action_records.hpp"
#include "core/governance/redaction.hpp"
#include "storage/event_codec.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"
#include "storage/sqlite/rows.hpp"

namespace colonnade::storage::sqlite {

Result<void> Changes::on(const core::Scope& scope, const core::EraseThread& change) {
  const auto erased =
      one_row(write("UPDATE threads SET erased_at = ?3, deleted_at = coalesce(deleted_at, ?3),"
                    " title = '', label = '', settings = '', tags = '[]', session_context = "
                    "NULL, directory = '', moved = '', rules = '' WHERE id = ?1 AND scope = ?2"
                    " AND erased_at IS NULL",
                    change.id, scope.key(), change.at),
              [&] { return missing("thread", change.id); });
  if (!erased) return erased;
  return withdraw_calls_of(scope, change.id, change.at);
}

// What users themselves asked to call in it, which no run's end settles: nobody can answer or make
// it any more. Here, because one that was asked for a moment ago must go with the others.
Result<void> Changes::withdraw_calls_of(const core::Scope& scope, const std::string& thread_id,
                                        Time at) {
  auto calls = database_.all<core::Action>(
      "SELECT " COLONNADE_ACTION_COLUMNS
      " FROM actions WHERE thread_id = ?1 AND scope = ?2 AND run_id = '' AND thread_id <> ''"
      " AND state IN ('pending_approval', 'approved') ORDER BY no",
      read_action, thread_id, scope.key());
  if (!calls) return fail(calls.error());
  core::Unit withdrawn{.scope = scope};
  const core::Redaction redaction;  // of the reason, which is ours
  for (core::Action& call : *calls) {
    core::withdraw(withdrawn, call, std::string(core::thread_deleted_reason), at, redaction);
  }
  for (const core::Change& change : withdrawn.changes) {
    auto applied = apply(scope, change);
    if (!applied) return applied;
  }
  return {};
}

// Both halves by an index of their own.
Result<void> Changes::erase_threads_of(const core::Scope& scope, const std::string& agent_id,
                                       Time at) {
  const auto id_of = [](Statement& row) -> Result<std::string> { return row.string(0); };
  auto ids = database_.all<std::string>(
      "SELECT id FROM threads WHERE agent_id = ?1 AND scope = ?2 AND deleted_at IS NULL", id_of,
      agent_id, scope.key());
  if (!ids) return fail(ids.error());
  auto deleted = database_.all<std::string>(
      "SELECT id FROM threads WHERE agent_id = ?1 AND scope = ?2 AND deleted_at IS NOT NULL"
      " AND erased_at IS NULL",
      id_of, agent_id, scope.key());
  if (!deleted) return fail(deleted.error());
  ids->insert(ids->end(), std::make_move_iterator(deleted->begin()),
              std::make_move_iterator(deleted->end()));
  for (std::string& id : *ids) {
    if (auto erased = on(scope, core::EraseThread{.id = id, .at = at}); !erased) return erased;
    made_events_.push_back({.scope = scope,
                            .thread_id = std::move(id),
                            .at = at,
                            .body = core::ThreadChanged{.title = {}, .deleted = true}});
  }
  return {};
}

Result<void> Changes::on(const core::Scope& scope, const core::PurgeThread& change) {
  const auto number = [](Statement& row) -> Result<std::int64_t> { return row.integer(0); };
  const auto found = database_.one<std::int64_t>(
      "SELECT no FROM threads WHERE id = ?1 AND scope = ?2 AND erased_at IS NOT NULL", number,
      change.id, scope.key());
  if (!found) return fail(found.error());
  if (!*found) return missing("erased thread", change.id);
  const std::int64_t no = **found;
  const auto unfinished = database_.one<std::int64_t>(
      "SELECT count(*) FROM runs WHERE thread_id = ?1 AND scope = ?2"
      " AND state IN ('queued', 'running', 'waiting_approval')",
      number, change.id, scope.key());
  if (!unfinished) return fail(unfinished.error());
  if (unfinished->value_or(0) > 0) {
    return fail(ErrorKind::conflict, quoted("thread", change.id) + " has an unfinished run");
  }
  if (auto gone = purge_beside(scope, change.id); !gone) return gone;
  if (auto gone = forget_routine_files(scope, change.id); !gone) return gone;
  std::string blank;
  append_event_body(blank, core::ThreadChanged{.deleted = true});
  const Result<std::int64_t> steps[] = {
      // The index takes back exactly what it was given.
      write("INSERT INTO message_search (message_search, rowid, text)"
            " SELECT 'delete', no, text FROM messages WHERE thread_no = ?1"
            " AND no <= (SELECT coalesce(max(id), 0) FROM message_search_docsize)",
            no),
      write("DELETE FROM messages WHERE thread_no = ?1 AND no < (SELECT max(no) FROM messages)",
            no),
      write("UPDATE messages SET text = '', parts = NULL, metadata = NULL, structured_output = "
            "NULL WHERE thread_no = ?1",
            no),
      write("DELETE FROM events WHERE thread_no = ?1 AND cursor < (SELECT max(cursor) FROM events)",
            no),
      write("UPDATE events SET body = ?2 WHERE thread_no = ?1", no, blank),
      write("DELETE FROM thread_summaries WHERE thread_no = ?1", no),
      write("DELETE FROM artifacts WHERE thread_no = ?1", no),
      // Files that no other thread has are removed next (core/attachments).
      write("UPDATE attachments SET expires_at = 0 WHERE no IN"
            " (SELECT attachment_no FROM attachment_uses WHERE thread_no = ?1)"
            " AND NOT EXISTS (SELECT 1 FROM attachment_uses u"
            " WHERE u.attachment_no = attachments.no AND u.thread_no <> ?1)",
            no),
      write("DELETE FROM attachment_uses WHERE thread_no = ?1", no),
      write("DELETE FROM tool_calls WHERE scope = ?2 AND run_id IN"
            " (SELECT id FROM runs WHERE thread_id = ?1 AND scope = ?2)",
            change.id, scope.key()),
      write("DELETE FROM run_steps WHERE scope = ?2 AND run_id IN"
            " (SELECT id FROM runs WHERE thread_id = ?1 AND scope = ?2)",
            change.id, scope.key()),
      keep_costs_of(scope, change.id),
      write("DELETE FROM runs WHERE thread_id = ?1 AND scope = ?2", change.id, scope.key()),
      write("UPDATE threads SET purged = ?2 WHERE no = ?1", no, change.is_complete ? 1 : 0),
      write(
          "INSERT INTO erasures_to_finish (what) VALUES ('message_search') ON CONFLICT DO NOTHING"),
  };
  for (const auto& step : steps) {
    if (!step) return fail(step.error());
  }
  has_erased_ = true;
  return {};
}

// What was spent stays spent; nothing says by whom or for what.
Result<std::int64_t> Changes::keep_costs_of(const core::Scope& scope,
                                            const std::string& thread_id) {
  return write(
      "INSERT INTO erased_costs (scope, day, agent_id, provider, model, runs, input_tokens,"
      " output_tokens, cached_input_tokens, cache_write_tokens, cost_micros)"
      " SELECT scope, finished_at / 86400000000, agent_id, provider, model, count(*),"
      " sum(input_tokens), sum(output_tokens), sum(cached_input_tokens),"
      " sum(cache_write_tokens), sum(cost_micros) FROM runs WHERE thread_id = ?1"
      " AND scope = ?2 AND finished_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5"
      " ON CONFLICT DO UPDATE SET runs = runs + excluded.runs,"
      " input_tokens = input_tokens + excluded.input_tokens,"
      " output_tokens = output_tokens + excluded.output_tokens,"
      " cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,"
      " cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,"
      " cost_micros = cost_micros + excluded.cost_micros",
      thread_id, scope.key());
}

// What belongs to the thread but does not hang on its row. Before the runs go, by which some of it
// is found. An answer may show a thread that its request did not make: then its text names it.
Result<void> Changes::purge_beside(const core::Scope& scope, const std::string& id) {
  const Result<std::int64_t> steps[] = {
      write("DELETE FROM keyed_requests WHERE object_id = ?1 AND scope = ?2", id, scope.key()),
      write("DELETE FROM keyed_requests WHERE scope = ?2 AND object_id IN"
            " (SELECT id FROM runs WHERE thread_id = ?1 AND scope = ?2)",
            id, scope.key()),
      write("DELETE FROM keyed_requests WHERE scope = ?2 AND object_id IN"
            " (SELECT id FROM actions WHERE thread_id = ?1 AND scope = ?2 AND run_id = ''"
            " AND thread_id <> '')",
            id, scope.key()),
      write("DELETE FROM keyed_requests WHERE scope = ?2 AND object_id = ''"
            " AND (instr(answer_body, ?1) > 0 OR instr(answer_body, ?3) > 0)",
            id, scope.key(), base::uuid_form(id)),
      write("DELETE FROM permissions WHERE thread_id = ?1 AND scope = ?2", id, scope.key()),
      // The decision stays, without what it was about.
      write(
          "UPDATE actions SET params = '{}', context = '{}', reason = '', decision_reason = '',"
          " approval_token = '', asked_params = '' WHERE scope = ?2 AND run_id <> '' AND run_id IN"
          " (SELECT id FROM runs WHERE thread_id = ?1 AND scope = ?2)",
          id, scope.key()),
      // One that is still running does not say any more how it ended.
      write("UPDATE actions SET params = '{}', context = '{}', reason = '', decision_reason = '',"
            " approval_token = '', asked_params = '', version = version + 1,"
            " state = CASE state WHEN 'executing' THEN 'failed' ELSE state END"
            " WHERE scope = ?2 AND run_id = ''"
            " AND thread_id <> '' AND thread_id = ?1",
            id, scope.key()),
  };
  for (const auto& step : steps) {
    if (!step) return fail(step.error());
  }
  return remove_memories_of(scope, id);
}

}  // namespace colonnade::storage::sqlite
