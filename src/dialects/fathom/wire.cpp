#include "dialects/fathom/wire.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "core/limits.hpp"
#include "dialects/fathom/limits.hpp"
#include "dialects/limits.hpp"

namespace colonnade::dialects::fathom {
namespace {

using base::ErrorKind;
using base::JsonWriter;
using base::Result;

// Buffer sizes that spare an encoder its regrowing: the fixed part of each object, rounded up.
constexpr std::size_t thread_bytes = 320;
constexpr std::size_t message_bytes = 384;
constexpr std::size_t small_body_bytes = 128;

constexpr std::string_view client_message_id_key = "clientMessageId";

Result<base::Json> parse_object(std::string_view body) {
  auto tree = base::parse_json(body, "body");
  if (!tree) return tree;
  if (!tree->is_object()) {
    return base::fail(ErrorKind::invalid, "body must be a JSON object", "body");
  }
  return tree;
}

// nullopt when the field is absent or null.
Result<std::optional<std::string>> text_field(base::Json& object, std::string_view name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) {
    return base::fail(ErrorKind::invalid,
                      "'" + std::string(name) + "' must be a string, not a " + found->type_name(),
                      std::string(name));
  }
  return std::move(found->get_ref<std::string&>());
}

Result<std::optional<std::string>> only_field(std::string_view body, std::string_view name) {
  auto object = parse_object(body);
  if (!object) return base::fail(std::move(object.error()));
  return text_field(*object, name);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// "…T05:33:44+00:00" arrives with a space for the plus unless the client escaped it.
std::optional<base::Time> bookmark_time(std::string text) {
  if (auto time = base::parse_rfc3339(text)) return time;
  constexpr std::size_t offset_size = 6;  // "+hh:mm"
  if (text.size() <= offset_size) return std::nullopt;
  char& sign = text[text.size() - offset_size];
  if (sign != ' ') return std::nullopt;
  sign = '+';
  return base::parse_rfc3339(text);
}

Result<std::optional<base::Time>> bookmark(const net::Request& request, std::string_view name) {
  auto text = request.query_parameter(name);
  if (!text || text->empty()) return std::nullopt;
  const auto time = bookmark_time(std::move(*text));
  if (!time) {
    return base::fail(ErrorKind::invalid,
                      std::string(name) + " must be RFC 3339, like 2026-05-24T05:33:44.601602Z",
                      std::string(name));
  }
  return time;
}

std::string_view wire_role(core::Role role) {
  return role == core::Role::assistant ? "agent" : core::to_string(role);
}

void write_agent_metadata(JsonWriter& json, const core::Message& message) {
  if (!message.usage && message.model.empty()) return;
  json.key("metadata").object();
  if (message.usage) {
    json.key("usage").object();
    json.field("prompt_tokens", message.usage->input_tokens);
    json.field("completion_tokens", message.usage->output_tokens);
    json.end_object();
  }
  if (!message.model.empty()) json.field("model", message.model);
  json.end_object();
}

void write_user_metadata(JsonWriter& json, const core::Message& message) {
  if (!message.metadata.is_object()) return;
  const auto id = message.metadata.find(client_message_id_key);
  if (id == message.metadata.end() || !id->is_string()) return;
  json.key("metadata").object();
  json.field(client_message_id_key, id->get_ref<const std::string&>());
  json.end_object();
}

// One text part, the usual case, is written from where it lies.
void write_content(JsonWriter& json, const core::Message& message) {
  if (message.parts.size() == 1) {
    if (const auto* text = std::get_if<core::TextPart>(&message.parts.front())) {
      json.field("content", text->text);
      return;
    }
  }
  json.field("content", core::visible_text(message.parts));
}

std::size_t size_hint(const core::Message& message) {
  std::size_t bytes = message_bytes;
  for (const core::Part& part : message.parts) {
    if (const auto* text = std::get_if<core::TextPart>(&part)) bytes += text->text.size();
  }
  return bytes;
}

void write_messages(JsonWriter& json, std::span<const core::Message> messages) {
  json.key("messages").array();
  for (const core::Message& message : messages) write_message(json, message);
  json.end_array();
}

}  // namespace

// --- in -----------------------------------------------------------------------------------------

Result<std::string> decode_new_thread(std::string_view body) {
  if (trimmed(body).empty()) return std::string();
  auto title = only_field(body, "title");
  if (!title) return base::fail(std::move(title.error()));
  if (!*title) return std::string();
  return std::string(trimmed(**title));
}

std::string thread_id(const net::Request& request) {
  return base::plain_form(request.path_parameters.front());
}

Result<std::string> decode_rename(std::string_view body) {
  auto title = only_field(body, "title");
  if (!title) return base::fail(std::move(title.error()));
  if (!*title) {
    return base::fail(ErrorKind::invalid, "missing 'title' field: send the new title as a string",
                      "title");
  }
  return std::move(**title);
}

Result<SendBody> decode_send(std::string_view body) {
  auto object = parse_object(body);
  if (!object) return base::fail(std::move(object.error()));
  auto text = text_field(*object, "text");
  if (!text) return base::fail(std::move(text.error()));
  if (!*text || (*text)->empty()) {
    return base::fail(ErrorKind::invalid, "missing 'text' field: send at least one character",
                      "text");
  }
  auto id = text_field(*object, client_message_id_key);
  if (!id) return base::fail(std::move(id.error()));
  if (*id && (*id)->size() > limits::fathom_client_message_id_bytes_max) {
    return base::fail(ErrorKind::invalid,
                      "'clientMessageId' is longer than " +
                          std::to_string(limits::fathom_client_message_id_bytes_max) +
                          " bytes: send a shorter one, or none",
                      std::string(client_message_id_key));
  }
  return SendBody{.text = std::move(**text), .client_message_id = std::move(*id).value_or("")};
}

Result<ClaimBody> decode_claim(std::string_view body) {
  auto object = parse_object(body);
  if (!object) return base::fail(std::move(object.error()));
  auto code = text_field(*object, "code");
  if (!code) return base::fail(std::move(code.error()));
  if (!*code) {
    return base::fail(ErrorKind::invalid, "missing 'code' field: send the six digits as a string",
                      "code");
  }
  auto name = text_field(*object, "device_name");
  if (!name) return base::fail(std::move(name.error()));
  return ClaimBody{.code = std::move(**code), .device_name = std::move(*name).value_or("")};
}

std::size_t decode_limit(const std::optional<std::string>& text, std::size_t otherwise,
                         std::size_t max) {
  if (!text) return otherwise;
  std::size_t limit = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, limit);
  if (error != std::errc{} || stop != end || limit < 1 || limit > max) return otherwise;
  return limit;
}

