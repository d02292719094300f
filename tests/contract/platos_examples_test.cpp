// long: a scene for each row of one contract's examples
// Replays the contract's requests and vectors (platos-examples.jsonl) against a real server, and
// holds the account of all rows: what is played here or in platos_socket_examples_test.cpp, and
// what cannot be played, each with its reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>

#include "platos_examples.hpp"
#include "platos_socket.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::HasSubstr;

// Rows that no request to this server brings about, and why. Those that a client reads are played
// against the C++ client in sdk/platos.
const std::map<std::string, std::string>& not_played() {
  static const std::string real = "the real service's form, which only clients read; ours: ";
  static const std::string client = "made by a client";
  static const std::map<std::string, std::string> rows = {
      {"agents.get missing (real Platos)", real + "404"},
      {"threads.messages missing thread (real Platos)", real + "404"},
      {"bgo.tasks.list against real Platos", real + "the list"},
      {"error 502 from a proxy", "made by a proxy"},
      {"frame.deprecation notice", "optional; this server has nothing to deprecate"},
      {"frame.bare error of real Platos, unseen by Python", real + "a wrapped error"},
      {"frame.bare done of real Platos, unseen by Python", real + "a wrapped done"},
      {"event.approval_needed (real Platos)", real + "with threadId and timeoutSeconds"},
      {"client.connected", client},
      {"client.disconnected", client},
      {"client.reconnecting", client},
      {"client.cancelled", client},
  };
  return rows;
}

// --- requests -----------------------------------------------------------------------------------

// A row's request, with what is here in place of what is in the example.
class Replay : public PlatosReplay {
 public:
  Replay(const std::string& path, const Json& row, PlatosServerOptions options = {})
      : PlatosReplay(path, std::move(options)),
        method(row["method"]),
        target(row["path"]),
        headers(row["headers"]) {
    const Json& request = row["request"];
    if (request.is_string()) body = request;
    // As the Python client writes it.
    if (request.is_object()) body = request.dump(-1, ' ', /*ensure_ascii=*/true);
  }

  Answer ask() { return ask_as(server.token()); }
  // With another session token where the row has one.
  Answer ask_as(const std::string& token) {
    const std::map<std::string, std::string> secrets = {
        {"<jwt>", token},
        {"Bearer <internal-token>", "Bearer " + server.internal_token},
        {"Bearer <serviceSecret>", "Bearer " + PlatosServer::secret}};
    net::Headers out;
    for (const auto& [name, value] : headers.items()) {
      if (name == "Content-Type" && method != "GET") continue;  // call() says it
      const auto secret = secrets.find(value);
      out.push_back({name, secret == secrets.end() ? value.get<std::string>() : secret->second});
    }
    return call(server.port(), {.method = method,
                                .target = compare.filled(target),
                                .body = compare.filled(body),
                                .headers = std::move(out)});
  }

  // A turn that runs until the server ends, or waits for an approval.
  PlatosSocket start_turn(const std::string& thread_id) {
    PlatosSocket socket(server.port(), server.as());
    socket.emit("message", {{"message", "hi"}, {"threadId", thread_id}});
    return socket;
  }
  void run_turn(const std::string& thread_id) {
    const Answer done = server.post(PlatosServer::thread_path(thread_id) + "/messages",
                                    {{"message", "Summarise today's inbox."}});
    if (done.status != 201) throw std::runtime_error(done.body);
  }
  // The approval that a call of the model waits for.
  void use_approval(const std::string& tool, const Json& arguments) {
    server.anthropic->script(
        {call_of({core::ToolCallPart{.call_id = "call_1", .tool = tool, .arguments = arguments}})});
    // What the turn goes on with, once it is answered.
    server.anthropic->script({answer("Done.")});
    waiting.emplace_back(start_turn(use_thread()));
    compare.name(approval, waiting.back().until("approval_needed").back()["approvalId"]);
  }
  void use_question() {
    use_approval("request_approval",
                 {{"action", "send_email"}, {"details", "to: bob@example.com"}});
  }

