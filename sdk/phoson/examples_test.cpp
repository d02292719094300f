// Replays every row of the Phoson example file against both clients: what a client sends must be
// what the row says was asked, and what it makes of the reply must be what the row answers. Skips
// when the file is not there.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>

#include "sdk/phoson/script.hpp"
#include "sdk/result_of.hpp"

namespace colonnade {
namespace {

using phoson_script::AsyncClient;
using phoson_script::Client;
using phoson_script::options_of;

std::vector<Json> load() {
  std::vector<Json> rows;
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/phoson-examples.jsonl");
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) rows.push_back(Json::parse(line));
  }
  return rows;
}

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

Json texts(const std::vector<std::string>& items) {
  Json out = Json::array();
  for (const std::string& item : items) out.push_back(item);
  return out;
}

// What the client made of a reply, under the names of the wire.
Json to_json(const phoson::Agent& agent) {
  EXPECT_TRUE(agent.extra.is_null()) << agent.extra.dump();
  EXPECT_EQ(to_string(agent.memory_type), agent.memory_type_text);
  return {{"id", agent.id},
          {"name", agent.name},
          {"description", agent.description},
          {"memory_type", agent.memory_type_text},
          {"mcp_ids", texts(agent.mcp_ids)},
          {"created_at", to_string(agent.created_at)},
          {"updated_at", to_string(agent.updated_at)}};
}

Json to_json(const phoson::Conversation& conversation) {
  EXPECT_TRUE(conversation.extra.is_null()) << conversation.extra.dump();
  return {{"id", conversation.id},
          {"agent_id", conversation.agent_id},
          {"title", conversation.title},
          {"thread_id", conversation.thread_id},
          {"created_at", to_string(conversation.created_at)},
          {"updated_at", to_string(conversation.updated_at)}};
}

Json to_json(const phoson::Message& message) {
  EXPECT_TRUE(message.extra.is_null()) << message.extra.dump();
  Json calls = Json::array();
  for (const auto& call : message.tool_calls) {
    calls.push_back({{"tool_call_id", call.tool_call_id},
                     {"tool", call.tool},
                     {"input", call.input},
                     {"result", call.result}});
  }
  Json usage;
  if (message.usage) {
    usage = {{"input_tokens", message.usage->input_tokens},
             {"output_tokens", message.usage->output_tokens}};
  }
  return {{"id", message.id},
          {"conversation_id", message.conversation_id},
          {"role", message.role},
          {"content", message.content},
          {"run_id", message.run_id},
          {"provider", or_null(message.provider)},
          {"model", or_null(message.model)},
          {"reasoning", or_null(message.reasoning)},
          {"tool_calls", std::move(calls)},
          {"usage", std::move(usage)},
          {"created_at", to_string(message.created_at)}};
}

Json to_json(const phoson::McpServer& server) {
  EXPECT_TRUE(server.extra.is_null()) << server.extra.dump();
  return {{"id", server.id},
          {"name", server.name},
          {"transport", server.transport},
          {"command", texts(server.command)},
          {"url", or_null(server.url)},
          {"created_at", to_string(server.created_at)}};
}

template <class T>
Json to_json(const std::vector<T>& items) {
  Json out = Json::array();
  for (const T& item : items) out.push_back(to_json(item));
  return out;
}

// --- what a row asks -----------------------------------------------------------------------------

std::optional<std::string> text_in(const Json& body, std::string_view name) {
  const Json* member = body.find(name);
  if (member == nullptr) return std::nullopt;
  return member->as_string();
}

phoson::CreateAgent agent_from(const Json& body) {
  return {.name = body["name"].as_string(),
          .description = body["description"].as_string(),
          .memory_type = body["memory_type"].as_string() == "semantic"
                             ? phoson::MemoryType::semantic
                             : phoson::MemoryType::persistent};
}

phoson::MessageOptions options_from(const Json& body) {
  phoson::MessageOptions options{.model = text_in(body, "model").value_or(""),
                                 .provider = text_in(body, "provider").value_or("")};
  if (body.contains("temperature")) options.temperature = body["temperature"].as_double();
  if (body.contains("max_tokens")) {
    options.max_tokens = static_cast<int>(body["max_tokens"].as_int64());
  }
  if (body.contains("reasoning_effort")) options.reasoning_effort = phoson::ReasoningEffort::medium;
  return options;
}

