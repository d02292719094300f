// Replays the rows of the Faramesh example file against both clients, and checks hashes against the
// vectors of the system they come from. Skips when a file is not there.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "colonnade/faramesh.hpp"
#include "colonnade/testing.hpp"
#include "sdk/faramesh/hash.hpp"
#include "sdk/sha256.hpp"

namespace colonnade {
namespace {

using faramesh::ActionRequest;
using faramesh::AsyncClient;
using faramesh::Client;

constexpr std::string_view some_id = "11111111-1111-4111-8111-111111111111";

std::vector<Json> rows_of(const std::string& name) {
  std::vector<Json> rows;
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/" + name);
  for (std::string line; std::getline(file, line);) {
    // The rows name ids by a placeholder that is no path segment as it stands.
    constexpr std::string_view placeholder = "$uuid";
    for (auto at = line.find(placeholder); at != std::string::npos; at = line.find(placeholder)) {
      line.replace(at, placeholder.size(), some_id);
    }
    rows.push_back(Json::parse(line));
  }
  return rows;
}

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

// What the client made of a reply, under the names of the wire.
Json to_json(const faramesh::GateDecision& decision) {
  EXPECT_TRUE(decision.extra.is_null()) << decision.extra.dump();
  EXPECT_EQ(to_string(decision.outcome), decision.outcome_text);
  return {{"outcome", decision.outcome_text},
          {"reason_code", decision.reason_code},
          {"reason", decision.reason},
          {"request_hash", decision.request_hash},
          {"policy_version", or_null(decision.policy_version)},
          {"policy_hash", or_null(decision.policy_hash)},
          {"profile_id", or_null(decision.profile_id)},
          {"profile_version", or_null(decision.profile_version)},
          {"profile_hash", or_null(decision.profile_hash)},
          {"runtime_version", or_null(decision.runtime_version)},
          {"provenance_id", or_null(decision.provenance_id)}};
}

Json to_json(const faramesh::Action& action) {
  EXPECT_TRUE(action.extra.is_null()) << action.extra.dump();
  EXPECT_EQ(to_string(action.status), action.status_text);
  Json out = to_json(decision_of(action));
  out.set("id", action.id)
      .set("agent_id", action.agent_id)
      .set("tool", action.tool)
      .set("operation", action.operation)
      .set("params", action.params)
      .set("context", action.context)
      .set("status", action.status_text)
      .set("decision", action.decision)
      .set("risk_level", action.risk_level)
      .set("approval_token", or_null(action.approval_token))
      .set("reason_details", action.reason_details);
  return out;
}

// The members of a reply that the client keeps in a typed form of its own.
Json comparable(Json reply) {
  for (const char* name : {"created_at", "updated_at", "js_example", "python_example"}) {
    reply.as_object().erase(name);
  }
  if (reply.contains("id") && !reply.contains("approval_token")) {
    reply.set("approval_token", nullptr);  // rows of lists do not have it
  }
  return reply;
}

ActionRequest request_from(const Json& body) {
  const Json* context = body.find("context");
  return {.agent_id = body["agent_id"].as_string(),
          .tool = body["tool"].as_string(),
          .operation = body["operation"].as_string(),
          .params = body["params"],
          .context = context == nullptr ? Json() : *context};
}

// Rows whose requests the typed methods cannot, or refuse to, make.
bool only_by_hand(const Json& row) {
  const std::string& name = row["name"].as_string();
  for (const char* by_hand :
       {"missing token", "unknown member", "result with extra member", "gate with blank agent_id",
        "gate unknown member", "submit missing members", "submit params null",
        "submit params absent", "submit blank agent_id", "submit malformed JSON",
        "submit non-finite number", "submit big integer", "list bad limit", "list unknown status",
        "method not allowed", "unknown path", "playground eval"}) {
    if (name == by_hand) return true;
  }
  return false;
}

Json to_json(const faramesh::ActionEvent& event) {
  EXPECT_TRUE(event.extra.is_null());
  return {{"id", event.id},
          {"action_id", event.action_id},
          {"event_type", event.event_type},
          {"meta", event.meta},
          {"created_at", event.created_at_text},
          {"prev_hash", or_null(event.prev_hash)},
          {"record_hash", event.record_hash}};
}

template <class T>
Json list_json(const std::vector<T>& items) {
  Json out = Json::array();
  for (const T& item : items) out.push_back(to_json(item));
  return out;
}

// The call a row stands for, and what it gave.
Json call(const Client& client, const Json& row) {
  const Json& request = row["request"];
  const std::string method = request["method"].as_string();
  std::string path = request["path"].as_string();
  const Json* body = request.find("body");
  if (only_by_hand(row)) {
    const Json sent = body == nullptr || !body->is_object() ? Json() : *body;
    return client.request(method, path, sent);
  }
  if (path == "/health") return {{"status", client.health() ? "healthy" : "?"}};
  if (path == "/ready") return {{"status", client.ready() ? "ready" : "?"}};
  if (path == "/v1/policy/info") {
    const auto info = client.policy_info();
    return {{"policy_file", info.policy_file},
            {"policy_path", info.policy_path},
            {"exists", info.exists},
            {"policy_version", or_null(info.policy_version)}};
  }
  if (path == "/v1/policy/validate") return client.validate_policy("rules: []").raw;
  if (path == "/v1/gate/decide") return to_json(client.gate_decide(request_from(*body)));
  if (method == "POST" && path == "/v1/actions") {
    try {
      return to_json(client.submit_action(request_from(*body)));
    } catch (const faramesh::PolicyError& denied) {
      return to_json(denied.action());
    }
  }
  if (path.starts_with("/v1/actions?")) {
    return list_json(client.list_actions(
        {.limit = 1, .agent_id = "my-agent", .tool = "shell", .status = "succeeded"}));
  }
  if (path == "/v1/actions") return list_json(client.list_actions());
  path.erase(0, std::string("/v1/actions/").size());
  const std::string id = path.substr(0, path.find('/'));
  const std::string verb = path.substr(id.size());
  if (verb.empty()) return to_json(client.get_action(id));
  if (verb == "/start") return to_json(client.start_action(id));
  if (verb == "/events") return list_json(client.action_events(id));
  if (verb == "/result") {
    const Json* error = body->find("error");
    return to_json(client.report_result(id, {.success = (*body)["success"].as_bool(),
                                             .error = error == nullptr ? "" : error->as_string()}));
  }
  const Json* reason = body->find("reason");
  const faramesh::Approval verdict{.token = (*body)["token"].as_string(),
                                   .reason = reason == nullptr ? "" : reason->as_string()};
  return to_json((*body)["approve"].as_bool() ? client.approve_action(id, verdict)
                                              : client.deny_action(id, verdict));
}

void expect_class(int status, const faramesh::Error& error) {
  const auto is = [&](const auto* type) { return type != nullptr; };
  if (status == 401) EXPECT_TRUE(is(dynamic_cast<const faramesh::AuthError*>(&error)));
  if (status == 404) EXPECT_TRUE(is(dynamic_cast<const faramesh::NotFoundError*>(&error)));
  if (status == 422) EXPECT_TRUE(is(dynamic_cast<const faramesh::ValidationError*>(&error)));
  if (status == 400) EXPECT_TRUE(is(dynamic_cast<const faramesh::RefusedError*>(&error)));
  if (status >= 500) EXPECT_TRUE(is(dynamic_cast<const faramesh::ServerError*>(&error)));
}

void replay_row(const Json& row) {
  const Json& request = row["request"];
  const Json& response = row["response"];
  const int status = static_cast<int>(response["status"].as_int64());
  const std::string body = response["body"].dump();
  testing::ScriptedTransport wire;
  wire.expect(request["method"].as_string(), request["path"].as_string()).reply(status, body);
  const Client client({.base_url = "http://test",
                       .token = "t",
                       .retries = 0,
                       .http = {.transport = wire.transport()}});
  try {
    const Json given = call(client, row);
    EXPECT_EQ(status, 200);
    Json expected = response["body"];
    if (expected.is_array()) {
      for (Json& item : expected.as_array()) {
        if (!item.contains("event_type")) item = comparable(item);
      }
    } else if (!only_by_hand(row)) {
      expected = comparable(expected);
    }
    EXPECT_EQ(given, expected);
  } catch (const faramesh::Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    EXPECT_EQ(error.body(), body);
    expect_class(status, error);
  }
  wire.verify();
  const auto sent = wire.requests().at(0);
  const Json* asked = request.find("body");
  if (asked == nullptr || only_by_hand(row)) return;
  Json normal = *asked;  // null context and {} are the same
  if (normal.contains("params") && (!normal.contains("context") || normal["context"].is_null())) {
    normal.set("context", Json::object());
  }
  if (request["path"].as_string() == "/v1/policy/validate") return;
  EXPECT_EQ(Json::parse(sent.body), normal);
}

TEST(FarameshExamples, every_row) {
  const auto rows = rows_of("faramesh-examples.jsonl");
  if (rows.empty()) GTEST_SKIP() << "no faramesh-examples.jsonl in " << COLONNADE_CONTRACTS;
  int replayed = 0;
  for (const Json& row : rows) {
    if (row["kind"].as_string() != "http") continue;
    SCOPED_TRACE(row["name"].as_string());
    replay_row(row);
    ++replayed;
  }
  EXPECT_GE(replayed, 60);
}

TEST(FarameshExamples, hashes_of_the_server_are_ours) {
  const auto rows = rows_of("faramesh-examples.jsonl");
  if (rows.empty()) GTEST_SKIP() << "no faramesh-examples.jsonl in " << COLONNADE_CONTRACTS;
  int checked = 0;
  for (const Json& row : rows) {
    if (row["kind"].as_string() != "http" || row["response"]["status"] != Json(200)) continue;
    const Json* asked = row["request"].find("body");
    const Json& body = row["response"]["body"];
    if (asked == nullptr || !asked->is_object() || !asked->contains("agent_id")) continue;
    // This client has no integers beyond 64 bits.
    if (row["name"].as_string() == "submit big integer") continue;
    SCOPED_TRACE(row["name"].as_string());
    const ActionRequest request = request_from(*asked);
    EXPECT_EQ(compute_request_hash(trimmed(request)), body["request_hash"].as_string());
    ++checked;
  }
  EXPECT_GE(checked, 10);
}

Task<std::vector<faramesh::FeedEvent>> collect(const AsyncClient* client) {
  std::vector<faramesh::FeedEvent> out;
  auto events = client->stream_events();
  while (auto event = co_await events.next()) {
    out.push_back(*event);
  }
  co_return out;
}

TEST(FarameshExamples, the_feed) {
  const auto rows = rows_of("faramesh-examples.jsonl");
  if (rows.empty()) GTEST_SKIP() << "no faramesh-examples.jsonl in " << COLONNADE_CONTRACTS;
  for (const Json& row : rows) {
    if (row["kind"].as_string() != "sse") continue;
    std::vector<std::string> frames;
    for (const Json& frame : row["response"]["frames"].as_array()) {
      frames.push_back(frame.as_string());
    }
    testing::ScriptedTransport wire;
    wire.expect("GET", "/v1/events").stream(frames);
    const AsyncClient client({.base_url = "http://test", .http = {.transport = wire.transport()}});
    const auto events = run(collect(&client));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].type, "action.created");
    EXPECT_EQ(events[0].status, faramesh::Status::pending_approval);
    EXPECT_EQ(events[0].action_id, some_id);
    EXPECT_EQ(events[0].risk_level, "low");
  }
}

