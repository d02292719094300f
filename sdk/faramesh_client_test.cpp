// The Faramesh client's rules of configuration, repetition, errors, waiting and the feed, over a
// scripted transport; over a socket where one matters.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <type_traits>

#include "colonnade/faramesh.hpp"
#include "colonnade/testing.hpp"
#include "loopback_server.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using faramesh::ActionRequest;
using faramesh::AsyncClient;
using faramesh::Client;
using faramesh::Options;
using faramesh::Outcome;
using faramesh::Polling;
using faramesh::Status;

Options options_of(const testing::ScriptedTransport& wire) {
  return {.base_url = "http://test",
          .token = "t",
          .retry_delay = 0ms,
          .http = {.transport = wire.transport()}};
}
Client client_of(const testing::ScriptedTransport& wire) { return Client(options_of(wire)); }

const ActionRequest list_files{
    .agent_id = "my-agent", .tool = "shell", .operation = "exec", .params = {{"cmd", "ls -la"}}};
const std::string list_files_hash =
    "f9f698b965f212192406cdff6c93e2ef913faccaff369a1a0642604f9f3488d6";

std::string action_json(std::string_view status, Json more = Json::object()) {
  Json out{{"id", "a1"},
           {"agent_id", "my-agent"},
           {"tool", "shell"},
           {"operation", "exec"},
           {"params", {{"cmd", "ls -la"}}},
           {"context", Json::object()},
           {"status", status},
           {"decision", status == "denied" ? "deny" : "allow"},
           {"reason", "because"},
           {"reason_code", "POLICY"},
           {"request_hash", list_files_hash}};
  for (const auto& [key, value] : more.as_object()) out.set(key, value);
  return out.dump();
}

std::string decision_json(std::string_view outcome, std::string_view hash = list_files_hash) {
  return Json{{"outcome", outcome},
              {"reason_code", "POLICY_X"},
              {"reason", "because"},
              {"request_hash", hash}}
      .dump();
}

// Sets variables for one test and puts the old state back.
class Environment {
 public:
  explicit Environment(std::map<std::string, std::string> values) {
    for (const char* name : {"FARAMESH_URL", "FARAMESH_BASE_URL", "FARA_API_BASE",
                             "FARAMESH_API_KEY", "FARAMESH_TOKEN", "FARA_AUTH_TOKEN",
                             "FARAMESH_RETRIES", "FARAMESH_RETRY_BACKOFF", "FARAMESH_AGENT_ID"}) {
      const char* old = std::getenv(name);
      before_.emplace_back(name, old == nullptr ? "" : old);
      ::setenv(name, values[name].c_str(), 1);
    }
  }
  ~Environment() {
    for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  std::vector<std::pair<std::string, std::string>> before_;
};

// The URL and the authorization of a first request.
std::pair<std::string, std::string> first_request(const Options& given) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions").reply(200, "[]");
  Options options = given;
  options.http.transport = wire.transport();
  (void)attempt([&] { return Client(options).list_actions(); });
  const auto request = wire.requests().at(0);
  return {request.url.substr(0, request.url.find("/v1")), request.header("Authorization")};
}

TEST(FarameshConfiguration, precedence_of_url_and_token) {
  std::map<std::string, std::string> set{{"FARA_API_BASE", "http://c"}, {"FARA_AUTH_TOKEN", "3"}};
  using Pair = std::pair<std::string, std::string>;
  {
    const Environment none({});
    EXPECT_EQ(first_request({}), (Pair{"http://127.0.0.1:8000", ""}));
  }
  {
    const Environment environment(set);
    EXPECT_EQ(first_request({}), (Pair{"http://c", "Bearer 3"}));
  }
  set["FARAMESH_BASE_URL"] = "http://b/prefix/";
  set["FARAMESH_TOKEN"] = "2";
  {
    const Environment environment(set);
    EXPECT_EQ(first_request({}), (Pair{"http://b/prefix", "Bearer 2"}));
  }
  set["FARAMESH_URL"] = "http://a";
  set["FARAMESH_API_KEY"] = "1";
  {
    const Environment environment(set);
    EXPECT_EQ(first_request({}), (Pair{"http://a", "Bearer 1"}));
    EXPECT_EQ(first_request({.base_url = "http://127.0.0.1:8000", .token = "x"}),
              (Pair{"http://127.0.0.1:8000", "Bearer x"}));
  }
}

