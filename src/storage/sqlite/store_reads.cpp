// The read half of Store: one query each. A statement is reset before its connection goes back, so
// no snapshot outlives the call.
#include <algorithm>

#include "core/events/limits.hpp"
#include "core/governance/limits.hpp"
#include "core/limits.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/rows.hpp"
#include "storage/sqlite/store.hpp"
#include "storage/sqlite/writer.hpp"

namespace colonnade::storage::sqlite {
namespace {

// The thread comes first: its one row turns an id of this scope into the number that rows hang on.
#define COLONNADE_FROM_THREAD_MESSAGES                                                           \
  " FROM threads t CROSS JOIN messages m ON m.thread_no = t.no WHERE t.id = ?1 AND t.scope = ?2" \
  " AND t.erased_at IS NULL"
#define COLONNADE_FROM_MESSAGES \
  " FROM messages m JOIN threads t ON t.no = m.thread_no WHERE t.erased_at IS NULL AND "

Result<core::ThreadUsage> read_thread_usage(Statement& row) {
  return core::ThreadUsage{.message_count = row.integer(0), .usage = read_usage(row, 1)};
}

}  // namespace

// --- agents -------------------------------------------------------------------------------------

Result<std::optional<core::Agent>> Store::agent(const core::Scope& scope, std::string_view id) {
  return readers_->with([&](Database& database) {
    return database.one<core::Agent>("SELECT " COLONNADE_AGENT_COLUMNS
                                     " FROM agents WHERE id = ?1 AND scope = ?2",
                                     read_agent, id, scope.key());
  });
}

Result<std::vector<core::Agent>> Store::agents(const core::Scope& scope,
                                               const core::AgentFilter& filter) {
  return readers_->with([&](Database& database) {
    return database.all<core::Agent>(
        "SELECT " COLONNADE_AGENT_COLUMNS
        " FROM agents WHERE scope = ?1 AND (?2 IS NULL OR owner = ?2)"
        " AND (?3 = '' OR EXISTS (SELECT 1 FROM json_each(tool_servers) WHERE value = ?3))"
        " AND (?6 = '' OR (created_at, id) <"
        " (SELECT created_at, id FROM agents WHERE id = ?6 AND scope = ?1))"
        " ORDER BY created_at DESC, id DESC LIMIT ?4 OFFSET ?5",
        read_agent, scope.key(), filter.owner, filter.tool_server, filter.limit, filter.offset,
        filter.before);
  });
}

// --- tool servers -------------------------------------------------------------------------------

Result<std::optional<core::ToolServer>> Store::tool_server(const core::Scope& scope,
                                                           std::string_view id) {
  return readers_->with([&](Database& database) {
    return database.one<core::ToolServer>("SELECT " COLONNADE_TOOL_SERVER_COLUMNS
                                          " FROM tool_servers WHERE id = ?1 AND scope = ?2",
                                          read_tool_server, id, scope.key());
  });
}

Result<std::vector<core::ToolServer>> Store::tool_servers(const core::Scope& scope) {
  return readers_->with([&](Database& database) {
    return database.all<core::ToolServer>("SELECT " COLONNADE_TOOL_SERVER_COLUMNS
                                          " FROM tool_servers WHERE scope = ?1 ORDER BY name",
                                          read_tool_server, scope.key());
  });
}

Result<std::vector<core::ToolServer>> Store::all_tool_servers() {
  return readers_->with([&](Database& database) {
    return database.all<core::ToolServer>(
        "SELECT " COLONNADE_TOOL_SERVER_COLUMNS " FROM tool_servers ORDER BY no", read_tool_server);
  });
}

Result<std::string> Store::tool_pins(const core::Scope& scope, std::string_view server_id) {
  return readers_->with([&](Database& database) -> Result<std::string> {
    auto pins = database.one<std::string>(
        "SELECT pins FROM tool_pins WHERE server_id = ?1 AND scope = ?2",
        [](Statement& row) -> Result<std::string> { return row.string(0); }, server_id,
        scope.key());
    if (!pins) return fail(std::move(pins.error()));
    return pins->value_or("");
  });
}

// --- threads ------------------------------------------------------------------------------------

Result<std::optional<core::Thread>> Store::thread(const core::Scope& scope, std::string_view id) {
  return readers_->with([&](Database& database) {
    return database.one<core::Thread>("SELECT " COLONNADE_THREAD_COLUMNS
                                      " FROM threads WHERE id = ?1 AND scope = ?2"
                                      " AND erased_at IS NULL",
                                      read_thread, id, scope.key());
  });
}

Result<std::vector<core::Thread>> Store::threads(const core::Scope& scope, std::string_view owner,
                                                 const core::ThreadPage& page) {
  return readers_->with([&](Database& database) {
    if (page.agent_id) {
      return database.all<core::Thread>(
          "SELECT " COLONNADE_THREAD_COLUMNS
          " FROM threads WHERE agent_id = ?3 AND scope = ?1 AND owner = ?2"
          " AND deleted_at IS NULL"
          " ORDER BY updated_at DESC, created_at DESC, id DESC LIMIT ?4 OFFSET ?5",
          read_thread, scope.key(), owner, *page.agent_id, page.limit, page.offset);
    }
    return database.all<core::Thread>(
        "SELECT " COLONNADE_THREAD_COLUMNS
        " FROM threads WHERE scope = ?1 AND owner = ?2 AND deleted_at IS NULL"
        " ORDER BY updated_at DESC, created_at DESC, id DESC LIMIT ?3 OFFSET ?4",
        read_thread, scope.key(), owner, page.limit, page.offset);
  });
}

Result<std::vector<core::Thread>> Store::erased_threads(const core::EveryScopePage& page) {
  return readers_->with([&](Database& database) {
    return database.all<core::Thread>("SELECT " COLONNADE_THREAD_COLUMNS
                                      " FROM threads WHERE erased_at IS NOT NULL AND purged = 0"
                                      " AND (scope, id) > (?1, ?2) ORDER BY scope, id LIMIT ?3",
                                      read_thread, page.after_scope, page.after_id, page.limit);
  });
}

Result<std::vector<core::Message>> Store::messages(const core::Scope& scope,
                                                   std::string_view thread_id,
                                                   const core::MessagePage& page) {
  const std::size_t limit = std::clamp<std::size_t>(
      page.limit, 1, page.from ? limits::list_rows_max : limits::page_rows_max);
  std::vector<core::Message> rows;
  const auto add = [&](Statement& row) {
    if (rows.empty()) rows.reserve(limit);
    return read_message_into(row, rows.emplace_back());
  };
  const auto done = readers_->with([&](Database& database) -> Result<void> {
    if (page.from) {
      return database.each("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_THREAD_MESSAGES
                           " ORDER BY m.created_at, m.no LIMIT ?3 OFFSET ?4",
                           add, thread_id, scope.key(), limit, *page.from);
    }
    if (page.after) {
      return database.each("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_THREAD_MESSAGES
                           " AND m.created_at > ?3 ORDER BY m.created_at, m.no LIMIT ?4",
                           add, thread_id, scope.key(), *page.after, limit);
    }
    if (page.before) {
      return database.each("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_THREAD_MESSAGES
                           " AND m.created_at < ?3 ORDER BY m.created_at DESC, m.no DESC LIMIT ?4",
                           add, thread_id, scope.key(), *page.before, limit);
    }
    return database.each("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_THREAD_MESSAGES
                         " ORDER BY m.created_at DESC, m.no DESC LIMIT ?3",
                         add, thread_id, scope.key(), limit);
  });
  if (!done) return fail(done.error());
  // All but `after` and `from` come newest first.
  if (!page.after && !page.from) std::reverse(rows.begin(), rows.end());
  return rows;
}

Result<std::optional<core::Message>> Store::message(const core::Scope& scope, std::string_view id) {
  return readers_->with([&](Database& database) {
    return database.one<core::Message>("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_MESSAGES
                                       "m.id = ?1 AND m.scope = ?2",
                                       read_message, id, scope.key());
  });
}

Result<core::ThreadUsage> Store::usage(const core::Scope& scope, std::string_view thread_id) {
  return readers_->with([&](Database& database) -> Result<core::ThreadUsage> {
    auto found =
        database.one<core::ThreadUsage>("SELECT usage_messages, " COLONNADE_USAGE_COLUMNS(
                                            "") " FROM threads WHERE id = ?1 AND scope = ?2",
                                        read_thread_usage, thread_id, scope.key());
    if (!found) return fail(std::move(found.error()));
    return found->value_or(core::ThreadUsage{});
  });
}

Result<std::optional<core::ThreadSummary>> Store::newest_summary(const core::Scope& scope,
                                                                 std::string_view thread_id) {
  return readers_->with([&](Database& database) {
    return database.one<core::ThreadSummary>(
        "SELECT " COLONNADE_SUMMARY_COLUMNS
        " FROM threads t CROSS JOIN thread_summaries s ON s.thread_no = t.no"
        " WHERE t.id = ?1 AND t.scope = ?2 ORDER BY s.up_to DESC, s.no DESC LIMIT 1",
        read_summary, thread_id, scope.key());
  });
}

// --- runs ---------------------------------------------------------------------------------------

Result<std::optional<core::Run>> Store::run(const core::Scope& scope, std::string_view id) {
  return readers_->with([&](Database& database) {
    return database.one<core::Run>("SELECT " COLONNADE_RUN_COLUMNS
                                   " FROM runs WHERE id = ?1 AND scope = ?2",
                                   read_run, id, scope.key());
  });
}

Result<std::optional<core::Run>> Store::active_run(const core::Scope& scope,
                                                   std::string_view thread_id) {
  return readers_->with([&](Database& database) {
    return database.one<core::Run>("SELECT " COLONNADE_RUN_COLUMNS
                                   " FROM runs WHERE thread_id = ?1 AND scope = ?2"
                                   " AND state IN ('queued', 'running', 'waiting_approval')",
                                   read_run, thread_id, scope.key());
  });
}

Result<std::vector<core::RunStep>> Store::steps(const core::Scope& scope, std::string_view run_id) {
  return readers_->with([&](Database& database) {
    return database.all<core::RunStep>("SELECT " COLONNADE_STEP_COLUMNS
                                       " FROM run_steps WHERE run_id = ?1 AND scope = ?2"
                                       " ORDER BY number",
                                       read_step, run_id, scope.key());
  });
}

Result<std::vector<core::ToolCall>> Store::tool_calls(const core::Scope& scope,
                                                      std::string_view run_id) {
  return readers_->with([&](Database& database) {
    return database.all<core::ToolCall>("SELECT " COLONNADE_TOOL_CALL_COLUMNS
                                        " FROM tool_calls WHERE run_id = ?1 AND scope = ?2"
                                        " ORDER BY no",
                                        read_tool_call, run_id, scope.key());
  });
}

Result<std::optional<core::Message>> Store::reply_of(const core::Scope& scope,
                                                     std::string_view run_id) {
  return readers_->with([&](Database& database) {
    return database.one<core::Message>(
        "SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_MESSAGES
        "m.run_id = ?1 AND m.scope = ?2 AND m.role = 'assistant' AND m.run_id <> ''"
        " ORDER BY m.no DESC LIMIT 1",
        read_message, run_id, scope.key());
  });
}

Result<std::vector<core::Run>> Store::unfinished_runs() {
  return readers_->with([&](Database& database) {
    return database.all<core::Run>(
        "SELECT " COLONNADE_RUN_COLUMNS
        " FROM runs INDEXED BY runs_unfinished"
        " WHERE state IN ('queued', 'running', 'waiting_approval') ORDER BY no",
        read_run);
  });
}

// --- events -------------------------------------------------------------------------------------

Result<std::vector<core::Event>> Store::events(const core::Scope& scope, std::string_view thread_id,
                                               std::int64_t after, std::size_t limit) {
  return readers_->with([&](Database& database) {
    return database.all<core::Event>(
        "SELECT " COLONNADE_EVENT_COLUMNS
        " FROM threads t CROSS JOIN events e ON e.thread_no = t.no"
        " WHERE t.id = ?1 AND t.scope = ?2 AND e.scope = ?2 AND e.cursor > ?3"
        " ORDER BY e.cursor LIMIT ?4",
        read_event, thread_id, scope.key(), after, limit);
  });
}

namespace {

struct EventRow {
  core::Event event{};
  bool of_deleted_thread = false;
};

Result<EventRow> read_event_row(Statement& row) {
  auto event = read_event(row);
  if (!event) return fail(std::move(event.error()));
  return EventRow{.event = std::move(*event), .of_deleted_thread = row.integer(8) != 0};
}

Result<core::EventPage> thread_event_page(Database& database, const core::EventTopic& topic,
                                          std::int64_t after, std::size_t limit) {
  auto events = database.all<core::Event>(
      "SELECT " COLONNADE_EVENT_COLUMNS
      " FROM threads t CROSS JOIN events e ON e.thread_no = t.no"
      " WHERE t.id = ?1 AND t.scope = ?2 AND t.erased_at IS NULL AND e.cursor > ?3"
      " ORDER BY e.cursor LIMIT ?4",
      read_event, topic.id(), topic.scope().key(), after, limit);
  if (!events) return fail(std::move(events.error()));
  const bool last = events->size() < limit;
  const std::int64_t read_to = events->empty() ? after : events->back().cursor;
  return core::EventPage{.events = std::move(*events), .read_to = read_to, .last = last};
}

// Walks along the cursors instead of an index by owner, which every event would have to be entered
// in: commits stay as cheap as they are, and a page looks at a bounded number of rows.
Result<core::EventPage> wide_event_page(Database& database, const core::EventTopic& topic,
                                        std::int64_t after, std::size_t limit) {
  const auto end = database.number(
      "SELECT max(cursor) FROM (SELECT cursor FROM events WHERE cursor > ?1"
      " ORDER BY cursor LIMIT ?2)",
      after, limits::events_looked_at_max);
  if (!end) return fail(end.error());
  if (*end == 0) return core::EventPage{.read_to = after};
  const auto newest = database.number("SELECT max(cursor) FROM events");
  if (!newest) return fail(newest.error());
  const std::int64_t whole_scope = topic.kind() == core::EventTopic::Kind::scope ? 1 : 0;
  auto rows = database.all<EventRow>(
      "SELECT " COLONNADE_EVENT_COLUMNS
      ", t.deleted_at IS NOT NULL"
      " FROM events e CROSS JOIN threads t ON t.no = e.thread_no"
      " WHERE e.cursor > ?1 AND e.cursor <= ?2 AND e.scope = ?3 AND (?4 = 1 OR t.owner = ?5)"
      " AND t.erased_at IS NULL ORDER BY e.cursor LIMIT ?6",
      read_event_row, after, *end, topic.scope().key(), whole_scope, topic.id(), limit);
  if (!rows) return fail(std::move(rows.error()));
  core::EventPage page{.read_to = *end, .last = *end >= *newest};
  if (rows->size() == limit) {
    page.read_to = rows->back().event.cursor;
    page.last = false;
  }
  for (EventRow& row : *rows) {
    const bool shown =
        !row.of_deleted_thread || std::holds_alternative<core::ThreadChanged>(row.event.body);
    if (shown) page.events.push_back(std::move(row.event));
  }
  return page;
}

}  // namespace

base::Task<Result<core::EventPage>> Store::event_page(core::EventTopic topic, std::int64_t after,
                                                      std::size_t limit) {
  co_return readers_->with([&](Database& database) {
    return topic.kind() == core::EventTopic::Kind::thread
               ? thread_event_page(database, topic, after, limit)
               : wide_event_page(database, topic, after, limit);
  });
}

// --- actions, permissions, audit ----------------------------------------------------------------

Result<std::optional<core::Action>> Store::action(const core::Scope& scope, std::string_view id) {
  return readers_->with([&](Database& database) {
    return database.one<core::Action>("SELECT " COLONNADE_ACTION_COLUMNS
                                      " FROM actions WHERE id = ?1 AND scope = ?2",
                                      read_action, id, scope.key());
  });
}

Result<std::vector<core::Action>> Store::actions(const core::Scope& scope,
                                                 const core::ActionFilter& filter) {
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, limits::actions_listed_max);
  const std::string_view state = filter.state ? core::to_string(*filter.state) : "";
// In two statements, so that a page goes to its place in the index instead of walking there.
#define COLONNADE_ACTIONS_WHERE                                                               \
  "SELECT " COLONNADE_ACTION_COLUMNS                                                          \
  " FROM actions WHERE scope = ?1 AND (?2 = '' OR owner = ?2) AND (?3 = '' OR agent_id = ?3)" \
  " AND (?4 = '' OR tool = ?4) AND (?5 = '' OR state = ?5)"
  return readers_->with([&](Database& database) {
    if (!filter.before.empty()) {
      return database.all<core::Action>(
          COLONNADE_ACTIONS_WHERE
          " AND (created_at, no) <"
          " (SELECT created_at, no FROM actions WHERE id = ?8 AND scope = ?1)"
          " ORDER BY created_at DESC, no DESC LIMIT ?6 OFFSET ?7",
          read_action, scope.key(), filter.owner, filter.agent_id, filter.tool, state, limit,
          filter.offset, filter.before);
    }
    return database.all<core::Action>(COLONNADE_ACTIONS_WHERE
                                      " ORDER BY created_at DESC, no DESC LIMIT ?6 OFFSET ?7",
                                      read_action, scope.key(), filter.owner, filter.agent_id,
                                      filter.tool, state, limit, filter.offset);
  });
#undef COLONNADE_ACTIONS_WHERE
}

