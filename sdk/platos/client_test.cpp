// The Platos client against a scripted server: credentials, refresh, repeats, errors, both paths.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "sdk/platos/script.hpp"

namespace colonnade {
namespace {

using namespace platos_script;
using testing::ScriptedTransport;

constexpr std::string_view no_agents = R"({"agents":[],"total":0})";
constexpr std::string_view unknown_route =
    R"({"message":"Cannot GET /x","error":"Not Found","statusCode":404})";
constexpr const char* agents_path = "/api/v1/agent/agents";

template <class E>
E caught(const std::function<void()>& call) {
  try {
    call();
  } catch (const E& error) {
    EXPECT_EQ(typeid(error), typeid(E)) << "a class of its own";
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  throw std::logic_error("nothing was thrown");
}

// One GET that is answered like this, with no repeats.
template <class E>
E refused(int status, std::string_view body, std::vector<Header> headers = {}) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(status, body, std::move(headers));
  auto options = options_of(wire);
  options.retries.retries = 0;
  const platos::Client client(options);
  return caught<E>([&] { client.agents.list(); });
}

TEST(PlatosClient, needs_a_token_or_a_key_with_a_scope_and_a_user) {
  ScriptedTransport wire;
  auto options = options_of(wire);
  options.session_token = "";
  EXPECT_THROW(platos::Client{options}, std::invalid_argument);
  options.api_key = "key";
  const platos::Client unscoped(options);
  EXPECT_THROW(unscoped.agents.list(), std::invalid_argument);
  const platos::Scope scope{.organization_id = "o", .project_id = "p", .environment_id = "e"};
  EXPECT_THROW(unscoped.with_scope(scope).agents.list(), std::invalid_argument) << "no user";
  EXPECT_THROW(unscoped.with_scope({.organization_id = "o"}), std::invalid_argument);
  options.scope = {.project_id = "p"};
  EXPECT_THROW(platos::Client{options}, std::invalid_argument);
  EXPECT_TRUE(wire.requests().empty());
}

TEST(PlatosClient, direct_mode_sends_key_scope_and_user_and_a_scope_of_a_call_replaces_them) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(200, no_agents).times(3);
  auto options = options_of(wire);
  options.session_token = "";
  options.api_key = "key";
  options.default_user = "robot";
  options.user_token = "opaque";
  options.access_key = "platos_live_1";
  options.scope = {.organization_id = "o", .project_id = "p", .environment_id = "e"};
  const platos::Client client(options);
  client.agents.list();
  client
      .with_scope(
          {.organization_id = "o2", .project_id = "p2", .environment_id = "e2", .user_id = "ada"})
      .agents.list();
  const auto first = wire.requests().at(0);
  EXPECT_EQ(first.header("Authorization"), "Bearer key");
  EXPECT_EQ(first.header("X-Platos-Organization-Id"), "o");
  EXPECT_EQ(first.header("X-Platos-Project-Id"), "p");
  EXPECT_EQ(first.header("X-Platos-Environment-Id"), "e");
  EXPECT_EQ(first.header("X-Platos-User-Id"), "robot");
  EXPECT_EQ(first.header("X-Platos-User-Token"), "opaque");
  EXPECT_EQ(first.header("X-Platos-Api-Key"), "platos_live_1");
  EXPECT_EQ(first.header("Content-Type"), "application/json");
  EXPECT_FALSE(first.has_header("X-Platos-Session-Token"));
  const auto second = wire.requests().at(1);
  EXPECT_EQ(second.header("X-Platos-Organization-Id"), "o2");
  EXPECT_EQ(second.header("X-Platos-User-Id"), "ada");
  // A token wins over the key.
  client.set_session_token("jwt");
  client.agents.list();
  const auto third = wire.requests().at(2);
  EXPECT_EQ(third.header("X-Platos-Session-Token"), "jwt");
  EXPECT_FALSE(third.has_header("Authorization"));
  EXPECT_EQ(third.header("X-Platos-Organization-Id"), "o") << "sent beside a token, too";
}

TEST(PlatosClient, a_refused_token_is_replaced_and_the_call_repeated_once) {
  for (const int status : {401, 403}) {
    ScriptedTransport wire;
    wire.expect("GET", agents_path).reply(status, "{}");
    wire.expect("GET", agents_path).reply(200, no_agents).times(2);
    auto options = options_of(wire);
    int asked = 0;
    options.on_token_refresh = [&asked, status](const platos::TokenRefreshContext& context) {
      ++asked;
      EXPECT_EQ(context.current_token, "t1");
      EXPECT_EQ(context.status, status);
      return std::string("t2");
    };
    const platos::Client client(options);
    client.agents.list();
    client.agents.list();
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(wire.requests().at(1).header("X-Platos-Session-Token"), "t2");
    EXPECT_EQ(wire.requests().at(2).header("X-Platos-Session-Token"), "t2");
    wire.verify();
  }
}

std::string mint() { return "t2"; }

TEST(PlatosClient, takes_a_refresh_without_arguments_and_one_that_may_give_nothing) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(401, "{}");
  wire.expect("GET", agents_path).reply(200, no_agents);
  auto options = options_of(wire);
  options.on_token_refresh = mint;
  platos::Client(options).agents.list();
  wire.verify();

