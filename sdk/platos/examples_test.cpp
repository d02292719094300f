// Replays the REST rows of the Platos example file against both clients: what a client sends must
// be what the row says was asked, and what it makes of the reply must be what the row answers.
// Skips when the file is not there.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "sdk/platos/script.hpp"
#include "sdk/platos/values_to_wire.hpp"

namespace colonnade {
namespace {

using namespace platos_script;
using platos::AsyncClient;
using platos::Client;
using platos_values::wire_of;

std::map<std::string, Json> load() {
  std::map<std::string, Json> rows;
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/platos-examples.jsonl");
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    Json row = Json::parse(line);
    if (!row.contains("method")) continue;
    std::string name = row["name"].as_string();
    rows.emplace(std::move(name), std::move(row));
  }
  return rows;
}

// --- calls
// ----------------------------------------------------------------------------------------

// The result of either client.
template <class T>
Json result(const T& value) {
  return wire_of(value);
}
template <class T>
Json result(Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    run(std::move(task));
    return Json();
  } else {
    return wire_of(run(std::move(task)));
  }
}

struct Row {
  std::function<Json(const Client&)> blocking;
  std::function<Json(const AsyncClient&)> awaited;
  std::string list;   // the member of the reply that is the result; "": the whole reply
  std::string first;  // a path that the server does not know, asked before the row's
};

template <class F>
Row row(F call, std::string list = "", std::string first = "") {
  return {.blocking = call, .awaited = call, .list = std::move(list), .first = std::move(first)};
}

// A method without a result.
template <class F>
Row void_row(F call) {
  return {.blocking =
              [call](const Client& client) {
                call(client);
                return Json();
              },
          .awaited = [call](const AsyncClient& client) { return result(call(client)); },
          .list = "-",
          .first = ""};
}

constexpr const char* approval_id = "org_1:prj_1:env_1:cmagent0000support:1778576400000:9f3a1c";
constexpr const char* agent_id = "cmagent0000support";
constexpr const char* thread_id = "cmthread0000000001";
constexpr const char* run_id = "run_cm9x1q2w3e4r5t6y7u8i9o0p";

std::map<std::string, Row> agent_and_thread_rows() {
  const Row list_agents = row([](const auto& c) { return result(c.agents.list()); }, "agents");
  const auto get_agent = [](const char* id) {
    return row([id](const auto& c) { return result(c.agents.get(id)); });
  };
  const auto get_thread = [](const char* id) {
    return row([id](const auto& c) { return result(c.threads.get(id)); });
  };
  const auto messages = [](const char* id) {
    return row([id](const auto& c) { return result(c.threads.messages(id)); }, "messages");
  };
  const auto create = [](platos::CreateThread request) {
    return row([request](const auto& c) { return result(c.threads.create(request)); });
  };
  return {
      {"agents.list", list_agents},
      {"agents.list empty", list_agents},
      {"agents.list direct headers", list_agents},
      {"agents.get", get_agent(agent_id)},
      {"agents.get missing (our server)", get_agent("nope")},
      {"agents.get missing (real Platos)", get_agent("nope")},
      {"agents.list_versions",
       row([](const auto& c) { return result(c.agents.list_versions(agent_id)); }, "versions")},
      {"threads.create defaults", create({})},
      {"threads.create", create({.agent_id = agent_id, .title = "Réunion"})},
      {"threads.create direct headers", create({.agent_id = agent_id})},
      {"error 409", create({.agent_id = agent_id})},
      {"threads.list", row(
                           [](const auto& c) {
                             const platos::ListThreads filter{.agent_id = agent_id, .limit = 10};
                             return result(c.threads.list(filter));
                           },
                           "threads")},
      {"threads.get", get_thread(thread_id)},
      {"threads.get missing", get_thread("nope")},
      {"threads.messages", messages(thread_id)},
      {"threads.messages missing thread (real Platos)", messages("nope")},
      {"threads.messages missing thread (our server)", messages("nope")},
      {"threads.artifacts",
       row([](const auto& c) { return result(c.threads.artifacts(thread_id)); }, "artifacts")},
      {"threads.archive", void_row([](const auto& c) { return c.threads.archive(thread_id); })},
      {"threads.unarchive", void_row([](const auto& c) { return c.threads.unarchive(thread_id); })},
      {"threads.delete", void_row([](const auto& c) { return c.threads.remove(thread_id); })},
  };
}