Result<core::MessagePage> decode_page(const net::Request& request) {
  core::MessagePage page;
  page.limit = decode_limit(request.query_parameter("limit"), limits::page_rows_default,
                            limits::page_rows_max);
  auto after = bookmark(request, "after");
  if (!after) return base::fail(std::move(after.error()));
  page.after = *after;
  if (page.after) return page;
  auto before = bookmark(request, "before");
  if (!before) return base::fail(std::move(before.error()));
  page.before = *before;
  return page;
}

// --- out ----------------------------------------------------------------------------------------

void write_thread(JsonWriter& json, const core::Thread& thread) {
  json.object();
  json.field("id", thread.id);
  json.field("user_id", thread.owner);
  json.field("title", thread.title);
  if (thread.settings.model) json.field("model", *thread.settings.model);
  json.field("created_at", base::to_rfc3339(thread.created_at));
  json.field("updated_at", base::to_rfc3339(thread.updated_at));
  if (thread.deleted_at) json.field("deleted_at", base::to_rfc3339(*thread.deleted_at));
  json.end_object();
}

void write_message(JsonWriter& json, const core::Message& message) {
  const bool from_agent = message.role == core::Role::assistant;
  json.object();
  json.field("id", message.id);
  json.field("thread_id", message.thread_id);
  json.field("role", wire_role(message.role));
  write_content(json, message);
  if (!message.device_id.empty() && !from_agent) json.field("device_id", message.device_id);
  json.field("created_at", base::to_rfc3339(message.created_at));
  if (from_agent) {
    write_agent_metadata(json, message);
  } else {
    write_user_metadata(json, message);
  }
  json.end_object();
}

void write_device(JsonWriter& json, const core::Credential& device) {
  json.object();
  json.field("id", device.id);
  json.field("name", device.name);
  json.field("user_id", device.user_id);
  json.field("created_at", base::to_rfc3339(device.created_at));
  json.field("last_seen", base::to_rfc3339(device.last_seen));
  json.end_object();
}

std::string encode_thread(const core::Thread& thread) {
  std::string out;
  out.reserve(thread_bytes + thread.title.size());
  JsonWriter json(out);
  write_thread(json, thread);
  return out;
}

std::string encode_threads(std::span<const core::Thread> threads) {
  std::size_t bytes = small_body_bytes;
  for (const core::Thread& thread : threads) bytes += thread_bytes + thread.title.size();
  std::string out;
  out.reserve(bytes);
  JsonWriter json(out);
  json.object().key("threads").array();
  for (const core::Thread& thread : threads) write_thread(json, thread);
  json.end_array().end_object();
  return out;
}

std::string encode_view(const core::ThreadDetail& view) {
  std::size_t bytes = thread_bytes + small_body_bytes + view.thread.title.size();
  for (const core::Message& message : view.messages) bytes += size_hint(message);
  std::string out;
  out.reserve(bytes);
  JsonWriter json(out);
  json.object().key("thread");
  write_thread(json, view.thread);
  write_messages(json, view.messages);
  json.field("running", view.running).end_object();
  return out;
}

