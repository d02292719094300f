// The read half of Store. No read suspends: each is done when it is first awaited. What belongs
// together is read in one transaction; a statement is reset before its connection goes back, so no
// snapshot outlives the call.
#include <algorithm>

#include "core/governance/limits.hpp"
#include "core/limits.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/rows.hpp"
#include "storage/sqlite/store.hpp"
#include "storage/sqlite/writer.hpp"

namespace colonnade::storage::sqlite {
namespace {

#define COLONNADE_FROM_MESSAGES \
  " FROM messages m JOIN threads t ON t.no = m.thread_no WHERE t.erased_at IS NULL AND "

Result<core::ThreadUsage> read_thread_usage(Statement& row) {
  return core::ThreadUsage{.message_count = row.integer(0), .usage = read_usage(row, 1)};
}

// Several queries that see one state of the store. Ends with its destruction.
class Snapshot {
 public:
  static Result<Snapshot> begin(Database& database) {
    if (auto begun = database.run("BEGIN"); !begun) return fail(std::move(begun.error()));
    return Snapshot(database);
  }
  Snapshot(Snapshot&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Snapshot& operator=(Snapshot&&) = delete;
  ~Snapshot() {
    // Nothing was written, so nothing can be lost by an end that fails.
    if (database_ != nullptr) [[maybe_unused]]
      const auto ended = database_->run("ROLLBACK");
  }

 private:
  explicit Snapshot(Database& database) : database_(&database) {}
  Database* database_;
};

Result<std::optional<core::Thread>> find_thread(Database& database, const core::Scope& scope,
                                                std::string_view id) {
  return database.one<core::Thread>("SELECT " COLONNADE_THREAD_COLUMNS
                                    " FROM threads WHERE id = ?1 AND scope = ?2"
                                    " AND erased_at IS NULL",
                                    read_thread, id, scope.key());
}

Result<std::vector<core::Message>> find_messages(Database& database, const core::Scope& scope,
                                                 std::string_view thread_id,
                                                 const core::MessagePage& page) {
  const std::size_t limit = std::clamp<std::size_t>(
      page.limit, 1, page.from ? limits::list_rows_max : limits::page_rows_max);
  std::vector<core::Message> rows;
  const auto add = [&](Statement& row) {
    if (rows.empty()) rows.reserve(limit);
    return read_message_into(row, rows.emplace_back());
  };
  const auto read = [&]() -> Result<void> {
    if (page.from && (page.edited_out || !page.reply_to.empty())) {
      return database.each("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_THREAD_MESSAGES
                           " AND (?5 = 1 OR m.edited_out = 0) AND (?6 = '' OR m.reply_to = ?6)"
                           " ORDER BY m.created_at, m.no LIMIT ?3 OFFSET ?4",
                           add, thread_id, scope.key(), limit, *page.from, page.edited_out,
                           page.reply_to);
    }
    if (page.from) {
      return database.each("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_THREAD_MESSAGES
                           " AND m.edited_out = 0"
                           " ORDER BY m.created_at, m.no LIMIT ?3 OFFSET ?4",
                           add, thread_id, scope.key(), limit, *page.from);
    }
    if (page.after) {
      return database.each("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_THREAD_MESSAGES
                           " AND m.edited_out = 0"
                           " AND m.created_at > ?3 ORDER BY m.created_at, m.no LIMIT ?4",
                           add, thread_id, scope.key(), *page.after, limit);
    }
    if (page.before) {
      return database.each("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_THREAD_MESSAGES
                           " AND m.edited_out = 0"
                           " AND m.created_at < ?3 ORDER BY m.created_at DESC, m.no DESC LIMIT ?4",
                           add, thread_id, scope.key(), *page.before, limit);
    }
    return database.each("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_THREAD_MESSAGES
                         " AND m.edited_out = 0"
                         " ORDER BY m.created_at DESC, m.no DESC LIMIT ?3",
                         add, thread_id, scope.key(), limit);
  };
  if (auto done = read(); !done) return fail(std::move(done.error()));
  // All but `after` and `from` come newest first.
  if (!page.after && !page.from) std::reverse(rows.begin(), rows.end());
  return rows;
}

Result<std::optional<core::ThreadSummary>> find_newest_summary(Database& database,
                                                               const core::Scope& scope,
                                                               std::string_view thread_id) {
  return database.one<core::ThreadSummary>(
      "SELECT " COLONNADE_SUMMARY_COLUMNS COLONNADE_FROM_NEWEST_SUMMARY, read_summary, thread_id,
      scope.key());
}

Result<std::optional<core::Run>> find_run(Database& database, const core::Scope& scope,
                                          std::string_view id) {
  return database.one<core::Run>("SELECT " COLONNADE_RUN_COLUMNS
                                 " FROM runs WHERE id = ?1 AND scope = ?2",
                                 read_run, id, scope.key());
}

// 'queued' is no state of a run: it stands in the condition of the index runs_unfinished, which a
// query must repeat.
Result<std::optional<core::Run>> find_active_run(Database& database, const core::Scope& scope,
                                                 std::string_view thread_id) {
  return database.one<core::Run>("SELECT " COLONNADE_RUN_COLUMNS
                                 " FROM runs WHERE thread_id = ?1 AND scope = ?2"
                                 " AND state IN ('queued', 'running', 'waiting_approval')",
                                 read_run, thread_id, scope.key());
}

Result<std::vector<core::ToolCall>> find_tool_calls(Database& database, const core::Scope& scope,
                                                    std::string_view run_id) {
  return database.all<core::ToolCall>("SELECT " COLONNADE_TOOL_CALL_COLUMNS
                                      " FROM tool_calls WHERE run_id = ?1 AND scope = ?2"
                                      " ORDER BY no",
                                      read_tool_call, run_id, scope.key());
}

Result<std::optional<core::Message>> find_reply(Database& database, const core::Scope& scope,
                                                std::string_view run_id) {
  return database.one<core::Message>(
      "SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_MESSAGES
      "m.run_id = ?1 AND m.scope = ?2 AND m.role = 'assistant' AND m.run_id <> ''"
      " ORDER BY m.no DESC LIMIT 1",
      read_message, run_id, scope.key());
}

// Mostly one page is all there is behind a summary; what it covers is not read.
Result<void> read_behind_summary(Database& database, const core::Scope& scope,
                                 core::RunOpening& out) {
  core::MessagePage page{.limit = limits::page_rows_max};
  if (out.summary) page.after = out.summary->up_to;
  auto messages = find_messages(database, scope, out.thread.id, page);
  if (!messages) return fail(std::move(messages.error()));
  out.more = messages->size() == page.limit;
  if (out.more && page.after) {
    page.after.reset();
    messages = find_messages(database, scope, out.thread.id, page);
    if (!messages) return fail(std::move(messages.error()));
    std::erase_if(*messages,
                  [&](const core::Message& one) { return one.created_at <= out.summary->up_to; });
    out.more = messages->size() == page.limit;
  }
  out.newest = std::move(*messages);
  return {};
}

}  // namespace

// --- agents -------------------------------------------------------------------------------------

base::Task<Result<std::optional<core::Agent>>> Store::agent(core::Scope scope, std::string id) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Agent>("SELECT " COLONNADE_AGENT_COLUMNS
                                     " FROM agents WHERE id = ?1 AND scope = ?2",
                                     read_agent, id, scope.key());
  });
}