TEST(FarameshConfiguration, wrong_settings_are_told) {
  const Environment none({});
  EXPECT_THROW(Client({.base_url = "ftp://x"}), faramesh::ValidationError);
  EXPECT_THROW(Client({.retries = -1}), faramesh::ValidationError);
  EXPECT_THROW(Client({.retries = 21}), faramesh::ValidationError);
  EXPECT_THROW(Client({.retry_delay = -1ms}), faramesh::ValidationError);
  const Environment wrong({{"FARAMESH_RETRIES", "many"}});
  EXPECT_THROW(Client{}, faramesh::ValidationError);
}

TEST(FarameshConfiguration, retries_from_option_and_environment) {
  for (const auto& [variable, option, attempts] :
       {std::tuple{"", std::optional<int>(), 4}, {"1", std::nullopt, 2}, {"1", 0, 1}}) {
    const Environment environment(
        {{"FARAMESH_RETRIES", variable}, {"FARAMESH_RETRY_BACKOFF", "0.001"}});
    testing::ScriptedTransport wire;
    wire.expect("GET", "/v1/actions/a1").reply(503, "").times(9);
    const Client client(
        {.base_url = "http://test", .retries = option, .http = {.transport = wire.transport()}});
    EXPECT_THROW(client.get_action("a1"), faramesh::ServerError);
    EXPECT_EQ(wire.requests().size(), static_cast<std::size_t>(attempts));
  }
}

TEST(FarameshClient, submits_and_decides) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions")
      .reply(200, action_json("pending_approval", {{"approval_token", "tok"},
                                                   {"outcome", "ABSTAIN"},
                                                   {"js_example", "x"},
                                                   {"new_member", 1}}));
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE"));
  const Client gate = client_of(wire);
  const auto action = gate.submit_action(list_files);
  EXPECT_EQ(action.id, "a1");
  EXPECT_EQ(action.status, Status::pending_approval);
  EXPECT_EQ(action.outcome, Outcome::abstain);
  EXPECT_EQ(*action.approval_token, "tok");
  EXPECT_EQ(action.extra, (Json{{"new_member", 1}}));
  const auto decision = gate.gate_decide(list_files);
  EXPECT_EQ(decision.outcome, Outcome::execute);
  EXPECT_FALSE(decision.policy_hash);
  const Json expected{{"agent_id", "my-agent"},
                      {"tool", "shell"},
                      {"operation", "exec"},
                      {"params", {{"cmd", "ls -la"}}},
                      {"context", Json::object()}};
  for (const auto& request : wire.requests()) EXPECT_EQ(Json::parse(request.body), expected);
  EXPECT_EQ(wire.requests()[0].header("Authorization"), "Bearer t");
  wire.verify();
}

TEST(FarameshClient, a_denied_submission_keeps_its_action) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action_json("denied"));
  const Client gate = client_of(wire);
  try {
    gate.submit_action(list_files);
    FAIL();
  } catch (const faramesh::PolicyError& error) {
    EXPECT_EQ(error.action().id, "a1");
    EXPECT_EQ(error.reason(), "because");
    EXPECT_EQ(error.code(), "policy_denied");
    EXPECT_EQ(error.failure().kind, ErrorKind::denied);
  }
  static_assert(std::is_base_of_v<faramesh::NotAllowedError, faramesh::DeniedError>);
}