std::string encode_messages(std::span<const core::Message> messages) {
  std::size_t bytes = small_body_bytes;
  for (const core::Message& message : messages) bytes += size_hint(message);
  std::string out;
  out.reserve(bytes);
  JsonWriter json(out);
  json.object();
  write_messages(json, messages);
  json.end_object();
  return out;
}

std::string encode_message(const core::Message& message) {
  std::string out;
  out.reserve(size_hint(message));
  JsonWriter json(out);
  write_message(json, message);
  return out;
}

namespace {

Frame frame_of(const std::string& without_messages) {
  constexpr std::string_view none = R"("messages":[])";
  const std::size_t end = without_messages.rfind(none) + none.size() - 1;
  return {.prefix = without_messages.substr(0, end), .suffix = without_messages.substr(end)};
}

}  // namespace

Frame view_frame(core::ThreadDetail view) {
  view.messages.clear();
  return frame_of(encode_view(view));
}

Frame messages_frame() { return frame_of(encode_messages({})); }

bool are_large(std::span<const core::Message> messages) {
  std::size_t bytes = 0;
  for (const core::Message& message : messages) bytes += size_hint(message);
  return bytes > limits::encoded_read_bytes_max;
}

std::string encode_sent(const core::FinishedRun& finished) {
  std::string out;
  out.reserve(size_hint(finished.user_message) + message_bytes + small_body_bytes);
  JsonWriter json(out);
  json.object().key("user_message");
  write_message(json, finished.user_message);
  if (finished.reply) {
    json.key("agent_message");
    write_message(json, *finished.reply);
  }
  json.field("session_id", finished.run.id).end_object();
  return out;
}

std::string encode_renamed(const core::Thread& thread) {
  std::string out;
  JsonWriter(out).object().field("id", thread.id).field("title", thread.title).end_object();
  return out;
}

std::string encode_usage(std::string_view thread_id, const core::ThreadUsage& usage) {
  std::string out;
  JsonWriter json(out);
  json.object();
  json.field("thread_id", thread_id);
  json.field("prompt_tokens", usage.usage.input_tokens);
  json.field("completion_tokens", usage.usage.output_tokens);
  json.field("total_tokens", usage.usage.input_tokens + usage.usage.output_tokens);
  json.field("message_count", usage.message_count);
  json.end_object();
  return out;
}

std::string encode_hits(std::string_view query, std::span<const core::SearchHit> hits) {
  std::string out;
  JsonWriter json(out);
  json.object().field("query", query).key("hits").array();
  for (const core::SearchHit& hit : hits) {
    json.object();
    json.field("thread_id", hit.thread_id);
    json.field("thread_title", hit.thread_title);
    json.field("message_id", hit.message_id);
    json.field("role", wire_role(hit.role));
    json.field("snippet", hit.snippet);
    json.field("created_at", base::to_rfc3339(hit.created_at));
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string encode_one_shot(const core::FinishedRun& finished) {
  std::string out;
  JsonWriter json(out);
  json.object();
  json.field("response", finished.reply ? core::visible_text(finished.reply->parts) : "");
  json.field("sessionId", finished.run.id);
  json.end_object();
  return out;
}

std::string encode_pairing_code(const core::PairingCode& code) {
  std::string out;
  JsonWriter json(out);
  json.object().field("code", code.code);
  json.field("expires_at", base::to_rfc3339(code.expires_at)).end_object();
  return out;
}

std::string encode_claimed(const core::CreatedToken& created) {
  std::string out;
  JsonWriter json(out);
  json.object();
  json.field("token", created.token);
  json.field("device_id", created.credential.id);
  json.field("device_name", created.credential.name);
  json.end_object();
  return out;
}

std::string encode_watched(const core::Credential& device) {
  std::string out;
  JsonWriter json(out);
  json.object().field("claimed", true).key("device");
  write_device(json, device);
  json.end_object();
  return out;
}

std::string encode_devices(std::span<const core::Credential> devices) {
  std::string out;
  JsonWriter json(out);
  json.object().key("devices").array();
  for (const core::Credential& device : devices) write_device(json, device);
  json.end_array().end_object();
  return out;
}

std::string encode_single(std::string_view key, std::string_view value) {
  std::string out;
  JsonWriter(out).object().field(key, value).end_object();
  return out;
}

std::string failure_text(core::RunState state, std::string_view error) {
  if (!error.empty()) return std::string(error);
  return state == core::RunState::cancelled ? "the run was cancelled" : "the agent failed";
}

std::string failure_text(const core::Run& run) { return failure_text(run.state, run.error); }

}  // namespace colonnade::dialects::fathom
