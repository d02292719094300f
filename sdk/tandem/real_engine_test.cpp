// The checklist for a client of the real engine (tandem §1.9), row by row, with the literal shapes
// of engine 0.4.6 that §1 to §4 give:
//
//   1 lists and children      row01          7 routines        routines_test.cpp, row07
//   2 update and fork         row02          8 automations V2  row08, automations_v2_test
//   3 a prompt without model  row03          9 memory          row09
//   4 prompt_sync             row04         10 channels        row10: no types, by request()
//   5 text of streams         row05         11 errors          row11
//   6 events of a run         row06         12 templates       row12: no types, by request()
//
// The rows `engine046.` of tandem-examples.jsonl are replayed by examples_test.cpp.
#include <gtest/gtest.h>

#include "sdk/tandem/script.hpp"

namespace colonnade {
namespace {

using tandem_script::AsyncClient;
using tandem_script::Client;
using tandem_script::connected;
using tandem_script::engines;
using tandem_script::engines_end;
using tandem_script::of_the_run;
using tandem_script::options_of;
using tandem_script::Ran;
using tandem_script::read_with_both;
using tandem_script::text_part;
using Strings = std::vector<std::string>;

constexpr std::string_view internal_session =
    R"json({"id":"s2","project_id":"workspace-0a","workspace_root":"/srv","title":"T (fork)",
        "directory":"/srv","attached_from_workspace":"/old","attach_reason":"moved",
        "model":{"provider_id":"ollama","model_id":"qwen"},
        "time":{"created":"2026-03-18T08:00:00Z","updated":"2026-03-18T08:00:01.5Z"},
        "messages":[{"id":"m1","role":"assistant","created_at":"2026-03-18T08:00:00Z",
          "parts":[{"type":"tool_invocation","tool":"read","args":{"path":"a"},"result":"x",
                    "error":null},{"type":"text","text":"Done."}]}]})json";

void check_internal(const tandem::Session& session) {
  EXPECT_EQ(session.id, "s2");
  EXPECT_EQ(session.project_id, "workspace-0a");
  EXPECT_EQ(session.workspace_root, "/srv");
  EXPECT_EQ(session.attached_from_workspace, "/old");
  EXPECT_EQ(session.attach_reason, "moved");
  EXPECT_EQ(session.model, (tandem::ModelRef{"ollama", "qwen"}));
  EXPECT_EQ(to_string(session.created_at), "2026-03-18T08:00:00.000000Z");
  EXPECT_EQ(to_string(session.updated_at), "2026-03-18T08:00:01.500000Z");
  ASSERT_EQ(session.messages.size(), 1U);
  const tandem::Message& message = session.messages[0];
  EXPECT_EQ(message.info.id, "m1");
  EXPECT_EQ(message.info.role, "assistant");
  EXPECT_EQ(to_string(message.info.created_at), "2026-03-18T08:00:00.000000Z");
  ASSERT_EQ(message.parts.size(), 2U);
  EXPECT_EQ(message.parts[0].type, "tool");
  EXPECT_EQ(message.parts[0].args, (Json{{"path", "a"}}));
  EXPECT_EQ(message.parts[0].result, Json("x"));
  EXPECT_FALSE(message.parts[0].error);
  EXPECT_EQ(message.text(), "Done.");
}

TEST(TandemRealEngine, row01_lists_and_children_are_bare_arrays_of_either_form) {
  testing::ScriptedTransport wire;
  const std::string list = "[" + std::string(internal_session) + "]";
  wire.expect("GET", "/session").reply(200, list);
  wire.expect("GET", "/session/s1/children").reply(200, list);
  const Client client(options_of(wire, true));
  const auto listed = client.sessions.list();
  EXPECT_EQ(listed.count, 1);
  ASSERT_EQ(listed.sessions.size(), 1U);
  check_internal(listed.sessions[0]);
  const auto children = client.sessions.children("s1");
  ASSERT_EQ(children.size(), 1U);
  check_internal(children[0]);
}

TEST(TandemRealEngine, row02_update_and_fork_give_the_internal_session) {
  testing::ScriptedTransport wire;
  wire.expect("PATCH", "/session/s2").reply(200, internal_session);
  wire.expect("POST", "/session/s1/fork")
      .reply(200, R"({"ok":true,"session":)" + std::string(internal_session) + "}");
  const Client client(options_of(wire, true));
  check_internal(client.sessions.update("s2", {.title = "T"}));
  check_internal(client.sessions.fork("s1"));
}

