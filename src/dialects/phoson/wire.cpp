#include "dialects/phoson/wire.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/secret_text.hpp"
#include "core/limits.hpp"
#include "dialects/phoson/limits.hpp"

namespace colonnade::dialects::phoson {
namespace {

using base::Json;
using base::JsonWriter;

constexpr std::string_view default_title = "New Conversation";  // §2
constexpr std::string_view failure_mark = "Error: ";            // §4.2

std::unexpected<net::Response> wrong(std::string field, std::string message,
                                     std::string_view type) {
  return std::unexpected(error_response(
      Fault{.field = std::move(field), .message = std::move(message), .type = type}));
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos;
}

Decoded<Json> parse_object(std::string_view body) {
  auto tree = base::parse_json(body, "body");
  if (!tree) return std::unexpected(error_response(400, "Malformed JSON"));
  if (!tree->is_object()) return wrong({}, "must be an object", "object");
  return std::move(*tree);
}

// nullptr when the key is absent or null.
const Json* find(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Decoded<std::optional<std::string>> text_of(const Json& object, const std::string& name) {
  const Json* value = find(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return wrong(name, "must be a string", "string");
  return value->get<std::string>();
}

// A text that must say something, of `characters_max` characters at most.
Decoded<std::optional<std::string>> label_of(const Json& object, const std::string& name,
                                             std::size_t characters_max) {
  auto text = text_of(object, name);
  if (!text || !*text) return text;
  if (is_blank(**text)) return wrong(name, "must not be blank", "blank");
  if (characters(**text) > characters_max) {
    return wrong(name, "must have at most " + std::to_string(characters_max) + " characters",
                 "too_long");
  }
  return text;
}

template <class Value>
Decoded<Value> required(Decoded<std::optional<Value>> value, const std::string& name) {
  if (!value) return std::unexpected(std::move(value.error()));
  if (!*value) return wrong(name, "is required", "missing");
  return std::move(**value);
}

Decoded<std::optional<std::string>> word_of(const Json& object, const std::string& name,
                                            std::initializer_list<std::string_view> words) {
  auto text = text_of(object, name);
  if (!text || !*text || std::ranges::find(words, **text) != words.end()) return text;
  std::string listed;
  for (const std::string_view word : words) {
    if (!listed.empty()) listed += ", ";
    listed += word;
  }
  return wrong(name, "must be one of: " + listed, "enum");
}

Decoded<std::optional<std::map<std::string, std::string>>> texts_of(const Json& object,
                                                                    const std::string& name) {
  const Json* value = find(object, name);
  if (value == nullptr) return std::nullopt;
  std::map<std::string, std::string> out;
  if (!value->is_object()) return wrong(name, "must be an object of strings", "object");
  for (const auto& [key, text] : value->items()) {
    if (!text.is_string()) return wrong(name, "must be an object of strings", "object");
    out.emplace(key, text.get<std::string>());
  }
  return out;
}

Decoded<std::vector<std::string>> command_of(const Json& object) {
  const Json* value = find(object, "command");
  std::vector<std::string> out;
  if (value == nullptr) return out;
  const auto is_text = [](const Json& part) { return part.is_string(); };
  if (!value->is_array() || !std::ranges::all_of(*value, is_text)) {
    return wrong("command", "must be an array of strings", "array");
  }
  for (const Json& part : *value) out.push_back(part.get<std::string>());
  return out;
}

// The options of a message (§3.2).
Decoded<core::ModelSettings> settings_of(const Json& object) {
  core::ModelSettings out;
  auto model = label_of(object, "model", limits::phoson_name_characters_max);
  if (!model) return std::unexpected(std::move(model.error()));
  out.model = std::move(*model);
  auto provider = label_of(object, "provider", limits::phoson_name_characters_max);
  if (!provider) return std::unexpected(std::move(provider.error()));
  out.provider = std::move(*provider);
  if (const Json* value = find(object, "temperature")) {
    if (!value->is_number()) return wrong("temperature", "must be a number", "number");
    out.temperature = value->get<double>();
    if (!(*out.temperature >= 0 && *out.temperature <= 2)) {
      return wrong("temperature", "must be between 0 and 2", "range");
    }
  }
  if (const Json* value = find(object, "max_tokens")) {
    const bool is_whole =
        value->is_number_integer() ||
        (value->is_number_float() && std::trunc(value->get<double>()) == value->get<double>());
    if (!is_whole) return wrong("max_tokens", "must be an integer", "integer");
    const double number = value->get<double>();
    if (!(number >= 1 && number <= limits::phoson_max_tokens_max)) {
      return wrong("max_tokens",
                   "must be between 1 and " + std::to_string(limits::phoson_max_tokens_max),
                   "range");
    }
    out.max_output_tokens = static_cast<int>(number);
  }
  auto effort = word_of(object, "reasoning_effort", {"low", "medium", "high"});
  if (!effort) return std::unexpected(std::move(effort.error()));
  out.reasoning_effort = std::move(*effort);
  return out;
}

bool accepts_events(const net::Request& request) {
  return std::ranges::any_of(request.headers, [](const net::Header& header) {
    return net::same_ignoring_case(header.name, "Accept") &&
           header.value.find("text/event-stream") != std::string::npos;
  });
}

Decoded<std::size_t> number_in(const net::Request& request, const std::string& name,
                               std::size_t otherwise, std::size_t min, std::size_t max) {
  const auto text = request.query_parameter(name);
  if (!text) return otherwise;
  std::size_t out = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  const bool is_number = error == std::errc{} && end == text->data() + text->size();
  if (is_number && out >= min && out <= max) return out;
  return std::unexpected(
      error_response(Fault{.field = name,
                           .message = "must be an integer between " + std::to_string(min) +
                                      " and " + std::to_string(max),
                           .type = "range",
                           .in = "query"}));
}

void write_text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  if (text.empty()) {
    json.key(name).null();
  } else {
    json.field(name, text);
  }
}

void write_agent(JsonWriter& json, const core::Agent& agent) {
  json.object();
  json.field("id", agent.id.empty() ? core::default_agent_id : std::string_view(agent.id));
  json.field("name", agent.name).field("description", agent.description);
  const bool is_semantic = agent.memory == core::AgentMemory::semantic;
  json.field("memory_type", is_semantic ? "semantic" : "persistent");
  json.key("mcp_ids").array();
  for (const std::string& id : agent.tool_servers) json.value(id);
  json.end_array();
  json.field("created_at", base::to_rfc3339(agent.created_at));
  json.field("updated_at", base::to_rfc3339(agent.updated_at)).end_object();
}

void write_conversation(JsonWriter& json, const core::Thread& thread) {
  const std::string id = base::uuid_form(thread.id);
  json.object().field("id", id);
  json.field("agent_id",
             thread.agent_id.empty() ? core::default_agent_id : std::string_view(thread.agent_id));
  json.field("title", thread.title.empty() ? default_title : std::string_view(thread.title));
  json.field("thread_id", thread.label.empty() ? id : thread.label);
  json.field("created_at", base::to_rfc3339(thread.created_at));
  json.field("updated_at", base::to_rfc3339(thread.updated_at)).end_object();
}

// The result of the call at `index`: providers use an id again between rounds, so the next one.
const core::ToolResultPart* result_of(const std::vector<core::Part>& parts, std::size_t index) {
  const auto& call = std::get<core::ToolCallPart>(parts[index]);
  for (std::size_t i = index + 1; i < parts.size(); ++i) {
    const auto* result = std::get_if<core::ToolResultPart>(&parts[i]);
    if (result != nullptr && result->call_id == call.call_id) return result;
  }
  return nullptr;
}

void write_tool_calls(JsonWriter& json, const std::vector<core::Part>& parts) {
  json.key("tool_calls").array();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto* call = std::get_if<core::ToolCallPart>(&parts[i]);
    if (call == nullptr) continue;
    json.object().field("tool_call_id", call->call_id).field("tool", call->tool);
    json.key("input").value(call->arguments);
    const core::ToolResultPart* result = result_of(parts, i);
    if (result == nullptr) {
      json.key("result").null();
    } else {
      json.field("result", result_text(result->content, result->is_error));
    }
    json.end_object();
  }
  json.end_array();
}

void write_message(JsonWriter& json, const core::Message& message) {
  const bool is_answer = message.role == core::Role::assistant;
  std::string reasoning;
  for (const core::Part& part : message.parts) {
    if (const auto* thought = std::get_if<core::ReasoningPart>(&part)) reasoning += thought->text;
  }
  json.object().field("id", base::uuid_form(message.id));
  json.field("conversation_id", base::uuid_form(message.thread_id));
  json.field("role", core::to_string(message.role));
  json.field("content", is_answer ? answer_text(message.parts) : core::visible_text(message.parts));
  json.field("run_id", base::uuid_form(message.run_id));
  write_text_or_null(json, "provider", is_answer ? message.provider : std::string());
  write_text_or_null(json, "model", is_answer ? message.model : std::string());
  write_text_or_null(json, "reasoning", reasoning);
  write_tool_calls(json, message.parts);
  if (message.usage) {
    json.key("usage").object().field("input_tokens", message.usage->input_tokens);
    json.field("output_tokens", message.usage->output_tokens).end_object();
  } else {
    json.key("usage").null();
  }
  json.field("created_at", base::to_rfc3339(message.created_at)).end_object();
}

void write_tool_server(JsonWriter& json, const core::ToolServer& server) {
  json.object().field("id", server.id).field("name", server.name);
  json.field("transport", core::to_string(server.transport));
  if (server.transport == core::ToolServerTransport::stdio) {
    json.key("command").array();
    for (const std::string& part : base::hide_secrets_in_command(server.command)) json.value(part);
    json.end_array().key("url").null();
  } else {
    json.key("command").null().field("url", base::hide_secrets_in_url(server.url));
  }
  json.field("created_at", base::to_rfc3339(server.created_at)).end_object();
}

template <class Value>
std::string encode_one(const Value& value, void (*write)(JsonWriter&, const Value&)) {
  std::string out;
  JsonWriter json(out);
  write(json, value);
  return out;
}

template <class Value>
std::string encode_all(std::span<const Value> values, void (*write)(JsonWriter&, const Value&)) {
  std::string out;
  JsonWriter json(out);
  json.array();
  for (const Value& value : values) write(json, value);
  json.end_array();
  return out;
}

}  // namespace

// --- in -----------------------------------------------------------------------------------------

Decoded<core::NewAgent> decode_new_agent(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return std::unexpected(object.error());
  auto name = required(label_of(*object, "name", limits::phoson_name_characters_max), "name");
  if (!name) return std::unexpected(std::move(name.error()));
  auto description = text_of(*object, "description");
  if (!description) return std::unexpected(std::move(description.error()));
  const auto memory = word_of(*object, "memory_type", {"persistent", "semantic"});
  if (!memory) return std::unexpected(memory.error());
  return core::NewAgent{.name = std::move(*name),
                        .description = std::move(*description).value_or(""),
                        .memory = *memory == "semantic" ? core::AgentMemory::semantic
                                                        : core::AgentMemory::persistent};
}

Decoded<core::AgentChange> decode_agent_change(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return std::unexpected(object.error());
  for (const char* fixed : {"memory_type", "mcp_ids"}) {
    if (object->contains(fixed)) return wrong(fixed, "cannot be changed here", "immutable");
  }
  auto name = label_of(*object, "name", limits::phoson_name_characters_max);
  if (!name) return std::unexpected(std::move(name.error()));
  auto description = text_of(*object, "description");
  if (!description) return std::unexpected(std::move(description.error()));
  return core::AgentChange{.name = std::move(*name), .description = std::move(*description)};
}

Decoded<core::NewThread> decode_new_conversation(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return std::unexpected(object.error());
  auto agent_id = required(text_of(*object, "agent_id"), "agent_id");
  if (!agent_id) return std::unexpected(std::move(agent_id.error()));
  auto title = label_of(*object, "title", limits::phoson_title_characters_max);
  if (!title) return std::unexpected(std::move(title.error()));
  auto label = label_of(*object, "thread_id", limits::phoson_label_characters_max);
  if (!label) return std::unexpected(std::move(label.error()));
  return core::NewThread{.title = std::move(*title).value_or(std::string(default_title)),
                         .agent_id = std::move(*agent_id),
                         .label = std::move(*label).value_or("")};
}

Decoded<std::optional<std::string>> decode_title(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return std::unexpected(object.error());
  return label_of(*object, "title", limits::phoson_title_characters_max);
}

Decoded<core::NewToolServer> decode_new_tool_server(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return std::unexpected(object.error());
  auto name = required(text_of(*object, "name"), "name");
  if (!name) return std::unexpected(std::move(name.error()));
  auto transport = required(word_of(*object, "transport", {"stdio", "http"}), "transport");
  if (!transport) return std::unexpected(std::move(transport.error()));
  auto command = command_of(*object);
  if (!command) return std::unexpected(std::move(command.error()));
  auto url = text_of(*object, "url");
  if (!url) return std::unexpected(std::move(url.error()));
  auto environment = texts_of(*object, "env");
  if (!environment) return std::unexpected(std::move(environment.error()));
  auto headers = texts_of(*object, "headers");
  if (!headers) return std::unexpected(std::move(headers.error()));
  core::NewToolServer out{.name = std::move(*name),
                          .transport = *core::tool_server_transport_from(*transport),
                          .command = std::move(*command),
                          .url = std::move(*url).value_or("")};
  if (*environment) out.secrets.environment = std::move(**environment);
  if (*headers) out.secrets.headers = std::move(**headers);
  return out;
}

Decoded<SendBody> decode_send(const net::Request& request) {
  const auto object = parse_object(request.body);
  if (!object) return std::unexpected(object.error());
  auto content = required(text_of(*object, "content"), "content");
  if (!content) return std::unexpected(std::move(content.error()));
  if (content->empty()) return wrong("content", "must not be empty", "empty");
  auto settings = settings_of(*object);
  if (!settings) return std::unexpected(std::move(settings.error()));
  SendBody out{.content = std::move(*content), .settings = std::move(*settings)};
  const Json* stream = find(*object, "stream");
  if (stream != nullptr && !stream->is_boolean()) {
    return wrong("stream", "must be true or false", "boolean");
  }
  out.stream = stream != nullptr ? stream->get<bool>() : accepts_events(request);
  return out;
}

Decoded<ListQuery> decode_list(const net::Request& request) {
  constexpr std::size_t any = 1'000'000'000;
  const auto limit = number_in(request, "limit", limits::list_rows_max, 1, limits::list_rows_max);
  if (!limit) return std::unexpected(limit.error());
  const auto offset = number_in(request, "offset", 0, 0, any);
  if (!offset) return std::unexpected(offset.error());
  return ListQuery{.limit = *limit, .offset = *offset};
}

std::string conversation_id(const net::Request& request) {
  return base::plain_form(request.path_parameters.front());
}

std::string stored_agent_id(std::string_view id) {
  return id == core::default_agent_id ? std::string() : std::string(id);
}

// --- out ----------------------------------------------------------------------------------------

std::string encode_agent(const core::Agent& agent) { return encode_one(agent, write_agent); }
std::string encode_conversation(const core::Thread& thread) {
  return encode_one(thread, write_conversation);
}
std::string encode_conversations(std::span<const core::Thread> threads) {
  return encode_all(threads, write_conversation);
}
std::string encode_message(const core::Message& message) {
  return encode_one(message, write_message);
}
std::string encode_tool_server(const core::ToolServer& server) {
  return encode_one(server, write_tool_server);
}
std::string encode_tool_servers(std::span<const core::ToolServer> servers) {
  return encode_all(servers, write_tool_server);
}

std::string answer_text(const std::vector<core::Part>& parts) {
  const auto is_tool = [](const core::Part& part) {
    return std::holds_alternative<core::ToolCallPart>(part) ||
           std::holds_alternative<core::ToolResultPart>(part);
  };
  const auto last = std::find_if(parts.rbegin(), parts.rend(), is_tool);
  return core::visible_text(std::vector<core::Part>(last.base(), parts.end()));
}

std::string result_text(std::string_view result, bool is_error) {
  if (!is_error || result.starts_with(failure_mark)) return std::string(result);
  return std::string(failure_mark) + std::string(result);
}

std::string failure_text(core::RunState state, std::string_view error) {
  if (error.starts_with(core::out_of_rounds)) return "Iteration limit reached";
  if (!error.empty()) return std::string(error);
  return state == core::RunState::cancelled ? "cancelled" : "the run failed";
}

}  // namespace colonnade::dialects::phoson