  // The examples' task. As their runs' outputs are no turn's, `tool` gives them.
  void use_task(const std::string& tool = {}) {
    Json handler = {{"kind", "agent"},
                    {"agentId", use_agent()},
                    {"prompt", "Build the digest of {{payload.day}}."}};
    if (!tool.empty()) handler = {{"kind", "tool"}, {"tool", tool}};
    const Json schema = {{"type", "object"}, {"properties", {{"day", {{"type", "string"}}}}}};
    server.made(server.direct("operator"), "POST", "/api/v1/agent/platos-tasks",
                {{"taskId", "nightly-digest"},
                 {"displayName", "Nightly digest"},
                 {"description", "Builds the digest"},
                 {"payloadSchema", schema},
                 {"handler", handler}});
  }
  // Of the task, which is made.
  std::string use_run(Json options, const std::string& tool = {}) {
    use_task(tool);
    const Json payload = {{"day", "today"}};
    const std::string id =
        server.made(server.as(), "POST", "/api/v1/agent/trigger/tasks/nightly-digest/trigger",
                    {{"payload", payload}, {"options", std::move(options)}})["id"];
    compare.name("run_cm9x1q2w3e4r5t6y7u8i9o0p", id);
    return id;
  }
  void wait_for_end(const std::string& id) {
    const core::Principal who(core::Scope("org_1", "prj_1", "env_1"), "usr_1",
                              core::UserRole::member);
    server.background.changes.wait_until(
        [&] { return core::is_terminal(server.background.job(who, id).state); });
  }
  void use_schedule() {
    use_task();
    const Json payload = {{"day", "today"}};
    compare.name("sched_01", server.made(server.as(), "POST", "/api/v1/agent/trigger/schedules",
                                         {{"taskId", "nightly-digest"},
                                          {"cron", "0 6 * * 1-5"},
                                          {"timezone", "Europe/Paris"},
                                          {"payload", payload}})["id"]);
  }

  std::string method;
  std::string target;
  Json headers;
  std::string body;
  std::vector<PlatosSocket> waiting;
};

using Scene = std::function<Answer(Replay&)>;

Answer as_it_is(Replay& r) { return r.ask(); }

const std::map<std::string, Scene>& agent_scenes() {
  static const auto listed = [](Replay& r) {
    const std::string agent = r.use_agent();
    for (int i = 0; i < 3; ++i) r.server.new_thread(agent);
    return r.ask();
  };
  static const std::map<std::string, Scene> scenes = {
      {"agents.list", listed},
      {"agents.list empty", as_it_is},
      {"agents.list direct headers", listed},
      {"agents.get", listed},
      {"agents.get missing (our server)", as_it_is},
      {"agents.list_versions",
       [](Replay& r) {
         const std::string id =
             r.use_agent({{"name", "Support"}, {"model", "anthropic:claude-sonnet"}});
         r.server.made(r.server.direct(), "PATCH", "/api/v1/agent/agents/" + id,
                       {{"systemPrompt", "You help {{user.name}}."}});
         return r.ask();
       }},
  };
  return scenes;
}