base::Task<Result<std::vector<core::Agent>>> Store::agents(core::Scope scope,
                                                           core::AgentFilter filter) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Agent>(
        "SELECT " COLONNADE_AGENT_COLUMNS
        " FROM agents WHERE scope = ?1 AND (?2 IS NULL OR owner = ?2 OR (?7 = 1 AND owner = ''))"
        " AND (?3 = '' OR EXISTS (SELECT 1 FROM json_each(tool_servers) WHERE value = ?3))"
        " AND (?6 = '' OR (created_at, id) <"
        " (SELECT created_at, id FROM agents WHERE id = ?6 AND scope = ?1))"
        " ORDER BY created_at DESC, id DESC LIMIT ?4 OFFSET ?5",
        read_agent, scope.key(), filter.owner, filter.tool_server, filter.limit, filter.offset,
        filter.before, filter.shared);
  });
}

// --- tool servers -------------------------------------------------------------------------------

base::Task<Result<std::optional<core::ToolServer>>> Store::tool_server(core::Scope scope,
                                                                       std::string id) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::ToolServer>("SELECT " COLONNADE_TOOL_SERVER_COLUMNS
                                          " FROM tool_servers WHERE id = ?1 AND scope = ?2",
                                          read_tool_server, id, scope.key());
  });
}

