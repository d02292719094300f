#include "sdk/phoson/wire.hpp"

#include <array>
#include <utility>

#include "base/json.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::phoson {

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

std::string_view to_string(MemoryType type) noexcept {
  switch (type) {
    case MemoryType::persistent: return "persistent";
    case MemoryType::semantic: return "semantic";
    case MemoryType::unknown: break;
  }
  return "";
}

// Not in an unnamed namespace: the readers of lists find them by their argument.
static void read(Element value, Agent& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"name", out.name},
              Field{"description", out.description}, Field{"memory_type", out.memory_type_text},
              Field{"mcp_ids", out.mcp_ids}, Field{"created_at", out.created_at},
              Field{"updated_at", out.updated_at});
  for (const MemoryType type : {MemoryType::persistent, MemoryType::semantic}) {
    if (out.memory_type_text == to_string(type)) out.memory_type = type;
  }
}

static void read(Element value, Conversation& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"agent_id", out.agent_id},
              Field{"title", out.title}, Field{"thread_id", out.thread_id},
              Field{"created_at", out.created_at}, Field{"updated_at", out.updated_at});
}

// A result that is always text: any other value than text stands there as JSON (phoson §4.2).
struct ResultText {
  std::string& text;
};

static void read(Element value, ResultText& out) {
  if (value.is_string()) {
    read(value, out.text);
  } else if (!value.is_null()) {
    out.text = colonnade::detail::to_json(value).dump();
  }
}

static void read(Element value, ToolCall& out) {
  ResultText result{out.result};
  read_object(value, out.extra, Field{"tool_call_id", out.tool_call_id}, Field{"tool", out.tool},
              Field{"input", out.input}, Field{"result", result});
}

static void read(Element value, std::optional<Usage>& out) {
  if (!value.is_object()) return;
  Usage& usage = out.emplace();
  read_object(value, usage.extra, Field{"input_tokens", usage.input_tokens},
              Field{"output_tokens", usage.output_tokens});
}

static void read(Element value, Message& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"conversation_id", out.conversation_id},
              Field{"role", out.role}, Field{"content", out.content}, Field{"run_id", out.run_id},
              Field{"provider", out.provider}, Field{"model", out.model},
              Field{"reasoning", out.reasoning}, Field{"tool_calls", out.tool_calls},
              Field{"usage", out.usage}, Field{"created_at", out.created_at});
}

static void read(Element value, McpServer& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"name", out.name},
              Field{"transport", out.transport}, Field{"command", out.command},
              Field{"url", out.url}, Field{"created_at", out.created_at});
}

