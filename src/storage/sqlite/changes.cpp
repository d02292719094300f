#include "storage/sqlite/changes.hpp"

#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "storage/agent_codec.hpp"
#include "storage/event_codec.hpp"
#include "storage/span_codec.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/rows.hpp"

namespace colonnade::storage::sqlite {
namespace {

// The text of a message that is exactly one text part.
const std::string* single_text(const core::Message& message) {
  if (message.parts.size() != 1) return nullptr;
  const auto* text = std::get_if<core::TextPart>(&message.parts.front());
  return text != nullptr ? &text->text : nullptr;
}

}  // namespace

Result<void> Changes::apply(const core::Scope& scope, const core::Change& change) {
  return std::visit([&](const auto& one) { return on(scope, one); }, change);
}

Result<void> Changes::on(const core::Scope& scope, const core::ChangeOfJobs& change) {
  auto applied = jobs_.apply(scope, *change);
  if (jobs_.take_wrote()) wrote_ = true;
  for (core::Event& event : jobs_.take_events()) made_events_.push_back(std::move(event));
  return applied;
}

Result<void> Changes::on(const core::Scope& scope, const core::ChangeOfBudgets& change) {
  auto applied = budgets_.apply(scope, *change);
  if (budgets_.take_wrote()) wrote_ = true;
  return applied;
}

Result<void> Changes::inserted(const Result<std::int64_t>& changed, std::string_view what,
                               std::string_view id, std::string_view parent) {
  if (!changed && changed.error().kind == ErrorKind::conflict) {
    return fail(ErrorKind::conflict, quoted(what, id) + " exists already");
  }
  return one_row(changed, [&] {
    return fail(ErrorKind::not_found,
                quoted(what, id) + " belongs to a " + std::string(parent) + " that does not exist");
  });
}

// --- threads and messages -----------------------------------------------------------------------

Result<void> Changes::on(const core::Scope& scope, const core::InsertThread& change) {
  const core::Thread& t = change.thread;
  if (change.agent_must_exist) {
    const auto agents = database_.one<std::int64_t>(
        "SELECT count(*) FROM agents WHERE id = ?1 AND scope = ?2",
        [](Statement& row) -> Result<std::int64_t> { return row.integer(0); }, t.agent_id,
        scope.key());
    if (!agents) return fail(agents.error());
    if (agents->value_or(0) == 0) {
      return fail(ErrorKind::not_found, "there is no " + quoted("agent", t.agent_id), "agent_id");
    }
  }
  return inserted(
      write("INSERT INTO threads (scope, id, owner, agent_id, title, label, settings, created_at,"
            " updated_at, deleted_at, tags, pinned_at, archived_at, completed, turns, version_id,"
            " session_context, parent_id, forked_from_message_id, directory,"
            " directory_by_operator, moved, rules)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
            " ?18, ?19, ?20, ?21, ?22, ?23)",
            scope.key(), t.id, t.owner, t.agent_id, t.title, t.label, settings_text(t.settings),
            t.created_at, t.updated_at, t.deleted_at, *names_text(t.tags), t.pinned_at,
            t.archived_at, t.completed, t.turns, t.version_id,
            t.session_context.is_null() ? std::nullopt
                                        : std::optional<std::string>(tree_text(t.session_context)),
            t.parent_id, t.forked_from_message_id, t.directory.path, t.directory.by_operator,
            move_text(t.moved), rules_text(t.rules)),
      "thread", t.id);
}

Result<void> Changes::on(const core::Scope& scope, const core::InsertMessage& change) {
  const core::Message& m = change.message;
  const auto thread = threads_.find(scope, m.thread_id);
  if (!thread) return fail(thread.error());
  if (*thread == nullptr) return missing("thread", m.thread_id);
  if (auto stored = store_message(scope, m, (*thread)->no); !stored) return stored;
  const int turns = m.role == core::Role::assistant ? 1 : 0;
  if (!m.usage) {
    return any_row(
        write("UPDATE threads SET updated_at = ?3, turns = turns + ?4"
              " WHERE no = ?1 AND scope = ?2",
              (*thread)->no, scope.key(), m.created_at, turns));
  }
  const core::Usage& u = *m.usage;
  return any_row(write(
      "UPDATE threads SET updated_at = ?3, usage_messages = usage_messages + 1,"
      " input_tokens = input_tokens + ?4, output_tokens = output_tokens + ?5,"
      " cached_input_tokens = cached_input_tokens + ?6,"
      " cache_write_tokens = cache_write_tokens + ?7, reasoning_tokens = reasoning_tokens + ?8,"
      " reported_cost_micros = CASE WHEN ?9 IS NULL THEN reported_cost_micros"
      " ELSE coalesce(reported_cost_micros, 0) + ?9 END, turns = turns + ?10"
      " WHERE no = ?1 AND scope = ?2",
      (*thread)->no, scope.key(), m.created_at, u.input_tokens, u.output_tokens,
      u.cached_input_tokens, u.cache_write_tokens, u.reasoning_tokens, u.reported_cost_micros,
      turns));
}

Result<void> Changes::store_message(const core::Scope& scope, const core::Message& m,
                                    std::int64_t thread_no) {
  parts_.clear();
  const std::string* single = single_text(m);
  if (single == nullptr) append_parts(parts_, m.parts);
  const std::string text =
      base::replace_invalid_utf8(single != nullptr ? *single : core::visible_text(m.parts));
  const auto parts = single == nullptr ? std::optional<std::string_view>(parts_) : std::nullopt;
  const auto metadata =
      m.metadata.is_null() ? std::nullopt : std::optional<std::string>(tree_text(m.metadata));
  const auto count = [&](std::int64_t core::Usage::* member) {
    return m.usage ? std::optional<std::int64_t>((*m.usage).*member) : std::nullopt;
  };
  const auto of_origin = [&]<class T>(T core::AnswerOrigin::* member) {
    return m.origin ? std::optional<T>((*m.origin).*member) : std::nullopt;
  };
  const bool has_output = m.origin && !m.origin->structured_output.is_null();
  const auto output = has_output
                          ? std::optional<std::string>(tree_text(m.origin->structured_output))
                          : std::nullopt;
  const auto cost = m.usage ? m.usage->reported_cost_micros : std::nullopt;
  ++messages_stored_;
  return inserted(
      write(
          "INSERT INTO messages (scope, id, thread_no, run_id, role, user_id, device_id,"
          " created_at, model, input_tokens, output_tokens, cached_input_tokens,"
          " cache_write_tokens, reasoning_tokens, reported_cost_micros, metadata, parts, text,"
          " provider, reply_to, edited_out, edits, revision, by_agent, by_version, version_bucket,"
          " cost_micros, took_micros, structured_output) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
          " ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,"
          " ?26, ?27, ?28, ?29)",
          scope.key(), m.id, thread_no, m.run_id, core::to_string(m.role), m.user_id, m.device_id,
          m.created_at, m.model, count(&core::Usage::input_tokens),
          count(&core::Usage::output_tokens), count(&core::Usage::cached_input_tokens),
          count(&core::Usage::cache_write_tokens), count(&core::Usage::reasoning_tokens), cost,
          metadata, parts, text, m.provider, m.reply_to, m.edited_out, m.edits, m.revision,
          of_origin(&core::AnswerOrigin::agent_id), of_origin(&core::AnswerOrigin::version_id),
          of_origin(&core::AnswerOrigin::version_bucket),
          of_origin(&core::AnswerOrigin::cost_micros), of_origin(&core::AnswerOrigin::took_micros),
          output),
      "message", m.id);
}

Result<void> Changes::on(const core::Scope& scope, const core::RenameThread& change) {
  if (!change.only_if_untitled) {
    return one_row(
        write("UPDATE threads SET title = ?3, updated_at = ?4 WHERE id = ?1 AND scope = ?2",
              change.id, scope.key(), change.title, change.at),
        [&] { return missing("thread", change.id); });
  }
  const auto renamed = write(
      "UPDATE threads SET title = ?3, updated_at = ?4 WHERE id = ?1 AND scope = ?2 AND title = ''",
      change.id, scope.key(), change.title, change.at);
  if (!renamed) return fail(renamed.error());
  if (*renamed > 0) return {};
  const auto thread = threads_.find(scope, change.id);
  if (!thread) return fail(thread.error());
  if (*thread == nullptr) return missing("thread", change.id);
  return {};
}

Result<void> Changes::on(const core::Scope& scope, const core::ArrangeThread& change) {
  const auto tags = names_text(change.tags);
  const auto context = change.session_context && !change.session_context->is_null()
                           ? std::optional<std::string>(tree_text(*change.session_context))
                           : std::nullopt;
  const auto completed =
      change.completed ? std::optional<std::int64_t>(*change.completed ? 1 : 0) : std::nullopt;
  return one_row(write("UPDATE threads SET updated_at = ?3, tags = coalesce(?4, tags),"
                       " pinned_at = CASE WHEN ?5 = 1 THEN ?6 ELSE pinned_at END,"
                       " archived_at = CASE WHEN ?7 = 1 THEN ?8 ELSE archived_at END,"
                       " completed = coalesce(?9, completed),"
                       " session_context = CASE WHEN ?10 = 1 THEN ?11 ELSE session_context END,"
                       " title = coalesce(?12, title) WHERE id = ?1 AND scope = ?2",
                       change.id, scope.key(), change.at, tags, change.pinned_at.has_value(),
                       change.pinned_at.value_or(std::nullopt), change.archived_at.has_value(),
                       change.archived_at.value_or(std::nullopt), completed,
                       change.session_context.has_value(), context, change.title),
                 [&] { return missing("thread", change.id); });
}

Result<void> Changes::on(const core::Scope& scope, const core::MoveThread& change) {
  return one_row(write("UPDATE threads SET directory = ?3, directory_by_operator = ?4, moved = ?5,"
                       " updated_at = ?6 WHERE id = ?1 AND scope = ?2",
                       change.id, scope.key(), change.directory.path, change.directory.by_operator,
                       move_text(change.move), change.move.at),
                 [&] { return missing("thread", change.id); });
}

Result<void> Changes::on(const core::Scope& scope, const core::PinThreadVersion& change) {
  const auto pinned =
      write("UPDATE threads SET version_id = ?3 WHERE id = ?1 AND scope = ?2 AND version_id = ''",
            change.id, scope.key(), change.version_id);
  if (!pinned) return fail(pinned.error());
  if (*pinned > 0) return {};
  const auto thread = threads_.find(scope, change.id);
  if (!thread) return fail(thread.error());
  if (*thread == nullptr) return missing("thread", change.id);
  return {};
}

Result<void> Changes::on(const core::Scope& scope, const core::EditOutMessages& change) {
  const auto thread = threads_.find(scope, change.thread_id);
  if (!thread) return fail(thread.error());
  if (*thread == nullptr) return missing("thread", change.thread_id);
  const std::int64_t no = (*thread)->no;
  const auto edited =
      one_row(write("UPDATE messages SET edited_out = 1 WHERE thread_no = ?1 AND scope = ?2"
                    " AND edited_out = 0 AND EXISTS (SELECT 1 FROM messages f WHERE f.id = ?3"
                    " AND f.scope = ?2 AND f.thread_no = ?1"
                    " AND (messages.created_at, messages.no) >= (f.created_at, f.no)"
                    " AND (f.reply_to = '' OR messages.reply_to = f.reply_to))",
                    no, scope.key(), change.from_message_id),
              [&] { return missing("message", change.from_message_id); });
  if (!edited) return edited;
  return any_row(
      write("DELETE FROM thread_summaries WHERE thread_no = ?1 AND up_to >="
            " (SELECT created_at FROM messages WHERE id = ?2 AND scope = ?3)",
            no, change.from_message_id, scope.key()));
}

Result<void> Changes::on(const core::Scope& scope, const core::DeleteThread& change) {
  const auto deleted = one_row(write("UPDATE threads SET deleted_at = ?3"
                                     " WHERE id = ?1 AND scope = ?2 AND deleted_at IS NULL",
                                     change.id, scope.key(), change.at),
                               [&] { return missing("thread", change.id); });
  if (!deleted) return deleted;
  return withdraw_calls_of(scope, change.id, change.at);
}

Result<void> Changes::on(const core::Scope& scope, const core::RestoreThread& change) {
  return one_row(write("UPDATE threads SET deleted_at = NULL, updated_at = ?3"
                       " WHERE id = ?1 AND scope = ?2 AND deleted_at IS NOT NULL",
                       change.id, scope.key(), change.at),
                 [&] { return missing("deleted thread", change.id); });
}

Result<void> Changes::on(const core::Scope& scope, const core::InsertSummary& change) {
  const core::ThreadSummary& s = change.summary;
  const core::Usage& u = s.usage;
  const auto thread = threads_.find(scope, s.thread_id);
  if (!thread) return fail(thread.error());
  if (*thread == nullptr) return missing("thread", s.thread_id);
  return inserted(
      write("INSERT INTO thread_summaries (scope, id, thread_no, run_id, up_to_message_id, up_to,"
            " tokens, provider, model, input_tokens, output_tokens, cached_input_tokens,"
            " cache_write_tokens, reasoning_tokens, reported_cost_micros, cost_micros, created_at,"
            " text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
            " ?17, ?18)",
            scope.key(), s.id, (*thread)->no, s.run_id, s.up_to_message_id, s.up_to, s.tokens,
            s.provider, s.model, u.input_tokens, u.output_tokens, u.cached_input_tokens,
            u.cache_write_tokens, u.reasoning_tokens, u.reported_cost_micros, s.cost_micros,
            s.created_at, s.text),
      "summary", s.id);
}

// --- runs ---------------------------------------------------------------------------------------

Result<void> Changes::on(const core::Scope& scope, const core::InsertRun& change) {
  const core::Run& r = change.run;
  const auto thread_deleted = database_.one<bool>(
      "SELECT deleted_at IS NOT NULL FROM threads WHERE id = ?1 AND scope = ?2",
      [](Statement& row) -> Result<bool> { return row.integer(0) != 0; }, r.thread_id, scope.key());
  if (!thread_deleted) return fail(thread_deleted.error());
  if (!*thread_deleted) return missing("thread", r.thread_id);
  if (**thread_deleted) {
    return fail(ErrorKind::conflict, quoted("thread", r.thread_id) + " is deleted");
  }
  const core::Usage& u = r.usage;
  const auto changed = write(
      "INSERT INTO runs (scope, id, thread_id, agent_id, agent_version, user_message_id,"
      " started_by, state, settings, rounds, input_tokens, output_tokens, cached_input_tokens,"
      " cache_write_tokens, reasoning_tokens, reported_cost_micros, cost_micros, created_at,"
      " finished_at, error, version_id, version_bucket, options, trace_id) VALUES (?1, ?2, ?3, ?4,"
      " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,"
      " ?24)",
      scope.key(), r.id, r.thread_id, r.agent_id, r.agent_version, r.user_message_id, r.started_by,
      core::to_string(r.state), settings_text(r.settings), r.rounds, u.input_tokens,
      u.output_tokens, u.cached_input_tokens, u.cache_write_tokens, u.reasoning_tokens,
      u.reported_cost_micros, r.cost_micros, r.created_at, r.finished_at, r.error, r.version.id,
      r.version.bucket, turn_options_text(r.options), r.options.trace.trace_id);
  if (!changed && changed.error().kind == ErrorKind::conflict) {
    return fail(ErrorKind::conflict, quoted("thread", r.thread_id) +
                                         " has a run that is not finished, or " +
                                         quoted("run", r.id) + " exists already");
  }
  return any_row(changed);
}

Result<void> Changes::on(const core::Scope& scope, const core::UpdateRun& change) {
  const core::Run& r = change.run;
  const core::Usage& u = r.usage;
  const std::string spans = spans_text(change.trace.spans);
  const auto changed = write(
      "UPDATE runs SET agent_id = ?4, agent_version = ?5, user_message_id = ?6, state = ?7,"
      " settings = ?8, rounds = ?9, input_tokens = ?10, output_tokens = ?11,"
      " cached_input_tokens = ?12, cache_write_tokens = ?13, reasoning_tokens = ?14,"
      " reported_cost_micros = ?15, cost_micros = ?16, finished_at = ?17, error = ?18,"
      " provider = coalesce(nullif(?19, ''), provider), model = coalesce(nullif(?20, ''), model),"
      " spans = CASE ?21 WHEN '' THEN spans ELSE coalesce(spans, '') || ?21 END"
      " WHERE id = ?1 AND scope = ?2 AND state = ?3",
      r.id, scope.key(), core::to_string(change.from), r.agent_id, r.agent_version,
      r.user_message_id, core::to_string(r.state), settings_text(r.settings), r.rounds,
      u.input_tokens, u.output_tokens, u.cached_input_tokens, u.cache_write_tokens,
      u.reasoning_tokens, u.reported_cost_micros, r.cost_micros, r.finished_at, r.error,
      change.trace.provider, change.trace.model, spans);
  return one_row(changed, [&] {
    return fail(ErrorKind::conflict,
                quoted("run", r.id) + " is not " + std::string(core::to_string(change.from)));
  });
}

Result<void> Changes::on(const core::Scope& scope, const core::InsertStep& change) {
  const core::RunStep& s = change.step;
  parts_.clear();
  append_parts(parts_, s.parts);
  return inserted(
      write("INSERT INTO run_steps (scope, run_id, number, input_tokens, output_tokens,"
            " cached_input_tokens, cache_write_tokens, reasoning_tokens, reported_cost_micros,"
            " model, parts, spans, provider)"
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, nullif(?12, ''), ?13"
            " FROM runs WHERE id = ?2 AND scope = ?1",
            scope.key(), s.run_id, s.number, s.usage.input_tokens, s.usage.output_tokens,
            s.usage.cached_input_tokens, s.usage.cache_write_tokens, s.usage.reasoning_tokens,
            s.usage.reported_cost_micros, s.model, parts_, spans_text(s.spans), s.provider),
      "step", s.run_id + "/" + std::to_string(s.number), "run");
}

Result<void> Changes::on(const core::Scope& scope, const core::InsertToolCall& change) {
  const core::ToolCall& c = change.call;
  return inserted(
      write("INSERT INTO tool_calls (scope, id, call_id, run_id, thread_id, tool, state,"
            " created_at, finished_at, arguments, result)"
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11"
            " FROM runs WHERE id = ?4 AND scope = ?1",
            scope.key(), c.id, c.call_id, c.run_id, c.thread_id, c.tool, core::to_string(c.state),
            c.created_at, c.finished_at, tree_text(c.arguments), c.result),
      "tool call", c.id, "run");
}

Result<void> Changes::on(const core::Scope& scope, const core::MoveToolCall& change) {
  const auto arguments =
      change.arguments ? std::optional<std::string>(tree_text(*change.arguments)) : std::nullopt;
  return one_row(write("UPDATE tool_calls SET state = ?4, result = ?5, finished_at = ?6,"
                       " arguments = coalesce(?7, arguments)"
                       " WHERE id = ?1 AND scope = ?2 AND state = ?3",
                       change.id, scope.key(), core::to_string(change.from),
                       core::to_string(change.to), change.result, change.finished_at, arguments),
                 [&] {
                   return fail(ErrorKind::conflict, quoted("tool call", change.id) + " is not " +
                                                        std::string(core::to_string(change.from)));
                 });
}

// --- actions, permissions, audit ----------------------------------------------------------------

Result<void> Changes::on(const core::Scope& scope, const core::InsertAction& change) {
  const core::Action& a = change.action;
  const core::Decision& d = a.decision;
  if (core::is_call(a) && a.run_id.empty() && !a.thread_id.empty()) {
    const auto gone = database_.number(
        "SELECT count(*) FROM threads WHERE id = ?1 AND scope = ?2 AND deleted_at IS NOT NULL",
        a.thread_id, scope.key());
    if (!gone) return fail(gone.error());
    if (*gone > 0) return missing("thread", a.thread_id);
  }
  return inserted(
      write("INSERT INTO actions (" COLONNADE_ACTION_COLUMNS
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
            " ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33,"
            " ?34)",
            a.id, scope.key(), a.request.agent_id, a.request.tool, a.request.operation,
            a.request.params, a.request.context, core::to_string(a.state), a.reason,
            a.approval_token, a.version, a.thread_id, a.run_id, a.tool_call_id, a.owner,
            a.resolved_by, a.resolved_at, a.expires_at, a.created_at, a.updated_at,
            core::to_string(d.outcome), d.reason_code, d.reason, d.risk_level, d.by_profile,
            d.request_hash, d.policy_version, d.policy_hash, d.profile_id, d.profile_version,
            d.profile_hash, d.runtime_version, d.provenance_id, a.asked_params),
      "action", a.id);
}

// The request may change (a human edited it, and the gate decided again), so may the decision.
Result<void> Changes::on(const core::Scope& scope, const core::UpdateAction& change) {
  const core::Action& a = change.action;
  const core::Decision& d = a.decision;
  return one_row(
      write("UPDATE actions SET params = ?4, state = ?5, reason = ?6, approval_token = ?7,"
            " version = ?3, resolved_by = ?8, resolved_at = ?9, expires_at = ?10,"
            " updated_at = ?11, outcome = ?12, reason_code = ?13, decision_reason = ?14,"
            " risk_level = ?15, by_profile = ?16, request_hash = ?17, policy_version = ?18,"
            " policy_hash = ?19, profile_id = ?20, profile_version = ?21, profile_hash = ?22,"
            " runtime_version = ?23, provenance_id = ?24, context = ?25, asked_params = ?26"
            " WHERE id = ?1 AND scope = ?2 AND version = ?3 - 1",
            a.id, scope.key(), a.version, a.request.params, core::to_string(a.state), a.reason,
            a.approval_token, a.resolved_by, a.resolved_at, a.expires_at, a.updated_at,
            core::to_string(d.outcome), d.reason_code, d.reason, d.risk_level, d.by_profile,
            d.request_hash, d.policy_version, d.policy_hash, d.profile_id, d.profile_version,
            d.profile_hash, d.runtime_version, d.provenance_id, a.request.context, a.asked_params),
      [&]() -> Result<void> {
        if (change.if_unchanged) return {};
        return fail(ErrorKind::conflict, quoted("action", a.id) + " was changed by somebody else");
      });
}

Result<void> Changes::on(const core::Scope& scope, const core::InsertPermission& change) {
  const core::Permission& p = change.permission;
  return inserted(
      write("INSERT INTO permissions (" COLONNADE_PERMISSION_COLUMNS
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            p.id, scope.key(), p.owner, p.thread_id, p.tool, p.operation, p.pattern, p.created_by,
            p.created_at, p.revoked_at, p.agent_id, p.directory, *names_text(p.commands)),
      "permission", p.id);
}

Result<void> Changes::on(const core::Scope& scope, const core::RevokePermission& change) {
  return one_row(write("UPDATE permissions SET revoked_at = ?4 WHERE id = ?1 AND scope = ?2"
                       " AND owner = ?3 AND revoked_at IS NULL",
                       change.id, scope.key(), change.owner, change.at),
                 [&] { return missing("permission", change.id); });
}

Result<Changes::AuditEnd> Changes::audit_end() {
  if (audit_end_) return *audit_end_;
  const auto newest =
      database_.one<AuditEnd>("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
                              [](Statement& row) -> Result<AuditEnd> {
                                return AuditEnd{.seq = row.integer(0), .hash = row.string(1)};
                              });
  if (!newest) return fail(newest.error());
  return newest->value_or(AuditEnd{});
}

Result<void> Changes::on(const core::Scope& scope, const core::AppendAudit& change) {
  auto end = audit_end();
  if (!end) return fail(end.error());
  const std::int64_t seq = end->seq + 1;
  const std::string text = core::audit_text(change.entry, scope, seq);
  std::string hash = core::audit_hash(end->hash, text);
  const auto written = any_row(
      write("INSERT INTO audit (" COLONNADE_AUDIT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            seq, scope.key(), change.entry.kind, change.entry.subject, text, end->hash, hash));
  if (!written) return written;
  audit_end_ = AuditEnd{.seq = seq, .hash = std::move(hash)};
  return {};
}

// --- credentials --------------------------------------------------------------------------------

Result<void> Changes::on(const core::Scope& scope, const core::InsertCredential& change) {
  const core::Credential& c = change.credential;
  if (!change.issuer_id.empty()) {
    const auto live = database_.number(
        "SELECT count(*) FROM credentials WHERE id = ?1 AND (scope = ?2 OR every_scope = 1)"
        " AND revoked_at IS NULL",
        change.issuer_id, scope.key());
    if (!live) return fail(live.error());
    if (*live == 0) {
      return fail(ErrorKind::unauthorized, "the credential that asked for this was revoked");
    }
  }
  return inserted(
      write("INSERT INTO credentials (scope, id, kind, user_id, name, token_sha256, created_at,"
            " last_seen, revoked_at, role, every_scope)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            scope.key(), c.id, core::to_string(c.kind), c.user_id, c.name, c.token_sha256,
            c.created_at, c.last_seen, c.revoked_at, core::to_string(c.role),
            c.every_scope ? 1 : 0),
      "credential", c.id);
}

Result<void> Changes::on(const core::Scope& scope, const core::TouchCredential& change) {
  return any_row(write("UPDATE credentials SET last_seen = ?3 WHERE id = ?1 AND scope = ?2",
                       change.id, scope.key(), change.at));
}

Result<void> Changes::on(const core::Scope& scope, const core::RevokeCredential& change) {
  return one_row(
      write("UPDATE credentials SET revoked_at = ?5 WHERE id = ?1 AND scope = ?2"
            " AND user_id = ?3 AND kind = ?4 AND revoked_at IS NULL",
            change.id, scope.key(), change.user_id, core::to_string(change.kind), change.at),
      [&] { return missing("credential", change.id); });
}

// --- keyed requests -----------------------------------------------------------------------------

Result<void> Changes::on(const core::Scope& scope, const core::InsertKeyedRequest& change) {
  const core::KeyedRequest& s = change.keyed_request;
  const auto answer = [&](auto member) {
    using Member = std::remove_cvref_t<decltype((*s.answer).*member)>;
    return s.answer ? std::optional<Member>((*s.answer).*member) : std::nullopt;
  };
  const auto body = s.answer ? std::optional(Blob{s.answer->body}) : std::nullopt;
  const auto changed = write(
      "INSERT INTO keyed_requests (scope, id, user_id, key, fingerprint, object_id, created_at,"
      " answer_status, answer_content_type, answer_body)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
      " ON CONFLICT (key, user_id, scope) DO UPDATE SET id = excluded.id,"
      " fingerprint = excluded.fingerprint, object_id = excluded.object_id,"
      " created_at = excluded.created_at, answer_status = excluded.answer_status,"
      " answer_content_type = excluded.answer_content_type, answer_body = excluded.answer_body"
      " WHERE keyed_requests.created_at < ?11",
      scope.key(), s.id, s.user_id, s.key, s.fingerprint, s.object_id, s.created_at,
      answer(&core::StoredAnswer::status), answer(&core::StoredAnswer::content_type), body,
      change.expired_before);
  return one_row(changed,
                 [&] { return fail(ErrorKind::conflict, "the idempotency key was used already"); });
}

Result<void> Changes::on(const core::Scope& scope, const core::LinkKeyedRequest& change) {
  return one_row(write("UPDATE keyed_requests SET object_id = ?3 WHERE id = ?1 AND scope = ?2",
                       change.id, scope.key(), change.object_id),
                 [&] { return missing("submission", change.id); });
}

Result<void> Changes::on(const core::Scope& scope, const core::AnswerKeyedRequest& change) {
  return any_row(
      write("UPDATE keyed_requests SET answer_status = ?3, answer_content_type = ?4,"
            " answer_body = ?5 WHERE id = ?1 AND scope = ?2",
            change.id, scope.key(), change.answer.status, change.answer.content_type,
            Blob{change.answer.body}));
}

Result<void> Changes::on(const core::Scope& scope, const core::DropKeyedRequest& change) {
  return any_row(
      write("DELETE FROM keyed_requests WHERE id = ?1 AND scope = ?2", change.id, scope.key()));
}

Result<void> Changes::on(const core::Scope&, const core::PurgeKeyedRequests& change) {
  // Of every scope: age is all that counts.
  return any_row(write("DELETE FROM keyed_requests WHERE created_at < ?1", change.created_before));
}

}  // namespace colonnade::storage::sqlite