const std::map<std::string, Scene>& thread_scenes() {
  static const auto with_agent = [](Replay& r) {
    r.use_agent();
    return r.ask();
  };
  static const auto with_thread = [](Replay& r) {
    r.use_thread();
    return r.ask();
  };
  static const std::map<std::string, Scene> scenes = {
      {"threads.create defaults", as_it_is},
      {"threads.create", with_agent},
      {"threads.create direct headers", with_agent},
      {"threads.list",
       [](Replay& r) {
         const std::string id = r.use_thread("Réunion");
         r.server.anthropic->script({Replay::answer("Hello")});
         r.run_turn(id);
         Answer answer = r.ask();
         // The first turn has chosen a version, which the row leaves out.
         Json list = answer.json();
         EXPECT_TRUE(list["threads"][0]["lockedVersionId"].is_string());
         list["threads"][0]["lockedVersionId"] = nullptr;
         answer.body = list.dump();
         return answer;
       }},
      {"threads.get",
       [](Replay& r) {
         r.use_thread("Réunion");
         return r.ask();
       }},
      {"threads.get missing", as_it_is},
      {"threads.messages",
       [](Replay& r) {
         const std::string id = r.use_thread();
         r.script_inbox_turn();
         r.run_turn(id);
         return r.ask();
       }},
      {"threads.messages missing thread (our server)", as_it_is},
      {"threads.artifacts",
       [](Replay& r) {
         const std::string id = r.use_thread();
         const auto make = [&](const char* tool, const Json& arguments) {
           r.server.anthropic->script({Replay::call_of(
               {core::ToolCallPart{.call_id = "call_1", .tool = tool, .arguments = arguments}})});
           r.server.anthropic->script({Replay::answer("Done.")});
           r.run_turn(id);
         };
         make("generate_artifact",
              {{"kind", "markdown"}, {"title", "Inbox digest"}, {"content", "# Draft\n"}});
         const Json first =
             r.server.get(PlatosServer::thread_path(id) + "/artifacts").json()["artifacts"][0];
         EXPECT_TRUE(first["metadata"].is_null()) << first;
         make("revise_artifact",
              {{"artifactKey", first["artifactKey"]}, {"newContent", "# Digest\n"}});
         return r.ask();
       }},
      {"threads.archive", with_thread},
      {"threads.unarchive",
       [](Replay& r) {
         const std::string path = PlatosServer::thread_path(r.use_thread());
         r.server.ask(r.server.as(), "POST", path + "/archive");
         return r.ask();
       }},
      {"threads.delete", with_thread},
  };
  return scenes;
}

const std::map<std::string, Scene>& approval_scenes() {
  static const auto with_question = [](Replay& r) {
    r.use_question();
    return r.ask();
  };
  static const std::map<std::string, Scene> scenes = {
      {"approvals.list (superset body)", with_question},
      {"approvals.get", with_question},
      {"approvals.resolve (TypeScript client 0.1)", with_question},
      {"approvals.resolve (real server dialect)", with_question},
      {"approvals.resolve with edited arguments",
       [](Replay& r) {
         r.use_approval("send_email", {{"to", "bob@example.com"}});
         Answer answer = r.ask();
         const auto events = r.waiting.back().until("tool_result");
         EXPECT_EQ(events.back()["result"], "sent to carol@example.com");
         return answer;
       }},
      {"approvals.resolve unknown", as_it_is},
      {"approvals.resolve that decides nothing (our server)", with_question},
  };
  return scenes;
}

const std::map<std::string, Scene>& other_scenes() {
  static const auto with_agent = [](Replay& r) {
    r.use_agent();
    return r.ask();
  };
  static const std::map<std::string, Scene> scenes = {
      {"mint a session token",
       [](Replay& r) {
         Answer answer = r.ask();
         EXPECT_EQ(answer.json()["expiresAt"], r.server.seconds() + 3600);
         r.use_agent();
         const net::Headers minted = {{"X-Platos-Session-Token", answer.json()["token"]}};
         EXPECT_EQ(r.server.ask(minted, "GET", "/api/v1/agent/agents").json()["total"], 1);
         return answer;
       }},
      {"mint a guest token",
       [](Replay& r) {
         r.use_agent({{"name", "Support"}, {"visibility", "public-guest"}});
         Answer answer = r.ask();
         EXPECT_EQ(answer.json()["expiresAt"], r.server.seconds() + 1800);
         return answer;
       }},
      {"error 401 nothing presented", as_it_is},
      {"error 401 scope headers through a proxy", as_it_is},
      {"error 401 expired token",
       [](Replay& r) {
         return r.ask_as(r.server.token("usr_1", {{"exp", r.server.seconds() - 1}}));
       }},
      {"error 401 access key",
       [](Replay& r) {
         core::Principal who(core::Scope("org_1", "prj_1", "env_1"), "root",
                             core::UserRole::operator_role);
         EXPECT_TRUE(r.server.engine.run(r.server.access_keys.add(who, {.name = "web"})));
         return r.ask();
       }},
      {"error 403 agent binding",
       [](Replay& r) { return r.ask_as(r.server.token("usr_1", {{"agentId", r.use_agent()}})); }},
      {"error 400 validation", with_agent},
      {"error 400 malformed JSON", with_agent},
      // The row is the shape of the answer only: a new thread is never in the way of another.
      {"error 409",
       [](Replay& r) {
         const std::string id = r.use_thread();
         r.server.anthropic->script({text("Half"), Hold{}});
         r.waiting.push_back(r.start_turn(id));
         r.waiting.back().until("token");
         return r.server.post(PlatosServer::thread_path(id) + "/messages", {{"message", "hi"}});
       }},
      {"error 429",
       [](Replay& r) {
         for (int i = 0; i < 30; ++i) EXPECT_EQ(r.ask().status, 200);
         Answer answer = r.ask();
         EXPECT_EQ(answer.header("Retry-After"), "12");
         return answer;
       }},
      {"error 500", as_it_is},
      {"error unknown route", as_it_is},
  };
  return scenes;
}