namespace wire {
namespace {

using Writer = base::JsonWriter;

Failure malformed(const CallSpec& spec, const TransportReply& reply, std::string_view why) {
  return colonnade::detail::malformed(spec, reply, "Phoson", why);
}

// One object whose member `required` tells it from anything else.
template <class T>
Result<T> one(const CallSpec& spec, const TransportReply& reply, Required required) {
  const auto root = colonnade::detail::open_object(spec, reply, "Phoson", {required});
  if (!root) return root.error();
  T out;
  read(*root, out);
  return out;
}

// The array of a list reply, or null for none: bare, or under one of the names servers use.
std::optional<Element> list_in(Element root, std::string_view name) {
  if (root.is_array() || root.is_null()) return root;
  Object members;
  if (root.get(members) != simdjson::SUCCESS) return std::nullopt;
  for (const std::string_view key : {std::string_view("data"), std::string_view("items"), name}) {
    Element value;
    if (members.at_key(key).get(value) != simdjson::SUCCESS) continue;
    if (value.is_array() || value.is_null()) return value;
  }
  return std::nullopt;
}

template <class T>
Result<std::vector<T>> list(const CallSpec& spec, const TransportReply& reply,
                            std::string_view name, std::string_view required) {
  const auto root = colonnade::detail::parse_document(reply.body);
  if (!root) return malformed(spec, reply, root.error().message);
  const auto items = list_in(*root, name);
  if (!items) return malformed(spec, reply, "no list");
  std::vector<T> out;
  simdjson::dom::array elements;
  if (items->get(elements) != simdjson::SUCCESS) return out;
  for (const Element element : elements) {
    if (!element[required].is_string()) {
      return malformed(spec, reply, "an entry lacks \"" + std::string(required) + "\"");
    }
    read(element, out.emplace_back());
  }
  return out;
}

void write_texts(Writer& writer, std::string_view name,
                 const std::map<std::string, std::string>& texts) {
  writer.key(name).object();
  for (const auto& [key, value] : texts) writer.field(key, value);
  writer.end_object();
}

std::string_view name_of(ReasoningEffort effort) {
  switch (effort) {
    case ReasoningEffort::low: return "low";
    case ReasoningEffort::medium: return "medium";
    case ReasoningEffort::high: return "high";
  }
  return "medium";
}

}  // namespace

std::string create_agent(const CreateAgent& request) {
  std::string text;
  Writer writer(text);
  writer.object();
  writer.field("name", request.name).field("description", request.description);
  writer.field("memory_type", to_string(request.memory_type)).end_object();
  return text;
}

std::string update_agent(const UpdateAgent& changes) {
  std::string text;
  Writer writer(text);
  writer.object();
  if (changes.name) writer.field("name", *changes.name);
  if (changes.description) writer.field("description", *changes.description);
  writer.end_object();
  return text;
}

std::string create_conversation(const CreateConversation& request) {
  std::string text;
  Writer writer(text);
  writer.object().field("agent_id", request.agent_id);
  if (!request.title.empty()) writer.field("title", request.title);
  if (!request.thread_id.empty()) writer.field("thread_id", request.thread_id);
  writer.end_object();
  return text;
}

std::string update_conversation(const UpdateConversation& changes) {
  std::string text;
  Writer writer(text);
  writer.object();
  if (changes.title) writer.field("title", *changes.title);
  writer.end_object();
  return text;
}

std::string message(std::string_view content, const MessageOptions& options, bool stream) {
  std::string text;
  Writer writer(text);
  writer.object().field("content", content);
  if (!options.model.empty()) writer.field("model", options.model);
  if (!options.provider.name().empty()) writer.field("provider", options.provider.name());
  if (options.temperature) writer.field("temperature", *options.temperature);
  if (options.max_tokens) writer.field("max_tokens", *options.max_tokens);
  if (options.reasoning_effort) {
    writer.field("reasoning_effort", name_of(*options.reasoning_effort));
  }
  writer.field("stream", stream).end_object();
  return text;
}

std::string create_mcp_server(const CreateMcpServer& request) {
  std::string text;
  Writer writer(text);
  writer.object().field("name", request.name);
  if (request.url.empty()) {
    writer.field("transport", "stdio").key("command").array();
    for (const std::string& word : request.command) writer.value(word);
    writer.end_array();
    if (!request.env.empty()) write_texts(writer, "env", request.env);
  } else {
    writer.field("transport", "http").field("url", request.url);
    if (!request.headers.empty()) write_texts(writer, "headers", request.headers);
  }
  writer.end_object();
  return text;
}

Result<Agent> agent(const CallSpec& spec, const TransportReply& reply) {
  return one<Agent>(spec, reply, {"id", Kind::nonempty_string});
}
Result<Conversation> conversation(const CallSpec& spec, const TransportReply& reply) {
  return one<Conversation>(spec, reply, {"id", Kind::nonempty_string});
}
Result<Message> message(const CallSpec& spec, const TransportReply& reply) {
  return one<Message>(spec, reply, {"content", Kind::string});
}
Result<McpServer> mcp_server(const CallSpec& spec, const TransportReply& reply) {
  return one<McpServer>(spec, reply, {"id", Kind::nonempty_string});
}
Result<std::vector<Agent>> agents(const CallSpec& spec, const TransportReply& reply) {
  return list<Agent>(spec, reply, "agents", "id");
}
Result<std::vector<Conversation>> conversations(const CallSpec& spec, const TransportReply& reply) {
  return list<Conversation>(spec, reply, "conversations", "id");
}
Result<std::vector<Message>> messages(const CallSpec& spec, const TransportReply& reply) {
  return list<Message>(spec, reply, "messages", "content");
}
Result<std::vector<McpServer>> mcp_servers(const CallSpec& spec, const TransportReply& reply) {
  return list<McpServer>(spec, reply, "mcp", "id");
}

Result<bool> healthy(const CallSpec& spec, const TransportReply& reply) {
  const auto root =
      colonnade::detail::open_object(spec, reply, "Phoson", {{"status", Kind::string}});
  if (!root) return root.error();
  std::string status;
  read((*root)["status"].value(), status);
  return status == "ok";
}

Result<Json> any_json(const CallSpec& spec, const TransportReply& reply) {
  if (reply.body.empty()) return Json();
  const auto root = colonnade::detail::parse_document(reply.body);
  if (!root) return malformed(spec, reply, root.error().message);
  return colonnade::detail::to_json(*root);
}

Result<bool> done(const CallSpec&, const TransportReply&) { return true; }

// --- events
// ---------------------------------------------------------------------------------------

namespace {

// All fields any event of the catalogue has (phoson §4.2).
struct EventFields {
  std::string_view type{};
  std::string text{};  // content or message
  std::string tool{};
  std::string tool_call_id{};
  std::string run_id{};
  std::string result{};
  Json input{};
};

EventFields event_fields(Object members) {
  EventFields out;
  for (const auto [key, member] : members) {
    if (key == "type") {
      [[maybe_unused]] const auto error = member.get(out.type);
    } else if (key == "content" || key == "message") {
      read(member, out.text);
    } else if (key == "tool") {
      read(member, out.tool);
    } else if (key == "tool_call_id") {
      read(member, out.tool_call_id);
    } else if (key == "run_id") {
      read(member, out.run_id);
    } else if (key == "result") {
      ResultText result{out.result};
      read(member, result);
    } else if (key == "input") {
      read(member, out.input);
    }
  }
  return out;
}

Event::Value event_value(std::string_view type, EventFields fields, Element whole) {
  if (type == "token") return Token{std::move(fields.text)};
  if (type == "reasoning") return Reasoning{std::move(fields.text)};
  if (type == "tool_start") {
    return ToolStart{std::move(fields.tool), std::move(fields.input),
                     std::move(fields.tool_call_id)};
  }
  if (type == "tool_end") {
    return ToolEnd{std::move(fields.tool), std::move(fields.result),
                   std::move(fields.tool_call_id)};
  }
  if (type == "run_done") return RunDone{std::move(fields.text), std::move(fields.run_id)};
  if (type == "error") return Failed{std::move(fields.text)};
  Json data = colonnade::detail::to_json(whole);
  data.set("type", type);
  return OtherEvent{std::string(type), std::move(data)};
}

}  // namespace

std::optional<Event> event(const base::SseEvent& block) {
  const auto document = colonnade::detail::parse_document(block.data);
  Object members;
  if (!document || document->get(members) != simdjson::SUCCESS) return std::nullopt;
  EventFields fields = event_fields(members);
  std::string_view type = fields.type;
  if (type.data() == nullptr) type = block.type.empty() ? std::string_view("message") : block.type;
  return Event(event_value(type, std::move(fields), *document), std::string(block.data));
}

std::optional<Failure> no_stream(const CallSpec& spec, const TransportOpened& opened) {
  const auto type = colonnade::detail::other_than_event_stream(opened.headers);
  if (!type) return std::nullopt;
  const TransportReply reply{.status = opened.status, .headers = {}, .body = {}};
  return malformed(spec, reply, "its content type is \"" + *type + "\"");
}

}  // namespace wire

std::string_view Event::type() const noexcept {
  static constexpr std::array<std::string_view, std::variant_size_v<Value>> names{
      "token", "reasoning", "tool_start", "tool_end", "run_done", "error", ""};
  if (const auto* other = as<OtherEvent>()) return other->type;
  return names[value_.index()];
}

Json Event::data() const {
  if (const auto* other = as<OtherEvent>()) return other->data;
  Json data = raw_.empty() ? Json::object() : Json::parse(raw_);
  const Json* named = data.find("type");
  if (named == nullptr || !named->is_string()) data.set("type", type());
  return data;
}

}  // namespace colonnade::inline v1::phoson
