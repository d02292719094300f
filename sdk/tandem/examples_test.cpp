// Replays every row of the Tandem example file against both clients: what a client sends must be
// what the row says was asked, and what it makes of the reply must be what the row answers. Rows of
// namespaces that the client has no types for go through request(). Skips when the file is not
// there.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "sdk/result_of.hpp"
#include "sdk/tandem/replay.hpp"
#include "sdk/tandem/replay_routines.hpp"
#include "sdk/tandem/script.hpp"
#include "sdk/tandem/values_to_wire.hpp"

namespace colonnade {
namespace {

using tandem::wire_of;
using tandem::without_nulls;
using namespace tandem_replay;
using tandem_script::AsyncClient;
using tandem_script::Client;
using tandem_script::options_of;

std::vector<Json> load() {
  std::vector<Json> rows;
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/tandem-examples.jsonl");
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) rows.push_back(Json::parse(line));
  }
  return rows;
}

tandem::CreateSession session_from(const Json& body) {
  tandem::CreateSession request{.title = body["title"].as_string(),
                                .directory = body["directory"].as_string()};
  if (const Json* model = body.find("model")) {
    request.provider = (*model)["providerID"].as_string();
    request.model = (*model)["modelID"].as_string();
  }
  return request;
}

std::vector<tandem::PromptPart> parts_from(const Json& body) {
  std::vector<tandem::PromptPart> out;
  for (const Json& part : body["parts"].as_array()) {
    if (part["type"].as_string() == "text") {
      out.push_back(tandem::TextPart{part["text"].as_string()});
    } else {
      out.push_back(tandem::FilePart{.mime = part["mime"].as_string(),
                                     .filename = part["filename"].as_string(),
                                     .url = part["url"].as_string()});
    }
  }
  return out;
}

tandem::PromptOptions prompt_options_from(const Json& body) {
  tandem::PromptOptions options{.tool_allowlist = texts_in(body, "toolAllowlist")};
  if (body.contains("toolMode")) options.tool_mode = tandem::ToolMode::required;
  if (body.contains("contextMode")) options.context_mode = tandem::ContextMode::compact;
  return options;
}

tandem::PermissionReply reply_from(const Json& body) {
  return body["reply"].as_string() == "allow" ? tandem::PermissionReply::allow
                                              : tandem::PermissionReply::deny;
}

Json events_to_json(const std::vector<tandem::Event>& events) {
  Json out = Json::array();
  for (const auto& event : events) out.push_back(event.data());
  return out;
}

template <class C>
Methods<C> engine_methods() {
  const auto of = [](auto value) { return wire_of(result_of(std::move(value))); };
  return {{"GET /global/health", [of](const C& c, const Asked&) { return of(c.health()); }},
          {"GET /tool/ids", [of](const C& c, const Asked&) { return of(c.list_tool_ids()); }},
          {"GET /tool", [of](const C& c, const Asked&) { return of(c.list_tools()); }},
          {"POST /tool/execute",
           [of](const C& c, const Asked& a) {
             return of(c.execute_tool(a.body["tool"].as_string(), a.body["args"]));
           }},
          {"GET /run/*/events",
           [](const C& c, const Asked& a) {
             const tandem::RunEventsQuery query{.since_seq = number_in(a, "since_seq"),
                                                .tail = number_in(a, "tail")};
             return events_to_json(result_of(c.run_events(a.ids[0], query)));
           }},
          {"GET /permission", [of](const C& c, const Asked&) { return of(c.permissions.list()); }},
          {"POST /permission/*/reply",
           [of](const C& c, const Asked& a) {
             return of(c.permissions.reply(a.ids[0], reply_from(a.body)));
           }},
          {"GET /question", [of](const C& c, const Asked&) { return of(c.questions.list()); }},
          {"POST /question/*/reply", [of](const C& c, const Asked& a) {
             return of(c.questions.reply(a.ids[0], a.body["answer"].as_string()));
           }}};
}

Json session_list(const tandem::SessionList& list, bool bare) {
  Json sessions = Json::array();
  for (const auto& session : list.sessions) sessions.push_back(wire_of(session, !bare));
  if (bare) return sessions;
  return {{"sessions", std::move(sessions)}, {"count", list.count}};
}