// The examples' turn: one call of a tool, then the answer. Ours has spans of the gate and the tool
// as well; the row has those of the turn and of the model's first call.
Answer ask_after_a_turn(Replay& r) {
  const std::string id = r.use_thread("Réunion");
  r.script_inbox_turn();
  r.run_turn(id);
  const Json runs = r.server.get("/api/v1/agent/monitoring/runs").json()["runs"];
  r.compare.name("4bf92f3577b34da6a3ce929d0e0e4736", runs.at(0)["id"]);
  r.compare.name("2026-05-12", base::to_rfc3339(base::SystemClock().now()).substr(0, 10));
  return r.ask();
}

Json first_two(const Json& spans) {
  EXPECT_EQ(spans.size(), 5U) << spans;
  return {spans.at(0), spans.at(1)};
}

const std::map<std::string, Scene>& monitoring_scenes() {
  static const std::map<std::string, Scene> scenes = {
      {"monitoring.runs", ask_after_a_turn},
      {"monitoring.traces list", ask_after_a_turn},
      {"monitoring.traces one (TypeScript client 0.1)",
       [](Replay& r) {
         Answer answer = ask_after_a_turn(r);
         Json body = answer.json();
         body["spans"] = first_two(body["spans"]);
         answer.body = body.dump();
         return answer;
       }},
      {"monitoring.trace of a thread (real server)",
       [](Replay& r) {
         Answer answer = ask_after_a_turn(r);
         Json body = answer.json();
         // What the row leaves out.
         EXPECT_EQ(body["messages"].size(), 2U);
         EXPECT_EQ(body["timeline"].size(), 7U);
         EXPECT_EQ(body["rollup"]["totalSpans"], 5);
         EXPECT_EQ(body["spanTree"][0]["children"].size(), 4U);
         EXPECT_EQ(body["thread"]["title"], "Réunion");
         EXPECT_TRUE(body["thread"]["lockedVersionId"].is_string());
         body["messages"] = Json::array();
         body["timeline"] = Json::array();
         body["rollup"]["totalSpans"] = 2;
         body["spans"] = first_two(body["spans"]);
         body["spanTree"][0]["children"] = Json::array({body["spanTree"][0]["children"][0]});
         body["thread"]["title"] = nullptr;
         body["thread"]["lockedVersionId"] = nullptr;
         answer.body = body.dump();
         return answer;
       }},
      {"monitoring.cost_by_agent (TypeScript client 0.1)", ask_after_a_turn},
      {"monitoring.cost_by_agent (real server)", ask_after_a_turn},
      {"monitoring.cost_by_scope", ask_after_a_turn},
      {"monitoring.cost of one day (real server)", ask_after_a_turn},
  };
  return scenes;
}