Result<std::vector<core::Action>> Store::actions_of_run(const core::Scope& scope,
                                                        std::string_view run_id) {
  return readers_->with([&](Database& database) {
    return database.all<core::Action>(
        "SELECT " COLONNADE_ACTION_COLUMNS
        " FROM actions WHERE run_id = ?1 AND scope = ?2 AND run_id <> '' ORDER BY no",
        read_action, run_id, scope.key());
  });
}

Result<std::vector<core::Action>> Store::expired_actions(base::Time now,
                                                         const core::EveryScopePage& page) {
  return readers_->with([&](Database& database) {
    return database.all<core::Action>(
        "SELECT " COLONNADE_ACTION_COLUMNS
        " FROM actions WHERE state = 'pending_approval' AND expires_at <= ?1"
        " AND (scope, id) > (?2, ?3) ORDER BY scope, id LIMIT ?4",
        read_action, now, page.after_scope, page.after_id, page.limit);
  });
}

Result<std::vector<core::Action>> Store::executing_actions(const core::EveryScopePage& page) {
  return readers_->with([&](Database& database) {
    return database.all<core::Action>("SELECT " COLONNADE_ACTION_COLUMNS
                                      " FROM actions WHERE state = 'executing' AND run_id = ''"
                                      " AND (scope, id) > (?1, ?2) ORDER BY scope, id LIMIT ?3",
                                      read_action, page.after_scope, page.after_id, page.limit);
  });
}