  const std::vector<platos::TokenRefresh> useless{
      [] { return std::optional<std::string>(); }, [] { return std::string("t1"); },
      [] { return std::string(); }, []() -> std::string { throw std::runtime_error("no"); },
      [] { return std::string("two\nlines"); }};
  for (const auto& refresh : useless) {
    ScriptedTransport other;
    other.expect("GET", agents_path).reply(401, R"({"message":"expired"})");
    auto with_it = options_of(other);
    with_it.on_token_refresh = refresh;
    const platos::Client client(with_it);
    const auto error = caught<platos::AuthError>([&] { client.agents.list(); });
    EXPECT_EQ(std::string_view(error.what()), "Platos 401: expired");
  }
}

TEST(PlatosClient, a_second_refusal_is_the_callers) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(401, "{}").times(2);
  auto options = options_of(wire);
  options.on_token_refresh = mint;
  const platos::Client client(options);
  EXPECT_THROW(client.agents.list(), platos::AuthError);
  wire.verify();
}

TEST(PlatosClient, calls_at_once_share_one_refresh) {
  constexpr int callers = 4;
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(401, "{}").times(callers);
  wire.expect("GET", agents_path).reply(200, no_agents).times(callers);
  std::atomic<int> asked = 0;
  auto options = options_of(wire);
  options.on_token_refresh = [&] {
    // Until all of them have been refused.
    while (wire.requests().size() < callers) std::this_thread::yield();
    ++asked;
    return std::string("t2");
  };
  const platos::Client client(options);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < callers; ++i) threads.emplace_back([&] { client.agents.list(); });
  }
  EXPECT_EQ(asked, 1);
  wire.verify();
}

TEST(PlatosClient, a_refresh_that_uses_its_own_client_does_not_wait_for_itself) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(401, "{}").times(2);
  wire.expect("GET", agents_path).reply(200, no_agents);
  std::optional<platos::Client> client;
  auto options = options_of(wire);
  options.on_token_refresh = [&] {
    EXPECT_THROW(client->agents.list(), platos::AuthError);
    return std::string("t2");
  };
  client.emplace(options);
  client->agents.list();
  wire.verify();
}

