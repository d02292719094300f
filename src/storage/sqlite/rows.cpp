#include "storage/sqlite/rows.hpp"

#include "storage/agent_codec.hpp"
#include "storage/event_codec.hpp"

namespace colonnade::storage::sqlite {
namespace {

core::Scope scope_at(Statement& row, int column) {
  return core::Scope::from_key(row.string(column));
}

// A word of one of core's enumerations, or a failure that names the column.
template <class Enum>
Result<Enum> word(Statement& row, int column, const char* name,
                  std::optional<Enum> (*from)(std::string_view)) {
  if (const auto value = from(row.text(column))) return *value;
  return fail(ErrorKind::internal,
              "a stored " + std::string(name) + " is unknown: " + row.string(column));
}

}  // namespace

core::Usage read_usage(Statement& row, int first) {
  return {.input_tokens = row.integer(first),
          .output_tokens = row.integer(first + 1),
          .cached_input_tokens = row.integer(first + 2),
          .cache_write_tokens = row.integer(first + 3),
          .reasoning_tokens = row.integer(first + 4),
          .reported_cost_micros =
              row.is_null(first + 5) ? std::nullopt : std::optional(row.integer(first + 5))};
}

Result<core::Agent> read_agent(Statement& row) {
  auto settings = read_settings(row.text(5));
  if (!settings) return fail(std::move(settings.error()));
  core::Agent agent{.id = row.string(0),
                    .scope = scope_at(row, 1),
                    .name = row.string(2),
                    .description = row.string(3),
                    .instructions = row.string(4),
                    .settings = std::move(*settings),
                    .version = static_cast<int>(row.integer(7)),
                    .created_at = row.time(8),
                    .updated_at = row.time(9)};
  agent.owner = row.string(10);
  const auto memory = word(row, 11, "kind of memory", core::agent_memory_from);
  if (!memory) return fail(memory.error());
  agent.memory = *memory;
  auto servers = read_names(row.text(12));
  if (!servers) return fail(std::move(servers.error()));
  agent.tool_servers = std::move(*servers);
  if (!row.is_null(6)) {
    auto tools = read_names(row.text(6));
    if (!tools) return fail(std::move(tools.error()));
    agent.tools = std::move(*tools);
  }
  agent.slug = row.string(13);
  auto profile = read_profile(row.text(14));
  if (!profile) return fail(std::move(profile.error()));
  agent.profile = std::move(*profile);
  agent.active = row.integer(15) != 0;
  agent.open_to_guests = row.integer(16) != 0;
  agent.version_id = row.string(17);
  agent.version_number = static_cast<int>(row.integer(18));
  agent.canary_version_id = row.string(19);
  agent.canary_percent = static_cast<int>(row.integer(20));
  return agent;
}

Result<core::AgentVersion> read_agent_version(Statement& row) {
  core::AgentVersion version{.id = row.string(0),
                             .agent_id = row.string(1),
                             .number = static_cast<int>(row.integer(2)),
                             .created_by = row.string(3),
                             .note = row.string(4),
                             .created_at = row.time(9)};
  version.snapshot.instructions = row.string(5);
  auto settings = read_settings(row.text(6));
  if (!settings) return fail(std::move(settings.error()));
  version.snapshot.settings = std::move(*settings);
  if (!row.is_null(7)) {
    auto tools = read_names(row.text(7));
    if (!tools) return fail(std::move(tools.error()));
    version.snapshot.tools = std::move(*tools);
  }
  auto profile = read_profile(row.text(8));
  if (!profile) return fail(std::move(profile.error()));
  version.snapshot.profile = std::move(*profile);
  return version;
}

Result<core::ToolServer> read_tool_server(Statement& row) {
  const auto transport = word(row, 3, "transport", core::tool_server_transport_from);
  if (!transport) return fail(transport.error());
  auto command = read_names(row.text(4));
  if (!command) return fail(std::move(command.error()));
  return core::ToolServer{.id = row.string(0),
                          .scope = scope_at(row, 1),
                          .name = row.string(2),
                          .transport = *transport,
                          .command = std::move(*command),
                          .url = row.string(5),
                          .sealed_secrets = row.string(6),
                          .enabled = row.integer(8) != 0,
                          .for_default_agent = row.integer(9) != 0,
                          .created_at = row.time(7)};
}

Result<core::Thread> read_thread(Statement& row) {
  auto settings = read_settings(row.text(5));
  if (!settings) return fail(std::move(settings.error()));
  auto tags = read_names(row.text(10));
  if (!tags) return fail(std::move(tags.error()));
  base::Json session_context = nullptr;
  if (!row.is_null(16)) {
    auto tree = read_tree(row.text(16));
    if (!tree) return fail(std::move(tree.error()));
    session_context = std::move(*tree);
  }
  auto moved = read_move(row.text(21));
  if (!moved) return fail(std::move(moved.error()));
  auto rules = read_rules(row.text(22));
  if (!rules) return fail(std::move(rules.error()));
  return core::Thread{.id = row.string(0),
                      .scope = scope_at(row, 1),
                      .owner = row.string(2),
                      .agent_id = row.string(3),
                      .title = row.string(4),
                      .label = row.string(9),
                      .settings = std::move(*settings),
                      .created_at = row.time(6),
                      .updated_at = row.time(7),
                      .deleted_at = row.optional_time(8),
                      .tags = std::move(*tags),
                      .pinned_at = row.optional_time(11),
                      .archived_at = row.optional_time(12),
                      .completed = row.integer(13) != 0,
                      .turns = static_cast<int>(row.integer(14)),
                      .version_id = row.string(15),
                      .session_context = std::move(session_context),
                      .parent_id = row.string(17),
                      .forked_from_message_id = row.string(18),
                      .directory = {.path = row.string(19), .by_operator = row.integer(20) != 0},
                      .moved = std::move(*moved),
                      .rules = std::move(*rules)};
}

Result<void> read_message_into(Statement& row, core::Message& message) {
  const auto role = word(row, 3, "role", core::role_from);
  if (!role) return fail(role.error());
  message.id = row.text(0);
  message.thread_id = row.text(1);
  message.run_id = row.text(2);
  message.role = *role;
  message.user_id = row.text(4);
  message.device_id = row.text(5);
  message.created_at = row.time(6);
  message.model = row.text(7);
  message.provider = row.text(17);
  message.reply_to = row.text(18);
  message.edited_out = row.integer(19) != 0;
  message.edits = row.text(20);
  message.revision = static_cast<int>(row.integer(21));
  if (!row.is_null(22)) {
    message.origin = core::AnswerOrigin{.agent_id = row.string(22),
                                        .version_id = row.string(23),
                                        .version_bucket = row.string(24),
                                        .cost_micros = row.integer(25),
                                        .took_micros = row.integer(26)};
  }
  if (message.origin && !row.is_null(27)) {
    auto value = read_tree(row.text(27));
    if (!value) return fail(std::move(value.error()));
    message.origin->structured_output = std::move(*value);
  }
  if (!row.is_null(8)) message.usage = read_usage(row, 8);
  if (!row.is_null(14)) {
    auto metadata = read_tree(row.text(14));
    if (!metadata) return fail(std::move(metadata.error()));
    message.metadata = std::move(*metadata);
  }
  if (row.is_null(15)) {
    message.parts.emplace_back(std::in_place_type<core::TextPart>, row.string(16));
    return {};
  }
  auto parts = read_parts(row.text(15));
  if (!parts) return fail(std::move(parts.error()));
  message.parts = std::move(*parts);
  return {};
}

Result<core::Message> read_message(Statement& row) {
  core::Message message;
  if (auto read = read_message_into(row, message); !read) return fail(std::move(read.error()));
  return message;
}

Result<core::Run> read_run(Statement& row) {
  const auto state = word(row, 7, "run state", core::run_state_from);
  if (!state) return fail(state.error());
  auto settings = read_settings(row.text(8));
  if (!settings) return fail(std::move(settings.error()));
  auto options = read_turn_options(row.text(22));
  if (!options) return fail(std::move(options.error()));
  return core::Run{.id = row.string(0),
                   .thread_id = row.string(1),
                   .scope = scope_at(row, 2),
                   .agent_id = row.string(3),
                   .agent_version = static_cast<int>(row.integer(4)),
                   .user_message_id = row.string(5),
                   .started_by = row.string(6),
                   .state = *state,
                   .settings = std::move(*settings),
                   .rounds = static_cast<int>(row.integer(9)),
                   .usage = read_usage(row, 10),
                   .cost_micros = row.integer(16),
                   .error = row.string(17),
                   .created_at = row.time(18),
                   .finished_at = row.optional_time(19),
                   .version = {.id = row.string(20), .bucket = row.string(21)},
                   .options = std::move(*options)};
}

Result<core::ThreadSummary> read_summary(Statement& row) {
  return core::ThreadSummary{.id = row.string(0),
                             .thread_id = row.string(1),
                             .run_id = row.string(2),
                             .up_to_message_id = row.string(3),
                             .up_to = row.time(4),
                             .text = row.string(5),
                             .tokens = row.integer(6),
                             .provider = row.string(7),
                             .model = row.string(8),
                             .usage = read_usage(row, 11),
                             .cost_micros = row.integer(9),
                             .created_at = row.time(10)};
}

Result<core::RunStep> read_step(Statement& row) {
  auto parts = read_parts(row.text(2));
  if (!parts) return fail(std::move(parts.error()));
  return core::RunStep{.run_id = row.string(0),
                       .number = static_cast<int>(row.integer(1)),
                       .parts = std::move(*parts),
                       .usage = read_usage(row, 4),
                       .model = row.string(3),
                       .provider = row.string(10)};
}

Result<core::ToolCall> read_tool_call(Statement& row) {
  const auto state = word(row, 6, "tool call state", core::tool_call_state_from);
  if (!state) return fail(state.error());
  auto arguments = read_tree(row.text(5));
  if (!arguments) return fail(std::move(arguments.error()));
  return core::ToolCall{.id = row.string(0),
                        .call_id = row.string(1),
                        .run_id = row.string(2),
                        .thread_id = row.string(3),
                        .tool = row.string(4),
                        .arguments = std::move(*arguments),
                        .state = *state,
                        .result = row.string(7),
                        .created_at = row.time(8),
                        .finished_at = row.optional_time(9)};
}

Result<core::Event> read_event(Statement& row) {
  auto body = read_event_body(row.text(6));
  if (!body) return fail(std::move(body.error()));
  return core::Event{.cursor = row.integer(0),
                     .seq = row.integer(1),
                     .scope = scope_at(row, 2),
                     .owner = row.string(7),
                     .thread_id = row.string(3),
                     .run_id = row.string(4),
                     .at = row.time(5),
                     .body = std::move(*body)};
}

Result<core::Credential> read_credential(Statement& row) {
  const auto kind = word(row, 2, "credential kind", core::credential_kind_from);
  if (!kind) return fail(kind.error());
  const auto role = word(row, 9, "role", core::user_role_from);
  if (!role) return fail(role.error());
  return core::Credential{.id = row.string(0),
                          .scope = scope_at(row, 1),
                          .kind = *kind,
                          .user_id = row.string(3),
                          .role = *role,
                          .every_scope = row.integer(10) != 0,
                          .name = row.string(4),
                          .token_sha256 = row.string(5),
                          .created_at = row.time(6),
                          .last_seen = row.time(7),
                          .revoked_at = row.optional_time(8)};
}

Result<core::Entity> read_entity(Statement& row) {
  return core::Entity{.id = row.string(0),
                      .scope = scope_at(row, 1),
                      .sealed_secret = row.string(2),
                      .sealed_second = row.string(3),
                      .created_at = row.time(4),
                      .changed_at = row.time(5)};
}

Result<core::AccessKey> read_access_key(Statement& row) {
  auto origins = read_names(row.text(4));
  if (!origins) return fail(std::move(origins.error()));
  return core::AccessKey{.id = row.string(0),
                         .scope = scope_at(row, 1),
                         .name = row.string(2),
                         .key_sha256 = row.string(3),
                         .origins = std::move(*origins),
                         .created_at = row.time(5)};
}

Result<core::KeyedRequest> read_keyed_request(Statement& row) {
  core::KeyedRequest keyed_request{.id = row.string(0),
                                   .scope = scope_at(row, 1),
                                   .user_id = row.string(2),
                                   .key = row.string(3),
                                   .fingerprint = row.string(4),
                                   .object_id = row.string(5),
                                   .created_at = row.time(9)};
  if (!row.is_null(6)) {
    keyed_request.answer = core::StoredAnswer{.status = static_cast<int>(row.integer(6)),
                                              .content_type = row.string(7),
                                              .body = row.string(8)};
  }
  return keyed_request;
}

Result<core::Action> read_action(Statement& row) {
  const auto state = word(row, 7, "action state", core::action_state_from);
  if (!state) return fail(state.error());
  const auto outcome = word(row, 20, "outcome", core::outcome_from);
  if (!outcome) return fail(outcome.error());
  return core::Action{.id = row.string(0),
                      .scope = scope_at(row, 1),
                      .request = {.agent_id = row.string(2),
                                  .tool = row.string(3),
                                  .operation = row.string(4),
                                  .params = row.string(5),
                                  .context = row.string(6)},
                      .decision = {.outcome = *outcome,
                                   .reason_code = row.string(21),
                                   .reason = row.string(22),
                                   .risk_level = row.string(23),
                                   .by_profile = row.integer(24) != 0,
                                   .request_hash = row.string(25),
                                   .policy_version = row.string(26),
                                   .policy_hash = row.string(27),
                                   .profile_id = row.string(28),
                                   .profile_version = row.string(29),
                                   .profile_hash = row.string(30),
                                   .runtime_version = row.string(31),
                                   .provenance_id = row.string(32)},
                      .state = *state,
                      .reason = row.string(8),
                      .approval_token = row.string(9),
                      .version = row.integer(10),
                      .thread_id = row.string(11),
                      .run_id = row.string(12),
                      .tool_call_id = row.string(13),
                      .owner = row.string(14),
                      .resolved_by = row.string(15),
                      .asked_params = row.string(33),
                      .resolved_at = row.optional_time(16),
                      .expires_at = row.optional_time(17),
                      .created_at = row.time(18),
                      .updated_at = row.time(19)};
}

Result<core::Permission> read_permission(Statement& row) {
  auto commands = read_names(row.text(12));
  if (!commands) return fail(std::move(commands.error()));
  return core::Permission{.id = row.string(0),
                          .scope = scope_at(row, 1),
                          .owner = row.string(2),
                          .agent_id = row.string(10),
                          .thread_id = row.string(3),
                          .tool = row.string(4),
                          .operation = row.string(5),
                          .pattern = row.string(6),
                          .directory = row.string(11),
                          .commands = std::move(*commands),
                          .created_by = row.string(7),
                          .created_at = row.time(8),
                          .revoked_at = row.optional_time(9)};
}

Result<core::AuditRecord> read_audit(Statement& row) {
  return core::AuditRecord{.seq = row.integer(0),
                           .scope = scope_at(row, 1),
                           .kind = row.string(2),
                           .subject = row.string(3),
                           .text = row.string(4),
                           .previous_hash = row.string(5),
                           .hash = row.string(6)};
}

Result<core::MemoryItem> read_memory(Statement& row) {
  auto metadata = read_tree(row.text(8));
  if (!metadata) return fail(std::move(metadata.error()));
  const auto tier = word(row, 4, "tier", core::memory_tier_from);
  if (!tier) return fail(tier.error());
  const auto classification = word(row, 9, "classification", core::memory_classification_from);
  if (!classification) return fail(classification.error());
  const auto visibility = word(row, 10, "visibility", core::memory_visibility_from);
  if (!visibility) return fail(visibility.error());
  return core::MemoryItem{.id = row.string(0),
                          .scope = scope_at(row, 1),
                          .holder = {.owner = row.string(2), .agent_id = row.string(3)},
                          .tier = *tier,
                          .kind = row.string(5),
                          .key = row.string(6),
                          .text = row.string(7),
                          .metadata = std::move(*metadata),
                          .classification = *classification,
                          .visibility = *visibility,
                          .demoted = row.integer(11) != 0,
                          .thread_id = row.string(12),
                          .run_id = row.string(13),
                          .created_at = row.time(14),
                          .updated_at = row.time(15),
                          .expires_at = row.optional_time(16),
                          .subject = row.string(17),
                          .author = row.string(18)};
}

}  // namespace colonnade::storage::sqlite
