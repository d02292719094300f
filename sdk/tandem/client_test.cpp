// The client's half of the Tandem contract but the real engine's own forms: transport and errors
// (tandem §1) and the tables of methods (§2), by number, over a scripted transport. What the
// example rows replay is not repeated here.
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "sdk/tandem/script.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using tandem_script::AsyncClient;
using tandem_script::Client;
using tandem_script::options_of;
using Strings = std::vector<std::string>;

constexpr std::string_view session_s1 = R"({"id":"s1","title":"T"})";

// --- §1: transport, credential, errors
// ------------------------------------------------------------

TEST(TandemClient, S1_1_base_urls_and_the_environment) {
  setenv("TANDEM_BASE_URL", "http://from-env/x/", 1);
  setenv("TANDEM_API_TOKEN", " tk_env\n", 1);
  testing::ScriptedTransport wire;
  wire.expect("GET", "/tool/ids").reply(200, "[]");
  wire.expect("GET", "/x/tool/ids").reply(200, "[]");
  const Client plain{{.http = {.transport = wire.transport()}}};
  plain.list_tool_ids();
  auto options = tandem::Options::from_env();
  options.http.transport = wire.transport();
  const Client from_env(options);
  from_env.list_tool_ids();
  unsetenv("TANDEM_BASE_URL");
  unsetenv("TANDEM_API_TOKEN");
  EXPECT_EQ(tandem::Options::from_env().base_url, "http://localhost:39731");
  EXPECT_EQ(tandem::Options::from_env().token, "");
  const auto requests = wire.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].url, "http://localhost:39731/tool/ids");
  EXPECT_FALSE(requests[0].has_header("Authorization")) << "an engine without a token is open";
  EXPECT_EQ(requests[1].url, "http://from-env/x/tool/ids");
  EXPECT_EQ(requests[1].header("Authorization"), "Bearer tk_env");
}

TEST(TandemClient, S1_2_the_token_goes_with_every_request) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/global/health").reply(200, R"({"ready":true})").times(2);
  wire.expect("GET", "/global/event").stream({});
  const Client client(options_of(wire));
  client.health();
  (void)client.global_stream();
  client.with_token("tk_2").health();
  const auto requests = wire.requests();
  EXPECT_EQ(requests.at(0).header("Authorization"), "Bearer tk_1");
  EXPECT_EQ(requests.at(1).header("Authorization"), "Bearer tk_1");
  EXPECT_EQ(requests.at(2).header("Authorization"), "Bearer tk_2");
}

TEST(TandemClient, S1_2_a_token_is_given_once) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/tool/ids").reply(200, "[]");
  for (const char* name : {"X-Agent-Token", "x-tandem-token", "Authorization"}) {
    tandem::Options options = options_of(wire);
    options.http.headers = {{name, "tk_other"}};
    // The server would take the header, and the token would silently not count.
    EXPECT_THROW((void)Client(options), std::invalid_argument) << name;
    options.token.clear();
    const Client client(options);
    EXPECT_THROW((void)client.with_token("tk_2"), std::invalid_argument) << name;
  }
  tandem::Options options = options_of(wire);
  options.token.clear();
  options.http.headers = {{"X-Agent-Token", "tk_other"}};
  Client(options).list_tool_ids();
  EXPECT_EQ(wire.requests().at(0).header("X-Agent-Token"), "tk_other");
  EXPECT_FALSE(wire.requests().at(0).has_header("Authorization"));
}

TEST(TandemClient, S1_3_bodies_and_content_types) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/session/s1/abort").reply(200, R"({"ok":true})");
  wire.expect("POST", "/mcp/arcade/connect").reply(200, R"({"ok":true})");
  const Client client(options_of(wire));
  client.sessions.abort("s1");
  client.mcp.connect("arcade");
  const auto requests = wire.requests();
  EXPECT_EQ(requests.at(0).body, "{}");
  EXPECT_EQ(requests.at(0).header("Content-Type"), "application/json");
  EXPECT_FALSE(requests.at(1).has_body);
  EXPECT_FALSE(requests.at(1).has_header("Content-Type"));
}