TEST(FarameshClient, repeats_only_what_cannot_take_effect_twice) {
  using Kind = TransportErrorKind;
  const auto attempts = [](Kind kind, int status, const auto& call) {
    testing::ScriptedTransport wire;
    for (const auto& [method, path] : {std::pair{"POST", "/v1/actions"},
                                       {"POST", "/v1/gate/decide"},
                                       {"GET", "/v1/actions/a1"},
                                       {"POST", "/v1/actions/a1/start"},
                                       {"POST", "/v1/actions/a1/approval"}}) {
      auto expectation = wire.expect(method, path);
      if (kind == Kind::none) {
        expectation.reply(status, "").times(9);
      } else {
        expectation.fail(kind).times(9);
      }
    }
    const Client gate = client_of(wire);
    EXPECT_FALSE(attempt([&] { return call(gate); }));
    return wire.requests().size();
  };
  const auto submit = [](const Client& c) { return c.submit_action(list_files); };
  const auto decide = [](const Client& c) { return c.gate_decide(list_files); };
  const auto get = [](const Client& c) { return c.get_action("a1"); };
  const auto start = [](const Client& c) { return c.start_action("a1"); };
  const auto approve = [](const Client& c) { return c.approve_action("a1", {.token = "x"}); };
  for (const Kind kind : {Kind::connect, Kind::resolve}) {
    EXPECT_EQ(attempts(kind, 0, submit), 4U);
    EXPECT_EQ(attempts(kind, 0, start), 4U);
    EXPECT_EQ(attempts(kind, 0, approve), 4U);
  }
  for (const Kind kind : {Kind::timeout, Kind::reset}) {
    EXPECT_EQ(attempts(kind, 0, submit), 4U);
    EXPECT_EQ(attempts(kind, 0, decide), 4U);
    EXPECT_EQ(attempts(kind, 0, get), 4U);
    EXPECT_EQ(attempts(kind, 0, start), 1U);
    EXPECT_EQ(attempts(kind, 0, approve), 1U);
  }
  EXPECT_EQ(attempts(Kind::none, 500, submit), 4U);
  EXPECT_EQ(attempts(Kind::none, 500, approve), 1U);
  for (const Kind kind : {Kind::tls, Kind::protocol, Kind::canceled}) {
    EXPECT_EQ(attempts(kind, 0, get), 1U);
  }
  for (const int status : {400, 401, 403, 404, 409, 422, 429}) {
    EXPECT_EQ(attempts(Kind::none, status, submit), 1U);
  }
}

TEST(FarameshClient, repetitions_of_a_submission_share_one_key_and_submissions_do_not) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").fail(TransportErrorKind::reset);
  wire.expect("POST", "/v1/actions").reply(200, action_json("allowed")).times(3);
  const Client gate = client_of(wire);
  gate.submit_action(list_files);
  gate.submit_action(list_files);
  gate.with({.idempotency_key = "mine"}).submit_action(list_files);
  const auto sent = wire.requests();
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_GE(sent[0].header("Idempotency-Key").size(), 32U);
  EXPECT_EQ(sent[0].header("Idempotency-Key"), sent[1].header("Idempotency-Key"));
  EXPECT_NE(sent[1].header("Idempotency-Key"), sent[2].header("Idempotency-Key"));
  EXPECT_EQ(sent[3].header("Idempotency-Key"), "mine");
}

TEST(FarameshClient, a_time_limit_covers_all_attempts) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(503, "").times(9);
  Options options = options_of(wire);
  options.retry_delay = 60s;
  const Client gate(options);
  EXPECT_THROW(gate.with({.timeout = 1s}).get_action("a1"), faramesh::ServerError);
  EXPECT_EQ(wire.requests().size(), 1U);
}