TEST(PlatosClient, repeats_what_may_pass_and_keeps_the_key_of_a_post) {
  ScriptedTransport wire;
  wire.expect("POST", "/api/v1/agent/threads").reply(500, "{}");
  wire.expect("POST", "/api/v1/agent/threads").fail(TransportErrorKind::reset);
  wire.expect("POST", "/api/v1/agent/threads").reply(429, "{}");
  wire.expect("POST", "/api/v1/agent/threads").reply(201, R"({"id":"th1"})");
  const platos::Client client(options_of(wire));
  EXPECT_EQ(client.threads.create().id, "th1");
  ASSERT_EQ(wire.requests().size(), 4U);
  const std::string key = wire.requests()[0].header("Idempotency-Key");
  EXPECT_EQ(key.size(), 32U);
  for (const auto& request : wire.requests()) {
    EXPECT_EQ(request.header("Idempotency-Key"), key);
    EXPECT_EQ(request.body, R"({"agentId":"default","title":null})");
  }
}

TEST(PlatosClient, gives_up_after_three_repeats_and_never_repeats_what_will_not_pass) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(503, "{}").times(4);
  const platos::Client client(options_of(wire));
  EXPECT_THROW(client.agents.list(), platos::ServerError);
  wire.verify();
  for (const int status : {400, 402, 404, 409, 501}) {
    ScriptedTransport once;
    once.expect("GET", agents_path).reply(status, "{}");
    const platos::Client asking(options_of(once));
    EXPECT_THROW(asking.agents.list(), platos::Error);
    EXPECT_EQ(once.requests().size(), 1U) << status;
  }
}

TEST(PlatosClient, a_stop_ends_the_wait_between_two_attempts) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(429, "{}", {{"Retry-After", "3600"}});
  std::stop_source stop;
  const platos::Client root(options_of(wire));
  const auto client = root.with({.stop = stop.get_token()});
  std::jthread stopper([&] {
    while (wire.requests().empty()) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_THROW(client.agents.list(), platos::CancelledError);
}

TEST(PlatosClient, a_time_limit_covers_the_waits_too) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(429, "{}", {{"Retry-After", "3600"}});
  const platos::Client root(options_of(wire));
  const auto error = caught<platos::RateLimitError>(
      [&] { root.with({.timeout = std::chrono::seconds(60)}).agents.list(); });
  EXPECT_EQ(error.retry_after_ms(), 3'600'000);
}

TEST(PlatosErrors, have_the_class_of_their_status) {
  EXPECT_EQ(refused<platos::AuthError>(401, "{}").status(), 401);
  EXPECT_EQ(refused<platos::AuthError>(403, "{}").status(), 403);
  EXPECT_EQ(refused<platos::NotFoundError>(404, "{}").status(), 404);
  EXPECT_EQ(refused<platos::ValidationError>(400, "{}").status(), 400);
  EXPECT_EQ(refused<platos::ValidationError>(422, "{}").status(), 422);
  EXPECT_EQ(refused<platos::RateLimitError>(429, "{}").status(), 429);
  EXPECT_EQ(refused<platos::ServerError>(500, "{}").status(), 500);
  EXPECT_EQ(refused<platos::NotImplementedError>(501, "{}").status(), 501);
  for (const int status : {302, 402, 405, 409, 413}) {
    EXPECT_EQ(refused<platos::Error>(status, "{}").status(), status);
  }
}

TEST(PlatosErrors, choose_their_words_as_the_other_clients_do) {
  const auto said = [](int status, std::string_view body) -> std::string {
    return refused<platos::NotFoundError>(status, body).what();
  };
  EXPECT_EQ(said(404, R"({"message":"m","error":"e"})"), "Platos 404: m");
  EXPECT_EQ(said(404, R"({"message":["a"],"error":"e"})"), "Platos 404: e");
  EXPECT_EQ(said(404, "{}"), "Platos 404: Not Found");
  EXPECT_EQ(said(404, ""), "Platos 404: Not Found");
  EXPECT_EQ(said(404, "<html>"), "Platos 404: <html>");
  EXPECT_EQ(said(404, std::string(300, 'a')), "Platos 404: " + std::string(200, 'a') + "…");
  EXPECT_EQ(std::string(refused<platos::Error>(418, "{}").what()), "Platos 418: request failed");
}

