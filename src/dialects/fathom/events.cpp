#include "dialects/fathom/events.hpp"

#include <charconv>
#include <memory>
#include <utility>
#include <variant>

#include "base/json.hpp"
#include "dialects/fathom/wire.hpp"

namespace colonnade::dialects::fathom {
namespace {

using base::JsonWriter;

constexpr std::size_t event_bytes = 160;    // a delta event's fixed part, rounded up
constexpr std::size_t message_bytes = 512;  // the same of an event that carries a message

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

// The lines up to the JSON text. JSON never holds a line break, so one data line is enough.
void open_event(std::string& out, std::string_view name, bool with_id, std::int64_t cursor) {
  if (!name.empty()) out.append("event: ").append(name).push_back('\n');
  if (with_id) {
    out.append("id: ");
    append_number(out, cursor);
    out.push_back('\n');
  }
  out.append("data: ");
}

// Writes one thread event; the members that its kind adds come from `add`.
template <class Add>
std::string thread_event(std::string_view type, const core::Event& event, bool with_id,
                         std::size_t reserve, const Add& add) {
  std::string out;
  out.reserve(reserve);
  open_event(out, type, with_id, event.cursor);
  JsonWriter json(out);
  json.object().field("type", type).field("thread_id", event.thread_id);
  add(json);
  json.end_object();
  out.append("\n\n");
  return out;
}

std::string message_event(std::string_view type, const core::Event& event, bool with_id,
                          const core::Message& message) {
  return thread_event(type, event, with_id, message_bytes, [&](JsonWriter& json) {
    json.key("message");
    write_message(json, message);
  });
}

std::string finished_event(const core::Event& event, bool with_id,
                           const core::RunFinished& finished) {
  if (finished.state == core::RunState::succeeded && finished.message) {
    return message_event("agent_done", event, with_id, *finished.message);
  }
  const std::string error = failure_text(finished.state, finished.error);
  return thread_event("agent_error", event, with_id, event_bytes + error.size(),
                      [&](JsonWriter& json) { json.field("error", error); });
}

bool is_told(const core::EventBody& body) {
  return std::holds_alternative<core::MessageStored>(body) ||
         std::holds_alternative<core::RunStarted>(body) ||
         std::holds_alternative<core::TextDelta>(body) ||
         std::holds_alternative<core::RunFinished>(body);
}

}  // namespace

std::string encode_event(const core::Event& event, bool with_id) {
  if (const auto* delta = std::get_if<core::TextDelta>(&event.body)) {
    return thread_event("agent_delta", event, with_id, event_bytes + delta->text.size(),
                        [&](JsonWriter& json) { json.field("delta", delta->text); });
  }
  if (const auto* stored = std::get_if<core::MessageStored>(&event.body)) {
    return message_event("user_message", event, with_id, stored->message);
  }
  if (const auto* started = std::get_if<core::RunStarted>(&event.body)) {
    return message_event("agent_thinking", event, with_id, started->user_message);
  }
  if (const auto* finished = std::get_if<core::RunFinished>(&event.body)) {
    return finished_event(event, with_id, *finished);
  }
  return {};
}

std::string encode_ready(const Ready& ready) {
  std::string out;
  out.reserve(event_bytes);
  open_event(out, "ready", ready.with_id, ready.cursor);
  JsonWriter json(out);
  json.object().field("type", "ready").field("thread_id", ready.thread_id);
  json.field("server_time", base::to_rfc3339(ready.server_time));
  if (ready.with_id) json.field("cursor", ready.cursor);
  json.end_object();
  out.append("\n\n");
  return out;
}

std::string encode_one_shot_delta(std::string_view delta) {
  std::string out;
  open_event(out, "", false, 0);
  JsonWriter(out).object().field("delta", delta).end_object();
  out.append("\n\n");
  return out;
}

std::string encode_one_shot_done(std::string_view session_id, std::string_view reply) {
  std::string out;
  open_event(out, "done", false, 0);
  JsonWriter(out).object().field("session_id", session_id).field("reply", reply).end_object();
  out.append("\n\n");
  return out;
}

std::string encode_one_shot_error(std::string_view error) {
  std::string out;
  open_event(out, "error", false, 0);
  JsonWriter(out).object().field("error", error).end_object();
  out.append("\n\n");
  return out;
}

net::SharedBytes EventEncoder::encode(const core::Event& event, bool with_id) {
  if (!is_told(event.body)) return nullptr;
  CacheEntry& last = last_[with_id ? 1 : 0];
  if (last.bytes && last.cursor == event.cursor) return last.bytes;
  last = {.cursor = event.cursor,
          .bytes = std::make_shared<const std::string>(encode_event(event, with_id))};
  return last.bytes;
}

}  // namespace colonnade::dialects::fathom