TEST(FarameshClient, watchers_see_every_attempt_and_their_faults_do_not_count) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").fail(TransportErrorKind::reset);
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("allowed"));
  std::vector<std::string> seen;
  Options options = options_of(wire);
  options.on_request_start = [&](std::string_view method, std::string_view url) {
    seen.push_back(std::string(method) + " " + std::string(url));
  };
  options.on_request_end = [&](auto, auto, int status, auto) {
    seen.push_back(std::to_string(status));
    throw std::runtime_error("watcher");
  };
  EXPECT_EQ(Client(options).get_action("a1").id, "a1");
  const std::string call = "GET http://test/v1/actions/a1";
  EXPECT_EQ(seen, (std::vector<std::string>{call, "0", call, "200"}));
}

template <class E>
void expect_error(int status, std::string_view body, std::string_view code) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions/a1/start").reply(status, body);
  const Client gate = client_of(wire);
  try {
    gate.start_action("a1");
    FAIL() << status;
  } catch (const E& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_EQ(error.body(), body);
    if (status != 200) EXPECT_EQ(error.status(), status);
  }
}

TEST(FarameshErrors, each_status_has_its_class_and_code) {
  expect_error<faramesh::AuthError>(401, R"({"detail":"no"})", "unauthorized");
  expect_error<faramesh::NotFoundError>(404, "", "not_found");
  expect_error<faramesh::ValidationError>(422, "{}", "invalid_action");
  expect_error<faramesh::RefusedError>(400, "[]", "invalid_state");
  expect_error<faramesh::RefusedError>(429, "", "rate_limited");
  expect_error<faramesh::ServerError>(500, "Internal Server Error", "internal_error");
  expect_error<faramesh::RefusedError>(400, R"({"code":"odd"})", "odd");
  expect_error<faramesh::AuthError>(401, R"({"error":{"code":"invalid_token"}})", "invalid_token");
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"id":"","status":"allowed"})", R"({"id":"a1"})"}) {
    expect_error<faramesh::MalformedResponseError>(200, body, "malformed_response");
  }
}

TEST(FarameshErrors, schema_errors_are_readable) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions")
      .reply(422, R"({"detail":[{"type":"missing","loc":["body","token"],"msg":"Field required"},)"
                  R"({"loc":["body",1],"msg":"bad"}]})");
  const auto refused = attempt([&] { return client_of(wire).submit_action(list_files); });
  EXPECT_NE(refused.error().message.find("body.token: Field required; body.1: bad"),
            std::string::npos)
      << refused.error().message;
}

TEST(FarameshErrors, what_cannot_be_sent_is_not_sent) {
  testing::ScriptedTransport wire;
  const Client gate = client_of(wire);
  const auto with = [](auto change) {
    ActionRequest request = list_files;
    change(request);
    return request;
  };
  for (const ActionRequest& request :
       {with([](auto& r) { r.agent_id = " "; }), with([](auto& r) { r.tool = ""; }),
        with([](auto& r) { r.operation = "\n"; }), with([](auto& r) { r.params = Json::array(); }),
        with([](auto& r) { r.context = "text"; }),
        with([](auto& r) { r.params = {{"x", Json::array({Json(std::nan(""))})}}; }),
        with([](auto& r) { r.params = {{"x", HUGE_VAL}}; })}) {
    EXPECT_THROW(gate.submit_action(request), faramesh::ValidationError);
    EXPECT_THROW(gate.gate_decide(request), faramesh::ValidationError);
  }
  EXPECT_THROW(gate.get_action(""), faramesh::ValidationError);
  EXPECT_THROW(gate.start_action(".."), faramesh::ValidationError);
  EXPECT_THROW(gate.list_actions({.limit = 0}), faramesh::ValidationError);
  EXPECT_THROW(gate.list_actions({.offset = -1}), faramesh::ValidationError);
  EXPECT_THROW(gate.replay_provenance(""), faramesh::ValidationError);
  EXPECT_THROW(gate.wait_for_completion("a1", {.interval = -1ms}), faramesh::ValidationError);
  EXPECT_TRUE(wire.requests().empty());
}

TEST(FarameshErrors, closing_the_root_ends_its_derived_clients) {
  testing::ScriptedTransport wire;
  Client root = client_of(wire);
  const Client derived = root.with({.timeout = 1s});
  root.close();
  try {
    derived.get_action("a1");
    FAIL();
  } catch (const faramesh::Error& error) {
    EXPECT_EQ(error.code(), "closed");
  }
}