Result<std::vector<core::Permission>> Store::permissions(const core::Scope& scope,
                                                         std::string_view owner) {
  return readers_->with([&](Database& database) {
    return database.all<core::Permission>(
        "SELECT " COLONNADE_PERMISSION_COLUMNS
        " FROM permissions WHERE owner = ?1 AND scope = ?2 AND revoked_at IS NULL ORDER BY no",
        read_permission, owner, scope.key());
  });
}

Result<std::vector<core::AuditRecord>> Store::audit(std::int64_t after, std::size_t limit) {
  return readers_->with([&](Database& database) {
    return database.all<core::AuditRecord>("SELECT " COLONNADE_AUDIT_COLUMNS
                                           " FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                                           read_audit, after, limit);
  });
}

Result<std::vector<core::AuditRecord>> Store::audit_of(const core::Scope& scope,
                                                       std::string_view subject) {
  return readers_->with([&](Database& database) {
    return database.all<core::AuditRecord>(
        "SELECT " COLONNADE_AUDIT_COLUMNS
        " FROM audit WHERE subject = ?1 AND scope = ?2 ORDER BY seq",
        read_audit, subject, scope.key());
  });
}

Result<std::int64_t> Store::last_audit_seq() {
  return readers_->with([&](Database& database) {
    return database.number("SELECT coalesce(max(seq), 0) FROM audit");
  });
}

// --- credentials and keyed requests -------------------------------------------------------------

Result<std::optional<core::Credential>> Store::credential_by_token(std::string_view token_sha256) {
  return readers_->with([&](Database& database) {
    return database.one<core::Credential>(
        "SELECT " COLONNADE_CREDENTIAL_COLUMNS
        " FROM credentials WHERE token_sha256 = ?1 AND revoked_at IS NULL",
        read_credential, token_sha256);
  });
}

Result<std::vector<core::Credential>> Store::credentials(const core::Scope& scope,
                                                         std::string_view user_id,
                                                         core::CredentialKind kind) {
  return readers_->with([&](Database& database) {
    return database.all<core::Credential>(
        "SELECT " COLONNADE_CREDENTIAL_COLUMNS
        " FROM credentials WHERE scope = ?1 AND user_id = ?2 AND kind = ?3"
        " AND revoked_at IS NULL ORDER BY created_at DESC, no DESC",
        read_credential, scope.key(), user_id, core::to_string(kind));
  });
}

Result<std::optional<core::Credential>> Store::credential(const core::Scope& scope,
                                                          std::string_view id) {
  return readers_->with([&](Database& database) {
    return database.one<core::Credential>("SELECT " COLONNADE_CREDENTIAL_COLUMNS
                                          " FROM credentials WHERE id = ?1 AND scope = ?2",
                                          read_credential, id, scope.key());
  });
}

Result<bool> Store::any_credential() {
  return readers_->with([&](Database& database) -> Result<bool> {
    const auto there = database.number("SELECT EXISTS (SELECT 1 FROM credentials)");
    if (!there) return fail(there.error());
    return *there != 0;
  });
}

Result<std::optional<core::KeyedRequest>> Store::keyed_request(const core::Scope& scope,
                                                               std::string_view user_id,
                                                               std::string_view key) {
  return readers_->with([&](Database& database) {
    return database.one<core::KeyedRequest>(
        "SELECT " COLONNADE_KEYED_REQUEST_COLUMNS
        " FROM keyed_requests WHERE key = ?1 AND user_id = ?2 AND scope = ?3",
        read_keyed_request, key, user_id, scope.key());
  });
}

}  // namespace colonnade::storage::sqlite