TEST(PlatosErrors, give_code_detail_body_and_validation_errors) {
  const auto bound = refused<platos::AuthError>(
      403, R"({"error":"AGENT_SCOPE_MISMATCH","message":"This token is bound to another agent."})");
  EXPECT_EQ(bound.code(), "AGENT_SCOPE_MISMATCH");
  EXPECT_EQ(refused<platos::NotFoundError>(404, R"({"error":"Not Found"})").code(), "");
  EXPECT_EQ(refused<platos::Error>(409, R"({"code":"turn_in_progress","error":"X"})").code(),
            "turn_in_progress");
  const auto invalid = refused<platos::ValidationError>(
      400, R"({"message":"Validation failed","validationErrors":["title: no",7,{"a":1}]})");
  EXPECT_EQ(invalid.validation_errors(), std::vector<std::string>{"title: no"});
  EXPECT_EQ(invalid.detail()["message"].as_string(), "Validation failed");
  const auto proxy = refused<platos::ServerError>(502, "<html>bad gateway</html>");
  EXPECT_EQ(proxy.body(), "<html>bad gateway</html>");
  EXPECT_EQ(proxy.detail(), Json::object());
}

TEST(PlatosErrors, tell_how_long_to_wait) {
  const auto waits = [](std::vector<Header> headers) {
    return refused<platos::RateLimitError>(429, "{}", std::move(headers)).retry_after_ms();
  };
  EXPECT_EQ(waits({{"Retry-After", "12"}}), 12'000);
  EXPECT_EQ(waits({{"retry-after", "0.5"}}), 500);
  EXPECT_EQ(waits({{"Retry-After", "0"}}), std::nullopt);
  EXPECT_EQ(waits({{"Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"}}), std::nullopt);
  EXPECT_EQ(waits({{"Retry-After", "nan"}}), std::nullopt);
  EXPECT_EQ(waits({{"Retry-After", "1e300"}}), std::nullopt);
  EXPECT_EQ(waits({}), std::nullopt);
}

TEST(PlatosErrors, a_success_that_says_it_is_none_is_that_error) {
  ScriptedTransport wire;
  wire.expect("GET", "/api/v1/agent/agents/nope")
      .reply(200, R"({"error":"Agent not found","status":404})");
  wire.expect("POST", "/api/v1/agent/threads/nope/archive")
      .reply(201, R"({"error":"Thread not found","status":404})");
  wire.expect("GET", "/api/v1/agent/agents/odd")
      .reply(200, R"({"id":"odd","error":"a field","status":"active"})");
  const platos::Client client(options_of(wire));
  EXPECT_EQ(client.agents.get("nope"), std::nullopt);
  const auto error = caught<platos::NotFoundError>([&] { client.threads.archive("nope"); });
  EXPECT_EQ(std::string_view(error.what()), "Platos 404: Thread not found");
  EXPECT_EQ(client.agents.get("odd")->id, "odd");
}

TEST(PlatosErrors, without_a_reply_are_network_errors_with_status_0) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).fail(TransportErrorKind::connect, "refused").times(4);
  const platos::Client client(options_of(wire));
  const auto error = caught<platos::NetworkError>([&] { client.agents.list(); });
  EXPECT_EQ(error.status(), 0);
  EXPECT_EQ(error.kind(), TransportErrorKind::connect);
  EXPECT_EQ(std::string_view(error.what()), "Platos 0: network error: refused");
  wire.verify();
}

TEST(PlatosErrors, replies_that_make_no_sense_are_errors) {
  for (const std::string_view body : {"", "null", "[7]", "{}", R"({"agents":7})", "{", "text"}) {
    ScriptedTransport wire;
    wire.expect("GET", agents_path).reply(200, body);
    const platos::Client client(options_of(wire));
    EXPECT_THROW(client.agents.list(), platos::Error) << body;
  }
}