TEST(FarameshErrors, a_stop_ends_the_wait_between_attempts) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(503, "").times(9);
  Options options = options_of(wire);
  options.retry_delay = 60s;
  std::stop_source stop;
  options.on_request_end = [&](auto...) { stop.request_stop(); };
  const Client gate(options);
  EXPECT_THROW(gate.with({.stop = stop.get_token()}).get_action("a1"), faramesh::CancelledError);
  EXPECT_EQ(wire.requests().size(), 1U);
}

TEST(FarameshApproval, token_is_read_from_the_action_when_it_is_not_given) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1")
      .reply(200, action_json("pending_approval", {{"approval_token", "tok"}}))
      .times(2);
  wire.expect("POST", "/v1/actions/a1/approval").reply(200, action_json("approved"));
  wire.expect("POST", "/v1/actions/a1/approval").reply(200, action_json("denied")).times(2);
  const Client gate = client_of(wire);
  EXPECT_EQ(gate.approve_action("a1", {.reason = "fine"}).status, Status::approved);
  EXPECT_EQ(gate.reject_action("a1").status, Status::denied);
  EXPECT_EQ(gate.deny("a1", {.token = "given"}).status, Status::denied);
  const auto sent = wire.requests();
  EXPECT_EQ(Json::parse(sent[1].body),
            (Json{{"token", "tok"}, {"approve", true}, {"reason", "fine"}}));
  EXPECT_EQ(Json::parse(sent[3].body), (Json{{"token", "tok"}, {"approve", false}}));
  EXPECT_EQ(Json::parse(sent[4].body), (Json{{"token", "given"}, {"approve", false}}));
  wire.verify();
}

TEST(FarameshApproval, nothing_is_posted_for_an_action_that_is_not_pending) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("succeeded"));
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("pending_approval"));
  const Client gate = client_of(wire);
  for (int i = 0; i < 2; ++i) {
    try {
      gate.approve_action("a1");
      FAIL();
    } catch (const faramesh::RefusedError& error) {
      EXPECT_EQ(error.code(), "invalid_state");
    }
  }
  wire.verify();
}

TEST(FarameshGate, an_executor_runs_only_for_EXECUTE) {
  for (const char* outcome : {"HALT", "ABSTAIN", "execute", "PERMIT", "x"}) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/v1/gate/decide").reply(200, decision_json(outcome)).times(3);
    const Options options = options_of(wire);
    const Client gate(options);
    const AsyncClient async(options);
    bool ran = false;
    const auto executor = [&](const Json&) { return ran = true; };
    try {
      gate.execute_if_allowed(list_files, executor);
      FAIL() << outcome;
    } catch (const faramesh::NotAllowedError& no) {
      EXPECT_EQ(no.decision().reason, "because");
      EXPECT_EQ(no.decision().outcome_text, outcome);
    }
    const auto record = gate.try_execute_if_allowed(list_files, executor);
    EXPECT_FALSE(record.executed);
    EXPECT_FALSE(record.execution_error);
    EXPECT_EQ(record.decision.reason_code, "POLICY_X");
    EXPECT_THROW(run(async.execute_if_allowed(list_files, executor)), faramesh::NotAllowedError);
    EXPECT_FALSE(ran) << outcome;
  }
}