phoson::CreateMcpServer mcp_server_from(const Json& body) {
  phoson::CreateMcpServer request{.name = body["name"].as_string()};
  for (const Json& word : body["command"].as_array()) request.command.push_back(word.as_string());
  return request;
}

struct Asked {
  std::vector<std::string> ids{};  // in the path, in order
  std::string query{};             // the value of its one parameter
  Json body{};
};

template <class C>
using Method = std::function<Json(const C&, const Asked&)>;

template <class C>
std::map<std::string, Method<C>> agent_methods() {
  const auto of = [](auto value) { return to_json(result_of(std::move(value))); };
  return {
      {"POST /agents",
       [of](const C& c, const Asked& asked) {
         const auto request = agent_from(asked.body);
         return of(c.agents.create(request));
       }},
      {"GET /agents", [of](const C& c, const Asked&) { return of(c.agents.list()); }},
      {"GET /agents/*", [of](const C& c, const Asked& a) { return of(c.agents.get(a.ids[0])); }},
      {"PATCH /agents/*",
       [of](const C& c, const Asked& a) {
         const phoson::UpdateAgent changes{.name = text_in(a.body, "name"),
                                           .description = text_in(a.body, "description")};
         return of(c.agents.update(a.ids[0], changes));
       }},
      {"PUT /agents/*/mcp/*",
       [of](const C& c, const Asked& a) { return of(c.agents.attach_mcp(a.ids[0], a.ids[1])); }},
      {"DELETE /agents/*/mcp/*",
       [of](const C& c, const Asked& a) { return of(c.agents.detach_mcp(a.ids[0], a.ids[1])); }},
      {"POST /mcp", [of](const C& c, const Asked& a) {
         const auto request = mcp_server_from(a.body);
         return of(c.mcp.create(request));
       }}};
}

template <class C>
std::map<std::string, Method<C>> conversation_methods() {
  const auto of = [](auto value) { return to_json(result_of(std::move(value))); };
  return {{"POST /conversations",
           [of](const C& c, const Asked& a) {
             const phoson::CreateConversation request{
                 .agent_id = a.body["agent_id"].as_string(),
                 .title = text_in(a.body, "title").value_or(""),
                 .thread_id = text_in(a.body, "thread_id").value_or("")};
             return of(c.conversations.create(request));
           }},
          {"GET /conversations",
           [of](const C& c, const Asked& a) { return of(c.conversations.list(a.query)); }},
          {"GET /conversations/*",
           [of](const C& c, const Asked& a) { return of(c.conversations.get(a.ids[0])); }},
          {"PATCH /conversations/*",
           [of](const C& c, const Asked& a) {
             const phoson::UpdateConversation changes{.title = text_in(a.body, "title")};
             return of(c.conversations.update(a.ids[0], changes));
           }},
          {"GET /conversations/*/messages",
           [of](const C& c, const Asked& a) { return of(c.messages.list(a.ids[0])); }},
          {"POST /conversations/*/messages", [of](const C& c, const Asked& a) {
             const auto options = options_from(a.body);
             return of(c.messages.send(a.ids[0], a.body["content"].as_string(), options));
           }}};
}

// The methods that give nothing.
void remove_with(const Client& client, const std::string& pattern, const std::string& id) {
  pattern.starts_with("/agents") ? client.agents.remove(id) : client.conversations.remove(id);
}
void remove_with(const AsyncClient& client, const std::string& pattern, const std::string& id) {
  run(pattern.starts_with("/agents") ? client.agents.remove(id) : client.conversations.remove(id));
}

std::vector<Json> stream_with(const Client& client, const Asked& asked,
                              const phoson::MessageOptions& options) {
  std::vector<Json> out;
  for (const auto& event :
       client.messages.stream(asked.ids[0], asked.body["content"].as_string(), options)) {
    out.push_back(event.data());
  }
  return out;
}
Task<std::vector<Json>> collect(AsyncStream<phoson::Event> events) {
  std::vector<Json> out;
  while (auto event = co_await events.next()) out.push_back(event->data());
  co_return out;
}
std::vector<Json> stream_with(const AsyncClient& client, const Asked& asked,
                              const phoson::MessageOptions& options) {
  return run(
      collect(client.messages.stream(asked.ids[0], asked.body["content"].as_string(), options)));
}