base::Task<Result<std::vector<core::ToolServer>>> Store::tool_servers(core::Scope scope) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::ToolServer>("SELECT " COLONNADE_TOOL_SERVER_COLUMNS
                                          " FROM tool_servers WHERE scope = ?1 ORDER BY name",
                                          read_tool_server, scope.key());
  });
}

base::Task<Result<std::vector<core::ToolServer>>> Store::all_tool_servers() {
  co_return readers_->with([&](Database& database) {
    return database.all<core::ToolServer>(
        "SELECT " COLONNADE_TOOL_SERVER_COLUMNS " FROM tool_servers ORDER BY no", read_tool_server);
  });
}

base::Task<Result<std::string>> Store::tool_pins(core::Scope scope, std::string server_id) {
  co_return readers_->with([&](Database& database) -> Result<std::string> {
    auto pins = database.one<std::string>(
        "SELECT pins FROM tool_pins WHERE server_id = ?1 AND scope = ?2",
        [](Statement& row) -> Result<std::string> { return row.string(0); }, server_id,
        scope.key());
    if (!pins) return fail(std::move(pins.error()));
    return pins->value_or("");
  });
}

// --- threads ------------------------------------------------------------------------------------

base::Task<Result<std::optional<core::Thread>>> Store::thread(core::Scope scope, std::string id) {
  co_return readers_->with([&](Database& database) { return find_thread(database, scope, id); });
}

base::Task<Result<std::vector<core::Thread>>> Store::erased_threads(core::EveryScopePage page) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Thread>("SELECT " COLONNADE_THREAD_COLUMNS
                                      " FROM threads WHERE erased_at IS NOT NULL AND purged = 0"
                                      " AND (scope, id) > (?1, ?2) ORDER BY scope, id LIMIT ?3",
                                      read_thread, page.after_scope, page.after_id, page.limit);
  });
}

base::Task<Result<std::vector<core::Message>>> Store::messages(core::Scope scope,
                                                               std::string thread_id,
                                                               core::MessagePage page) {
  co_return readers_->with(
      [&](Database& database) { return find_messages(database, scope, thread_id, page); });
}

base::Task<Result<std::optional<core::ThreadDetail>>> Store::thread_detail(core::Scope scope,
                                                                           std::string id,
                                                                           std::size_t messages) {
  using Found = Result<std::optional<core::ThreadDetail>>;
  co_return readers_->with([&](Database& database) -> Found {
    const auto snapshot = Snapshot::begin(database);
    if (!snapshot) return fail(snapshot.error());
    auto thread = find_thread(database, scope, id);
    if (!thread) return fail(std::move(thread.error()));
    if (!*thread) return std::optional<core::ThreadDetail>();
    auto page = find_messages(database, scope, id, {.limit = messages});
    if (!page) return fail(std::move(page.error()));
    auto active = find_active_run(database, scope, id);
    if (!active) return fail(std::move(active.error()));
    return core::ThreadDetail{.thread = std::move(**thread),
                              .messages = std::move(*page),
                              .running = active->has_value()};
  });
}

base::Task<Result<std::optional<core::Message>>> Store::message(core::Scope scope, std::string id) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Message>("SELECT " COLONNADE_MESSAGE_COLUMNS COLONNADE_FROM_MESSAGES
                                       "m.id = ?1 AND m.scope = ?2",
                                       read_message, id, scope.key());
  });
}

base::Task<Result<core::ThreadUsage>> Store::usage(core::Scope scope, std::string thread_id) {
  co_return readers_->with([&](Database& database) -> Result<core::ThreadUsage> {
    auto found =
        database.one<core::ThreadUsage>("SELECT usage_messages, " COLONNADE_USAGE_COLUMNS(
                                            "") " FROM threads WHERE id = ?1 AND scope = ?2",
                                        read_thread_usage, thread_id, scope.key());
    if (!found) return fail(std::move(found.error()));
    return found->value_or(core::ThreadUsage{});
  });
}