template <class C>
Methods<C> session_methods() {
  const auto of = [](auto value) { return wire_of(result_of(std::move(value))); };
  return {
      {"GET /session",
       [](const C& c, const Asked& a) {
         tandem::ListSessions filter{.q = text_in(a, "q"),
                                     .page = number_in(a, "page"),
                                     .page_size = number_in(a, "page_size"),
                                     .scope = text_in(a, "scope"),
                                     .workspace = text_in(a, "workspace")};
         if (a.query.contains("archived")) filter.archived = text_in(a, "archived") == "true";
         const auto list = result_of(c.sessions.list(filter));
         return session_list(list, a.query.empty());
       }},
      {"GET /session/*", [of](const C& c, const Asked& a) { return of(c.sessions.get(a.ids[0])); }},
      {"PATCH /session/*",
       [of](const C& c, const Asked& a) {
         const tandem::UpdateSession changes{.title = a.body["title"].as_string(),
                                             .archived = a.body["archived"].as_bool()};
         return of(c.sessions.update(a.ids[0], changes));
       }},
      {"GET /session/*/message",
       [of](const C& c, const Asked& a) { return of(c.sessions.messages(a.ids[0])); }},
      {"GET /session/*/todo",
       [of](const C& c, const Asked& a) { return of(c.sessions.todos(a.ids[0])); }},
      {"GET /session/*/run",
       [of](const C& c, const Asked& a) { return of(c.sessions.active_run(a.ids[0])); }},
      {"POST /session/*/prompt_async",
       [of](const C& c, const Asked& a) {
         const auto parts = parts_from(a.body);
         const auto options = prompt_options_from(a.body);
         return of(c.sessions.prompt_async_parts(a.ids[0], parts, options));
       }},
      {"POST /session/*/prompt_sync",
       [](const C& c, const Asked& a) {
         const std::string text = a.body["parts"][0]["text"].as_string();
         return Json{{"reply", result_of(c.sessions.prompt_sync(a.ids[0], text))}};
       }},
      {"POST /session/*/abort",
       [of](const C& c, const Asked& a) { return of(c.sessions.abort(a.ids[0])); }},
      {"POST /session/*/cancel",
       [of](const C& c, const Asked& a) { return of(c.sessions.cancel(a.ids[0])); }},
      {"POST /session/*/run/*/cancel",
       [of](const C& c, const Asked& a) { return of(c.sessions.cancel_run(a.ids[0], a.ids[1])); }},
      {"POST /session/*/fork",
       [of](const C& c, const Asked& a) { return of(c.sessions.fork(a.ids[0])); }},
      {"GET /session/*/children",
       [of](const C& c, const Asked& a) {
         const Json children = of(c.sessions.children(a.ids[0]));
         return Json{{"sessions", children}, {"count", children.size()}};
       }},
      {"GET /session/*/diff",
       [of](const C& c, const Asked& a) { return of(c.sessions.diff(a.ids[0])); }},
      {"POST /session/*/revert",
       [of](const C& c, const Asked& a) { return of(c.sessions.revert(a.ids[0])); }},
      {"POST /session/*/unrevert",
       [of](const C& c, const Asked& a) { return of(c.sessions.unrevert(a.ids[0])); }},
      {"POST /session/*/summarize",
       [of](const C& c, const Asked& a) { return of(c.sessions.summarize(a.ids[0])); }},
      {"POST /session/*/attach", [of](const C& c, const Asked& a) {
         return of(c.sessions.attach(a.ids[0], a.body["target_workspace"].as_string()));
       }}};
}

