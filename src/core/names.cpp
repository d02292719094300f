// The text forms of core's enumerations, and the small non-inline members of its values. The texts
// are what stores keep, so they never change.
#include <string_view>

#include "core/access/credential.hpp"
#include "core/agents/agent.hpp"
#include "core/artifacts/artifact.hpp"
#include "core/attachments/attachment.hpp"
#include "core/enum_names.hpp"
#include "core/events/event.hpp"
#include "core/governance/action.hpp"
#include "core/governance/permission_rule.hpp"
#include "core/memory/memory_item.hpp"
#include "core/models/model_provider.hpp"
#include "core/runs/run.hpp"
#include "core/spans/safety_event.hpp"
#include "core/threads/message.hpp"
#include "core/tools/tool_server.hpp"
#include "core/tools/tool_server_connection.hpp"

namespace colonnade::core {
namespace {

constexpr EnumNames<Role, 3> role_names{{
    {Role::user, "user"},
    {Role::assistant, "assistant"},
    {Role::system, "system"},
}};

constexpr EnumNames<AgentMemory, 3> agent_memory_names{{
    {AgentMemory::none, "none"},
    {AgentMemory::persistent, "persistent"},
    {AgentMemory::semantic, "semantic"},
}};

constexpr EnumNames<ModelFault, 3> model_fault_names{{
    {ModelFault::limited, "limited"},
    {ModelFault::unavailable, "unavailable"},
    {ModelFault::unauthorized, "unauthorized"},
}};

constexpr EnumNames<HistoryMode, 3> history_mode_names{{
    {HistoryMode::whole, "whole"},
    {HistoryMode::rolling, "rolling"},
    {HistoryMode::compact, "compact"},
}};

constexpr EnumNames<ToolMode, 3> tool_mode_names{{
    {ToolMode::direct, "direct"},
    {ToolMode::by_name, "by_name"},
    {ToolMode::sub_agent, "sub_agent"},
}};

constexpr EnumNames<ToolUse, 3> tool_use_names{{
    {ToolUse::automatic, "automatic"},
    {ToolUse::none, "none"},
    {ToolUse::required, "required"},
}};

constexpr EnumNames<SafetyDetector, 2> safety_detector_names{{
    {SafetyDetector::tool_param, "tool_param"},
    {SafetyDetector::rate_limit, "rate_limit"},
}};

constexpr EnumNames<SafetyAction, 2> safety_action_names{{
    {SafetyAction::block, "block"},
    {SafetyAction::redact, "redact"},
}};

constexpr EnumNames<RuleAction, 3> rule_action_names{{
    {RuleAction::allow, "allow"},
    {RuleAction::ask, "ask"},
    {RuleAction::deny, "deny"},
}};

constexpr EnumNames<ThreadChangeKind, 4> thread_change_names{{
    {ThreadChangeKind::other, "other"},
    {ThreadChangeKind::renamed, "renamed"},
    {ThreadChangeKind::archived, "archived"},
    {ThreadChangeKind::unarchived, "unarchived"},
}};

constexpr EnumNames<ToolServerTransport, 2> tool_server_transport_names{{
    {ToolServerTransport::stdio, "stdio"},
    {ToolServerTransport::http, "http"},
}};

constexpr EnumNames<ToolServerState, 6> tool_server_state_names{{
    {ToolServerState::starting, "starting"},
    {ToolServerState::ready, "ready"},
    {ToolServerState::held_back, "held_back"},
    {ToolServerState::needs_auth, "needs_auth"},
    {ToolServerState::failed, "failed"},
    {ToolServerState::stopped, "stopped"},
}};

constexpr EnumNames<RunState, 5> run_state_names{{
    {RunState::running, "running"},
    {RunState::waiting_approval, "waiting_approval"},
    {RunState::succeeded, "succeeded"},
    {RunState::failed, "failed"},
    {RunState::cancelled, "cancelled"},
}};

constexpr EnumNames<ToolCallState, 7> tool_call_state_names{{
    {ToolCallState::requested, "requested"},
    {ToolCallState::waiting_approval, "waiting_approval"},
    {ToolCallState::running, "running"},
    {ToolCallState::succeeded, "succeeded"},
    {ToolCallState::failed, "failed"},
    {ToolCallState::denied, "denied"},
    {ToolCallState::interrupted, "interrupted"},
}};

constexpr EnumNames<Outcome, 3> outcome_names{{
    {Outcome::execute, "EXECUTE"},
    {Outcome::abstain, "ABSTAIN"},
    {Outcome::halt, "HALT"},
}};

constexpr EnumNames<ActionState, 8> action_state_names{{
    {ActionState::pending_approval, "pending_approval"},
    {ActionState::allowed, "allowed"},
    {ActionState::approved, "approved"},
    {ActionState::denied, "denied"},
    {ActionState::executing, "executing"},
    {ActionState::succeeded, "succeeded"},
    {ActionState::failed, "failed"},
    {ActionState::timeout, "timeout"},
}};

constexpr EnumNames<CredentialKind, 3> credential_kind_names{{
    {CredentialKind::operator_token, "operator_token"},
    {CredentialKind::api_token, "api_token"},
    {CredentialKind::device, "device"},
}};

constexpr EnumNames<StopReason, 6> stop_reason_names{{
    {StopReason::end_turn, "end_turn"},
    {StopReason::tool_use, "tool_use"},
    {StopReason::max_tokens, "max_tokens"},
    {StopReason::stop_sequence, "stop_sequence"},
    {StopReason::refusal, "refusal"},
    {StopReason::pause, "pause"},
}};

constexpr EnumNames<MemoryTier, 4> tier_names{{{MemoryTier::session, "session"},
                                               {MemoryTier::project, "project"},
                                               {MemoryTier::team, "team"},
                                               {MemoryTier::curated, "curated"}}};
constexpr EnumNames<MemoryClassification, 2> classification_names{
    {{MemoryClassification::internal, "internal"},
     {MemoryClassification::restricted, "restricted"}}};
constexpr EnumNames<MemoryVisibility, 2> visibility_names{
    {{MemoryVisibility::own, "private"}, {MemoryVisibility::shared, "shared"}}};

constexpr EnumNames<ArtifactKind, 7> artifact_kind_names{{
    {ArtifactKind::markdown, "markdown"},
    {ArtifactKind::code, "code"},
    {ArtifactKind::html, "html"},
    {ArtifactKind::json, "json"},
    {ArtifactKind::csv, "csv"},
    {ArtifactKind::svg, "svg"},
    {ArtifactKind::image, "image"},
}};
constexpr EnumNames<ArtifactFault, 5> artifact_fault_names{{
    {ArtifactFault::invalid_kind, "invalid_kind"},
    {ArtifactFault::invalid_content, "invalid_content"},
    {ArtifactFault::not_found, "not_found"},
    {ArtifactFault::scope_mismatch, "scope_mismatch"},
    {ArtifactFault::persist_failed, "persist_failed"},
}};
constexpr EnumNames<AttachmentKind, 4> attachment_kind_names{{
    {AttachmentKind::image, "image"},
    {AttachmentKind::audio, "audio"},
    {AttachmentKind::video, "video"},
    {AttachmentKind::document, "document"},
}};

}  // namespace

std::string_view to_string(Role role) { return enum_name(role_names, role); }
std::optional<Role> role_from(std::string_view text) { return enum_value(role_names, text); }

std::string_view to_string(ModelFault fault) { return enum_name(model_fault_names, fault); }
std::optional<ModelFault> model_fault_from(std::string_view text) {
  return enum_value(model_fault_names, text);
}

std::string_view to_string(AgentMemory memory) { return enum_name(agent_memory_names, memory); }
std::optional<AgentMemory> agent_memory_from(std::string_view text) {
  return enum_value(agent_memory_names, text);
}

std::string_view to_string(HistoryMode mode) { return enum_name(history_mode_names, mode); }
std::optional<HistoryMode> history_mode_from(std::string_view text) {
  return enum_value(history_mode_names, text);
}

std::string_view to_string(ToolMode mode) { return enum_name(tool_mode_names, mode); }
std::optional<ToolMode> tool_mode_from(std::string_view text) {
  return enum_value(tool_mode_names, text);
}

std::string_view to_string(ToolUse use) { return enum_name(tool_use_names, use); }
std::optional<ToolUse> tool_use_from(std::string_view text) {
  return enum_value(tool_use_names, text);
}

std::string_view to_string(SafetyDetector detector) {
  return enum_name(safety_detector_names, detector);
}
std::optional<SafetyDetector> safety_detector_from(std::string_view text) {
  return enum_value(safety_detector_names, text);
}

std::string_view to_string(SafetyAction action) { return enum_name(safety_action_names, action); }
std::optional<SafetyAction> safety_action_from(std::string_view text) {
  return enum_value(safety_action_names, text);
}

std::string_view to_string(RuleAction action) { return enum_name(rule_action_names, action); }
std::optional<RuleAction> rule_action_from(std::string_view text) {
  return enum_value(rule_action_names, text);
}

std::string_view to_string(ThreadChangeKind kind) { return enum_name(thread_change_names, kind); }
std::optional<ThreadChangeKind> thread_change_kind_from(std::string_view text) {
  return enum_value(thread_change_names, text);
}

std::string_view to_string(ToolServerTransport transport) {
  return enum_name(tool_server_transport_names, transport);
}
std::optional<ToolServerTransport> tool_server_transport_from(std::string_view text) {
  return enum_value(tool_server_transport_names, text);
}

std::string_view to_string(ToolServerState state) {
  return enum_name(tool_server_state_names, state);
}

std::string_view to_string(RunState state) { return enum_name(run_state_names, state); }
std::optional<RunState> run_state_from(std::string_view text) {
  return enum_value(run_state_names, text);
}

std::string_view to_string(ToolCallState state) { return enum_name(tool_call_state_names, state); }
std::optional<ToolCallState> tool_call_state_from(std::string_view text) {
  return enum_value(tool_call_state_names, text);
}

std::string_view to_string(Outcome outcome) { return enum_name(outcome_names, outcome); }
std::optional<Outcome> outcome_from(std::string_view text) {
  return enum_value(outcome_names, text);
}

std::string_view to_string(ActionState state) { return enum_name(action_state_names, state); }
std::optional<ActionState> action_state_from(std::string_view text) {
  return enum_value(action_state_names, text);
}

std::string_view to_string(CredentialKind kind) { return enum_name(credential_kind_names, kind); }
std::optional<CredentialKind> credential_kind_from(std::string_view text) {
  return enum_value(credential_kind_names, text);
}

std::string_view to_string(StopReason reason) { return enum_name(stop_reason_names, reason); }

std::string visible_text(const std::vector<Part>& parts) {
  std::string out;
  for (const Part& part : parts) {
    if (const auto* text = std::get_if<TextPart>(&part)) {
      out += text->text;
    } else if (const auto* refusal = std::get_if<RefusalPart>(&part)) {
      out += refusal->text;
    }
  }
  return out;
}

ModelSettings ModelSettings::over(const ModelSettings& fallback) const {
  const bool other_provider = provider && fallback.provider != provider;
  return {
      .provider = provider ? provider : fallback.provider,
      .model = model || other_provider ? model : fallback.model,
      .temperature = temperature ? temperature : fallback.temperature,
      .max_output_tokens = max_output_tokens ? max_output_tokens : fallback.max_output_tokens,
      .reasoning_effort = reasoning_effort ? reasoning_effort : fallback.reasoning_effort,
      .rounds_max = rounds_max ? rounds_max : fallback.rounds_max,
      .counts_tool_calls = counts_tool_calls ? counts_tool_calls : fallback.counts_tool_calls,
      .run_seconds_max = run_seconds_max ? run_seconds_max : fallback.run_seconds_max,
      .approval_seconds_max =
          approval_seconds_max ? approval_seconds_max : fallback.approval_seconds_max,
      .retries_max = retries_max ? retries_max : fallback.retries_max,
      .limited_retries_max =
          limited_retries_max ? limited_retries_max : fallback.limited_retries_max,
      .fallbacks = fallbacks ? fallbacks : fallback.fallbacks,
      .keeps_partial_reply =
          keeps_partial_reply ? keeps_partial_reply : fallback.keeps_partial_reply,
  };
}

std::string_view to_string(MemoryTier tier) { return enum_name(tier_names, tier); }
std::optional<MemoryTier> memory_tier_from(std::string_view text) {
  return enum_value(tier_names, text);
}

std::string_view to_string(MemoryClassification classification) {
  return enum_name(classification_names, classification);
}
std::optional<MemoryClassification> memory_classification_from(std::string_view text) {
  return enum_value(classification_names, text);
}

std::string_view to_string(MemoryVisibility visibility) {
  return enum_name(visibility_names, visibility);
}
std::optional<MemoryVisibility> memory_visibility_from(std::string_view text) {
  return enum_value(visibility_names, text);
}

std::string_view to_string(ArtifactKind kind) { return enum_name(artifact_kind_names, kind); }
std::optional<ArtifactKind> artifact_kind_from(std::string_view text) {
  return enum_value(artifact_kind_names, text);
}

std::string_view to_string(ArtifactFault fault) { return enum_name(artifact_fault_names, fault); }
std::optional<ArtifactFault> artifact_fault_from(std::string_view text) {
  return enum_value(artifact_fault_names, text);
}

std::string_view to_string(AttachmentKind kind) { return enum_name(attachment_kind_names, kind); }
std::optional<AttachmentKind> attachment_kind_from(std::string_view text) {
  return enum_value(attachment_kind_names, text);
}

}  // namespace colonnade::core