base::Task<Result<std::optional<core::ThreadSummary>>> Store::newest_summary(
    core::Scope scope, std::string thread_id) {
  co_return readers_->with(
      [&](Database& database) { return find_newest_summary(database, scope, thread_id); });
}

// --- runs ---------------------------------------------------------------------------------------

base::Task<Result<std::optional<core::Run>>> Store::run(core::Scope scope, std::string id) {
  co_return readers_->with([&](Database& database) { return find_run(database, scope, id); });
}

base::Task<Result<std::optional<core::Run>>> Store::active_run(core::Scope scope,
                                                               std::string thread_id) {
  co_return readers_->with(
      [&](Database& database) { return find_active_run(database, scope, thread_id); });
}

base::Task<Result<std::vector<core::RunStep>>> Store::steps(core::Scope scope, std::string run_id) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::RunStep>("SELECT " COLONNADE_STEP_COLUMNS
                                       " FROM run_steps WHERE run_id = ?1 AND scope = ?2"
                                       " ORDER BY number",
                                       read_step, run_id, scope.key());
  });
}

base::Task<Result<std::vector<core::ToolCall>>> Store::tool_calls(core::Scope scope,
                                                                  std::string run_id) {
  co_return readers_->with(
      [&](Database& database) { return find_tool_calls(database, scope, run_id); });
}

base::Task<Result<std::optional<core::Message>>> Store::reply_of(core::Scope scope,
                                                                 std::string run_id) {
  co_return readers_->with([&](Database& database) { return find_reply(database, scope, run_id); });
}

base::Task<Result<std::optional<core::RunOpening>>> Store::opening(core::Scope scope,
                                                                   std::string thread_id) {
  using Found = Result<std::optional<core::RunOpening>>;
  co_return readers_->with([&](Database& database) -> Found {
    const auto snapshot = Snapshot::begin(database);
    if (!snapshot) return fail(snapshot.error());
    auto thread = find_thread(database, scope, thread_id);
    if (!thread) return fail(std::move(thread.error()));
    if (!*thread) return std::optional<core::RunOpening>();
    auto active = find_active_run(database, scope, thread_id);
    if (!active) return fail(std::move(active.error()));
    auto summary = find_newest_summary(database, scope, thread_id);
    if (!summary) return fail(std::move(summary.error()));
    core::RunOpening out{.thread = std::move(**thread),
                         .active = std::move(*active),
                         .summary = std::move(*summary)};
    if (auto read = read_behind_summary(database, scope, out); !read) {
      return fail(std::move(read.error()));
    }
    return out;
  });
}

base::Task<Result<std::optional<core::RunDetail>>> Store::run_detail(core::Scope scope,
                                                                     std::string id) {
  using Found = Result<std::optional<core::RunDetail>>;
  co_return readers_->with([&](Database& database) -> Found {
    const auto snapshot = Snapshot::begin(database);
    if (!snapshot) return fail(snapshot.error());
    auto run = find_run(database, scope, id);
    if (!run) return fail(std::move(run.error()));
    if (!*run) return std::optional<core::RunDetail>();
    auto calls = find_tool_calls(database, scope, id);
    if (!calls) return fail(std::move(calls.error()));
    auto reply = find_reply(database, scope, id);
    if (!reply) return fail(std::move(reply.error()));
    return core::RunDetail{
        .run = std::move(**run), .reply = std::move(*reply), .calls = std::move(*calls)};
  });
}

// The newest events are looked at first: as many as the run has, and one before.
base::Task<Result<std::optional<core::RunOrigin>>> Store::newest_run(core::Scope scope,
                                                                     std::string thread_id) {
  using Found = Result<std::optional<core::RunOrigin>>;
  co_return readers_->with([&](Database& database) -> Found {
    const auto snapshot = Snapshot::begin(database);
    if (!snapshot) return fail(snapshot.error());
    auto run = database.one<core::Run>(
        "SELECT " COLONNADE_RUN_COLUMNS
        " FROM runs WHERE scope = ?2 AND id ="
        " (SELECT m.run_id FROM threads t CROSS JOIN messages m ON m.thread_no = t.no"
        " WHERE t.id = ?1 AND t.scope = ?2 AND m.role = 'user' AND m.run_id <> ''"
        " ORDER BY m.created_at DESC, m.no DESC LIMIT 1)",
        read_run, thread_id, scope.key());
    if (!run) return fail(std::move(run.error()));
    if (!*run) return std::optional<core::RunOrigin>();
    const auto before = database.number(
        "SELECT coalesce((SELECT e.cursor FROM threads t CROSS JOIN events e ON e.thread_no = t.no"
        " WHERE t.id = ?1 AND t.scope = ?2 AND e.at < ?3 AND e.run_id <> ?4"
        " ORDER BY e.cursor DESC LIMIT 1), 0)",
        thread_id, scope.key(), (*run)->created_at, (*run)->id);
    if (!before) return fail(before.error());
    return core::RunOrigin{.run = std::move(**run), .events_after = *before};
  });
}