TEST(TandemRealEngine, row02_a_session_without_a_model_has_none) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/session/s1").reply(200, R"({"id":"s1","title":"T","model":null})");
  const Client client(options_of(wire, true));
  EXPECT_FALSE(client.sessions.get("s1").model);
}

TEST(TandemRealEngine, row03_a_session_gets_the_configured_model) {
  for (const bool async : {false, true}) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/config/providers")
        .reply(200, R"({"providers":{"a":{"default_model":"x"},"ollama":{"defaultModel":"qwen"}},
                        "default":"ollama"})");
    wire.expect("POST", "/session").reply(200, R"({"id":"s1","title":"T"})");
    if (async) {
      const AsyncClient client(options_of(wire, true));
      EXPECT_EQ(run(client.sessions.create()), "s1");
    } else {
      const Client client(options_of(wire, true));
      EXPECT_EQ(client.sessions.create(), "s1");
    }
    wire.verify();
    EXPECT_EQ(Json::parse(wire.requests()[1].body),
              (Json{{"title", "Tandem SDK Session"},
                    {"directory", "."},
                    {"model", {{"providerID", "ollama"}, {"modelID", "qwen"}}},
                    {"provider", "ollama"}}));
  }
}

TEST(TandemRealEngine, row03_a_model_that_is_given_is_not_looked_up) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/session").reply(200, R"({"id":"s1","title":"T"})");
  const Client client(options_of(wire, true));
  EXPECT_EQ(client.sessions.create({.provider = "p", .model = "m"}), "s1");
  wire.verify();
}

TEST(TandemRealEngine, row03_the_default_model_of_a_configuration) {
  tandem::ProvidersConfig config;
  EXPECT_FALSE(config.default_model());
  config.providers["empty"];
  config.providers["b"].default_model = "x";
  EXPECT_EQ(config.default_model(), (tandem::ModelRef{"b", "x"}));
  config.default_provider = "empty";
  EXPECT_FALSE(config.default_model()) << "the provider that was named has none";
}

TEST(TandemRealEngine, row04_prompt_sync_gives_the_last_answer_of_an_array) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/session/s1/prompt_sync")
      .reply(200,
             R"([{"info":{"role":"user"},"parts":[{"type":"text","text":"Hi"}]},
                 {"info":{"role":"assistant"},"parts":[{"type":"text","text":"First."}]},
                 {"info":{"role":"user"},"parts":[{"type":"text","text":"More"}]},
                 {"info":{"role":"assistant"},"parts":[{"type":"reasoning","text":"hm"},
                   {"type":"text","text":"Sec"},{"type":"text","text":"ond."}]}])");
  wire.expect("POST", "/session/s1/prompt_sync").reply(200, "[]");
  const Client client(options_of(wire, true));
  EXPECT_EQ(client.sessions.prompt_sync("s1", "More"), "Second.");
  EXPECT_EQ(client.sessions.prompt_sync("s1", "More"), "");
}

const auto active = R"({"active":{"runID":"r1","startedAtMs":1,"lastActivityAtMs":2}})";

Ran read_engine(std::vector<std::string> pieces, std::string_view run_state = active) {
  return read_with_both(
      [&](testing::ScriptedTransport& wire) {
        wire.expect("GET", "/event").stream(pieces);
        wire.expect("GET", "/session/s1/run").reply(200, run_state);
      },
      of_the_run, true);
}

TEST(TandemRealEngine, row05_text_comes_from_parts_of_an_unfiltered_stream) {
  const Ran ran = read_engine(
      {connected(), text_part("not ours", "s9"), engines("session.status", {{"sessionID", "s9"}}),
       engines("session.status", {{"sessionID", "s1"}, {"runID", "r9"}}),
       engines(
           "message.part.updated",
           {{"part", {{"id", "p0"}, {"sessionID", "s1"}, {"type", "text"}, {"text", "my prompt"}}},
            {"delta", "my prompt"},
            {"agent", "default"}}),
       text_part("It "), text_part("is."),
       engines(
           "message.part.updated",
           {{"part", {{"id", "p2"}, {"sessionID", "s1"}, {"type", "text"}, {"text", "It is."}}}}),
       engines_end()});
  EXPECT_EQ(ran.events,
            (Strings{"server.connected", "message.part.updated", "message.part.updated",
                     "session.response It ", "message.part.updated", "session.response is.",
                     "message.part.updated", "session.run.finished completed"}));
  EXPECT_EQ(ran.thrown, "");
}

