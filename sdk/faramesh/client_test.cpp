// The Faramesh client's rules of configuration, repetition and errors, over a scripted transport;
// over a socket where one matters.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <type_traits>

#include "sdk/faramesh/script.hpp"
#include "sdk/loopback_server.hpp"

namespace colonnade {
namespace {

using namespace faramesh_script;
using faramesh::Outcome;
using faramesh::Status;

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

TEST(FarameshConfiguration, wrong_settings_are_reported) {
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