std::map<std::string, Row> approval_and_budget_rows() {
  const auto resolve = [](const char* id, platos::Resolution resolution, std::string first = "") {
    return row(
        [id, resolution](const auto& c) { return result(c.approvals.resolve(id, resolution)); }, "",
        std::move(first));
  };
  const auto status = [](const char* agent, const char* user, std::string first = "") {
    return row([agent, user](const auto& c) { return result(c.budgets.status(agent, user)); }, "",
               std::move(first));
  };
  const auto set_cap = [](platos::SetCap cap) {
    return row([cap](const auto& c) { return result(c.budgets.set(cap)); }, "cap");
  };
  const platos::Resolution fine{.verdict = platos::Verdict::approve, .reason = "fine"};
  const platos::Resolution edited{.verdict = platos::Verdict::approve,
                                  .edited_args = {{"to", "carol@example.com"}}};
  const platos::Resolution no{.reason = "not today"};
  return {
      {"approvals.list (superset body)", row(
                                             [](const auto& c) {
                                               const platos::ListApprovals filter{
                                                   .status = "pending", .limit = 50};
                                               return result(c.approvals.list(filter));
                                             },
                                             "approvals")},
      {"approvals.get", row([](const auto& c) { return result(c.approvals.get(approval_id)); })},
      {"approvals.resolve (TypeScript client 0.1)",
       resolve(approval_id, fine,
               "/api/v1/agent/approvals/org_1%3Aprj_1%3Aenv_1%3Acmagent0000support%3A"
               "1778576400000%3A9f3a1c/resolve")},
      {"approvals.resolve (real server dialect)", resolve(approval_id, no)},
      {"approvals.resolve with edited arguments", resolve(approval_id, edited)},
      {"approvals.resolve unknown", resolve("nope", {.verdict = platos::Verdict::approve})},
      {"budgets.list (real path)",
       row([](const auto& c) { return result(c.budgets.list()); }, "caps")},
      {"budgets.list (TypeScript client 0.1 path)",
       row([](const auto& c) { return result(c.budgets.list()); }, "caps",
           "/api/v1/agent/budgets")},
      {"budgets.status (real path)", status(agent_id, "")},
      {"budgets.status (TypeScript client 0.1 path)",
       status("", "usr_1", "/api/v1/agent/budgets/status?userId=usr_1")},
      {"budgets.status exceeded", status("", "")},
      {"budgets.upsert", set_cap({.limit_cents = 500, .alert_thresholds = {50, 80, 100}})},
      {"budgets.upsert refused", set_cap({.target_id = "*", .limit_cents = 500})},
      {"budgets.override",
       row([](const auto& c) { return result(c.budgets.override_cap("cmcap00000000000001", 1h)); },
           "cap")},
  };
}

std::map<std::string, Row> monitoring_rows() {
  return {
      {"monitoring.runs", row(
                              [](const auto& c) {
                                const platos::ListRuns filter{.agent_id = agent_id, .limit = 2};
                                return result(c.monitoring.runs(filter));
                              },
                              "runs")},
      {"monitoring.traces list", row(
                                     [](const auto& c) {
                                       const platos::ListRuns filter{.limit = 2};
                                       return result(c.monitoring.list_traces(filter));
                                     },
                                     "traces")},
      {"monitoring.traces one (TypeScript client 0.1)",
       row(
           [](const auto& c) {
             return result(c.monitoring.traces("4bf92f3577b34da6a3ce929d0e0e4736"));
           },
           "spans")},
      {"monitoring.trace of a thread (real server)",
       row([](const auto& c) { return result(c.monitoring.traces(thread_id)); }, "spans",
           "/api/v1/agent/monitoring/traces/cmthread0000000001")},
      {"monitoring.cost_by_agent (TypeScript client 0.1)",
       row([](const auto& c) { return result(c.monitoring.cost_by_agent("2026-05-12")); },
           "rollup")},
      {"monitoring.cost_by_scope",
       row([](const auto& c) { return result(c.monitoring.cost_by_scope(2)); }, "rollup")},
  };
}

std::map<std::string, Row> catalog_rows() {
  const auto create = [](platos::TaskSettings settings) {
    return row([settings](const auto& c) { return result(c.bgo.catalog.create(settings)); },
               "task");
  };
  return {
      {"platos-tasks.create (our handler)",
       create({.task_id = "nightly-digest",
               .display_name = "Nightly digest",
               .handler = platos::AgentHandler{.agent_id = agent_id,
                                               .prompt = "Build the digest of {{payload.day}}."},
               .description = "Builds the digest",
               .payload_schema = {{"type", "object"},
                                  {"properties", {{"day", {{"type", "string"}}}}}}})},
      {"platos-tasks.create taken",
       create({.task_id = "nightly-digest",
               .display_name = "Again",
               .handler = platos::AgentHandler{.agent_id = agent_id, .prompt = "x"}})}};
}