TEST(TandemRealEngine, row05_tools_and_permissions_get_the_names_of_the_sdks) {
  const auto part = [](std::string_view state, const Json& more = Json::object()) {
    Json tool{{"id", "p3"},      {"sessionID", "s1"},       {"type", "tool"},
              {"tool", "write"}, {"args", {{"path", "a"}}}, {"state", state}};
    for (const auto& [name, value] : more.as_object()) tool.set(name, value);
    return tool;
  };
  const auto updated = [](const Json& tool) {
    return engines("message.part.updated", {{"part", tool}});
  };
  Json growing{{"part", part("running")}, {"toolCallDelta", {{"argsDelta", "{"}}}};
  const Ran ran =
      read_engine({connected(), engines("message.part.updated", growing), updated(part("running")),
                   engines("permission.asked", {{"sessionID", "s1"},
                                                {"requestID", "p3"},
                                                {"tool", "write"},
                                                {"args", {{"path", "a"}}}}),
                   updated(part("pending")), updated(part("running")),
                   updated(part("completed", {{"result", 7}})), updated(part("denied")),
                   engines_end("cancelled")});
  EXPECT_EQ(
      ran.events,
      (Strings{"server.connected", "message.part.updated", "message.part.updated",
               "session.tool_call write {\"path\":\"a\"} p3", "permission.asked",
               "permission.request p3 write", "message.part.updated", "message.part.updated",
               "message.part.updated", "session.tool_result write 7 p3", "message.part.updated",
               "session.tool_result write  !denied p3", "session.run.finished cancelled"}));
}

TEST(TandemRealEngine, row05_a_made_event_has_ids_and_properties) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/global/event").stream({text_part("It ")});
  const Client client(options_of(wire));
  auto stream = client.global_stream();
  EXPECT_TRUE(stream.next());
  const auto made = stream.next();
  ASSERT_TRUE(made && made->as<tandem::SessionResponse>());
  EXPECT_EQ(made->session_id(), "s1");
  EXPECT_EQ(made->properties(), (Json{{"delta", "It "}, {"sessionID", "s1"}}));
}

TEST(TandemRealEngine, row05_a_run_that_ended_before_the_stream_began_is_read_from_the_messages) {
  const auto late = [](std::string_view messages, std::string_view run_state, int status = 200) {
    return read_with_both(
        [&](testing::ScriptedTransport& wire) {
          wire.expect("GET", "/event").stream({connected()}).hang();
          wire.expect("GET", "/session/s1/run").reply(200, run_state);
          wire.expect("GET", "/session/s1/message").reply(status, messages);
        },
        of_the_run, true);
  };
  const std::string none = R"({"active":null})";
  const std::string done =
      R"([{"info":{"role":"user"},"parts":[]},
          {"info":{"role":"assistant"},"parts":[{"type":"text","text":"Done."}]}])";
  const std::string failed =
      R"([{"info":{"role":"user"},"parts":[]},{"info":{"role":"assistant"},
          "parts":[{"type":"text","text":"ENGINE_ERROR: ENGINE_TIMEOUT: too long"}]}])";
  EXPECT_EQ(late(done, none).events, (Strings{"server.connected", "session.response Done.",
                                              "session.run.finished completed"}));
  EXPECT_EQ(late(done, R"({"active":{"runID":"r2"}})").events.back(),
            "session.run.finished completed");
  EXPECT_EQ(late(failed, none).events,
            (Strings{"server.connected", "session.run.finished error ENGINE_TIMEOUT: too long"}));
  EXPECT_EQ(late("", none, 404).events, (Strings{"server.connected", "session.run.finished "}));
}

TEST(TandemRealEngine, row05_without_text_the_answer_is_read_at_the_end) {
  const Ran ran = read_with_both(
      [](testing::ScriptedTransport& wire) {
        wire.expect("GET", "/event").stream({connected(), engines_end()});
        wire.expect("GET", "/session/s1/run").reply(200, active);
        wire.expect("GET", "/session/s1/message")
            .reply(200, R"([{"info":{"role":"assistant"},"parts":[{"type":"text","text":"A"}]}])");
      },
      of_the_run, true);
  EXPECT_EQ(ran.events,
            (Strings{"server.connected", "session.response A", "session.run.finished completed"}));
}

TEST(TandemRealEngine, row06_the_events_of_a_run_are_a_stream_there) {
  for (const bool async : {false, true}) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/run/r1/events")
        .stream({engines("run.stream.connected", {{"runID", "r1"}})})
        .hang();
    wire.expect("GET", "/run/r1/events").reply(200, "", {{"Content-Type", "text/event-stream"}});
    const AsyncClient awaited(options_of(wire, true));
    const Client client(options_of(wire, true));
    // The scripted stream has no content type: a real one has.
    auto live = client.run_stream("r1");
    EXPECT_EQ(live.next()->type(), "run.stream.connected");
    try {
      async ? run(awaited.run_events("r1")) : client.run_events("r1");
      FAIL() << "read";
    } catch (const tandem::ValidationError& error) {
      EXPECT_NE(error.issues().at(0).find("run_stream()"), std::string::npos);
    }
  }
}

