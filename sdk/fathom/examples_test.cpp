// Replays every row of the Fathom example file against both clients: what the client sends must be
// what the row says was asked, and what it makes of the reply must be what the row answers. Skips
// when the file is not there.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>

#include "colonnade/fathom.hpp"
#include "colonnade/testing.hpp"

namespace colonnade {
namespace {

using fathom::AsyncClient;
using fathom::Client;

struct Rows {
  std::vector<Json> rows;
  bool found = false;
};

Rows load() {
  Rows out;
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/fathom-examples.jsonl");
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    out.found = true;
    out.rows.push_back(Json::parse(line));
  }
  return out;
}

struct Asked {
  std::string id;     // of the thread or device in the path
  std::string query;  // with its question mark
  Json body;
};

// What a method gave, as the JSON the row's response has: only the fields the row names are
// compared.
using Sync = std::function<Json(const Client&, const Asked&)>;

Json text_or_absent(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json to_json(const fathom::Thread& thread) {
  Json out{{"id", thread.id},
           {"user_id", thread.user_id},
           {"title", thread.title},
           {"created_at", fathom::to_string(thread.created_at)},
           {"updated_at", fathom::to_string(thread.updated_at)}};
  if (thread.model) out.set("model", *thread.model);
  if (thread.deleted_at) out.set("deleted_at", fathom::to_string(*thread.deleted_at));
  EXPECT_TRUE(thread.extra.is_null());
  return out;
}

Json to_json(const fathom::Message& message) {
  Json out{{"id", message.id},
           {"thread_id", message.thread_id},
           {"role", message.role},
           {"content", message.content},
           {"created_at", fathom::to_string(message.created_at)}};
  if (message.device_id) out.set("device_id", *message.device_id);
  if (!message.metadata.is_null()) out.set("metadata", message.metadata);
  EXPECT_TRUE(message.extra.is_null());
  return out;
}

Json to_json(const fathom::Device& device) {
  return {{"id", device.id},
          {"name", device.name},
          {"user_id", device.user_id},
          {"created_at", fathom::to_string(device.created_at)},
          {"last_seen", fathom::to_string(device.last_seen)}};
}

template <class T>
Json to_json(const std::vector<T>& items) {
  Json out = Json::array();
  for (const T& item : items) out.push_back(to_json(item));
  return out;
}

Json send(const Client& client, const Asked& asked) {
  const Json* correlation = asked.body.find("clientMessageId");
  const auto reply = client.threads.send(
      asked.id, fathom::SendMessage{
                    .text = asked.body["text"].as_string(),
                    .client_message_id = correlation == nullptr ? "" : correlation->as_string()});
  return {{"user_message", to_json(reply.user_message)},
          {"agent_message", to_json(reply.agent_message)},
          {"session_id", text_or_absent(reply.session_id)}};
}

Json get_thread(const Client& client, const Asked& asked) {
  const auto detail = client.threads.get(asked.id);
  return {{"thread", to_json(detail.thread)},
          {"messages", to_json(detail.messages)},
          {"running", detail.running}};
}

Json watch(const Client& client, const Asked& asked) {
  const auto device = client.pair_watch(asked.query.substr(asked.query.find('=') + 1));
  if (!device) throw fathom::HttpError(Failure{.kind = ErrorKind::http, .status = 408});
  return {{"claimed", true}, {"device", to_json(*device)}};
}

Json page(const Client& client, const Asked& asked) {
  EXPECT_EQ(asked.query, "?after=2026-05-24T05%3A33%3A44.601602Z&limit=10");
  const fathom::Timestamp after(std::chrono::sys_days(std::chrono::May / 24 / 2026) +
                                std::chrono::hours(5) + std::chrono::minutes(33) +
                                std::chrono::microseconds(44'601'602));
  return {{"messages", to_json(client.threads.messages(asked.id, {.after = after, .limit = 10}))}};
}

Json health(const Client& client, const Asked&) {
  const auto health = client.health();
  return {{"status", health.status},
          {"version", health.version},
          {"uptime", health.uptime_seconds},
          {"sessions", health.sessions},
          {"timestamp", fathom::to_string(health.timestamp)},
          {"mode", health.mode},
          {"profile", health.profile},
          {"features", health.features}};
}

Json usage(const Client& client, const Asked& asked) {
  const auto usage = client.threads.usage(asked.id);
  return {{"thread_id", usage.thread_id},
          {"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.total_tokens},
          {"message_count", usage.message_count}};
}

Json claim(const Client& client, const Asked& asked) {
  const auto claim = client.pair({.code = asked.body["code"].as_string(),
                                  .device_name = asked.body["device_name"].as_string()});
  return {
      {"token", claim.token}, {"device_id", claim.device_id}, {"device_name", claim.device_name}};
}

// Verb and path, with `*` for an id, to the method that sends it.
const std::map<std::string, Sync>& methods() {
  static const std::map<std::string, Sync> table{
      {"GET /threads",
       [](const Client& c, const Asked&) { return Json{{"threads", to_json(c.threads.list())}}; }},
      {"POST /threads",
       [](const Client& c, const Asked& a) {
         const Json* title = a.body.find("title");
         return to_json(c.threads.create(title == nullptr ? "" : title->as_string()));
       }},
      {"GET /threads/*", get_thread},
      {"POST /threads/*/messages", send},
      {"DELETE /threads/*",
       [](const Client& c, const Asked& a) {
         c.threads.remove(a.id);
         return Json{{"deleted", a.id}};
       }},
      {"POST /threads/*/restore",
       [](const Client& c, const Asked& a) {
         c.threads.restore(a.id);
         return Json{{"restored", a.id}};
       }},
      {"PATCH /threads/*",
       [](const Client& c, const Asked& a) {
         return Json{{"id", a.id}, {"title", c.threads.rename(a.id, a.body["title"].as_string())}};
       }},
      {"GET /threads/*/messages", page},
      {"GET /threads/*/usage", usage},
      {"POST /pair/start",
       [](const Client& c, const Asked&) {
         const auto code = c.pair_start();
         return Json{{"code", code.code}, {"expires_at", fathom::to_string(code.expires_at)}};
       }},
      {"POST /pair/claim", claim},
      {"GET /pair/watch", watch},
      {"GET /devices",
       [](const Client& c, const Asked&) { return Json{{"devices", to_json(c.devices.list())}}; }},
      {"DELETE /devices/*",
       [](const Client& c, const Asked& a) {
         c.devices.revoke(a.id);
         return Json{{"revoked", a.id}};
       }},
      {"GET /health", health},
  };
  return table;
}

// "/api/v1/threads/7d0c…/messages?x" to "/threads/*/messages", its id and its query.
std::string pattern_of(std::string path, Asked& asked) {
  const auto api = path.find("/api/v1");
  path = path.substr(api + 7);
  const auto question = path.find('?');
  if (question != std::string::npos) {
    asked.query = path.substr(question);
    path.resize(question);
  }
  for (const char* collection : {"/threads/", "/devices/"}) {
    if (!path.starts_with(collection)) continue;
    const auto start = std::string(collection).size();
    const auto end = std::min(path.find('/', start), path.size());
    asked.id = path.substr(start, end - start);
    path.replace(start, end - start, "*");
  }
  return path;
}

// What the typed methods cannot send goes through request(): broken JSON, wrong verbs, junk
// bookmarks.
bool only_by_hand(const Json& row) {
  const std::string& name = row["name"].as_string();
  return name == "create malformed json" || name == "create with empty object" ||
         name == "messages bad bookmark" || name.starts_with("wrong verb");
}

void replay_call(const Json& row) {
  const std::string path = row["path"].as_string();
  const std::string method = row["method"].as_string();
  const int status = static_cast<int>(row["status"].as_int64());
  const std::string body = row["response"].dump();
  testing::ScriptedTransport wire;
  wire.expect(method, path).reply(status, body);
  const Client client{{.base_url = "http://test" + path.substr(0, path.find("/api/v1")),
                       .token = "t",
                       .http = {.transport = wire.transport()}}};
  Asked asked{.id = {}, .query = {}, .body = row["request"]};
  const std::string pattern = pattern_of(path, asked);
  const auto call = [&]() -> Json {
    if (only_by_hand(row)) {
      return client.request(method, path.substr(path.find("/api/v1") + 7), asked.body);
    }
    const auto found = methods().find(method + " " + pattern);
    if (found == methods().end()) throw std::runtime_error("no method for this row");
    return found->second(client, asked);
  };
  try {
    const Json given = call();
    EXPECT_EQ(status, 200);
    EXPECT_EQ(given, row["response"]);
  } catch (const fathom::UnauthorizedError& error) {
    EXPECT_EQ(status, 401);
    EXPECT_EQ(error.body(), body);
  } catch (const fathom::HttpError& error) {
    EXPECT_EQ(error.status(), status);
    if (status != 408) {
      EXPECT_EQ(error.body(), body);
    }
  }
  wire.verify();
  const auto sent = wire.requests().at(0);
  EXPECT_EQ(sent.has_body, !row["request"].is_null());
  if (sent.has_body) {
    EXPECT_EQ(Json::parse(sent.body), row["request"]);
  }
}

Task<std::vector<Json>> collect(const AsyncClient* client) {
  std::vector<Json> out;
  auto events = client->threads.stream("t1");
  while (auto event = co_await events.next()) {
    out.push_back(event->data());
  }
  co_return out;
}

void replay_event(const Json& row) {
  const Json& event = row["event"];
  std::string bytes;
  std::vector<Json> expected;
  if (const Json* raw = event.find("raw")) {
    bytes = raw->as_string();
    expected = event["yields"].as_array();
  } else {
    const std::string& name = event["event"].as_string();
    bytes = "event: " + name + "\ndata: " + event["data"].dump() + "\n\n";
    Json data = event["data"];
    data.set("type", name);
    expected = {data};
  }
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream").stream({bytes}).times(2);
  const fathom::Options options{
      .base_url = "http://test", .token = "t", .http = {.transport = wire.transport()}};
  const Client client(options);
  std::vector<Json> given;
  for (const auto& got : client.threads.stream("t1")) {
    given.push_back(got.data());
    EXPECT_EQ(got.type(), given.back()["type"].as_string());
    // Of the catalogue every kind has a type of its own.
    EXPECT_EQ(got.as<fathom::OtherEvent>(), nullptr) << got.type();
  }
  EXPECT_EQ(given, expected);
  const AsyncClient async(options);
  EXPECT_EQ(run(collect(&async)), expected);
}

TEST(FathomExamples, every_row) {
  const Rows examples = load();
  if (!examples.found) GTEST_SKIP() << "no fathom-examples.jsonl in " << COLONNADE_CONTRACTS;
  int rows = 0;
  for (const Json& row : examples.rows) {
    SCOPED_TRACE(row["name"].as_string());
    if (row.contains("event")) {
      replay_event(row);
    } else {
      replay_call(row);
    }
    ++rows;
  }
  EXPECT_GE(rows, 50);
}

}  // namespace
}  // namespace colonnade