TEST(FarameshGate, both_shapes_of_executor_and_what_they_give) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE")).times(5);
  const Options options = options_of(wire);
  const Client gate(options);
  const std::string one = gate.execute_if_allowed(
      list_files, [](const Json& params) { return params["cmd"].as_string(); });
  EXPECT_EQ(one, "ls -la");
  const std::string four =
      gate.execute_if_allowed(list_files, [](const std::string& tool, const std::string& operation,
                                             const Json& params, const Json& context) {
        return tool + " " + operation + " " + params["cmd"].as_string() + context.dump();
      });
  EXPECT_EQ(four, "shell exec ls -la{}");
  const auto record = gate.try_execute_if_allowed(list_files, [](const Json&) { return 7; });
  EXPECT_TRUE(record.executed);
  EXPECT_EQ(record.execution_result, Json(7));
  const auto thrown = gate.try_execute_if_allowed(
      list_files, [](const Json&) -> int { throw std::runtime_error("boom"); });
  EXPECT_FALSE(thrown.executed);
  EXPECT_EQ(*thrown.execution_error, "boom");
  EXPECT_THROW(
      gate.execute_if_allowed(list_files, [](const Json&) { throw std::runtime_error("boom"); }),
      std::runtime_error);
}

Task<std::string> awaited_executor(const AsyncClient* gate) {
  const auto shout = [](const Json& params) -> std::string { return params["cmd"].as_string(); };
  auto plain = co_await gate->execute_if_allowed(list_files, shout);
  struct Sleeping {
    static Task<std::string> work(std::string text) {
      co_await sleep_for(1ms);
      co_return text + "!";
    }
  };
  const auto sleeping = [](const Json& params) {
    return Sleeping::work(params["cmd"].as_string());
  };
  auto later = co_await gate->execute_if_allowed(list_files, sleeping);
  co_return plain + later;
}

TEST(FarameshGate, an_awaited_executor) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE")).times(2);
  const AsyncClient gate(options_of(wire));
  EXPECT_EQ(run(awaited_executor(&gate)), "ls -lals -la!");
}

TEST(FarameshGate, a_verdict_about_another_request_does_not_count) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE", "00")).times(2);
  const Client gate = client_of(wire);
  bool ran = false;
  const auto executor = [&](const Json&) { return ran = true; };
  EXPECT_THROW(gate.execute_if_allowed(list_files, executor), faramesh::HashMismatchError);
  EXPECT_THROW(gate.try_execute_if_allowed(list_files, executor), faramesh::HashMismatchError);
  EXPECT_FALSE(ran);
}

TEST(FarameshGate, the_executor_gets_what_was_hashed) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE"));
  const Client gate = client_of(wire);
  ActionRequest padded = list_files;
  padded.tool = " shell ";
  padded.params = {{"cmd", "  ls -la\n"}};
  EXPECT_EQ(
      gate.execute_if_allowed(padded, [](const Json& params) { return params["cmd"].as_string(); }),
      "ls -la");
}

TEST(FarameshBatch, denied_and_failed_submissions_stand_in_their_place) {
  testing::ScriptedTransport wire;
  for (int i = 0; i < 2; ++i) {
    wire.expect("POST", "/v1/actions").reply(200, action_json("allowed"));
    wire.expect("POST", "/v1/actions").reply(200, action_json("denied"));
    wire.expect("POST", "/v1/actions").reply(422, R"({"detail":"no"})");
  }
  const Client gate = client_of(wire);
  const std::vector<ActionRequest> requests(3, list_files);
  const auto all = gate.submit_actions(requests);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_FALSE(all[0].failure);
  EXPECT_EQ(all[1].action->status, Status::denied);
  EXPECT_EQ(all[1].failure->kind, ErrorKind::denied);
  EXPECT_FALSE(all[2].action);
  EXPECT_EQ(all[2].failure->status, 422);
  try {
    gate.submit_actions_bulk(requests, Client::OnError::raise);
    FAIL();
  } catch (const faramesh::BatchError& error) {
    EXPECT_EQ(error.code(), "batch_failed");
    ASSERT_EQ(error.successes().size(), 1U);
    ASSERT_EQ(error.errors().size(), 2U);
    EXPECT_EQ(error.errors()[1].index, 2U);
  }
  wire.verify();
}

constexpr Polling quick{.interval = 1ms, .timeout = 10s};

