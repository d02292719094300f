// The six points a governed tool has to keep (faramesh §8), and that it fails closed.
#include <gtest/gtest.h>

#include <stdexcept>

#include "colonnade/faramesh.hpp"
#include "colonnade/testing.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using faramesh::AsyncClient;
using faramesh::Client;
using faramesh::governed;
using faramesh::GovernedOptions;
using faramesh::Options;

Options options_of(const testing::ScriptedTransport& wire) {
  return {.base_url = "http://test",
          .agent_id = "me",
          .retries = 0,
          .http = {.transport = wire.transport()}};
}

GovernedOptions quick() { return {.approval = {.interval = 1ms, .timeout = 10s}}; }

// An action of the tool "echo", with the right hash unless `more` says otherwise.
std::string action(std::string_view status, const Json& params, const Json& more = Json::object()) {
  const faramesh::ActionRequest request{
      .agent_id = "me", .tool = "echo", .operation = "call", .params = params};
  Json out{{"id", "a1"},
           {"agent_id", "me"},
           {"tool", "echo"},
           {"operation", "call"},
           {"params", params},
           {"context", Json::object()},
           {"status", status},
           {"decision", status == "denied" ? "deny" : "allow"},
           {"reason", "because"},
           {"reason_code", "POLICY_X"},
           {"request_hash", faramesh::compute_request_hash(request)}};
  for (const auto& [key, value] : more.as_object()) out.set(key, value);
  return out.dump();
}

const Json hello{{"text", "hello"}};

// A tool that counts its runs.
struct Echo {
  std::shared_ptr<int> runs = std::make_shared<int>(0);
  Json operator()(const Json& params) const {
    ++*runs;
    return params["text"];
  }
};

Task<Json> echo_later(std::shared_ptr<int> runs, Json params) {
  co_await sleep_for(1ms);
  ++*runs;
  co_return params["text"];
}

// Calls the tool with a blocking and with an async client; the script is used twice.
struct Both {
  std::shared_ptr<int> runs = std::make_shared<int>(0);
  std::vector<Result<Json>> results;

  Both(const testing::ScriptedTransport& wire, const GovernedOptions& options,
       const Json& params = hello) {
    const Client client(options_of(wire));
    const auto echo = governed(client, "echo", Echo{runs}, options);
    results.push_back(attempt([&] { return echo(params); }));
    const AsyncClient async(options_of(wire));
    const auto shared = runs;
    const auto later = governed(
        async, "echo", [shared](Json given) { return echo_later(shared, std::move(given)); },
        options);
    results.push_back(attempt([&] { return run(later(params)); }));
  }

  template <class E>
  void expect_refused() const {
    EXPECT_EQ(*runs, 0);
    for (const auto& result : results) {
      ASSERT_FALSE(result);
      EXPECT_THROW((void)result.value(), E) << result.error().message;
    }
  }
  void expect_ran_once_each() const {
    EXPECT_EQ(*runs, 2);
    for (const auto& result : results) {
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_EQ(*result, Json("hello"));
    }
  }
};

TEST(FarameshGoverned, runs_an_allowed_call_and_reports_it) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action("allowed", hello)).times(2);
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("succeeded", hello)).times(2);
  Both(wire, quick()).expect_ran_once_each();
  wire.verify();
  const auto sent = wire.requests();
  EXPECT_EQ(Json::parse(sent[0].body), (Json{{"agent_id", "me"},
                                             {"tool", "echo"},
                                             {"operation", "call"},
                                             {"params", hello},
                                             {"context", Json::object()}}));
  EXPECT_EQ(Json::parse(sent[1].body), (Json{{"success", true}}));
}

TEST(FarameshGoverned, waits_for_approval) {
  testing::ScriptedTransport wire;
  for (int i = 0; i < 2; ++i) {
    wire.expect("POST", "/v1/actions").reply(200, action("pending_approval", hello));
    wire.expect("GET", "/v1/actions/a1").reply(200, action("pending_approval", hello));
    wire.expect("GET", "/v1/actions/a1").reply(200, action("approved", hello));
    wire.expect("POST", "/v1/actions/a1/result").reply(200, action("succeeded", hello));
  }
  Both(wire, quick()).expect_ran_once_each();
  wire.verify();
}

TEST(FarameshGoverned, policy_and_humans_can_say_no) {
  testing::ScriptedTransport policy;
  policy.expect("POST", "/v1/actions").reply(200, action("denied", hello)).times(2);
  Both(policy, quick()).expect_refused<faramesh::PolicyError>();
  testing::ScriptedTransport human;
  human.expect("POST", "/v1/actions").reply(200, action("pending_approval", hello)).times(2);
  human.expect("GET", "/v1/actions/a1").reply(200, action("denied", hello)).times(2);
  const Both denied(human, quick());
  denied.expect_refused<faramesh::DeniedError>();
  try {
    (void)denied.results[0].value();
  } catch (const faramesh::DeniedError& error) {
    EXPECT_EQ(error.reason(), "because");
    EXPECT_EQ(error.reason_code(), "POLICY_X");
    EXPECT_EQ(error.action().id, "a1");
  }
  policy.verify();
  human.verify();
}