// What has no types yet comes as it is: nothing of an engine's own form is lost or refused.
void expect_as_it_is(const std::string& method, const std::string& path, const Json& body,
                     const Json& reply) {
  for (const bool async : {false, true}) {
    testing::ScriptedTransport wire;
    wire.expect(method, path).reply(200, reply.dump());
    const AsyncClient awaited(options_of(wire, true));
    const Client client(options_of(wire, true));
    EXPECT_EQ(async ? run(awaited.request(method, path, body)) : client.request(method, path, body),
              reply);
    ASSERT_EQ(wire.requests().size(), 1U);
    EXPECT_EQ(wire.requests()[0].has_body, !body.is_null());
    if (!body.is_null()) {
      EXPECT_EQ(Json::parse(wire.requests()[0].body), body);
    }
  }
}

TEST(TandemRealEngine, row08_automations_v2_wait_in_the_engines_words) {
  for (const char* status : {"awaiting_approval", "blocked"}) {
    const Json gate{{"node_id", "review"}, {"decisions", Json::array({"approve", "rework"})}};
    const Json waiting{{"run_id", "automation-v2-run-1"},
                       {"status", status},
                       {"checkpoint", {{"awaiting_gate", gate}}}};
    expect_as_it_is("GET", "/automations/v2/runs/automation-v2-run-1", {}, {{"run", waiting}});
  }
  const Json schedule{
      {"type", "manual"}, {"timezone", "UTC"}, {"misfire_policy", {{"type", "run_once"}}}};
  expect_as_it_is("POST", "/automations/v2", {{"name", "x"}, {"schedule", schedule}},
                  {{"automation", {{"automation_id", "automation-v2-1"}}}});
}

TEST(TandemRealEngine, row10_a_channel_is_given_its_bot_token) {
  expect_as_it_is("PUT", "/channels/telegram", {{"bot_token", "123:abc"}}, {{"ok", true}});
}

TEST(TandemRealEngine, row12_templates_have_ids_of_another_name) {
  const Json templates = Json::array({{{"templateID", "writer"}, {"role", "worker"}}});
  expect_as_it_is("GET", "/agent-team/templates", {}, {{"templates", templates}, {"count", 1}});
}

TEST(TandemRealEngine, row09_memory_is_sent_in_full) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/memory/put").reply(200, R"({"id":"m1","stored":true})");
  wire.expect("POST", "/memory/search").reply(200, R"({"results":[{"id":"m1","content":"x"}]})");
  wire.expect("POST", "/memory/promote").reply(200, R"({"promoted":true})");
  wire.expect("POST", "/memory/demote").reply(200, R"({"ok":true})");
  const Client client(options_of(wire, true));
  client.memory.put("Use WAL", {.run_id = "r", .kind = "fact"});
  EXPECT_EQ(client.memory.search("wal", {.limit = 5, .run_id = "r"}).count, 1)
      << "ENG has no count";
  client.memory.promote("m1", {.run_id = "r", .reason = "good", .reviewer_id = "me"});
  client.memory.demote("m1");
  const Json partition{{"org_id", "local"},
                       {"workspace_id", "default"},
                       {"project_id", "default"},
                       {"tier", "session"}};
  std::vector<Json> bodies;
  for (const auto& request : wire.requests()) bodies.push_back(Json::parse(request.body));
  const std::vector<Json> wanted{{{"run_id", "r"},
                                  {"partition", partition},
                                  {"kind", "fact"},
                                  {"content", "Use WAL"},
                                  {"artifact_refs", Json::array()},
                                  {"classification", "internal"}},
                                 {{"run_id", "r"},
                                  {"query", "wal"},
                                  {"read_scopes", Json::array({"session", "project"})},
                                  {"partition", partition},
                                  {"limit", 5}},
                                 {{"run_id", "r"},
                                  {"source_memory_id", "m1"},
                                  {"from_tier", "session"},
                                  {"to_tier", "project"},
                                  {"partition", partition},
                                  {"reason", "good"},
                                  {"review", {{"required", true}, {"reviewer_id", "me"}}}},
                                 {{"id", "m1"}, {"run_id", ""}}};
  EXPECT_EQ(bodies, wanted);
}