base::Task<Result<std::vector<core::Run>>> Store::unfinished_runs() {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Run>(
        "SELECT " COLONNADE_RUN_COLUMNS
        " FROM runs INDEXED BY runs_unfinished"
        " WHERE state IN ('queued', 'running', 'waiting_approval') ORDER BY no",
        read_run);
  });
}

// --- actions, permissions, audit ----------------------------------------------------------------

base::Task<Result<std::optional<core::Action>>> Store::action(core::Scope scope, std::string id) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Action>("SELECT " COLONNADE_ACTION_COLUMNS
                                      " FROM actions WHERE id = ?1 AND scope = ?2",
                                      read_action, id, scope.key());
  });
}

base::Task<Result<std::vector<core::Action>>> Store::actions(core::Scope scope,
                                                             core::ActionFilter filter) {
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, limits::actions_listed_max);
  const std::string_view state = filter.state ? core::to_string(*filter.state) : "";
  // In three statements, so that a page goes to its place in the index instead of walking there.
#define COLONNADE_ACTIONS_WHERE                                                                  \
  "SELECT " COLONNADE_ACTION_COLUMNS                                                             \
  " FROM actions WHERE scope = ?1 AND (?2 IS NULL OR owner = ?2) AND (?3 = '' OR agent_id = ?3)" \
  " AND (?4 = '' OR tool = ?4) AND (?5 = '' OR state = ?5)"
  co_return readers_->with([&](Database& database) {
    if (!filter.run_id.empty()) {
      return database.all<core::Action>(
          COLONNADE_ACTIONS_WHERE
          " AND run_id = ?9 AND run_id <> ''"
          " AND (?8 = '' OR (created_at, no) <"
          " (SELECT created_at, no FROM actions WHERE id = ?8 AND scope = ?1))"
          " ORDER BY created_at DESC, no DESC LIMIT ?6 OFFSET ?7",
          read_action, scope.key(), filter.owner, filter.agent_id, filter.tool, state, limit,
          filter.offset, filter.before, filter.run_id);
    }
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

base::Task<Result<std::vector<core::Action>>> Store::actions_of_run(core::Scope scope,
                                                                    std::string run_id) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Action>(
        "SELECT " COLONNADE_ACTION_COLUMNS
        " FROM actions WHERE run_id = ?1 AND scope = ?2 AND run_id <> '' ORDER BY no",
        read_action, run_id, scope.key());
  });
}

base::Task<Result<std::vector<core::Action>>> Store::expired_actions(base::Time now,
                                                                     core::EveryScopePage page) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Action>(
        "SELECT " COLONNADE_ACTION_COLUMNS
        " FROM actions WHERE state = 'pending_approval' AND expires_at <= ?1"
        " AND (scope, id) > (?2, ?3) ORDER BY scope, id LIMIT ?4",
        read_action, now, page.after_scope, page.after_id, page.limit);
  });
}

base::Task<Result<std::vector<core::Action>>> Store::executing_actions(core::EveryScopePage page) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Action>("SELECT " COLONNADE_ACTION_COLUMNS
                                      " FROM actions WHERE state = 'executing' AND run_id = ''"
                                      " AND (scope, id) > (?1, ?2) ORDER BY scope, id LIMIT ?3",
                                      read_action, page.after_scope, page.after_id, page.limit);
  });
}

base::Task<Result<std::vector<core::Permission>>> Store::permissions(
    core::Scope scope, std::optional<std::string> owner) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Permission>("SELECT " COLONNADE_PERMISSION_COLUMNS
                                          " FROM permissions WHERE (?1 IS NULL OR owner = ?1) AND "
                                          "scope = ?2 AND revoked_at IS NULL ORDER BY no",
                                          read_permission, owner, scope.key());
  });
}