TEST(FarameshGoverned, nobody_decides_in_time_or_nobody_is_to_wait) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action("pending_approval", hello)).times(4);
  wire.expect("GET", "/v1/actions/a1").reply(200, action("pending_approval", hello)).times(1000);
  Both(wire, {.approval = {.interval = 1ms, .timeout = 5ms}})
      .expect_refused<faramesh::ApprovalTimeoutError>();
  Both(wire, {.approval = {.timeout = 0ms}}).expect_refused<faramesh::PendingApprovalError>();
}

TEST(FarameshGoverned, other_states_do_not_run_it) {
  for (const char* status : {"executing", "succeeded", "failed", "timeout", "on_hold", "ALLOWED"}) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/v1/actions").reply(200, action(status, hello)).times(2);
    Both(wire, quick()).expect_refused<faramesh::NotAllowedError>();
    testing::ScriptedTransport later;
    later.expect("POST", "/v1/actions").reply(200, action("pending_approval", hello)).times(2);
    later.expect("GET", "/v1/actions/a1").reply(200, action(status, hello)).times(2);
    if (std::string_view(status) != "on_hold" && std::string_view(status) != "ALLOWED") {
      Both(later, quick()).expect_refused<faramesh::NotAllowedError>();
    }
  }
}

TEST(FarameshGoverned, fails_closed_without_an_answer) {
  for (const auto kind : {TransportErrorKind::connect, TransportErrorKind::reset,
                          TransportErrorKind::tls, TransportErrorKind::resolve}) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/v1/actions").fail(kind).times(2);
    Both(wire, quick()).expect_refused<faramesh::ConnectionError>();
    testing::ScriptedTransport gate;
    gate.expect("POST", "/v1/gate/decide").fail(kind).times(2);
    Both(gate, {.mode = GovernedOptions::Mode::gate}).expect_refused<faramesh::ConnectionError>();
  }
  testing::ScriptedTransport late;
  late.expect("POST", "/v1/actions").fail(TransportErrorKind::timeout).times(2);
  Both(late, quick()).expect_refused<faramesh::TimeoutError>();
  testing::ScriptedTransport lost;
  lost.expect("POST", "/v1/actions").reply(200, action("pending_approval", hello)).times(2);
  lost.expect("GET", "/v1/actions/a1").fail(TransportErrorKind::reset).times(2);
  Both(lost, quick()).expect_refused<faramesh::ConnectionError>();
}

TEST(FarameshGoverned, fails_closed_on_an_answer_that_is_none) {
  for (const char* body : {"", "<html>ok</html>", "[]", "null", "{}", R"({"status":"allowed"})",
                           R"({"id":"a1"})", R"({"id":"a1","status":7})"}) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/v1/actions").reply(200, body).times(2);
    wire.expect("POST", "/v1/gate/decide").reply(200, body).times(2);
    Both(wire, quick()).expect_refused<faramesh::MalformedResponseError>();
    Both(wire, {.mode = GovernedOptions::Mode::gate})
        .expect_refused<faramesh::MalformedResponseError>();
  }
  for (const int status : {204, 302, 401, 404, 500}) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/v1/actions").reply(status, "").times(2);
    Both(wire, quick()).expect_refused<faramesh::Error>();
  }
}

TEST(FarameshGoverned, a_wrong_hash_or_another_request_does_not_run_it) {
  const Json other{{"text", "rm -rf"}};
  const std::string hash = Json::parse(action("allowed", hello))["request_hash"].as_string();
  for (const std::string& body :
       {action("allowed", hello, {{"request_hash", "00"}}),
        action("allowed", hello, {{"request_hash", nullptr}}),
        action("allowed", other),                            // right hash of other params
        action("allowed", other, {{"request_hash", hash}}),  // our hash, other params
        action("allowed", hello, {{"tool", "other"}}),
        action("allowed", hello, {{"agent_id", "x"}}),
        action("allowed", hello, {{"context", Json{{"x", 1}}}})}) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/v1/actions").reply(200, body).times(2);
    Both(wire, quick()).expect_refused<faramesh::HashMismatchError>();
  }
  testing::ScriptedTransport changed;
  changed.expect("POST", "/v1/actions").reply(200, action("pending_approval", hello)).times(2);
  changed.expect("GET", "/v1/actions/a1").reply(200, action("approved", other)).times(2);
  Both(changed, quick()).expect_refused<faramesh::HashMismatchError>();
}