TEST(TandemRealEngine, row11_errors_in_all_their_forms) {
  struct Case {
    int status;
    std::string body;
    std::string code;
    std::string said;
  };
  const std::vector<Case> cases{
      {404, "", "", "GET /session/s1 was answered with HTTP 404"},
      {500, "", "", "GET /session/s1 was answered with HTTP 500"},
      {422, "Failed to deserialize: missing field `x`", "", "missing field `x`"},
      {400, "Failed to parse\nline", "", "Failed to parse"},
      {401, R"({"error":"Unauthorized: missing or invalid API token","code":"AUTH_REQUIRED"})",
       "AUTH_REQUIRED", "missing or invalid API token"},
      {503, R"({"error":"Engine starting: phase=boot","code":"ENGINE_STARTING"})",
       "ENGINE_STARTING", "Engine starting"},
      {403, R"({"ok":false,"error":"no","code":"spawn_policy_missing"})", "spawn_policy_missing",
       "no"}};
  for (const Case& wanted : cases) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/session/s1").reply(wanted.status, wanted.body);
    const Client client(options_of(wire, true));
    try {
      client.sessions.get("s1");
      FAIL() << wanted.status;
    } catch (const tandem::EngineError& error) {
      EXPECT_EQ(error.status(), wanted.status);
      EXPECT_EQ(error.body(), wanted.body);
      EXPECT_EQ(error.code(), wanted.code);
      EXPECT_NE(std::string(error.what()).find(wanted.said), std::string::npos) << error.what();
    }
  }
}

TEST(TandemRealEngine, row11_what_is_refused_with_200) {
  testing::ScriptedTransport wire;
  const std::string no = R"({"ok":false,"error":"unknown provider"})";
  wire.expect("PUT", "/auth/nope").reply(200, no);
  wire.expect("POST", "/permission/p1/reply").reply(200, R"({"ok":false})");
  wire.expect("POST", "/mcp/arcade/connect").reply(200, R"({"ok":false})");
  wire.expect("POST", "/mcp/arcade/refresh")
      .reply(200, R"({"ok":false,"error":"down","removedToolCount":2})");
  wire.expect("POST", "/question/q1/reply").reply(200, R"({"ok":false})");
  const Client client(options_of(wire, true));
  try {
    client.providers.set_api_key("nope", "sk-secret");
    FAIL() << "taken";
  } catch (const tandem::EngineError& error) {
    EXPECT_EQ(error.status(), 200);
    EXPECT_NE(std::string(error.what()).find("unknown provider"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("sk-secret"), std::string::npos);
  }
  EXPECT_THROW(client.permissions.reply("p1", tandem::PermissionReply::allow), tandem::EngineError);
  EXPECT_FALSE(client.mcp.connect("arcade").ok);
  const auto refreshed = client.mcp.refresh("arcade");
  EXPECT_FALSE(refreshed.ok);
  EXPECT_EQ(refreshed.error, "down");
  EXPECT_EQ(refreshed.extra, (Json{{"removedToolCount", 2}}));
  EXPECT_FALSE(client.questions.reply("q1", "A").ok);
}

TEST(TandemRealEngine, S1_8_a_decided_permission_has_the_word_of_its_reply) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/permission")
      .reply(200, R"({"requests":[{"id":"1","status":"pending"},{"id":"2","status":"allow"},
                      {"id":"3","status":"always"},{"id":"4","status":"once"},
                      {"id":"5","status":"deny"},{"id":"6","status":"reject"},
                      {"id":"7","status":"approved"},{"id":"8","status":"rejected"},
                      {"id":"9","status":"new word"}]})");
  const Client client(options_of(wire, true));
  std::string seen;
  for (const auto& request : client.permissions.list().requests) {
    switch (request.status) {
      case tandem::DecisionStatus::pending: seen += 'p'; break;
      case tandem::DecisionStatus::approved: seen += 'a'; break;
      case tandem::DecisionStatus::rejected: seen += 'r'; break;
      case tandem::DecisionStatus::unknown: seen += '?'; break;
    }
  }
  EXPECT_EQ(seen, "paaarrar?");
}

TEST(TandemRealEngine, S2_1_health_of_engine_0_7_has_no_more_than_two_words) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/global/health").reply(200, R"({"healthy":true})");
  wire.expect("GET", "/global/health").reply(200, R"({"healthy":true,"ready":false})");
  const Client client(options_of(wire, true));
  EXPECT_TRUE(client.health().ready);
  EXPECT_FALSE(client.health().ready);
}

}  // namespace
}  // namespace colonnade