template <class C>
Methods<C> service_methods() {
  const auto of = [](auto value) { return wire_of(result_of(std::move(value))); };
  return {
      {"GET /provider", [of](const C& c, const Asked&) { return of(c.providers.catalog()); }},
      {"GET /config/providers",
       [of](const C& c, const Asked&) { return of(c.providers.config()); }},
      {"GET /provider/auth",
       [of](const C& c, const Asked&) {
         return Json{{"providers", of(c.providers.auth_status())}};
       }},
      {"PATCH /global/config",
       [](const C& c, const Asked& a) {
         return result_of(c.config.patch_global(a.body)).effective;
       }},
      {"GET /mcp", [of](const C& c, const Asked&) { return of(c.mcp.list()); }},
      {"GET /mcp/tools", [of](const C& c, const Asked&) { return of(c.mcp.list_tools()); }},
      {"GET /mcp/resources", [of](const C& c, const Asked&) { return of(c.mcp.list_resources()); }},
      {"POST /mcp",
       [of](const C& c, const Asked& a) {
         return of(c.mcp.add(a.body["name"].as_string(), a.body["transport"].as_string()));
       }},
      {"POST /mcp/*/connect",
       [of](const C& c, const Asked& a) { return of(c.mcp.connect(a.ids[0])); }},
      {"POST /mcp/*/disconnect",
       [of](const C& c, const Asked& a) { return of(c.mcp.disconnect(a.ids[0])); }},
      {"POST /mcp/*/refresh",
       [of](const C& c, const Asked& a) { return of(c.mcp.refresh(a.ids[0])); }},
      {"PATCH /mcp/*",
       [of](const C& c, const Asked& a) {
         return of(c.mcp.set_enabled(a.ids[0], a.body["enabled"].as_bool()));
       }},
      {"DELETE /mcp/*", [of](const C& c, const Asked& a) { return of(c.mcp.remove(a.ids[0])); }},
      {"POST /memory/search",
       [of](const C& c, const Asked& a) {
         const tandem::SearchMemory options{.limit = a.body["limit"].as_int64()};
         return of(c.memory.search(a.body["query"].as_string(), options));
       }},
      {"GET /memory",
       [of](const C& c, const Asked& a) {
         const tandem::ListMemory filter{.q = text_in(a, "q"), .user_id = text_in(a, "user_id")};
         return of(c.memory.list(filter));
       }},
      {"POST /memory/promote",
       [of](const C& c, const Asked& a) { return of(c.memory.promote(a.body["id"].as_string())); }},
      {"POST /memory/demote",
       [of](const C& c, const Asked& a) {
         return of(c.memory.demote(a.body["id"].as_string(), a.body["run_id"].as_string()));
       }},
      {"DELETE /memory/*",
       [of](const C& c, const Asked& a) { return of(c.memory.remove(a.ids[0])); }},
      {"POST /memory/put", [of](const C& c, const Asked& a) {
         const tandem::PutMemory options{.run_id = a.body["run_id"].as_string()};
         const std::string text = text_in(a.body, a.body.contains("text") ? "text" : "content");
         return of(c.memory.put(text, options));
       }}};
}

// Methods that give nothing of what the row answers, or less: the row's own response when what they
// give is right.
Json checked(const Json& row, bool right) { return right ? row["response"] : Json("wrong"); }

Json perform_plainly(const Client& client, const Json& row, const Asked& asked) {
  const std::string& name = row["name"].as_string();
  if (name.starts_with("sessions.create")) {
    const auto id = client.sessions.create(session_from(asked.body));
    return checked(row, id == row["response"]["id"].as_string());
  }
  if (name == "sessions.delete") client.sessions.remove(asked.ids[0]);
  if (name.starts_with("routines.delete")) client.routines.remove(asked.ids[0]);
  if (name == "providers.set_defaults") {
    client.providers.set_defaults(
        "openrouter", asked.body["providers"]["openrouter"]["default_model"].as_string());
  }
  if (name == "providers.set_api_key") {
    client.providers.set_api_key(asked.ids[0], asked.body["apiKey"].as_string());
  }
  if (name == "memory.audit") {
    const auto audit = client.memory.audit({.run_id = text_in(asked, "run_id"), .limit = 10});
    const auto& entry = audit.entries.at(0);
    const Json& wanted = row["response"]["entries"][0];
    return checked(row, audit.count == 1 && entry.id == wanted["id"].as_string() &&
                            entry.action == wanted["action"].as_string() &&
                            entry.run_id == wanted["run_id"].as_string() &&
                            entry.memory_id == wanted["memory_id"].as_string() &&
                            tandem::millis(entry.at) == wanted["ts_ms"]);
  }
  return row["response"];
}

Json perform_plainly(const AsyncClient& client, const Json& row, const Asked& asked) {
  const std::string& name = row["name"].as_string();
  if (name.starts_with("sessions.create")) {
    const auto request = session_from(asked.body);
    return checked(row, run(client.sessions.create(request)) == row["response"]["id"].as_string());
  }
  if (name == "sessions.delete") run(client.sessions.remove(asked.ids[0]));
  if (name.starts_with("routines.delete")) run(client.routines.remove(asked.ids[0]));
  if (name == "providers.set_defaults") {
    run(client.providers.set_defaults(
        "openrouter", asked.body["providers"]["openrouter"]["default_model"].as_string()));
  }
  if (name == "providers.set_api_key") {
    run(client.providers.set_api_key(asked.ids[0], asked.body["apiKey"].as_string()));
  }
  if (name == "memory.audit") {
    const tandem::MemoryAuditQuery filter{.run_id = text_in(asked, "run_id"), .limit = 10};
    const auto audit = run(client.memory.audit(filter));
    return checked(row, audit.count == 1 && audit.entries.size() == 1);
  }
  return row["response"];
}