TEST(PlatosClient, never_lets_an_id_out_of_its_segment) {
  ScriptedTransport wire;
  wire.expect("GET", "/api/v1/agent/threads/a%2Fb%3Fc%23d%20%C3%A9").reply(404, "{}");
  const platos::Client client(options_of(wire));
  EXPECT_EQ(client.threads.get("a/b?c#d é"), std::nullopt);
  EXPECT_THROW(client.threads.get(""), std::invalid_argument);
  EXPECT_THROW(client.threads.get(".."), std::invalid_argument);
  wire.verify();
}

TEST(PlatosClient, resolves_on_either_path_with_both_bodies) {
  const std::string body =
      R"({"approved":true,"response":"approve","comment":"fine","reason":"fine"})";
  ScriptedTransport wire;
  wire.expect("POST", "/api/v1/agent/approvals/x%3A1/resolve")
      .reply(404, R"({"message":"Cannot POST /x","error":"Not Found","statusCode":404})");
  wire.expect("POST", "/api/v1/agent/monitoring/approvals/x%3A1/resolve")
      .reply(201, R"({"id":"x:1","status":"approved"})");
  const platos::Client client(options_of(wire));
  const auto resolved =
      client.approvals.resolve("x:1", {.verdict = platos::Verdict::approve, .reason = "fine"});
  EXPECT_TRUE(resolved.approved);
  EXPECT_EQ(resolved.approval_id, "x:1");
  EXPECT_EQ(wire.requests().at(0).body, body);
  EXPECT_EQ(wire.requests().at(1).body, body);
  wire.verify();
  EXPECT_THROW(client.approvals.resolve("x:1", {.edited_args = 7}), std::invalid_argument);
}

TEST(PlatosClient, an_approval_that_is_missing_is_not_a_route_that_is) {
  ScriptedTransport wire;
  wire.expect("POST", "/api/v1/agent/approvals/x/resolve")
      .reply(404, R"({"error":"Approval not found in this scope","approvalId":"x"})");
  const platos::Client client(options_of(wire));
  EXPECT_THROW(client.approvals.resolve("x", {}), platos::NotFoundError);
  wire.verify();
}

TEST(PlatosClient, knows_the_other_paths_of_budgets_and_monitoring) {
  ScriptedTransport wire;
  const auto missing = [&](const char* target) {
    wire.expect("GET", target).reply(404, unknown_route);
  };
  missing("/api/v1/agent/budgets");
  wire.expect("GET", "/api/v1/agent/monitoring/budget/caps").reply(200, R"({"caps":[]})");
  missing("/api/v1/agent/budgets/status?agentId=a");
  wire.expect("GET", "/api/v1/agent/monitoring/budget/status?agentId=a")
      .reply(200, R"({"caps":[{"cap":{"id":"c1","limitCents":500},"spentCents":410},)"
                  R"({"cap":{"id":"c2","limitCents":100},"spentCents":99,"blocked":true},)"
                  R"({"cap":{"id":"c3","limitCents":0},"spentCents":9000}]})");
  missing("/api/v1/agent/monitoring/runs?limit=5");
  wire.expect("GET", "/api/v1/agent/monitoring/traces?limit=5")
      .reply(200, R"({"traces":[{"threadId":"th1","totalCostCents":3,"totalInputTokens":7}]})");
  missing("/api/v1/agent/monitoring/traces/th1");
  wire.expect("GET", "/api/v1/agent/monitoring/trace/th1").reply(200, R"({"spans":[]})");
  missing("/api/v1/agent/monitoring/cost/by-agent");
  wire.expect("GET", "/api/v1/agent/monitoring/cost-by-agent")
      .reply(200, R"({"rows":[{"agentId":"a","costCents":250}]})");
  const platos::Client client(options_of(wire));
  EXPECT_TRUE(client.budgets.list().empty());
  const auto budget = client.budgets.status("a");
  EXPECT_EQ(budget.cap_usd, 1.0) << "the one that is nearest to its limit";
  EXPECT_EQ(budget.spent_usd, 0.99);
  EXPECT_TRUE(budget.blocked) << "one of them is";
  const auto runs = client.monitoring.runs({.limit = 5});
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].thread_id, "th1");
  EXPECT_EQ(runs[0].input_tokens, 7);
  EXPECT_TRUE(client.monitoring.traces("th1").empty());
  EXPECT_EQ(client.monitoring.cost_by_agent().at(0).usd, 2.5);
  wire.verify();
}