TEST(FarameshWaiting, until_approved_denied_or_late) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("pending_approval")).times(2);
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("approved"));
  wire.expect("GET", "/v1/actions/a2").reply(200, action_json("pending_approval"));
  wire.expect("GET", "/v1/actions/a2").reply(200, action_json("denied"));
  wire.expect("GET", "/v1/actions/a3").reply(200, action_json("pending_approval")).times(1000);
  const Client gate = client_of(wire);
  EXPECT_EQ(gate.block_until_approved("a1", quick).status, Status::approved);
  EXPECT_THROW(gate.block_until_approved("a2", quick), faramesh::DeniedError);
  try {
    gate.block_until_approved("a3", {.interval = 1ms, .timeout = 5ms});
    FAIL();
  } catch (const faramesh::ApprovalTimeoutError& late) {
    EXPECT_EQ(late.code(), "timeout");
    EXPECT_EQ(late.action().status, Status::pending_approval);
  }
}

TEST(FarameshWaiting, timeout_is_a_final_state_and_the_limit_is_real) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("executing"));
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("timeout"));
  wire.expect("GET", "/v1/actions/a2").reply(200, action_json("executing")).times(1000);
  const Client gate = client_of(wire);
  EXPECT_EQ(gate.wait_for_completion("a1", quick).status, Status::timeout);
  EXPECT_THROW(gate.wait_for_completion("a2", {.interval = 1ms, .timeout = 5ms}),
               faramesh::TimeoutError);
}

TEST(FarameshWaiting, submit_approve_start_finish) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action_json("pending_approval")).times(2);
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("approved"));
  wire.expect("POST", "/v1/actions/a1/start").reply(200, action_json("executing"));
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("executing"));
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("succeeded"));
  const AsyncClient gate(options_of(wire));
  const faramesh::SubmitAndWait as_it_is{};
  EXPECT_EQ(run(gate.submit_and_wait(list_files, as_it_is)).status, Status::pending_approval);
  const faramesh::SubmitAndWait whole{
      .require_approval = true, .auto_start = true, .polling = quick};
  EXPECT_EQ(run(gate.submit_and_wait(list_files, whole)).status, Status::succeeded);
  const auto sent = wire.requests();
  EXPECT_FALSE(sent[3].has_body);
  wire.verify();
}

TEST(FarameshReplay, of_an_action_and_of_a_decision) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1")
      .reply(200, action_json("succeeded", {{"outcome", "EXECUTE"}, {"runtime_version", "1"}}))
      .times(2);
  wire.expect("GET", "/v1/actions/a2").reply(200, action_json("denied"));
  wire.expect("POST", "/v1/actions").reply(200, action_json("allowed"));
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("HALT"));
  const Client gate = client_of(wire);
  EXPECT_EQ(gate.replay_action("a1").status, Status::allowed);
  EXPECT_EQ(Json::parse(wire.requests()[1].body)["context"],
            (Json{{"replayed_from", "a1"}, {"replay", true}}));
  EXPECT_THROW(gate.replay_action("a2"), faramesh::RefusedError);
  const auto result = gate.replay_decision("a1");
  EXPECT_FALSE(result.success);
  EXPECT_FALSE(result.outcome_match);
  EXPECT_TRUE(result.request_hash_match);
  EXPECT_TRUE(result.policy_hash_match);
  EXPECT_FALSE(result.runtime_version_match);
  EXPECT_EQ(result.mismatches.size(), 3U);
  wire.verify();
}

TEST(FarameshReplay, by_provenance) {
  testing::ScriptedTransport wire;
  const std::string found = action_json(
      "allowed", {{"outcome", "HALT"}, {"reason_code", "POLICY_X"}, {"provenance_id", "p"}});
  wire.expect("GET", "/v1/actions?limit=1000&offset=0")
      .reply(200, "{\"actions\":[" + action_json("allowed") + "," + found + "]}")
      .times(2);
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("HALT"));
  const Client gate = client_of(wire);
  EXPECT_TRUE(gate.replay_provenance("p").success);
  EXPECT_THROW(gate.replay_provenance("q"), faramesh::NotFoundError);
}