base::Task<Result<std::vector<core::AuditRecord>>> Store::audit(std::int64_t after,
                                                                std::size_t limit) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::AuditRecord>("SELECT " COLONNADE_AUDIT_COLUMNS
                                           " FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                                           read_audit, after, limit);
  });
}

base::Task<Result<std::vector<core::AuditRecord>>> Store::audit_of(core::Scope scope,
                                                                   std::string subject) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::AuditRecord>(
        "SELECT " COLONNADE_AUDIT_COLUMNS
        " FROM audit WHERE subject = ?1 AND scope = ?2 ORDER BY seq",
        read_audit, subject, scope.key());
  });
}

base::Task<Result<std::optional<core::AuditRecord>>> Store::newest_audit_of(core::Scope scope,
                                                                            std::string subject) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::AuditRecord>(
        "SELECT " COLONNADE_AUDIT_COLUMNS
        " FROM audit WHERE subject = ?1 AND scope = ?2 ORDER BY seq DESC LIMIT 1",
        read_audit, subject, scope.key());
  });
}

base::Task<Result<std::int64_t>> Store::last_audit_seq() {
  co_return readers_->with([&](Database& database) {
    return database.number("SELECT coalesce(max(seq), 0) FROM audit");
  });
}

// --- credentials and keyed requests -------------------------------------------------------------

base::Task<Result<std::optional<core::Credential>>> Store::credential_by_token(
    std::string token_sha256) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Credential>(
        "SELECT " COLONNADE_CREDENTIAL_COLUMNS
        " FROM credentials WHERE token_sha256 = ?1 AND revoked_at IS NULL",
        read_credential, token_sha256);
  });
}

base::Task<Result<std::vector<core::Credential>>> Store::credentials(
    core::Scope scope, std::optional<std::string> user_id, core::CredentialKind kind) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Credential>(
        "SELECT " COLONNADE_CREDENTIAL_COLUMNS
        " FROM credentials WHERE scope = ?1 AND (?2 IS NULL OR user_id = ?2) AND kind = ?3"
        " AND revoked_at IS NULL ORDER BY created_at DESC, no DESC",
        read_credential, scope.key(), user_id, core::to_string(kind));
  });
}

base::Task<Result<std::optional<core::Credential>>> Store::credential(core::Scope scope,
                                                                      std::string id) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Credential>("SELECT " COLONNADE_CREDENTIAL_COLUMNS
                                          " FROM credentials WHERE id = ?1 AND scope = ?2",
                                          read_credential, id, scope.key());
  });
}

base::Task<Result<bool>> Store::any_server_operator() {
  co_return readers_->with([&](Database& database) -> Result<bool> {
    const auto there =
        database.number("SELECT EXISTS (SELECT 1 FROM credentials WHERE every_scope = 1)");
    if (!there) return fail(there.error());
    return *there != 0;
  });
}

base::Task<Result<std::vector<core::Entity>>> Store::entities(core::EveryScopePage page) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Entity>("SELECT " COLONNADE_ENTITY_COLUMNS
                                      " FROM entities WHERE (scope, id) > (?1, ?2)"
                                      " ORDER BY scope, id LIMIT ?3",
                                      read_entity, page.after_scope, page.after_id, page.limit);
  });
}

base::Task<Result<std::vector<core::AccessKey>>> Store::access_keys(core::EveryScopePage page) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::AccessKey>(
        "SELECT " COLONNADE_ACCESS_KEY_COLUMNS
        " FROM access_keys WHERE (scope, id) > (?1, ?2) ORDER BY scope, id LIMIT ?3",
        read_access_key, page.after_scope, page.after_id, page.limit);
  });
}

base::Task<Result<std::optional<core::KeyedRequest>>> Store::keyed_request(core::Scope scope,
                                                                           std::string user_id,
                                                                           std::string key) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::KeyedRequest>(
        "SELECT " COLONNADE_KEYED_REQUEST_COLUMNS
        " FROM keyed_requests WHERE key = ?1 AND user_id = ?2 AND scope = ?3",
        read_keyed_request, key, user_id, scope.key());
  });
}

}  // namespace colonnade::storage::sqlite