TEST(PlatosClient, sums_days_up_on_a_server_that_knows_single_ones) {
  ScriptedTransport wire;
  wire.expect("GET", "/api/v1/agent/monitoring/cost/by-scope?daysBack=3").reply(404, unknown_route);
  wire.expect("GET", "/api/v1/agent/monitoring/cost")
      .reply(200, R"({"inputTokens":4,"outputTokens":2,"costCents":50})")
      .times(3);
  const platos::Client client(options_of(wire));
  const auto days = client.monitoring.cost_by_scope(3);
  ASSERT_EQ(days.size(), 3U);
  for (std::size_t i = 0; i < days.size(); ++i) {
    EXPECT_EQ(wire.requests().at(i + 1).target,
              "/api/v1/agent/monitoring/cost?date=" + days[i].day);
    EXPECT_EQ(days[i].usd, 0.5);
  }
  EXPECT_LT(days[0].day, days[1].day);
  EXPECT_LT(days[1].day, days[2].day);
  EXPECT_THROW(client.monitoring.cost_by_scope(0), std::invalid_argument);
  wire.verify();
}

TEST(PlatosClient, what_a_server_does_not_serve_yet_is_an_error_of_its_own) {
  ScriptedTransport wire;
  wire.expect("GET", "/api/v1/agent/budgets")
      .reply(501, R"({"statusCode":501,"message":"Not served yet.","code":"not_implemented"})");
  const platos::Client client(options_of(wire));
  const auto error = caught<platos::NotImplementedError>([&] { client.budgets.list(); });
  EXPECT_EQ(error.code(), "not_implemented");
  wire.verify();
}

TEST(PlatosClient, raw_takes_any_path_below_the_base_url) {
  ScriptedTransport wire;
  wire.expect("GET", "/prefix/api/v1/agent/nowhere").reply(200, "");
  wire.expect("POST", "/prefix/api/health").reply(200, "fine");
  auto options = options_of(wire);
  options.base_url = "http://test/prefix//";
  const platos::Client client(options);
  EXPECT_TRUE(client.bgo.raw("/api/v1/agent/nowhere").is_null());
  EXPECT_EQ(client.trigger.raw("/api/health", "POST", {{"a", 1}}), Json("fine"));
  EXPECT_THROW(client.bgo.raw("nowhere"), std::invalid_argument);
  wire.verify();
}

TEST(PlatosClient, a_closed_client_and_those_derived_from_it_refuse) {
  ScriptedTransport wire;
  platos::Client client(options_of(wire));
  const auto derived = client.with({.timeout = std::chrono::seconds(1)});
  client.close();
  EXPECT_THROW(client.agents.list(), platos::CancelledError);
  EXPECT_THROW(derived.agents.list(), platos::CancelledError);
}

TEST(PlatosClient, attempt_gives_a_result) {
  ScriptedTransport wire;
  wire.expect("GET", agents_path).reply(404, R"({"message":"no"})");
  const platos::Client client(options_of(wire));
  const auto agents = attempt([&] { return client.agents.list(); });
  ASSERT_FALSE(agents);
  EXPECT_EQ(agents.error().status, 404);
  EXPECT_EQ(agents.error().message, "Platos 404: no");
}

}  // namespace
}  // namespace colonnade