std::string frame(std::string_view type, std::string_view id, std::string_view more = "") {
  return "data: {\"type\":\"" + std::string(type) + "\"," + std::string(more) +
         "\"data\":{\"id\":\"" + std::string(id) +
         "\",\"status\":\"allowed\",\"tool\":\"shell\"},\"timestamp\":\"2026-01-14T10:00:00Z\"}"
         "\n\n";
}

Task<std::vector<std::string>> collect(const AsyncClient* gate, faramesh::EventFilter filter) {
  std::vector<std::string> ids;
  auto events = gate->stream_events(filter);
  while (auto event = co_await events.next()) {
    ids.push_back(event->action_id);
  }
  co_return ids;
}

TEST(FarameshFeed, filters_work_on_this_side) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/events")
      .stream({frame("action.created", "a1"), ": ping\n\n", "data: no json\n\n",
               frame("action.approved", "a1"),
               frame("action.created", "a2", "\"action_id\":\"a2\",")})
      .times(6);
  const Options options = options_of(wire);
  const Client gate(options);
  const AsyncClient async(options);
  using Ids = std::vector<std::string>;
  for (const auto& [filter, expected] :
       {std::pair{faramesh::EventFilter{}, Ids{"a1", "a1", "a2"}},
        {faramesh::EventFilter{.types = {"action_created"}}, Ids{"a1", "a2"}},
        {faramesh::EventFilter{.types = {"action.created"}, .action_id = "a2"}, Ids{"a2"}}}) {
    Ids ids;
    gate.tail_events(
        [&](const faramesh::FeedEvent& event) {
          EXPECT_EQ(event.status, Status::allowed);
          EXPECT_EQ(to_string(event.timestamp), "2026-01-14T10:00:00.000000Z");
          ids.push_back(event.action_id);
          return true;
        },
        filter);
    EXPECT_EQ(ids, expected);
    EXPECT_EQ(run(collect(&async, filter)), expected);
  }
  EXPECT_EQ(wire.requests()[0].header("Accept"), "text/event-stream");
  EXPECT_EQ(wire.open_streams(), 0U);
}

TEST(FarameshFunctions, use_the_configured_client) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action_json("allowed"));
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE")).times(2);
  faramesh::configure(options_of(wire));
  EXPECT_EQ(faramesh::submit_action("my-agent", "shell", "exec", {{"cmd", "ls -la"}}).id, "a1");
  EXPECT_EQ(faramesh::gate_decide(list_files).outcome, Outcome::execute);
  EXPECT_EQ(faramesh::execute_if_allowed("my-agent", "shell", "exec", {{"cmd", "ls -la"}}, {},
                                         [](const Json&) { return 5; }),
            5);
  wire.verify();
}

TEST(FarameshSocket, a_refused_submission_is_sent_again_over_a_new_connection) {
  std::atomic<int> submissions{0};
  LoopbackServer server([&](LoopbackConnection& connection) {
    for (;;) {
      const std::string request = connection.read_request();
      if (request.empty()) return;
      if (submissions++ == 0) {
        connection.reset();
        return;
      }
      connection.reply(200, action_json("allowed"));
    }
  });
  const Client gate({.base_url = server.url(), .token = "t", .retry_delay = 1ms});
  EXPECT_EQ(gate.submit_action(list_files).id, "a1");
  EXPECT_EQ(submissions, 2);
}

TEST(FarameshSocket, nobody_there) {
  const Client gate({.base_url = "http://127.0.0.1:1", .retries = 1, .retry_delay = 1ms});
  try {
    gate.gate_decide(list_files);
    FAIL();
  } catch (const faramesh::ConnectionError& error) {
    EXPECT_EQ(error.kind(), TransportErrorKind::connect);
    EXPECT_EQ(error.code(), "connection_error");
  }
}

}  // namespace
}  // namespace colonnade