std::map<std::string, Row> background_rows() {
  const auto trigger = [](const char* task, Json payload, platos::TriggerOptions options) {
    return row([task, payload, options](const auto& c) {
      return result(c.bgo.tasks.trigger(task, payload, options));
    });
  };
  const auto get_run = [](const char* id) {
    return row([id](const auto& c) { return result(c.bgo.runs.get(id)); });
  };
  const auto create_schedule = [](platos::CreateSchedule request) {
    return row([request](const auto& c) { return result(c.bgo.schedules.create(request)); });
  };
  const Row tasks = row([](const auto& c) { return result(c.trigger.tasks.list()); }, "tasks");
  return {
      {"bgo.tasks.list", tasks},
      {"bgo.tasks.list against real Platos", tasks},
      {"bgo.tasks.trigger",
       trigger("nightly-digest", {{"day", "today"}},
               {.idempotency_key = "k1", .tags = {"inbox"}, .metadata = {{"tenant", "a"}}})},
      {"bgo.tasks.trigger same key",
       trigger("nightly-digest", {{"day", "today"}}, {.idempotency_key = "k1"})},
      {"bgo.tasks.trigger no options", trigger("nightly-digest", nullptr, {})},
      {"bgo.tasks.trigger unknown task", trigger("nope", Json::object(), {})},
      {"bgo.runs.list", row(
                            [](const auto& c) {
                              const platos::ListBackgroundRuns filter{
                                  .task_id = "nightly-digest", .status = "COMPLETED", .limit = 10};
                              return result(c.bgo.runs.list(filter));
                            },
                            "runs")},
      {"bgo.runs.get", get_run(run_id)},
      {"bgo.runs.get failed run", get_run("run_cm9x1q2w3e4r5t6y7u8i9o0q")},
      {"bgo.runs.cancel", row([](const auto& c) { return result(c.bgo.runs.cancel(run_id)); })},
      {"bgo.runs.replay", row([](const auto& c) { return result(c.bgo.runs.replay(run_id)); })},
      {"bgo.schedules.create", create_schedule({.task_id = "nightly-digest",
                                                .cron = "0 6 * * 1-5",
                                                .timezone = "Europe/Paris",
                                                .payload = {{"day", "today"}}})},
      {"bgo.schedules.create bad cron",
       create_schedule({.task_id = "nightly-digest", .cron = "often"})},
      {"bgo.schedules.list",
       row([](const auto& c) { return result(c.bgo.schedules.list()); }, "schedules")},
      {"bgo.schedules.activate",
       row([](const auto& c) { return result(c.bgo.schedules.activate("sched_01")); })},
      {"bgo.schedules.deactivate",
       row([](const auto& c) { return result(c.bgo.schedules.deactivate("sched_01")); })},
      {"bgo.schedules.delete",
       void_row([](const auto& c) { return c.bgo.schedules.remove("sched_01"); })},
      {"bgo.batches.trigger", row([](const auto& c) {
         const std::vector<Json> payloads{{{"day", "today"}}, {{"day", "yesterday"}}};
         return result(c.bgo.batches.trigger("nightly-digest", payloads));
       })},
      {"bgo.batches.get", row([](const auto& c) { return result(c.bgo.batches.get("batch_01")); })},
  };
}

// Rows that no method makes: their request goes through raw().
const std::set<std::string> raw_rows{"approvals.resolve that decides nothing (our server)",
                                     "monitoring.cost_by_agent (real server)",
                                     "monitoring.cost of one day (real server)",
                                     "error 401 nothing presented",
                                     "error 401 scope headers through a proxy",
                                     "error 401 expired token",
                                     "error 401 access key",
                                     "error 403 agent binding",
                                     "error 400 validation",
                                     "error 429",
                                     "error 500",
                                     "error 502 from a proxy",
                                     "error unknown route"};
// Made by whoever mints tokens, with a credential of its own, or by no client at all.
const std::set<std::string> foreign_rows{"mint a session token", "mint a guest token",
                                         "error 400 malformed JSON"};

// --- the replay
// -----------------------------------------------------------------------------------

bool holds(const Json& all, const Json& some) {
  if (!some.is_object() || !all.is_object()) return all == some;
  for (const auto& [key, value] : some.as_object()) {
    const Json* there = all.find(key);
    if (there == nullptr || !holds(*there, value)) return false;
  }
  return true;
}

// ":" in an id may stand as it is; this client encodes it.
std::string encoded(const std::string& path) {
  std::string out;
  for (const char c : path) out += c == ':' ? std::string("%3A") : std::string(1, c);
  return out;
}

platos::Options options_for(const testing::ScriptedTransport& wire, const Json& row) {
  auto options = options_of(wire);
  options.retries.retries = 0;
  options.session_token = "<jwt>";
  if (row["headers"].contains("Authorization")) {
    options.session_token = "";
    options.api_key = "<internal-token>";
    options.scope = {.organization_id = "org_1",
                     .project_id = "prj_1",
                     .environment_id = "env_1",
                     .user_id = row["headers"]["X-Platos-User-Id"].as_string()};
  }
  return options;
}