TEST(TandemClient, S1_3_ids_are_one_step_of_a_path) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/session/a%2Fb%20c%3F").reply(200, session_s1);
  const Client client(options_of(wire));
  client.sessions.get("a/b c?");
  EXPECT_THROW(client.sessions.get(""), std::invalid_argument);
  EXPECT_THROW(client.sessions.get(".."), std::invalid_argument);
  EXPECT_THROW(client.sessions.cancel_run("s1", ""), std::invalid_argument);
  EXPECT_THROW(client.memory.promote(""), std::invalid_argument);
  EXPECT_THROW(client.execute_tool(""), std::invalid_argument);
  EXPECT_THROW(client.sessions.prompt_async_parts("s1", {}), std::invalid_argument);
  EXPECT_EQ(wire.requests().size(), 1U);
}

TEST(TandemClient, S1_3_time_limits) {
  testing::ScriptedTransport wire;
  tandem::Options options = options_of(wire);
  options.http.timeouts.read = 1s;
  EXPECT_THROW((void)Client(options), std::invalid_argument) << "they stand in Options::timeouts";
  options = options_of(wire);
  options.timeouts.stream = -1ms;
  EXPECT_THROW((void)Client(options), std::invalid_argument);

  options = options_of(wire);
  options.timeouts = {.call = 5ms, .run = 60'000ms};
  wire.expect("GET", "/tool/ids").hang();
  wire.expect("POST", "/session/s1/prompt_sync").reply(200, R"({"reply":"Hello."})");
  const Client client(options);
  try {
    client.list_tool_ids();
    FAIL() << "answered";
  } catch (const tandem::ConnectionError& error) {
    EXPECT_EQ(error.kind(), TransportErrorKind::timeout);
  }
  EXPECT_EQ(client.sessions.prompt_sync("s1", "hi"), "Hello.");
}

TEST(TandemClient, S1_4_a_body_that_is_ignored_may_be_anything) {
  testing::ScriptedTransport wire;
  wire.expect("DELETE", "/session/s1").reply(204, "");
  wire.expect("PATCH", "/config").reply(200, "not JSON");
  wire.expect("PUT", "/auth/openai").reply(204, "");
  const Client client(options_of(wire));
  client.sessions.remove("s1");
  client.providers.set_defaults("openai", "gpt");
  client.providers.set_api_key("openai", "sk");
  wire.verify();
}

TEST(TandemClient, S1_6_a_reply_that_makes_no_sense) {
  const std::string body = R"([{"id":1,"title":"T"},)" + std::string(300, ' ') + R"({"id":"s2"}])";
  for (const bool async : {false, true}) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/session?q=x").reply(200, body);
    try {
      const tandem::ListSessions filter{.q = "x"};
      if (async) {
        const AsyncClient client(options_of(wire));
        run(client.sessions.list(filter));
      } else {
        const Client client(options_of(wire));
        client.sessions.list(filter);
      }
      FAIL() << "read";
    } catch (const tandem::TandemValidationError& error) {
      EXPECT_EQ(error.endpoint(), "GET /session");
      EXPECT_EQ(error.status(), 200);
      EXPECT_EQ(error.issues(), Strings{"an entry lacks \"id\""});
      EXPECT_EQ(error.raw_snippet(), body.substr(0, 200));
      EXPECT_EQ(std::string(error.what()),
                "GET /session: the reply is not what the Tandem API promises: an entry lacks "
                "\"id\"");
    }
  }
}