TEST(FarameshGoverned, runs_with_the_params_the_server_hashed) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action("allowed", hello)).times(2);
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("succeeded", hello)).times(2);
  Both(wire, quick(), {{"text", "  hello\t"}}).expect_ran_once_each();
}

TEST(FarameshGoverned, a_tool_that_throws_is_reported_and_throws) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action("allowed", hello));
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("failed", hello));
  const Client client(options_of(wire));
  const auto broken = governed(
      client, "echo", [](const Json&) -> Json { throw std::out_of_range("boom"); }, quick());
  EXPECT_THROW(broken(hello), std::out_of_range);
  EXPECT_EQ(Json::parse(wire.requests().at(1).body), (Json{{"success", false}, {"error", "boom"}}));
}

TEST(FarameshGoverned, a_failed_report_changes_nothing_but_is_told) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action("allowed", hello)).times(2);
  wire.expect("POST", "/v1/actions/a1/result").reply(500, "").times(2);
  GovernedOptions options = quick();
  std::vector<std::string> told;
  options.on_report_failure = [&](const std::string& id, const colonnade::Error& error) {
    told.push_back(id + " " + std::to_string(error.failure().status));
    throw std::runtime_error("watcher");
  };
  Both(wire, options).expect_ran_once_each();
  EXPECT_EQ(told, (std::vector<std::string>{"a1 500", "a1 500"}));
}

TEST(FarameshGoverned, gate_mode_records_nothing) {
  const std::string hash = Json::parse(action("allowed", hello))["request_hash"].as_string();
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide")
      .reply(200, Json{{"outcome", "EXECUTE"}, {"request_hash", hash}}.dump())
      .times(2);
  const GovernedOptions gate{.mode = GovernedOptions::Mode::gate};
  Both(wire, gate).expect_ran_once_each();
  EXPECT_EQ(wire.requests().size(), 2U);
  for (const char* outcome : {"ABSTAIN", "HALT", "allow", ""}) {
    testing::ScriptedTransport refusing;
    refusing.expect("POST", "/v1/gate/decide")
        .reply(200, Json{{"outcome", outcome}, {"request_hash", hash}}.dump())
        .times(2);
    Both(refusing, gate).expect_refused<faramesh::Error>();
  }
}

TEST(FarameshGoverned, the_same_call_inside_itself_is_judged_once_and_another_again) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action("allowed", hello));
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("succeeded", hello));
  const Client client(options_of(wire));
  const Echo echo;
  const auto inner = governed(client, "echo", echo, quick());
  const auto outer =
      governed(client, "echo", [&](const Json& params) { return inner(params); }, quick());
  EXPECT_EQ(outer(hello), Json("hello"));
  EXPECT_EQ(*echo.runs, 1);
  wire.verify();

  // A tool inside, of other params, has to ask; and after the call the guard is gone.
  wire.expect("POST", "/v1/actions").reply(200, action("allowed", hello));
  wire.expect("POST", "/v1/actions").reply(200, action("denied", {{"text", "x"}}));
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("failed", hello));
  wire.expect("POST", "/v1/actions").reply(200, action("denied", hello));
  const auto sneaky =
      governed(client, "echo", [&](const Json&) { return inner({{"text", "x"}}); }, quick());
  EXPECT_THROW(sneaky(hello), faramesh::PolicyError);
  EXPECT_THROW(inner(hello), faramesh::PolicyError);
  EXPECT_EQ(*echo.runs, 1);
  wire.verify();
}

Task<Json> inside(const faramesh::AsyncGoverned* inner, Json params) {
  co_await sleep_for(1ms);
  auto value = co_await (*inner)(params);
  co_return value;
}

Task<bool> both_at_once(const faramesh::AsyncGoverned* tool) {
  std::vector<Task<Json>> calls;
  calls.push_back((*tool)(hello));
  calls.push_back((*tool)(hello));
  auto values = co_await when_all(std::move(calls));
  co_return values.size() == 2;
}

TEST(FarameshGoverned, awaited_calls_inside_are_judged_once_and_calls_beside_each_other_twice) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action("allowed", hello));
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("succeeded", hello));
  const AsyncClient client(options_of(wire));
  const auto runs = std::make_shared<int>(0);
  const auto inner = governed(
      client, "echo", [runs](Json params) { return echo_later(runs, std::move(params)); }, quick());
  const auto outer = governed(
      client, "echo", [&inner](Json params) { return inside(&inner, std::move(params)); }, quick());
  EXPECT_EQ(run(outer(hello)), Json("hello"));
  EXPECT_EQ(*runs, 1);
  wire.verify();

  wire.expect("POST", "/v1/actions").reply(200, action("allowed", hello)).times(2);
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("succeeded", hello)).times(2);
  EXPECT_TRUE(run(both_at_once(&inner)));
  wire.verify();

  // Of other params it has to ask.
  wire.expect("POST", "/v1/actions").reply(200, action("allowed", hello));
  wire.expect("POST", "/v1/actions").reply(200, action("denied", {{"text", "x"}}));
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("failed", hello));
  const auto sneaky =
      governed(client, "echo", [&inner](Json) { return inside(&inner, {{"text", "x"}}); }, quick());
  EXPECT_THROW(run(sneaky(hello)), faramesh::PolicyError);
  EXPECT_EQ(*runs, 3);
  wire.verify();
}

