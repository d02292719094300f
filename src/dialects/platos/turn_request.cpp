#include "dialects/platos/turn_request.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "dialects/error_answers.hpp"
#include "dialects/platos/attachments.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/turn_events.hpp"
#include "dialects/platos/turn_limits.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

const Json* payload_member(const Json& payload, const char* name) {
  const auto found = payload.find(name);
  return found == payload.end() || found->is_null() ? nullptr : &*found;
}

std::unexpected<base::Error> wrong_member(const char* name, std::string_view wanted) {
  return fail(ErrorKind::invalid, std::string(name) + " must be " + std::string(wanted), name);
}

Result<void> take_text(const Json& payload, const char* name, std::string& out) {
  const Json* found = payload_member(payload, name);
  if (found == nullptr) return {};
  if (!found->is_string()) return wrong_member(name, "a string");
  out = found->get<std::string>();
  return {};
}

Result<void> take_blocks(const Json& payload, std::map<std::string, std::string>& out) {
  const Json* found = payload_member(payload, "dynamicBlocks");
  if (found == nullptr) return {};
  if (!found->is_object()) return wrong_member("dynamicBlocks", "an object of strings");
  for (const auto& [name, text] : found->items()) {
    if (!text.is_string()) return wrong_member("dynamicBlocks", "an object of strings");
    out.insert_or_assign(name, text.get<std::string>());
  }
  return {};
}

Result<void> take_ids(const Json& payload, std::vector<std::string>& out) {
  const Json* found = payload_member(payload, "attachmentIds");
  if (found == nullptr) return {};
  auto ids = decode_attachment_ids(*found);
  if (!ids) return fail(std::move(ids.error()));
  out = std::move(*ids);
  return {};
}

Result<void> take_objects(const Json& payload, TurnRequest& out) {
  if (const Json* schema = payload_member(payload, "outputSchema")) {
    if (!schema->is_object()) return wrong_member("outputSchema", "a JSON Schema object");
    out.output_schema = *schema;
  }
  if (const Json* context = payload_member(payload, "sessionContextOverride")) {
    if (!context->is_object()) return wrong_member("sessionContextOverride", "an object");
    out.session_context = *context;
  }
  std::string prompt;
  if (auto taken = take_text(payload, "systemPromptOverride", prompt); !taken) return taken;
  if (!prompt.empty()) out.system_prompt = std::move(prompt);
  return {};
}

Result<void> take_texts(const Json& payload, TurnRequest& out) {
  const std::pair<const char*, std::string*> texts[] = {
      {"message", &out.message},           {"threadId", &out.thread_id},
      {"agentId", &out.agent_id},          {"contextType", &out.context_type},
      {"contextId", &out.context_id},      {"modelLabel", &out.model_label},
      {"replyToMessageId", &out.reply_to}, {"idempotencyKey", &out.idempotency_key}};
  for (const auto& [name, text] : texts) {
    if (auto taken = take_text(payload, name, *text); !taken) return taken;
  }
  return {};
}

}  // namespace

Result<TurnRequest> decode_turn(const Json& payload, bool may_be_empty) {
  if (!payload.is_object()) {
    return fail(ErrorKind::invalid, "the payload must be an object with `message`", "message");
  }
  TurnRequest out;
  for (auto taken : {take_texts(payload, out), take_blocks(payload, out.dynamic_blocks),
                     take_ids(payload, out.attachment_ids), take_objects(payload, out)}) {
    if (!taken) return fail(std::move(taken.error()));
  }
  if (!may_be_empty && out.message.empty() && out.attachment_ids.empty()) {
    return fail(ErrorKind::invalid, "message must not be empty", "message");
  }
  if (out.idempotency_key.size() > limits::platos_key_bytes_max) {
    return fail(ErrorKind::invalid,
                "idempotencyKey must have at most " + std::to_string(limits::platos_key_bytes_max) +
                    " bytes",
                "idempotencyKey");
  }
  return out;
}

Result<std::string> decode_thread_id(const Json& payload) {
  std::string id;
  if (payload.is_object()) {
    if (auto taken = take_text(payload, "threadId", id); !taken) {
      return fail(std::move(taken.error()));
    }
  }
  if (id.empty()) return fail(ErrorKind::invalid, "threadId must not be empty", "threadId");
  return id;
}

TurnRefusal refusal(ErrorKind kind, std::string code, std::string message) {
  return {.error = {.kind = kind, .message = std::move(message)}, .code = std::move(code)};
}

std::string encode_refusal(const TurnRefusal& refusal, std::string_view thread_id) {
  const std::string message =
      refusal.over ? message_of(*refusal.over) : std::string(error_text(refusal.error));
  return error_event(refusal.code, message, thread_id, [&](base::JsonWriter& json) {
    if (refusal.over) {
      json.field("retryAfterSeconds", std::int64_t{refusal.over->retry_after.count()});
      json.field("scope", scope_of(refusal.over->bucket)).field("limit", refusal.over->limit);
    }
    if (!refusal.findings.empty()) {
      json.key("flags");
      write_flags(json, refusal.findings);
    }
    write_budget_flags(json, refusal.error.message);
    if (!refusal.provider_id.empty()) {
      json.field("providerId", refusal.provider_id);
    }
    if (refusal.error.kind == ErrorKind::unauthorized) json.field("status", 401);
    if (refusal.error.kind == ErrorKind::forbidden) json.field("status", 403);
  });
}

net::Response refusal_response(const TurnRefusal& refusal) {
  if (refusal.over) return error_response(*refusal.over);
  if (refusal.code.empty()) return error_response(refusal.error);
  return error_response(refusal.error, refusal.code);
}

}  // namespace colonnade::dialects::platos