TEST(TandemClient, S1_6_every_method_says_what_its_reply_lacks) {
  const auto issue = [](std::string_view method, std::string_view path, std::string_view body,
                        auto call) -> std::string {
    testing::ScriptedTransport wire;
    wire.expect(method, path).reply(200, body);
    const Client client(options_of(wire));
    try {
      call(client);
    } catch (const tandem::ValidationError& error) {
      return error.issues().at(0);
    }
    return "";
  };
  EXPECT_EQ(issue("GET", "/session/s1", "{}", [](auto& c) { c.sessions.get("s1"); }),
            "it lacks \"id\"");
  EXPECT_EQ(issue("GET", "/session/s1", "[]", [](auto& c) { c.sessions.get("s1"); }),
            "the body is no object");
  EXPECT_EQ(issue("POST", "/session", R"({"title":"T"})", [](auto& c) { c.sessions.create(); }),
            "it lacks \"id\"");
  EXPECT_EQ(issue("GET", "/session", R"({"count":0})", [](auto& c) { c.sessions.list(); }),
            "it holds no list");
  EXPECT_EQ(issue("GET", "/permission", "{}", [](auto& c) { c.permissions.list(); }),
            "it lacks \"requests\"");
  EXPECT_EQ(issue("POST", "/memory/put", "{}", [](auto& c) { c.memory.put("x"); }),
            "it lacks \"id\"");
  EXPECT_EQ(issue("GET", "/memory", "{}", [](auto& c) { c.memory.list(); }), "it lacks \"items\"");
  EXPECT_EQ(issue("GET", "/resource/k", "{}", [](auto& c) { c.resources.get("k"); }),
            "it lacks \"key\"");
  EXPECT_EQ(issue("POST", "/session/s1/prompt_sync", "{}",
                  [](auto& c) { c.sessions.prompt_sync("s1", "hi"); }),
            "it lacks \"reply\"");
  EXPECT_NE(issue("GET", "/tool/ids", "<html>", [](auto& c) { c.list_tool_ids(); }), "");
  EXPECT_EQ(issue("GET", "/tool", "{}", [](auto& c) { EXPECT_TRUE(c.list_tools().empty()); }), "");
}

TEST(TandemClient, S1_6_no_whole_reply) {
  const auto kind_of = [](TransportErrorKind kind) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/tool/ids").fail(kind);
    const Client client(options_of(wire));
    try {
      client.list_tool_ids();
    } catch (const tandem::CancelledError&) {
      return TransportErrorKind::canceled;
    } catch (const tandem::ConnectionError& error) {
      return error.kind();
    }
    return TransportErrorKind::none;
  };
  for (const auto kind : {TransportErrorKind::resolve, TransportErrorKind::connect,
                          TransportErrorKind::reset, TransportErrorKind::canceled}) {
    EXPECT_EQ(kind_of(kind), kind);
  }
}

TEST(TandemClient, nothing_is_sent_twice) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/tool/ids").reply(503, R"({"error":"x","code":"ENGINE_STARTING"})").times(2);
  const Client client(options_of(wire));
  EXPECT_THROW(client.list_tool_ids(), tandem::EngineError);
  const AsyncClient async(options_of(wire));
  EXPECT_THROW(run(async.list_tool_ids()), tandem::EngineError);
  EXPECT_EQ(wire.requests().size(), 2U);
}

TEST(TandemClient, a_closed_root_ends_all_calls) {
  testing::ScriptedTransport wire;
  Client client(options_of(wire));
  const Client derived = client.with({.timeout = 5s});
  client.close();
  client.close();
  EXPECT_THROW(client.health(), tandem::CancelledError);
  EXPECT_THROW(derived.health(), tandem::CancelledError);
  EXPECT_THROW((void)derived.global_stream(), tandem::CancelledError);
  const auto result = attempt([&] { return derived.health(); });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::closed);
}

TEST(TandemClient, secrets_are_in_no_error) {
  testing::ScriptedTransport wire;
  wire.expect("PUT", "/auth/openai").reply(400, R"({"error":"bad key"})");
  wire.expect("POST", "/auth/token/generate").reply(200, R"({"apiToken":"tk_secret"})");
  const Client client(options_of(wire));
  const auto refused = attempt([&] { client.providers.set_api_key("openai", "sk-secret"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  const auto odd = attempt([&] { return client.tokens.generate(); });
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().message.find("secret"), std::string::npos);
  EXPECT_EQ(odd.error().body, "");
  const auto other_header = [&] {
    tandem::Options options = options_of(wire);
    options.http.headers = {{"X-Agent-Token", "tk_secret"}};
    return Client(options);
  };
  try {
    (void)other_header();
    FAIL() << "made";
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace colonnade