// The examples' budget, and what was spent of it: so many cents are booked, 25 reserved.
void use_budget(Replay& r, int booked = 0) {
  constexpr const char* example_budget = "cmcap00000000000001";
  const auto put = [&](int limit) {
    return r.server.made(r.server.direct(), "POST", "/api/v1/agent/budgets",
                         {{"scopeType", "scope"}, {"period", "day"}, {"limitCents", limit}})["cap"];
  };
  constexpr int limit = 500;
  r.compare.name(example_budget, put(2 * limit)["id"]);
  if (booked > 0) r.spend(booked);
  put(limit);
}

const std::map<std::string, Scene>& budget_scenes() {
  static const auto with_budget = [](Replay& r) {
    use_budget(r);
    return r.ask();
  };
  static const auto almost_spent = [](Replay& r) {
    use_budget(r, 385);
    return r.ask();
  };
  static const auto as_operator = [](Replay& r) {
    return r.ask_as(r.server.token("usr_1", {{"iss", "platos-platform"}}));
  };
  static const std::map<std::string, Scene> scenes = {
      {"budgets.list (real path)", with_budget},
      {"budgets.list (TypeScript client 0.1 path)", with_budget},
      {"budgets.status (real path)", almost_spent},
      // On this path the addresses are a list (platos §2.4); the row, made from the other one, has
      // null.
      {"budgets.status (TypeScript client 0.1 path)",
       [](Replay& r) {
         Answer answer = almost_spent(r);
         Json body = answer.json();
         EXPECT_EQ(body["caps"][0]["cap"]["alertEmails"], Json::array());
         body["caps"][0]["cap"]["alertEmails"] = nullptr;
         answer.body = body.dump();
         return answer;
       }},
      {"budgets.status exceeded",
       [](Replay& r) {
         use_budget(r, 478);
         return r.ask();
       }},
      {"budgets.upsert", as_operator},
      {"budgets.upsert refused", as_operator},
      {"budgets.override",
       [](Replay& r) {
         use_budget(r);
         return as_operator(r);
       }},
  };
  return scenes;
}

const std::map<std::string, Scene>& bgo_scenes() {  // long: a scene for each row
  static const Json options = {
      {"idempotencyKey", "k1"}, {"tags", {"inbox"}}, {"metadata", {{"tenant", "a"}}}};
  static const auto with_task = [](Replay& r) {
    r.use_task();
    return r.ask();
  };
  static const auto with_end = [](Replay& r) {
    r.wait_for_end(r.use_run(options, "digest"));
    return r.ask();
  };
  static const auto with_run = [](Replay& r) {
    r.use_run(Json::object());
    return r.ask();
  };
  static const auto with_schedule = [](Replay& r) {
    r.use_schedule();
    return r.ask();
  };
  static const std::map<std::string, Scene> scenes = {
      {"bgo.tasks.list", with_task},
      {"platos-tasks.create (our handler)",
       [](Replay& r) {
         r.use_agent();
         return r.ask();
       }},
      {"platos-tasks.create taken", with_task},
      {"bgo.tasks.trigger", with_task},
      {"bgo.tasks.trigger same key",
       [](Replay& r) {
         r.use_run(options);
         return r.ask();
       }},
      {"bgo.tasks.trigger no options", with_task},
      {"bgo.tasks.trigger unknown task", as_it_is},
      {"bgo.runs.list", with_end},
      {"bgo.runs.get", with_end},
      {"bgo.runs.get failed run",
       [](Replay& r) {
         r.use_task("broken_digest");
         const core::Principal who(core::Scope("org_1", "prj_1", "env_1"), "usr_1",
                                   core::UserRole::member);
         // As the route does, but for the time between its attempts.
         Background& jobs = r.server.background;
         const auto task = r.server.engine.run(jobs.catalog.get(who, "nightly-digest"));
         core::NewJob input{.job = core::job_template_of(*task), .key = "k1"};
         input.job.payload = R"({"day":"today"})";
         input.job.metadata = R"({"tenant":"a"})";
         input.job.tags = {"inbox"};
         input.job.attempts.delay_min = std::chrono::microseconds(1);
         input.job.attempts.delay_max = std::chrono::microseconds(1);
         const auto begun = r.server.engine.run(jobs.jobs.trigger(who, std::move(input)));
         r.wait_for_end(begun->job.id);
         r.compare.name("run_cm9x1q2w3e4r5t6y7u8i9o0q", begun->job.id);
         return r.ask();
       }},
      {"bgo.runs.cancel", with_run},
      {"bgo.runs.replay", with_run},
      {"bgo.schedules.create", with_task},
      {"bgo.schedules.create bad cron", with_task},
      {"bgo.schedules.list", with_schedule},
      {"bgo.schedules.deactivate", with_schedule},
      {"bgo.schedules.activate",
       [](Replay& r) {
         r.use_schedule();
         const std::string path = r.compare.filled("/api/v1/agent/trigger/schedules/sched_01");
         EXPECT_EQ(r.server.ask(r.server.as(), "POST", path + "/deactivate").status, 201);
         return r.ask();
       }},
      {"bgo.schedules.delete", with_schedule},
      {"bgo.batches.trigger", with_task},
      {"bgo.batches.get",
       [](Replay& r) {
         r.use_task();
         const Json payloads = {{{"day", "today"}}, {{"day", "yesterday"}}};
         r.compare.name("batch_01", r.server.made(r.server.as(), "POST",
                                                  "/api/v1/agent/trigger/batches/nightly-digest",
                                                  {{"payloads", payloads}})["batchId"]);
         return r.ask();
       }},
  };
  return scenes;
}