void check_request(const testing::RecordedRequest& sent, const Json& row, bool whole_body) {
  EXPECT_EQ(sent.method, row["method"].as_string());
  for (const auto& [name, value] : row["headers"].as_object()) {
    if (name == "X-Forwarded-For") continue;  // of a proxy
    EXPECT_EQ(sent.header(name), value.as_string()) << name;
  }
  if (row["request"].is_null()) {
    EXPECT_FALSE(sent.has_body) << sent.body;
    return;
  }
  const Json body = Json::parse(sent.body);
  EXPECT_TRUE(whole_body ? body == row["request"] : holds(body, row["request"])) << sent.body;
}

// A list without addresses as null: the client knows one kind of none.
Json without_empty_addresses(Json caps) {
  for (Json& cap : caps.as_array()) {
    if (cap["alertEmails"] == Json::array()) cap.set("alertEmails", Json());
  }
  return caps;
}

// The status the row means, which a real server writes into a success.
int status_of(const Json& row) {
  const Json& reply = row["response"];
  const Json* status = reply.find("status");
  const bool hidden = status != nullptr && status->is_integer() && reply.contains("error");
  return static_cast<int>(hidden ? status->as_int64() : row["status"].as_int64());
}

// `values` are what the row's reply is as a result.
void play(const std::string& name, const Json& row, const Row& call, bool async) {
  SCOPED_TRACE(name + (async ? " async" : ""));
  testing::ScriptedTransport wire;
  if (!call.first.empty()) {
    wire.expect(row["method"].as_string(), call.first)
        .reply(404, R"({"message":"Cannot do it","error":"Not Found","statusCode":404})");
  }
  const std::string path = encoded(row["path"].as_string());
  const Json& response = row["response"];
  const std::string body = response.is_null()     ? ""
                           : response.is_string() ? response.as_string()
                                                  : response.dump();
  const int status = static_cast<int>(row["status"].as_int64());
  wire.expect(row["method"].as_string(), path).reply(status, body);
  const auto options = options_for(wire, row);
  Json got;
  int thrown = 0;
  try {
    got = async ? call.awaited(AsyncClient(options)) : call.blocking(Client(options));
  } catch (const platos::Error& error) {
    thrown = error.status();
  }
  wire.verify();
  const bool both_forms = name.starts_with("approvals.resolve");
  check_request(wire.requests().back(), row, !both_forms);
  const int meant = status_of(row);
  if (thrown != 0 || meant >= 400) {
    const bool absent = meant == 404 && (name.find(".get missing") != std::string::npos);
    EXPECT_EQ(thrown, absent ? 0 : meant);
    EXPECT_TRUE(got.is_null());
    return;
  }
  if (call.list == "-") return;
  Json wanted = call.list.empty() ? response : response[call.list];
  if (name == "budgets.list (TypeScript client 0.1 path)") {
    wanted = without_empty_addresses(std::move(wanted));
  }
  if (name.find("resolve") != std::string::npos || name.find("trigger") != std::string::npos ||
      name.find("batches") != std::string::npos) {
    // Flags that are false may be left out on the wire.
    EXPECT_TRUE(holds(wanted, got)) << got.dump();
  } else {
    EXPECT_EQ(got, wanted) << got.dump();
  }
}

TEST(PlatosExamples, every_row_is_asked_and_read_as_it_stands) {
  const auto rows = load();
  if (rows.empty()) GTEST_SKIP() << "no example file";
  auto calls = agent_and_thread_rows();
  calls.merge(approval_and_budget_rows());
  calls.merge(monitoring_rows());
  calls.merge(catalog_rows());
  calls.merge(background_rows());
  for (const auto& [name, row_of_file] : rows) {
    if (foreign_rows.contains(name)) continue;
    if (raw_rows.contains(name)) {
      const std::string path = encoded(row_of_file["path"].as_string());
      const std::string method = row_of_file["method"].as_string();
      const Json body = row_of_file["request"];
      calls[name] = row(
          [path, method, body](const auto& c) { return result(c.bgo.raw(path, method, body)); });
    }
    const auto call = calls.find(name);
    if (call == calls.end()) {
      ADD_FAILURE() << "no method for the row " << name;
      continue;
    }
    for (const bool async : {false, true}) play(name, row_of_file, call->second, async);
  }
  for (const auto& [name, call] : calls) {
    EXPECT_TRUE(rows.contains(name)) << "no row " << name;
  }
}

}  // namespace
}  // namespace colonnade
