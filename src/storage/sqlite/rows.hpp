// Rows as core's values. Each function reads the columns that its constant lists, in that order.
#pragma once

#include "core/events/event_store.hpp"
#include "core/events/journal.hpp"
#include "storage/sqlite/database.hpp"

// Macros, because SQL texts are literals that are put together by the preprocessor.
#define COLONNADE_USAGE_COLUMNS(t)                                                            \
  t "input_tokens, " t "output_tokens, " t "cached_input_tokens, " t "cache_write_tokens, " t \
    "reasoning_tokens, " t "reported_cost_micros"
#define COLONNADE_AGENT_COLUMNS                                                        \
  "id, scope, name, description, instructions, settings, tools, version, created_at, " \
  "updated_at, owner, memory, tool_servers, slug, profile, active, open_to_guests, "   \
  "version_id, version_number, canary_version_id, canary_percent"
// From agent_versions; those with a number.
#define COLONNADE_AGENT_VERSION_COLUMNS \
  "version_id, id, number, created_by, note, instructions, settings, tools, profile, updated_at"
#define COLONNADE_TOOL_SERVER_COLUMNS                                               \
  "id, scope, name, transport, command, url, sealed_secrets, created_at, enabled, " \
  "for_default_agent"
#define COLONNADE_THREAD_COLUMNS                                                             \
  "id, scope, owner, agent_id, title, settings, created_at, updated_at, deleted_at, label, " \
  "tags, pinned_at, archived_at, completed, turns, version_id, session_context, parent_id, " \
  "forked_from_message_id, directory, directory_by_operator, moved, rules"
// From messages m joined with threads t.
#define COLONNADE_MESSAGE_COLUMNS \
  "m.id, t.id, m.run_id, m.role, m.user_id, m.device_id, m.created_at, " \
  "m.model, " COLONNADE_USAGE_COLUMNS("m.") ", m.metadata, m.parts, m.text, m.provider, " \
  "m.reply_to, m.edited_out, m.edits, m.revision, m.by_agent, m.by_version, "   \
  "m.version_bucket, m.cost_micros, m.took_micros, m.structured_output"
// The thread comes first: its one row turns an id of this scope into the number that rows hang on.
#define COLONNADE_FROM_THREAD_MESSAGES                                                           \
  " FROM threads t CROSS JOIN messages m ON m.thread_no = t.no WHERE t.id = ?1 AND t.scope = ?2" \
  " AND t.erased_at IS NULL"
// From thread_summaries s joined with threads t.
// Of the thread ?1 in the scope ?2: the summary that covers most.
#define COLONNADE_FROM_NEWEST_SUMMARY                                   \
  " FROM threads t CROSS JOIN thread_summaries s ON s.thread_no = t.no" \
  " WHERE t.id = ?1 AND t.scope = ?2 ORDER BY s.up_to DESC, s.no DESC LIMIT 1"
#define COLONNADE_SUMMARY_COLUMNS                                                     \
  "s.id, t.id, s.run_id, s.up_to_message_id, s.up_to, s.text, s.tokens, s.provider, " \
  "s.model, s.cost_micros, s.created_at, " COLONNADE_USAGE_COLUMNS("s.")
#define COLONNADE_RUN_COLUMNS \
  "id, thread_id, scope, agent_id, agent_version, user_message_id, started_by, state, " \
  "settings, rounds, " COLONNADE_USAGE_COLUMNS("") ", cost_micros, error, created_at, " \
  "finished_at, version_id, version_bucket, options"
#define COLONNADE_STEP_COLUMNS \
  "run_id, number, parts, model, " COLONNADE_USAGE_COLUMNS("") ", provider"
#define COLONNADE_TOOL_CALL_COLUMNS \
  "id, call_id, run_id, thread_id, tool, arguments, state, result, created_at, finished_at"
// From events e joined with threads t.
#define COLONNADE_EVENT_COLUMNS "e.cursor, e.seq, e.scope, t.id, e.run_id, e.at, e.body, t.owner"
#define COLONNADE_CREDENTIAL_COLUMNS                                                        \
  "id, scope, kind, user_id, name, token_sha256, created_at, last_seen, revoked_at, role, " \
  "every_scope"
#define COLONNADE_ENTITY_COLUMNS "id, scope, sealed_secret, sealed_second, created_at, changed_at"
#define COLONNADE_ACCESS_KEY_COLUMNS "id, scope, name, key_sha256, origins, created_at"
#define COLONNADE_KEYED_REQUEST_COLUMNS                                                   \
  "id, scope, user_id, key, fingerprint, object_id, answer_status, answer_content_type, " \
  "answer_body, created_at"
#define COLONNADE_ACTION_COLUMNS                                                            \
  "id, scope, agent_id, tool, operation, params, context, state, reason, approval_token, "  \
  "version, thread_id, run_id, tool_call_id, owner, resolved_by, resolved_at, expires_at, " \
  "created_at, updated_at, outcome, reason_code, decision_reason, risk_level, by_profile, " \
  "request_hash, policy_version, policy_hash, profile_id, profile_version, profile_hash, "  \
  "runtime_version, provenance_id, asked_params"
#define COLONNADE_PERMISSION_COLUMNS                                                            \
  "id, scope, owner, thread_id, tool, operation, pattern, created_by, created_at, revoked_at, " \
  "agent_id, directory, commands"
// From memories m joined with memory_partitions p.
#define COLONNADE_MEMORY_COLUMNS                                                     \
  "m.id, p.scope, p.owner, p.agent_id, m.tier, m.kind, m.key, m.text, m.metadata, "  \
  "m.classification, m.visibility, m.demoted, m.thread_id, m.run_id, m.created_at, " \
  "m.updated_at, m.expires_at, m.subject, m.author"
#define COLONNADE_AUDIT_COLUMNS "seq, scope, kind, subject, text, previous_hash, hash"

namespace colonnade::storage::sqlite {

Result<core::Agent> read_agent(Statement& row);
Result<core::AgentVersion> read_agent_version(Statement& row);
Result<core::ToolServer> read_tool_server(Statement& row);
Result<core::Thread> read_thread(Statement& row);
Result<core::Message> read_message(Statement& row);
// In place: a page of messages is the store's most frequent read.
Result<void> read_message_into(Statement& row, core::Message& message);
Result<core::ThreadSummary> read_summary(Statement& row);
Result<core::Run> read_run(Statement& row);
Result<core::RunStep> read_step(Statement& row);
Result<core::ToolCall> read_tool_call(Statement& row);
Result<core::Event> read_event(Statement& row);
Result<core::Credential> read_credential(Statement& row);
Result<core::Entity> read_entity(Statement& row);
Result<core::AccessKey> read_access_key(Statement& row);
Result<core::KeyedRequest> read_keyed_request(Statement& row);
Result<core::Action> read_action(Statement& row);
Result<core::Permission> read_permission(Statement& row);
Result<core::AuditRecord> read_audit(Statement& row);
Result<core::MemoryItem> read_memory(Statement& row);
// The six usage columns from `first` on; NULL counts as zero.
core::Usage read_usage(Statement& row, int first);

}  // namespace colonnade::storage::sqlite