const Scene* find_scene(const std::string& name) {
  for (const auto* scenes :
       {&agent_scenes(), &thread_scenes(), &approval_scenes(), &monitoring_scenes(),
        &budget_scenes(), &bgo_scenes(), &other_scenes()}) {
    const auto found = scenes->find(name);
    if (found != scenes->end()) return &found->second;
  }
  return nullptr;
}

PlatosServerOptions options_for(const std::string& name) {
  PlatosServerOptions out;
  if (name.starts_with("budgets.")) out.now = *base::parse_rfc3339("2026-05-12T09:00:00Z");
  if (name == "error 429") {
    out.now = *base::parse_rfc3339("2026-05-12T09:00:48Z");
    out.rates.requests_per_user_minute = 30;
  }
  // What is begun stays as it is, but where a row looks at its end.
  out.works = !name.starts_with("bgo.") || name.starts_with("bgo.runs.list") ||
              name.starts_with("bgo.runs.get");
  if (name == "error 500") {
    out.default_model = []() -> std::string { throw std::runtime_error("a bug"); };
  }
  return out;
}

TEST(PlatosExamples, EveryRequestIsAnsweredInItsShape) {
  const auto rows = platos_examples();
  if (rows.empty()) GTEST_SKIP() << "no platos-examples.jsonl in " << COLONNADE_CONTRACTS;
  std::set<std::string> played;
  for (const Json& row : rows) {
    const std::string name = row["name"];
    const Scene* scene = find_scene(name);
    if (scene == nullptr) continue;
    SCOPED_TRACE(name);
    TemporaryFolder folder;
    Replay replay(folder.file("colonnade.db"), row, options_for(name));
    const Answer answer = (*scene)(replay);
    EXPECT_EQ(answer.status, row["status"]) << answer.body;
    played.insert(name);
    if (row["response"].is_null()) {
      EXPECT_EQ(answer.body, "");
      continue;
    }
    EXPECT_THAT(answer.header("Content-Type"), HasSubstr("application/json"));
    replay.compare.same(row["response"], answer.json(), "response");
  }
  EXPECT_EQ(played.size(), agent_scenes().size() + thread_scenes().size() +
                               approval_scenes().size() + monitoring_scenes().size() +
                               budget_scenes().size() + bgo_scenes().size() +
                               other_scenes().size());
}

// --- vectors ------------------------------------------------------------------------------------