TEST(FarameshGoverned, resume_goes_on_with_a_pending_action_of_this_tool_only) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(200, action("approved", hello)).times(2);
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("succeeded", hello));
  const Client client(options_of(wire));
  const Echo echo;
  EXPECT_EQ(governed(client, "echo", echo, quick()).resume("a1"), Json("hello"));
  EXPECT_EQ(*echo.runs, 1);
  EXPECT_THROW(governed(client, "other", echo, quick()).resume("a1"), faramesh::HashMismatchError);
  EXPECT_EQ(*echo.runs, 1);
  wire.verify();
}

TEST(FarameshGoverned, params_that_are_no_object_and_empty_functions_are_refused) {
  testing::ScriptedTransport wire;
  const Client client(options_of(wire));
  const Echo echo;
  EXPECT_THROW(governed(client, "echo", echo)(Json::array({1})), faramesh::ValidationError);
  EXPECT_THROW(governed(client, "echo", faramesh::Governed::Function()), faramesh::ValidationError);
  EXPECT_EQ(*echo.runs, 0);
}

TEST(FarameshGoverned, a_closed_client_does_not_run_it) {
  testing::ScriptedTransport wire;
  Client client(options_of(wire));
  const Echo echo;
  const auto tool = governed(client, "echo", echo);
  client.close();
  EXPECT_THROW(tool(hello), faramesh::Error);
  EXPECT_EQ(*echo.runs, 0);
}

// --- typed arguments ----------------------------------------------------------------------------

int times(int number, const std::string& text) { return number * static_cast<int>(text.size()); }

TEST(FarameshGoverned, a_function_keeps_its_arguments_and_its_result) {
  const Json params{{"number", 3}, {"text", "four"}};
  testing::ScriptedTransport wire;
  for (int i = 0; i < 3; ++i) {
    wire.expect("POST", "/v1/actions").reply(200, action("allowed", params));
    wire.expect("POST", "/v1/actions/a1/result").reply(200, action("succeeded", params));
  }
  const Client client(options_of(wire));
  const auto by_pointer = governed(client, "echo", {"number", "text"}, &times, quick());
  EXPECT_EQ(by_pointer(3, "four"), 12);
  std::string seen;
  const auto by_lambda = governed(
      client, "echo", {"number", "text"},
      [&seen](std::int64_t number, std::string text) { seen = text + std::to_string(number); },
      quick());
  by_lambda(3, "four");
  EXPECT_EQ(seen, "four3");
  const auto by_object = governed(
      client, "echo", {"number", "text"},
      [](double number, const Json& text) { return Json{{"n", number}, {"t", text}}; }, quick());
  EXPECT_EQ(by_object(3, "four"), (Json{{"n", 3.0}, {"t", "four"}}));
  EXPECT_EQ(Json::parse(wire.requests()[0].body)["params"], params);
}

TEST(FarameshGoverned, a_denied_function_does_not_run) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action("denied", {{"n", 1}}));
  const Client client(options_of(wire));
  bool ran = false;
  const auto tool = governed(client, "echo", {"n"}, [&ran](int) { ran = true; }, quick());
  EXPECT_THROW(tool(1), faramesh::PolicyError);
  EXPECT_FALSE(ran);
}

// A human may have approved other arguments than were asked for.
TEST(FarameshGoverned, an_argument_that_does_not_fit_runs_nothing) {
  const Json params{{"n", 300}};
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(200, action("approved", params));
  wire.expect("POST", "/v1/actions/a1/result").reply(200, action("failed", params));
  const Client client(options_of(wire));
  bool ran = false;
  const auto narrow = governed(client, "echo", {"n"}, [&ran](std::int8_t) { ran = true; }, quick());
  EXPECT_THROW(narrow.resume("a1"), JsonError);
  EXPECT_FALSE(ran);
}

TEST(FarameshGoverned, every_argument_has_a_name) {
  const testing::ScriptedTransport wire;
  const Client client(options_of(wire));
  EXPECT_THROW(governed(client, "echo", {"a", "b"}, [](int) {}), faramesh::ValidationError);
}

}  // namespace
}  // namespace colonnade
