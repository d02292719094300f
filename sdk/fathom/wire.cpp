#include "sdk/fathom/wire.hpp"

#include <array>
#include <utility>

#include "base/json.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::fathom {

using colonnade::detail::CallSpec;
using colonnade::detail::Element;
using colonnade::detail::Field;
using colonnade::detail::Kind;
using colonnade::detail::read;
using colonnade::detail::read_object;
using colonnade::detail::Required;
using Object = simdjson::dom::object;

// --- reading
// --------------------------------------------------------------------------------------

// Not in an unnamed namespace: the readers of lists find them by their argument.
static void read(Element value, Thread& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"user_id", out.user_id},
              Field{"title", out.title}, Field{"model", out.model},
              Field{"created_at", out.created_at}, Field{"updated_at", out.updated_at},
              Field{"deleted_at", out.deleted_at});
}

static void read(Element value, Message& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"thread_id", out.thread_id},
              Field{"role", out.role}, Field{"content", out.content},
              Field{"device_id", out.device_id}, Field{"created_at", out.created_at},
              Field{"metadata", out.metadata});
}

static void read(Element value, Device& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"name", out.name},
              Field{"user_id", out.user_id}, Field{"created_at", out.created_at},
              Field{"last_seen", out.last_seen});
}

static void read(Element value, SearchHit& out) {
  read_object(value, out.extra, Field{"thread_id", out.thread_id},
              Field{"thread_title", out.thread_title}, Field{"message_id", out.message_id},
              Field{"role", out.role}, Field{"snippet", out.snippet},
              Field{"created_at", out.created_at});
}

namespace wire {
namespace {

using Writer = base::JsonWriter;

Failure malformed(const CallSpec& spec, const TransportReply& reply, std::string_view why) {
  return colonnade::detail::malformed(spec, reply, "Fathom", why);
}

Result<Element> open(const CallSpec& spec, const TransportReply& reply,
                     std::initializer_list<Required> required) {
  return colonnade::detail::open_object(spec, reply, "Fathom", required);
}

std::string object_of(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::string text;
  Writer writer(text);
  writer.object();
  for (const auto& [name, value] : fields) writer.field(name, value);
  writer.end_object();
  return text;
}

}  // namespace

std::string create_thread(std::string_view title) { return object_of({{"title", title}}); }

std::string send_message(std::string_view text, std::string_view client_message_id) {
  if (client_message_id.empty()) return object_of({{"text", text}});
  return object_of({{"text", text}, {"clientMessageId", client_message_id}});
}

std::string rename(std::string_view title) { return object_of({{"title", title}}); }

std::string claim(std::string_view code, std::string_view device_name) {
  return object_of({{"code", code}, {"device_name", device_name}});
}

std::string one_shot(std::string_view text) { return object_of({{"text", text}}); }

Result<std::vector<Thread>> thread_list(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"threads", Kind::list}});
  if (!root) return root.error();
  std::vector<Thread> out;
  read((*root)["threads"].value(), out);
  return out;
}

Result<ThreadDetail> thread_detail(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"thread", Kind::object}});
  if (!root) return root.error();
  if (!(*root)["thread"]["id"].is_string()) return malformed(spec, reply, "it lacks \"thread.id\"");
  ThreadDetail out;
  read_object(*root, out.extra, Field{"thread", out.thread}, Field{"messages", out.messages},
              Field{"running", out.running});
  return out;
}

Result<Thread> thread(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"id", Kind::string}});
  if (!root) return root.error();
  Thread out;
  read(*root, out);
  return out;
}

Result<Exchange> exchange(const CallSpec& spec, const TransportReply& reply) {
  const auto root =
      open(spec, reply, {{"user_message", Kind::object}, {"agent_message", Kind::object}});
  if (!root) return root.error();
  Exchange out;
  read_object(*root, out.extra, Field{"user_message", out.user_message},
              Field{"agent_message", out.agent_message}, Field{"session_id", out.session_id});
  return out;
}

Result<std::string> title(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"title", Kind::string}});
  if (!root) return root.error();
  std::string out;
  read((*root)["title"].value(), out);
  return out;
}

Result<std::vector<Message>> message_list(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"messages", Kind::list}});
  if (!root) return root.error();
  std::vector<Message> out;
  read((*root)["messages"].value(), out);
  return out;
}