std::string decoded(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    out += static_cast<char>(std::stoi(text.substr(at + 1, 2), nullptr, 16));
    at += 2;
  }
  return out;
}

// "/session/*/run/*/cancel" of a path; what the stars stand for and the query go into `asked`.
std::string pattern_of(std::string path, Asked& asked) {
  const auto question = path.find('?');
  std::string query = question == std::string::npos ? "" : path.substr(question + 1);
  path.resize(std::min(question, path.size()));
  for (std::size_t at = 0; at < query.size();) {
    const auto end = std::min(query.find('&', at), query.size());
    const auto equals = query.find('=', at);
    asked.query[query.substr(at, equals - at)] =
        decoded(query.substr(equals + 1, end - equals - 1));
    at = end + 1;
  }
  static const std::set<std::string> collections{"session", "run",        "permission", "question",
                                                 "mcp",     "memory",     "auth",       "routines",
                                                 "runs",    "automations"};
  static const std::set<std::string> routes{"tools",   "resources", "put",   "search",
                                            "promote", "demote",    "audit", "runs"};
  std::string out;
  std::string before;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at + 1), path.size());
    std::string step = path.substr(at + 1, end - at - 1);
    if (collections.contains(before) && !routes.contains(step)) {
      asked.ids.push_back(step);
      out += "/*";
      before.clear();
    } else {
      out += "/" + step;
      before = std::move(step);
    }
    at = end;
  }
  return out;
}

bool gives_less(const std::string& name) {
  static const std::set<std::string> names{"sessions.create",       "sessions.create.with_model",
                                           "sessions.delete",       "providers.set_defaults",
                                           "providers.set_api_key", "memory.audit",
                                           "routines.delete",       "routines.delete.not_found"};
  return names.contains(name);
}

// Rows of namespaces without types yet, those that automations_v2_test.cpp has, and what the typed
// methods cannot say.
bool only_by_hand(const std::string& name) {
  if (name == "permissions.reply.invalid") return true;
  for (const std::string_view other :
       {"channels.", "packs.", "capabilities.", "automations_v2.", "workflow_plans.",
        "agent_teams.", "ts064.", "engine046.automations_v2."}) {
    if (name.starts_with(other)) return true;
  }
  return false;
}

template <class C>
Json perform(const C& c, const Json& row) {
  const std::string& name = row["name"].as_string();
  const std::string& method = row["method"].as_string();
  const std::string& path = row["path"].as_string();
  Asked asked{.ids = {}, .query = {}, .body = row["request"]};
  if (only_by_hand(name)) return result_of(c.request(method, path, asked.body));
  const std::string pattern = pattern_of(path, asked);
  if (gives_less(name)) return perform_plainly(c, row, asked);
  auto methods = engine_methods<C>();
  methods.merge(session_methods<C>());
  methods.merge(service_methods<C>());
  methods.merge(routine_methods<C>());
  const auto found = methods.find(method + " " + pattern);
  if (found == methods.end()) throw std::runtime_error("no method for " + method + " " + pattern);
  return found->second(c, asked);
}

// Every member of `wanted` has its value in `given`, but for the names that the client makes one.
void expect_holds(const Json& given, const Json& wanted) {
  if (wanted.is_array()) {
    ASSERT_EQ(given.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) expect_holds(given[i], wanted[i]);
    return;
  }
  for (const auto& [name, value] : wanted.as_object()) {
    const bool routine = given.contains("schedule");
    std::string called = name;
    Json expected = value;
    if (routine && (name == "routine_id" || name == "automation_id")) called = "id";
    if (!routine && name == "automation_id") called = "routine_id";
    if (routine && name == "status" && value == Json("active")) expected = "enabled";
    const Json* found = given.find(called);
    ASSERT_NE(found, nullptr) << called;
    EXPECT_EQ(without_nulls(*found), without_nulls(expected)) << called;
  }
}