TEST(FarameshHashes, every_vector) {
  const auto rows = rows_of("faramesh-canonicalization-vectors.jsonl");
  if (rows.empty()) GTEST_SKIP() << "no canonicalization vectors in " << COLONNADE_CONTRACTS;
  int checked = 0;
  for (const Json& row : rows) {
    SCOPED_TRACE(row["note"].as_string());
    const std::string& fn = row["fn"].as_string();
    const std::string& text = row["input_json"].as_string();
    const auto hash = [&]() -> std::string {
      if (fn == "request_hash") return faramesh::detail::request_hash_of_text(text);
      if (fn == "provenance_id") {
        const Json parts = Json::parse(text);
        std::string joined;
        for (const char* name :
             {"request_hash", "policy_hash", "profile_hash", "runtime_version"}) {
          if (name != std::string_view("request_hash")) joined += '|';
          const Json& part = parts[name];
          if (part.is_string()) joined += part.as_string();
        }
        return colonnade::detail::sha256_hex(joined);
      }
      const Json* previous = row.find("prev_hash");
      const bool first = previous == nullptr || previous->is_null();
      return faramesh::detail::chained_hash_of_text(text, first ? "" : previous->as_string());
    };
    if (row["hash"].is_null()) {
      EXPECT_THROW(hash(), faramesh::ValidationError);
    } else {
      EXPECT_EQ(hash(), row["hash"].as_string());
    }
    ++checked;
  }
  EXPECT_EQ(checked, 36);
}