TEST(PlatosExamples, EveryTokenIsJudgedAsItsVectorSays) {
  std::size_t played = 0;
  for (const Json& row : platos_examples()) {
    const std::string name = row["name"];
    if (!name.starts_with("vector.jwt.")) continue;
    SCOPED_TRACE(name);
    const Json& vector = row["event"];
    ASSERT_EQ(vector["secret"], PlatosServer::secret);
    constexpr std::int64_t micros_per_millisecond = 1000;
    PlatosServerOptions at_that_time;
    at_that_time.now = {vector["nowMs"].get<std::int64_t>() * micros_per_millisecond};
    TemporaryFolder folder;
    PlatosServer server(folder.file("colonnade.db"), std::move(at_that_time));
    const net::Headers who = {{"X-Platos-Session-Token", vector["token"]}};
    const bool accepted = vector["verdict"] == "accept";
    EXPECT_EQ(server.ask(who, "GET", "/api/v1/agent/threads").status, accepted ? 200 : 401);
    PlatosSocket socket(server.port(), who);
    if (accepted) {
      EXPECT_EQ(socket.event("connected")["userId"], "usr_1");
    } else {
      EXPECT_EQ(socket.until("error").back()["code"], "unauthorized");
    }
    ++played;
  }
  if (played == 0) GTEST_SKIP() << "no platos-examples.jsonl in " << COLONNADE_CONTRACTS;
  EXPECT_EQ(played, 10U);
}

// In an agent's prompt, over the session's context and what the token says of its user.
TEST(PlatosExamples, TemplatesAreRenderedAsInTheirVector) {
  for (const Json& row : platos_examples()) {
    if (row["name"] != "vector.template") continue;
    const Json& vector = row["event"];
    std::string prompt;
    std::string rendered;
    for (const Json& one : vector["cases"]) {
      prompt += one[0].get<std::string>() + "\n";
      rendered += one[1].get<std::string>() + "\n";
    }
    TemporaryFolder folder;
    PlatosServer server(folder.file("colonnade.db"));
    const std::string agent = server.new_agent({{"name", "A"}, {"systemPrompt", prompt}});
    Json context = vector["context"];
    const Json user = context["user"];
    context.erase("user");
    const net::Headers ada = server.as("usr_1", {{"userMeta", user}});
    const Json thread = server.made(ada, "POST", "/api/v1/agent/threads",
                                    {{"agentId", agent}, {"sessionContext", context}});
    server.engine.model->script({reply({core::TextPart{"Hello"}})});
    server.made(ada, "POST", PlatosServer::thread_path(thread["id"]) + "/messages",
                {{"message", "hi"}});
    EXPECT_THAT(server.engine.model->requests().back().instructions,
                HasSubstr(rendered.substr(0, rendered.size() - 1)));
    return;
  }
  GTEST_SKIP() << "no platos-examples.jsonl in " << COLONNADE_CONTRACTS;
}

// --- the account --------------------------------------------------------------------------------

TEST(PlatosExamples, EveryRowIsPlayedOrSaysWhyNot) {
  const auto rows = platos_examples();
  if (rows.empty()) GTEST_SKIP() << "no platos-examples.jsonl in " << COLONNADE_CONTRACTS;
  std::set<std::string> names;
  const std::set<std::string> socket_rows = played_socket_rows();
  for (const Json& row : rows) {
    const std::string name = row["name"];
    EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
    const bool vector = name.starts_with("vector.jwt.") || name == "vector.template";
    const int accounts = (find_scene(name) != nullptr ? 1 : 0) +
                         (not_played().contains(name) ? 1 : 0) +
                         (socket_rows.contains(name) ? 1 : 0) + (vector ? 1 : 0);
    EXPECT_EQ(accounts, 1) << name << ": nobody plays this row and no reason is given, or both";
  }
  EXPECT_EQ(names.size(), 150U);
  for (const auto& [name, reason] : not_played()) EXPECT_TRUE(names.contains(name)) << name;
  for (const std::string& name : socket_rows) EXPECT_TRUE(names.contains(name)) << name;
}

}  // namespace
}  // namespace colonnade::tests