Result<ThreadUsage> thread_usage(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {});
  if (!root) return root.error();
  ThreadUsage out;
  read_object(*root, out.extra, Field{"thread_id", out.thread_id},
              Field{"prompt_tokens", out.prompt_tokens},
              Field{"completion_tokens", out.completion_tokens},
              Field{"total_tokens", out.total_tokens}, Field{"message_count", out.message_count});
  return out;
}

Result<std::vector<SearchHit>> search_hits(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"hits", Kind::list}});
  if (!root) return root.error();
  std::vector<SearchHit> out;
  read((*root)["hits"].value(), out);
  return out;
}

Result<std::vector<Device>> device_list(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"devices", Kind::list}});
  if (!root) return root.error();
  std::vector<Device> out;
  read((*root)["devices"].value(), out);
  return out;
}

Result<Claim> claim(const CallSpec& spec, const TransportReply& reply) {
  auto root = open(spec, reply, {{"token", Kind::nonempty_string}});
  // The body of a claim holds the token, so the error does not repeat it.
  if (!root) {
    Failure failure = std::move(root).error();
    if (failure.body.find("token") != std::string::npos) failure.body.clear();
    return failure;
  }
  Claim out;
  read_object(*root, out.extra, Field{"token", out.token}, Field{"device_id", out.device_id},
              Field{"device_name", out.device_name});
  return out;
}

Result<PairingCode> pairing_code(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"code", Kind::nonempty_string}});
  if (!root) return root.error();
  PairingCode out;
  read_object(*root, out.extra, Field{"code", out.code}, Field{"expires_at", out.expires_at});
  return out;
}

Result<std::optional<Device>> watched_device(const CallSpec& spec, const TransportReply& reply) {
  if (reply.status == spec.also_accepted) return std::optional<Device>();
  const auto root = open(spec, reply, {{"device", Kind::object}});
  if (!root) return root.error();
  Device out;
  read((*root)["device"].value(), out);
  return std::optional<Device>(std::move(out));
}

Result<Health> health(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"status", Kind::string}});
  if (!root) return root.error();
  Health out;
  read_object(*root, out.extra, Field{"status", out.status}, Field{"version", out.version},
              Field{"uptime", out.uptime_seconds}, Field{"sessions", out.sessions},
              Field{"timestamp", out.timestamp}, Field{"mode", out.mode},
              Field{"profile", out.profile}, Field{"features", out.features});
  return out;
}

Result<bool> ready(const CallSpec& spec, const TransportReply& reply) {
  if (reply.status == spec.also_accepted) return false;
  const auto root = open(spec, reply, {});
  if (!root) return root.error();
  bool out = false;
  Element value;
  if ((*root)["ready"].get(value) == simdjson::SUCCESS) read(value, out);
  return out;
}

Result<OneShotReply> one_shot_reply(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"response", Kind::string}});
  if (!root) return root.error();
  OneShotReply out;
  read_object(*root, out.extra, Field{"response", out.response},
              Field{"sessionId", out.session_id});
  return out;
}

Result<Json> any_object(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {});
  if (!root) return root.error();
  return colonnade::detail::to_json(*root);
}

Result<bool> done(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {});
  if (!root) return root.error();
  return true;
}

// --- events
// ---------------------------------------------------------------------------------------