// "/agents/*/mcp/*" of a path; what the stars stand for goes into `asked`.
std::string pattern_of(std::string path, Asked& asked) {
  const auto question = path.find('?');
  if (question != std::string::npos) {
    asked.query = path.substr(path.find('=') + 1);
    path.resize(question);
  }
  std::string out;
  bool id = false;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at + 1), path.size());
    if (id) asked.ids.push_back(path.substr(at + 1, end - at - 1));
    out += id ? "/*" : path.substr(at, end - at);
    id = !id;
    at = end;
  }
  return out;
}

// What the typed methods cannot say goes through request().
bool only_by_hand(const Json& row) {
  const std::string& name = row["name"].as_string();
  return name == "create agent with defaults" || name == "create agent bad memory_type" ||
         name == "send bad reasoning_effort";
}

template <class C>
Json perform(const C& c, const Json& row) {
  const std::string path = row["path"].as_string().substr(std::string("/v1").size());
  const std::string& method = row["method"].as_string();
  Asked asked{.ids = {}, .query = {}, .body = row["request"]};
  const std::string pattern = pattern_of(path, asked);
  if (only_by_hand(row)) return result_of(c.request(method, path, asked.body));
  if (row["status"] == Json(204)) {
    remove_with(c, pattern, asked.ids.at(0));
    return {};
  }
  const Json* stream = asked.body.find("stream");
  if (stream != nullptr && stream->as_bool()) {
    Json events = Json::array();
    for (Json& event : stream_with(c, asked, options_from(asked.body))) {
      events.push_back(std::move(event));
    }
    return events;
  }
  auto methods = agent_methods<C>();
  methods.merge(conversation_methods<C>());
  const auto found = methods.find(method + " " + pattern);
  if (found == methods.end()) throw std::runtime_error("no method for this row");
  return found->second(c, asked);
}

// The events in the text of a whole stream, as a reader of the contract finds them.
Json events_in(const std::string& text) {
  Json out = Json::array();
  const std::string mark = "data: ";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    out.push_back(Json::parse(text.substr(at + mark.size(), text.find('\n', at) - at - 6)));
  }
  return out;
}

template <class C>
void replay_call(const C& c, const Json& row) {
  const Json& response = row["response"];
  const auto status = row["status"].as_int64();
  try {
    const Json given = perform(c, row);
    EXPECT_LT(status, 300);
    EXPECT_EQ(given, response.is_string() ? events_in(response.as_string()) : response);
  } catch (const phoson::ApiError& error) {
    EXPECT_EQ(error.status_code(), status);
    EXPECT_EQ(error.detail_json(), response["detail"]);
  }
}

void replay_call(const Json& row) {
  const Json& response = row["response"];
  testing::ScriptedTransport wire;
  auto expected = wire.expect(row["method"].as_string(), row["path"].as_string()).times(2);
  if (response.is_string()) {
    expected.stream({response.as_string()});
  } else {
    expected.reply(static_cast<int>(row["status"].as_int64()),
                   response.is_null() ? "" : response.dump());
  }
  const Client client(options_of(wire));
  replay_call(client, row);
  const AsyncClient async(options_of(wire));
  replay_call(async, row);
  wire.verify();
  for (const auto& sent : wire.requests()) {
    EXPECT_EQ(sent.has_body, !row["request"].is_null());
    if (sent.has_body) {
      EXPECT_EQ(Json::parse(sent.body), row["request"]);
    }
  }
}

void replay_event(const Json& row) {
  const Json& event = row["event"];
  std::string bytes;
  std::vector<Json> expected;
  if (const Json* raw = event.find("raw")) {
    bytes = raw->as_string();
    expected = event["yields"].as_array();
  } else {
    bytes = "event: " + event["event"].as_string() + "\ndata: " + event["data"].dump() + "\n\n";
    expected = {event["data"]};
  }
  const auto ran = phoson_script::stream_with_both({bytes});
  EXPECT_EQ(ran.events, expected);
  // A stream is whole when its last event is a final one.
  const std::string& last = expected.back()["type"].as_string();
  const bool whole = last == "run_done" || last == "error";
  EXPECT_EQ(ran.kind, whole ? TransportErrorKind::none : TransportErrorKind::reset) << ran.thrown;
}

TEST(PhosonExamples, every_row) {
  const std::vector<Json> rows = load();
  if (rows.empty()) GTEST_SKIP() << "no phoson-examples.jsonl in " << COLONNADE_CONTRACTS;
  for (const Json& row : rows) {
    SCOPED_TRACE(row["name"].as_string());
    row.contains("event") ? replay_event(row) : replay_call(row);
  }
  EXPECT_GE(rows.size(), 50U);
}

}  // namespace
}  // namespace colonnade