template <class C>
void replay_call(const C& c, const Json& row) {
  const Json& response = row["response"];
  const auto status = row["status"].as_int64();
  try {
    const Json given = perform(c, row);
    // A busy session is a result, and so is what a capability lacks not.
    EXPECT_TRUE(status < 300 || status == 409) << status;
    if (is_routine(row) && !gives_less(row["name"].as_string())) {
      expect_holds(given, routine_answer(row));
    } else {
      EXPECT_EQ(without_nulls(given), without_nulls(response));
    }
  } catch (const tandem::EngineError& error) {
    EXPECT_EQ(error.status(), status);
    EXPECT_EQ(error.detail(), response.is_null() ? Json::object() : response);
    EXPECT_EQ(error.code(), response.is_null() ? "" : text_in(response, "code"));
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

void replay_call(const Json& row) {
  const Json& response = row["response"];
  testing::ScriptedTransport wire;
  wire.expect(row["method"].as_string(), row["path"].as_string())
      .reply(static_cast<int>(row["status"].as_int64()), response.is_null() ? "" : response.dump())
      .times(2);
  const bool real_engine = row["name"].as_string().starts_with("engine046.");
  const Client client(options_of(wire, real_engine));
  replay_call(client, row);
  const AsyncClient async(options_of(wire, real_engine));
  replay_call(async, row);
  wire.verify();
  for (const auto& sent : wire.requests()) {
    EXPECT_EQ(sent.target, row["path"].as_string());
    EXPECT_EQ(sent.has_body, !row["request"].is_null());
    if (sent.has_body) {
      EXPECT_EQ(Json::parse(sent.body), row["request"]);
    }
  }
}

Task<std::vector<tandem::Event>> collect(AsyncStream<tandem::Event> stream) {
  std::vector<tandem::Event> out;
  while (auto event = co_await stream.next()) out.push_back(std::move(*event));
  co_return out;
}

// Events of namespaces without types.
bool has_no_type(const std::string& type) {
  return type.starts_with("automation.v2.") || type.starts_with("agent_team.") ||
         type.starts_with("pack.") || type == "memory.context.injected";
}

void check_event(const tandem::Event& given, const Json& event) {
  const std::string& type = event["type"].as_string();
  EXPECT_EQ(given.type(), type);
  EXPECT_EQ(given.data(), event);
  EXPECT_EQ(given.as<tandem::OtherEvent>() != nullptr, has_no_type(type));
  const Json& properties = event["properties"];
  const Json* part = properties.find("part");
  const Json& home = part != nullptr ? *part : properties;
  const Json* session = home.find("sessionID");
  const bool named = session != nullptr && session->is_string();
  EXPECT_EQ(given.session_id(), named ? session->as_string() : "");
}

void replay_event(const Json& row) {
  const Json& event = row["event"];
  testing::ScriptedTransport wire;
  wire.expect("GET", "/global/event").stream({tandem_script::frame(event)}).times(2);
  const Client client(options_of(wire));
  std::vector<tandem::Event> given;
  for (const auto& one : client.global_stream()) given.push_back(one);
  const AsyncClient async(options_of(wire));
  const auto awaited = run(collect(async.global_stream()));
  ASSERT_FALSE(given.empty());
  ASSERT_EQ(awaited.size(), given.size());
  check_event(given[0], event);
  check_event(awaited[0], event);
  // What a real engine leaves out follows.
  const std::string& name = row["name"].as_string();
  const bool completed = name == "engine046.event.message.part.updated.text";
  ASSERT_EQ(given.size(), completed ? 2U : 1U);
  if (completed) {
    ASSERT_TRUE(given[1].as<tandem::SessionResponse>());
    EXPECT_EQ(given[1].as<tandem::SessionResponse>()->delta,
              event["properties"]["delta"].as_string());
  }
}

TEST(TandemExamples, every_row) {
  const std::vector<Json> rows = load();
  if (rows.empty()) GTEST_SKIP() << "no tandem-examples.jsonl in " << COLONNADE_CONTRACTS;
  for (const Json& row : rows) {
    SCOPED_TRACE(row["name"].as_string());
    row.contains("event") ? replay_event(row) : replay_call(row);
  }
  EXPECT_GE(rows.size(), 184U);
}

}  // namespace
}  // namespace colonnade