namespace {

// All fields any event of the catalogue has (fathom §4.4).
struct EventFields {
  std::string_view type{};
  std::string thread_id{};
  std::string text{};  // delta or error
  Timestamp server_time{};
  Element message{};
  bool has_message = false;
};

EventFields event_fields(Object members) {
  EventFields out;
  for (const auto [key, member] : members) {
    if (key == "type") {
      [[maybe_unused]] const auto error = member.get(out.type);
    } else if (key == "thread_id") {
      read(member, out.thread_id);
    } else if (key == "delta" || key == "error") {
      read(member, out.text);
    } else if (key == "message") {
      out.message = member;
      out.has_message = true;
    } else if (key == "server_time") {
      read(member, out.server_time);
    }
  }
  return out;
}

template <class T>
Event::Value with_message(EventFields fields) {
  T event;
  event.thread_id = std::move(fields.thread_id);
  if (fields.has_message) read(fields.message, event.message);
  return event;
}

Event::Value event_value(std::string_view type, EventFields fields, Element whole) {
  if (type == "agent_delta") return AgentDelta{std::move(fields.thread_id), std::move(fields.text)};
  if (type == "agent_done") return with_message<AgentDone>(std::move(fields));
  if (type == "agent_thinking") return with_message<AgentThinking>(std::move(fields));
  if (type == "user_message") return with_message<UserMessage>(std::move(fields));
  if (type == "ready") return Ready{std::move(fields.thread_id), fields.server_time};
  if (type == "agent_error") return AgentError{std::move(fields.thread_id), std::move(fields.text)};
  if (type == "error") return StreamError{std::move(fields.text)};
  if (type == "agent_delegating") {
    return AgentDelegating{std::move(fields.thread_id), std::move(fields.text)};
  }
  if (type == "agent_swarm") return AgentSwarm{std::move(fields.thread_id), std::move(fields.text)};
  Json data = colonnade::detail::to_json(whole);
  data.set("type", type);
  return OtherEvent{std::string(type), std::move(data)};
}

// The object in a block's data, or nothing.
std::optional<Object> block_object(std::string_view data, Element& whole) {
  const auto document = colonnade::detail::parse_document(data);
  Object members;
  if (!document || document->get(members) != simdjson::SUCCESS) return std::nullopt;
  whole = *document;
  return members;
}

std::string_view name_or_message(const base::SseEvent& block) {
  return block.type.empty() ? std::string_view("message") : block.type;
}

}  // namespace

std::optional<Event> event(const base::SseEvent& block) {
  Element whole;
  const auto members = block_object(block.data, whole);
  if (!members) return std::nullopt;
  EventFields fields = event_fields(*members);
  const std::string_view type =
      fields.type.data() != nullptr ? fields.type : name_or_message(block);
  return Event(event_value(type, std::move(fields), whole), std::string(block.data));
}

std::optional<ReplyEvent> reply_event(const base::SseEvent& block) {
  Element whole;
  const auto members = block_object(block.data, whole);
  if (!members) return std::nullopt;
  ReplyDone done;
  EventFields fields = event_fields(*members);
  for (const auto [key, member] : *members) {
    if (key == "session_id") read(member, done.session_id);
    if (key == "reply") read(member, done.reply);
  }
  const std::string_view type =
      fields.type.data() != nullptr ? fields.type : name_or_message(block);
  std::string raw(block.data);
  if (type == "message") return ReplyEvent(ReplyDelta{std::move(fields.text)}, std::move(raw));
  if (type == "done") return ReplyEvent(std::move(done), std::move(raw));
  if (type == "error") return ReplyEvent(ReplyError{std::move(fields.text)}, std::move(raw));
  Json data = colonnade::detail::to_json(whole);
  data.set("type", type);
  return ReplyEvent(OtherEvent{std::string(type), std::move(data)}, std::move(raw));
}

}  // namespace wire

namespace {

Json data_of(const std::string& raw, std::string_view type) {
  Json data = raw.empty() ? Json::object() : Json::parse(raw);
  const Json* named = data.find("type");
  if (named == nullptr || !named->is_string()) data.set("type", type);
  return data;
}

}  // namespace

std::string_view Event::type() const noexcept {
  static constexpr std::array<std::string_view, std::variant_size_v<Value>> names{
      "ready",       "user_message", "agent_thinking", "agent_delta", "agent_delegating",
      "agent_swarm", "agent_done",   "agent_error",    "error",       ""};
  if (const auto* other = as<OtherEvent>()) return other->type;
  return names[value_.index()];
}

Json Event::data() const {
  if (const auto* other = as<OtherEvent>()) return other->data;
  return data_of(raw_, type());
}

std::string_view ReplyEvent::type() const noexcept {
  static constexpr std::array<std::string_view, std::variant_size_v<Value>> names{"message", "done",
                                                                                  "error", ""};
  if (const auto* other = as<OtherEvent>()) return other->type;
  return names[value_.index()];
}

Json ReplyEvent::data() const {
  if (const auto* other = as<OtherEvent>()) return other->data;
  return data_of(raw_, type());
}

}  // namespace colonnade::inline v1::fathom