TEST(FarameshHashes, of_values) {
  EXPECT_EQ(colonnade::detail::sha256_hex(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(colonnade::detail::sha256_hex(std::string(1000, 'a')),
            "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
  const ActionRequest list_files{
      .agent_id = "my-agent", .tool = "shell", .operation = "exec", .params = {{"cmd", "ls -la"}}};
  const std::string hash = "f9f698b965f212192406cdff6c93e2ef913faccaff369a1a0642604f9f3488d6";
  EXPECT_EQ(compute_request_hash(list_files), hash);
  EXPECT_TRUE(faramesh::verify_request_hash(list_files, hash));
  EXPECT_FALSE(faramesh::verify_request_hash(Json{{"agent_id", "x"}}, hash));
  EXPECT_EQ(faramesh::canonical_json({{"b", 1.0}, {"a", 1e21}}),
            R"({"a":1000000000000000000000,"b":1})");
  EXPECT_THROW(faramesh::canonical_json(Json(std::numeric_limits<double>::quiet_NaN())),
               faramesh::ValidationError);
}

TEST(FarameshHashes, trimming_reaches_as_deep_as_the_server_s) {
  const ActionRequest padded{
      .agent_id = "\xC2\xA0 ag\xE3\x80\x80",
      .tool = "t",
      .operation = "o",
      .params = {{"x", " a\n"},
                 {"o", Json{{"y", "\tb "}}},
                 {"l", Json::array({" c ", Json{{"k", " d "}}, Json::array({" e "})})}}};
  const auto bare = trimmed(padded);
  EXPECT_EQ(bare.agent_id, "ag");
  EXPECT_EQ(bare.params,
            (Json{{"x", "a"},
                  {"o", Json{{"y", "b"}}},
                  {"l", Json::array({"c", Json{{"k", " d "}}, Json::array({" e "})})}}));
  EXPECT_EQ(bare.context, Json::object());
}

TEST(FarameshHashes, a_log_that_was_changed_is_noticed) {
  std::vector<faramesh::ActionEvent> log(2);
  log[0] = {.id = "1",
            .action_id = "a",
            .event_type = "created",
            .meta = Json::object(),
            .created_at_text = "2026-01-14T10:00:00.000001"};
  log[0].record_hash = compute_event_hash(log[0], "");
  log[1] = {.id = "2",
            .action_id = "a",
            .event_type = "started",
            .meta = Json::object(),
            .created_at_text = "2026-01-14T10:00:01",
            .prev_hash = log[0].record_hash};
  log[1].record_hash = compute_event_hash(log[1], log[0].record_hash);
  EXPECT_TRUE(faramesh::verify_event_chain(log));
  EXPECT_FALSE(faramesh::verify_event_chain({}));
  EXPECT_FALSE(faramesh::verify_event_chain({log[1]}));
  auto changed = log;
  changed[0].meta = Json{{"x", 1}};
  EXPECT_FALSE(faramesh::verify_event_chain(changed));
  changed = log;
  changed[1].prev_hash.reset();
  EXPECT_FALSE(faramesh::verify_event_chain(changed));
}

TEST(FarameshPolicy, is_written_as_the_server_reads_it) {
  using namespace faramesh;
  const std::string yaml = create_policy(
      {{.match = {.tool = "http", .operation = "*"}, .effect = Effect::allow, .risk = Risk::low},
       {.match = {.tool = "refund", .amount_gt = 100},
        .effect = Effect::require_approval,
        .description = "big: \"refund\""},
       {.match = {.field = "user.role", .value = Json("on")}, .effect = Effect::deny}},
      {{.name = "r", .when = {.contains = "danger"}, .risk_level = Risk::high}});
  EXPECT_EQ(yaml,
            "rules:\n"
            "  - match: {tool: \"http\", op: \"*\"}\n"
            "    allow: true\n"
            "    risk: low\n"
            "  - match: {tool: \"refund\", amount_gt: 100}\n"
            "    require_approval: true\n"
            "    description: \"big: \\\"refund\\\"\"\n"
            "  - match: {field: \"user.role\", value: \"on\"}\n"
            "    deny: true\n"
            "risk:\n"
            "  rules:\n"
            "    - name: \"r\"\n"
            "      when: {contains: \"danger\"}\n"
            "      risk_level: high\n");
  EXPECT_EQ(Policy{}.to_yaml(), "rules: []\n");
}

TEST(FarameshPolicy, faults_are_named) {
  using namespace faramesh;
  const Policy wrong{
      .rules = {{.match = {}},
                {.match = {.field = "x"}},
                {.match = {.tool = "", .amount_gt = std::numeric_limits<double>::infinity()}}},
      .risk_rules = {{.when = {.tool = "x"}}}};
  EXPECT_EQ(wrong.validate().size(), 5U);
  EXPECT_THROW(create_policy(wrong.rules), ValidationError);
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/policy/validate").reply(404, R"({"detail":"Not Found"})");
  wire.expect("POST", "/v1/policy/validate").reply(422, R"({"valid":false,"errors":["no"]})");
  const Client client({.base_url = "http://test", .http = {.transport = wire.transport()}});
  EXPECT_FALSE(client.validate_policy(wrong).valid);
  const Policy right{.rules = {{.match = {.tool = "*"}, .effect = Effect::allow}}};
  EXPECT_TRUE(client.validate_policy(right).valid);
  const auto check = client.validate_policy(right.to_yaml());
  EXPECT_FALSE(check.valid);
  EXPECT_EQ(check.errors, std::vector<std::string>{"no"});
  wire.expect("POST", "/v1/policy/validate").reply(404, "");
  wire.expect("POST", "/v1/policy/validate").reply(401, "");
  // A refusal of the request is no opinion on the policy.
  wire.expect("POST", "/v1/policy/validate").reply(422, R"({"detail":"policy is too long"})");
  const AsyncClient async({.base_url = "http://test", .http = {.transport = wire.transport()}});
  EXPECT_FALSE(run(async.validate_policy(wrong)).valid);
  EXPECT_TRUE(run(async.validate_policy(right)).valid);
  EXPECT_THROW(run(async.validate_policy(right)), AuthError);
  EXPECT_THROW(run(async.validate_policy(right)), ValidationError);
  wire.verify();
}

}  // namespace
}  // namespace colonnade
