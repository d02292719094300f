// The client's half of the Phoson contract: its checklist (phoson §6), by number, over a scripted
// transport, and the rules of §1 to §3 that no checklist number covers.
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <thread>

#include "sdk/phoson/script.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using phoson_script::AsyncClient;
using phoson_script::Client;
using phoson_script::options_of;
using phoson_script::Ran;
using phoson_script::run_done;
using phoson_script::stream_with_both;
using phoson_script::token;

constexpr std::string_view agent_a1 = R"({"id":"a1","name":"My Assistant"})";
constexpr std::string_view message_m1 = R"({"id":"m1","role":"assistant","content":"Fine."})";
const Json token_fine{{"type", "token"}, {"content", "Fine."}};

// --- the checklist
// --------------------------------------------------------------------------------

TEST(PhosonClientChecklist, C01_the_plain_constructor_reads_no_environment) {
  setenv("PHOSON_API_KEY", " pk_env\n", 1);
  setenv("PHOSON_BASE_URL", "http://from-env/x/", 1);
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/agents").reply(200, "[]");
  wire.expect("GET", "/x/v1/agents").reply(200, "[]").times(1);
  const Client plain{{.api_key = "pk_given", .http = {.transport = wire.transport()}}};
  plain.agents.list();
  EXPECT_THROW(Client({.http = {.transport = wire.transport()}}), std::invalid_argument);
  auto options = phoson::Options::from_env();
  options.http.transport = wire.transport();
  const Client from_env(options);
  from_env.agents.list();
  unsetenv("PHOSON_BASE_URL");
  EXPECT_EQ(phoson::Options::from_env().base_url, "https://api.phoson.ai");
  unsetenv("PHOSON_API_KEY");
  EXPECT_THROW((void)Client::from_env(), std::invalid_argument);
  EXPECT_THROW((void)AsyncClient::from_env(), std::invalid_argument);
  const auto requests = wire.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].url, "https://api.phoson.ai/v1/agents");
  EXPECT_EQ(requests[0].header("Authorization"), "Bearer pk_given");
  EXPECT_EQ(requests[1].url, "http://from-env/x/v1/agents");
  EXPECT_EQ(requests[1].header("Authorization"), "Bearer pk_env");
}

TEST(PhosonClientChecklist, C02_unset_options_are_absent_from_the_body) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/conversations/c1/messages").reply(200, message_m1).times(3);
  wire.expect("POST", "/v1/conversations").reply(201, R"({"id":"c1"})").times(2);
  wire.expect("PATCH", "/v1/agents/a1").reply(200, agent_a1).times(2);
  wire.expect("PATCH", "/v1/conversations/c1").reply(200, R"({"id":"c1"})");
  const Client client(options_of(wire));
  client.messages.send("c1", "Hi");
  client.messages.send("c1", "", {.provider = "ollama", .max_tokens = 1});
  client.messages.send("c1", "Hi",
                       {.model = "m",
                        .provider = phoson::Provider::openrouter,
                        .temperature = 0.5,
                        .max_tokens = 4096,
                        .reasoning_effort = phoson::ReasoningEffort::high});
  client.conversations.create({.agent_id = "a1"});
  client.conversations.create({.agent_id = "a1", .title = "Hello", .thread_id = "mine"});
  client.agents.update("a1", {});
  client.agents.update("a1", {.name = "New", .description = ""});
  client.conversations.update("c1", {.title = "New title"});
  std::vector<std::string> bodies;
  for (const auto& request : wire.requests()) bodies.push_back(request.body);
  const std::vector<std::string> wanted{
      R"({"content":"Hi","stream":false})",
      R"({"content":"","provider":"ollama","max_tokens":1,"stream":false})",
      R"({"content":"Hi","model":"m","provider":"openrouter","temperature":0.5,"max_tokens":4096,)"
      R"("reasoning_effort":"high","stream":false})",
      R"({"agent_id":"a1"})",
      R"({"agent_id":"a1","title":"Hello","thread_id":"mine"})",
      "{}",
      R"({"name":"New","description":""})",
      R"({"title":"New title"})"};
  EXPECT_EQ(bodies, wanted);
}

TEST(PhosonClientChecklist, C03_detail_in_all_its_forms) {
  struct Case {
    int status;
    std::string body;
    Json detail;
    std::string text;
  };
  const Json invalid = Json::array(
      {Json{{"loc", Json::array({"body", "name"})}, {"msg", "missing"}, {"type", "missing"}}});
  const std::vector<Case> cases{
      {404, R"({"detail":"Agent not found"})", "Agent not found", "Agent not found"},
      {422, Json{{"detail", invalid}}.dump(), invalid, invalid.dump()},
      {400, R"({"detail":{"b":1,"a":[2]}})", Json{{"b", 1}, {"a", Json::array({2})}},
       R"({"a":[2],"b":1})"},
      {400, R"({"message":"no"})", R"({"message":"no"})", R"({"message":"no"})"},
      {400, R"(["detail"])", R"(["detail"])", R"(["detail"])"},
      {502, "<html>bad</html>", "<html>bad</html>", "<html>bad</html>"},
      {404, "", "Not Found", "Not Found"},
      {429, "", "Too Many Requests", "Too Many Requests"},
      {499, "", "HTTP 499", "HTTP 499"}};
  for (const Case& wanted : cases) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/v1/agents/a1").reply(wanted.status, wanted.body);
    wire.expect("POST", "/v1/conversations/c1/messages").reply(wanted.status, wanted.body);
    const Client client(options_of(wire));
    const auto check = [&](auto call) {
      try {
        call();
        FAIL() << wanted.body;
      } catch (const phoson::PhosonAPIError& error) {
        EXPECT_EQ(error.status_code(), wanted.status);
        EXPECT_EQ(error.detail_json(), wanted.detail);
        EXPECT_EQ(error.detail(), wanted.text);
        EXPECT_EQ(error.body(), wanted.body);
      }
    };
    check([&] { client.agents.get("a1"); });
    check([&] { (void)client.messages.stream("c1", "Hi").next(); });
    wire.verify();
  }
}

TEST(PhosonClientChecklist, C04_the_error_event_is_yielded_and_ends_the_loop_quietly) {
  const Json failed{{"type", "error"}, {"message", "anthropic: overloaded"}};
  const Ran ran = stream_with_both({token("Fine.") + phoson_script::frame(failed)});
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (std::vector<Json>{token_fine, failed}));
}

TEST(PhosonClientChecklist, C05_a_truncated_stream_throws_after_its_last_event) {
  const Ran ran =
      stream_with_both({token("Fine."), "event: run_done\ndata: {\"type\":\"run_done\""});
  EXPECT_EQ(ran.events, std::vector<Json>{token_fine});
  EXPECT_EQ(ran.kind, TransportErrorKind::reset) << ran.thrown;
  EXPECT_NE(ran.thrown.find("messages.list()"), std::string::npos);
  const Ran empty = stream_with_both(std::vector<std::string>{});
  EXPECT_TRUE(empty.events.empty());
  EXPECT_EQ(empty.kind, TransportErrorKind::reset) << empty.thrown;
}

TEST(PhosonClientChecklist, C06_unknown_events_are_yielded_unchanged) {
  const Json usage{{"type", "usage"}, {"input_tokens", 3}};
  const Ran ran = stream_with_both({phoson_script::frame(usage) + run_done("Fine.")});
  ASSERT_EQ(ran.events.size(), 2U) << ran.thrown;
  EXPECT_EQ(ran.events[0], usage);
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/conversations/c1/messages").stream({phoson_script::frame(usage)});
  const Client client(options_of(wire));
  const auto event = client.messages.stream("c1", "Hi").next();
  ASSERT_TRUE(event && event->as<phoson::OtherEvent>());
  EXPECT_EQ(event->type(), "usage");
  EXPECT_EQ(event->as<phoson::OtherEvent>()->data["input_tokens"].as_int64(), 3);
}

TEST(PhosonClientChecklist, C07_the_base_path_is_kept) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/tenants/7/v1/agents").reply(200, "[]");
  wire.expect("POST", "/tenants/7/v1/conversations/c1/messages").stream({run_done("")});
  const Client client(options_of(wire, "https://relay.example/tenants/7//"));
  client.agents.list();
  EXPECT_TRUE(client.messages.stream("c1", "Hi").next());
  wire.verify();
  EXPECT_EQ(wire.requests()[0].url, "https://relay.example/tenants/7/v1/agents");
}

Task<std::size_t> requests_before_and_after(const AsyncClient* client,
                                            const testing::ScriptedTransport* wire) {
  auto events = client->messages.stream("c1", "Hi");
  const std::size_t before = wire->requests().size();
  auto event = co_await events.next();
  EXPECT_TRUE(event);
  co_return before;
}

TEST(PhosonClientChecklist, C08_nothing_is_sent_until_the_stream_is_iterated) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/conversations/c1/messages").stream({run_done("")}).times(2);
  const Client client(options_of(wire));
  {
    const auto never_read = client.messages.stream("c1", "Hi");
    auto stream = client.messages.stream("c1", "Hi");
    EXPECT_TRUE(wire.requests().empty());
    EXPECT_TRUE(stream.next());
    EXPECT_EQ(wire.requests().size(), 1U);
  }
  const AsyncClient async(options_of(wire));
  EXPECT_EQ(run(requests_before_and_after(&async, &wire)), 1U);
  EXPECT_EQ(wire.requests().size(), 2U);
}

TEST(PhosonClientChecklist, C09_list_leniency) {
  const auto sizes = [](const char* name, const std::string& entry) {
    const std::string list = "[" + entry + "]";
    std::vector<std::string> bodies{list};
    for (const std::string& key : {std::string("data"), std::string("items"), std::string(name)}) {
      bodies.push_back("{\"" + key + "\":" + list + ",\"total\":1}");
    }
    for (const std::string& body :
         {std::string("null"), std::string("[]"), std::string("{\"data\":null}")}) {
      bodies.push_back(body);
    }
    return bodies;
  };
  const auto counts = [&](const char* name, const char* path, const std::string& entry, auto list) {
    std::vector<std::size_t> out;
    for (const std::string& body : sizes(name, entry)) {
      testing::ScriptedTransport wire;
      wire.expect("GET", path).reply(200, body);
      const Client client(options_of(wire));
      out.push_back(list(client));
    }
    return out;
  };
  const std::vector<std::size_t> wanted{1, 1, 1, 1, 0, 0, 0};
  EXPECT_EQ(counts("agents", "/v1/agents", std::string(agent_a1),
                   [](const Client& c) { return c.agents.list().size(); }),
            wanted);
  EXPECT_EQ(counts("conversations", "/v1/conversations", R"({"id":"c1"})",
                   [](const Client& c) { return c.conversations.list().size(); }),
            wanted);
  EXPECT_EQ(counts("messages", "/v1/conversations/c1/messages", std::string(message_m1),
                   [](const Client& c) { return c.messages.list("c1").size(); }),
            wanted);
}

// --- requests (phoson §1, §3)
// ---------------------------------------------------------------------

TEST(PhosonClient, headers_of_each_kind_of_call) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/agents").reply(200, "[]");
  wire.expect("POST", "/v1/agents").reply(201, agent_a1);
  wire.expect("PUT", "/v1/agents/a1/mcp/m1").reply(200, agent_a1);
  wire.expect("POST", "/v1/conversations/c1/messages").stream({run_done("")});
  wire.expect("GET", "/v1/health").reply(200, R"({"status":"ok"})");
  const Client client(options_of(wire));
  client.agents.list();
  client.agents.create({.name = "My Assistant"});
  client.agents.attach_mcp("a1", "m1");
  (void)client.messages.stream("c1", "Hi").next();
  EXPECT_TRUE(client.health());
  const auto requests = wire.requests();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(requests[i].header("Authorization"), "Bearer pk_1") << i;
    EXPECT_EQ(requests[i].header("Accept"), i == 3 ? "text/event-stream" : "application/json");
    EXPECT_FALSE(requests[i].has_header("Idempotency-Key")) << i;
  }
  EXPECT_FALSE(requests[0].has_header("Content-Type"));
  EXPECT_EQ(requests[1].header("Content-Type"), "application/json");
  EXPECT_EQ(requests[1].body,
            R"({"name":"My Assistant","description":"","memory_type":"persistent"})");
  EXPECT_FALSE(requests[2].has_body);
  EXPECT_FALSE(requests[2].has_header("Content-Type"));
  EXPECT_EQ(requests[3].body, R"({"content":"Hi","stream":true})");
  EXPECT_FALSE(requests[4].has_header("Authorization"));
}

TEST(PhosonClient, what_cannot_be_sent_is_an_invalid_argument) {
  testing::ScriptedTransport wire;
  const Client client(options_of(wire));
  for (const char* id : {"", ".", ".."}) {
    EXPECT_THROW(client.agents.get(id), std::invalid_argument) << id;
    EXPECT_THROW(client.agents.remove(id), std::invalid_argument) << id;
    EXPECT_THROW(client.agents.attach_mcp("a1", id), std::invalid_argument) << id;
    EXPECT_THROW(client.conversations.get(id), std::invalid_argument) << id;
    EXPECT_THROW(client.messages.send(id, "Hi"), std::invalid_argument) << id;
    EXPECT_THROW((void)client.messages.stream(id, "Hi"), std::invalid_argument) << id;
    EXPECT_THROW(client.mcp.remove(id), std::invalid_argument) << id;
  }
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(client.messages.send("c1", "Hi", {.temperature = nan}), std::invalid_argument);
  EXPECT_THROW(client.agents.create({.memory_type = phoson::MemoryType::unknown}),
               std::invalid_argument);
  EXPECT_THROW(client.mcp.create({.name = "files"}), std::invalid_argument);
  EXPECT_THROW(client.mcp.create({.name = "files", .command = {"x"}, .url = "http://x"}),
               std::invalid_argument);
  EXPECT_THROW((void)client.request("GET", "agents"), std::invalid_argument);
  EXPECT_TRUE(wire.requests().empty());
}

Task<bool> next_throws_invalid_argument(const AsyncClient* client) {
  auto events = client->messages.stream("", "Hi");
  bool thrown = false;
  try {
    auto event = co_await events.next();
    EXPECT_FALSE(event);
  } catch (const std::invalid_argument&) {
    thrown = true;
  }
  auto after = co_await events.next();
  co_return thrown && !after;
}

TEST(PhosonClient, async_calls_tell_so_when_they_are_awaited) {
  testing::ScriptedTransport wire;
  const AsyncClient client(options_of(wire));
  auto task = client.agents.get("");
  EXPECT_THROW(run(std::move(task)), std::invalid_argument);
  EXPECT_TRUE(run(next_throws_invalid_argument(&client)));
  EXPECT_TRUE(wire.requests().empty());
}

TEST(PhosonClient, options_are_checked) {
  const auto refused = [](phoson::Options options) {
    EXPECT_THROW(Client{options}, std::invalid_argument) << options.base_url;
    EXPECT_THROW(AsyncClient{options}, std::invalid_argument) << options.base_url;
  };
  refused({});
  refused({.api_key = " \n"});
  refused({.api_key = "a\r\nX-Evil: 1"});
  refused({.api_key = "k", .base_url = ""});
  refused({.api_key = "k", .base_url = "api.phoson.ai"});
  refused({.api_key = "k", .base_url = "http://user@host"});
  refused({.api_key = "k", .base_url = "http://host?x=1"});
  refused({.api_key = "k", .timeouts = {.call = -1ms}});
  refused({.api_key = "k", .http = {.timeouts = {.read = 5s}}});
  refused({.api_key = "k", .http = {.headers = {{"a b", "c"}}}});
  const Client client{{.api_key = "k"}};
  EXPECT_THROW((void)client.with({.idempotency_key = "a\nb"}), std::invalid_argument);
}

TEST(PhosonClient, ids_are_one_encoded_segment) {
  testing::ScriptedTransport wire;
  wire.expect("DELETE", "/v1/agents/a%2Fb%20%C3%A9").reply(204, "");
  wire.expect("DELETE", "/v1/agents/a1/mcp/m%3F1").reply(200, agent_a1);
  wire.expect("GET", "/v1/conversations?agent_id=a%26b%3D1").reply(200, "[]");
  const Client client(options_of(wire));
  client.agents.remove("a/b \xC3\xA9");
  client.agents.detach_mcp("a1", "m?1");
  client.conversations.list("a&b=1");
  wire.verify();
}

// Notes the time limits of what passes through it.
class Clocked final : public Transport {
 public:
  explicit Clocked(std::shared_ptr<Transport> next) : next_(std::move(next)) {}
  void call(TransportRequest request, Calling calling, CallHandler done) override {
    last = request;
    next_->call(std::move(request), calling, std::move(done));
  }
  void open(TransportRequest request, Calling calling, OpenHandler done) override {
    last = request;
    next_->open(std::move(request), calling, std::move(done));
  }
  TransportRequest last{};

 private:
  std::shared_ptr<Transport> next_;
};

TEST(PhosonClient, time_limits_of_each_kind_of_call) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/agents").reply(200, "[]").times(2);
  wire.expect("POST", "/v1/conversations/c1/messages").reply(200, message_m1);
  wire.expect("POST", "/v1/conversations/c1/messages").stream({run_done("")}).times(2);
  const auto clocked = std::make_shared<Clocked>(wire.transport());
  phoson::Options options{.api_key = "k", .http = {.transport = clocked}};
  const Client client(options);
  client.agents.list();
  EXPECT_EQ(clocked->last.connect_timeout, 10s);
  EXPECT_EQ(clocked->last.read_timeout, 60s);
  EXPECT_EQ(clocked->last.total_timeout, 0s);
  client.messages.send("c1", "Hi");
  EXPECT_EQ(clocked->last.read_timeout, 600s);
  (void)client.messages.stream("c1", "Hi").next();
  EXPECT_EQ(clocked->last.connect_timeout, 10s);
  EXPECT_EQ(clocked->last.read_timeout, 120s);
  EXPECT_EQ(clocked->last.total_timeout, 120s);  // until it is open
  options.timeouts = {.call = 5s, .stream = 0s};
  const Client own(options);
  own.agents.list();
  EXPECT_EQ(clocked->last.connect_timeout, 10s);
  EXPECT_EQ(clocked->last.read_timeout, 5s);
  (void)own.messages.stream("c1", "Hi").next();
  EXPECT_EQ(clocked->last.read_timeout, 0s);
  EXPECT_EQ(clocked->last.total_timeout, 0s);
}

TEST(PhosonClient, mcp_servers_of_the_operator) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/mcp")
      .reply(201,
             R"({"id":"m1","name":"files","transport":"stdio","command":["mcp-files","--root"],)"
             R"("url":null,"created_at":"2026-06-01T12:00:00.500000Z"})");
  wire.expect("POST", "/v1/mcp").reply(201, R"({"id":"m2","transport":"http","url":"http://x"})");
  wire.expect("GET", "/v1/mcp").reply(200, R"([{"id":"m1"},{"id":"m2"}])");
  wire.expect("DELETE", "/v1/mcp/m1").reply(204, "");
  const Client client(options_of(wire));
  const auto files = client.mcp.create(
      {.name = "files", .command = {"mcp-files", "--root"}, .env = {{"TOKEN", "s"}}});
  EXPECT_EQ(files.command, (std::vector<std::string>{"mcp-files", "--root"}));
  EXPECT_FALSE(files.url);
  EXPECT_EQ(to_string(files.created_at), "2026-06-01T12:00:00.500000Z");
  const auto remote =
      client.mcp.create({.name = "far", .url = "http://x", .headers = {{"X-Key", "s"}}});
  EXPECT_EQ(remote.url, "http://x");
  EXPECT_EQ(client.mcp.list().size(), 2U);
  client.mcp.remove("m1");
  wire.verify();
  const auto requests = wire.requests();
  EXPECT_EQ(Json::parse(requests[0].body), (Json{{"name", "files"},
                                                 {"transport", "stdio"},
                                                 {"command", Json::array({"mcp-files", "--root"})},
                                                 {"env", {{"TOKEN", "s"}}}}));
  EXPECT_EQ(Json::parse(requests[1].body), (Json{{"name", "far"},
                                                 {"transport", "http"},
                                                 {"url", "http://x"},
                                                 {"headers", {{"X-Key", "s"}}}}));
}

// --- replies and errors (phoson §1, §2)
// -----------------------------------------------------------

TEST(PhosonClient, a_success_that_is_not_the_contract_is_an_api_error) {
  const auto malformed = [](const char* method, const char* path, const char* body, auto call) {
    testing::ScriptedTransport wire;
    wire.expect(method, path).reply(200, body);
    const Client client(options_of(wire));
    try {
      call(client);
      FAIL() << body;
    } catch (const phoson::ApiError& error) {
      EXPECT_EQ(error.status_code(), 200);
      EXPECT_TRUE(error.detail().starts_with("Malformed response: ")) << error.detail();
      EXPECT_EQ(error.body(), body);
    }
  };
  for (const char* body : {"", "<html>", "[]", "{}", R"({"id":7})", R"({"id":""})"}) {
    malformed("GET", "/v1/agents/a1", body, [](const Client& c) { c.agents.get("a1"); });
  }
  for (const char* body : {"", "7", "{}", R"({"agents":{}})", "[7]", R"([{"name":"x"}])"}) {
    malformed("GET", "/v1/agents", body, [](const Client& c) { c.agents.list(); });
  }
  malformed("POST", "/v1/conversations/c1/messages", R"({"id":"m1"})",
            [](const Client& c) { c.messages.send("c1", "Hi"); });
  malformed("GET", "/v1/health", "[]", [](const Client& c) { (void)c.health(); });
}

TEST(PhosonClient, any_status_but_2xx_is_an_api_error_sent_once) {
  for (const int status : {301, 302, 307, 400, 401, 404, 405, 409, 413, 422, 429, 500, 502, 503}) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/v1/conversations/c1/messages")
        .reply(status, R"({"detail":"why"})", {{"Location", "http://test/v1/agents"}});
    wire.expect("GET", "/v1/agents")
        .reply(status, R"({"detail":"why"})", {{"Location", "http://other/"}});
    const Client client(options_of(wire));
    const AsyncClient async(options_of(wire));
    try {
      client.messages.send("c1", "Hi");
      FAIL() << status;
    } catch (const phoson::ApiError& error) {
      EXPECT_EQ(error.status_code(), status);
      EXPECT_EQ(error.detail(), "why");
    }
    EXPECT_THROW(run(async.agents.list()), phoson::ApiError) << status;
    EXPECT_EQ(wire.requests().size(), 2U) << status;
  }
}

TEST(PhosonClient, transport_failures_are_connection_errors_sent_once) {
  for (const auto kind :
       {TransportErrorKind::resolve, TransportErrorKind::connect, TransportErrorKind::tls,
        TransportErrorKind::reset, TransportErrorKind::timeout, TransportErrorKind::protocol}) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/v1/agents").fail(kind).times(2);
    const Client client(options_of(wire));
    const AsyncClient async(options_of(wire));
    try {
      client.agents.list();
      FAIL();
    } catch (const phoson::PhosonConnectionError& error) {
      EXPECT_EQ(error.kind(), kind);
    }
    EXPECT_THROW(run(async.agents.list()), phoson::ConnectionError);
    EXPECT_EQ(wire.requests().size(), 2U);
  }
}

TEST(PhosonClient, unknown_and_odd_fields_do_no_harm) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/agents/a1")
      .reply(200, R"({"id":"a1","memory_type":"episodic","mood":"calm","created_at":"soon"})");
  wire.expect("GET", "/v1/conversations/c1/messages")
      .reply(200, R"([{"content":"x","usage":null,"tool_calls":[{"tool":"t","result":{"size":5},)"
                  R"("input":[1]}],"provider":null,"n":1}])");
  const Client client(options_of(wire));
  const auto agent = client.agents.get("a1");
  EXPECT_EQ(agent.memory_type, phoson::MemoryType::unknown);
  EXPECT_EQ(agent.memory_type_text, "episodic");
  EXPECT_EQ(agent.extra, (Json{{"mood", "calm"}}));
  EXPECT_EQ(agent.created_at, phoson::Timestamp{});
  const auto messages = client.messages.list("c1");
  EXPECT_FALSE(messages.at(0).usage || messages.at(0).provider);
  EXPECT_EQ(messages.at(0).tool_calls.at(0).result, R"({"size":5})");
  EXPECT_EQ(messages.at(0).tool_calls.at(0).input, Json::array({1}));
  EXPECT_EQ(messages.at(0).extra, (Json{{"n", 1}}));
}

TEST(PhosonClient, attempt_and_request) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/agents/a1").reply(404, R"({"detail":"Agent not found"})");
  wire.expect("POST", "/v1/reports").reply(200, R"(["x"])");
  wire.expect("DELETE", "/v1/reports/1").reply(204, "");
  const Client client(options_of(wire));
  const auto refused = attempt([&] { return client.agents.get("a1"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 404);
  EXPECT_NE(refused.error().message.find("Agent not found"), std::string::npos);
  EXPECT_EQ(client.request("POST", "/reports", {{"of", "today"}}), Json::array({"x"}));
  EXPECT_TRUE(client.request("DELETE", "/reports/1").is_null());
  EXPECT_EQ(wire.requests().at(1).body, R"({"of":"today"})");
}

// --- closing and stopping (phoson §3.4)
// -----------------------------------------------------------

TEST(PhosonClosing, the_root_aborts_running_calls_and_streams) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/agents").hang();
  wire.expect("POST", "/v1/conversations/c1/messages").stream({token("Fine.")}).hang();
  Client root(options_of(wire));
  const Client derived = root.with({.idempotency_key = "k"});
  auto stream = derived.messages.stream("c1", "Hi");
  EXPECT_TRUE(stream.next());
  std::jthread caller([&] { EXPECT_THROW(derived.agents.list(), phoson::CancelledError); });
  while (wire.requests().size() < 2) std::this_thread::yield();
  root.close();
  caller.join();
  const auto canceled = [](auto call) {
    try {
      call();
      FAIL();
    } catch (const phoson::PhosonConnectionError& error) {
      EXPECT_EQ(error.kind(), TransportErrorKind::canceled);
    }
  };
  canceled([&] { (void)stream.next(); });
  EXPECT_FALSE(stream.next());
  root.close();
  canceled([&] { derived.agents.list(); });
  canceled([&] { (void)root.messages.stream("c1", "Hi").next(); });
}

TEST(PhosonClosing, a_derived_client_touches_nothing_and_its_key_goes_with_posts) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/agents").reply(201, agent_a1).times(2);
  wire.expect("GET", "/v1/agents").reply(200, "[]");
  Client root(options_of(wire));
  Client derived = root.with({.idempotency_key = "k1"});
  derived.agents.create({.name = "x"});
  derived.agents.list();
  derived.close();
  Client moved = std::move(root);
  moved.agents.create({.name = "x"});
  const auto requests = wire.requests();
  EXPECT_EQ(requests[0].header("Idempotency-Key"), "k1");
  EXPECT_FALSE(requests[1].has_header("Idempotency-Key"));
  EXPECT_FALSE(requests[2].has_header("Idempotency-Key"));
}

TEST(PhosonClient, several_threads_share_one_client) {
  constexpr int threads = 4;
  constexpr int calls = 50;
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/agents").reply(200, "[]").times(threads * calls);
  wire.expect("POST", "/v1/conversations/c1/messages")
      .stream({token("Fine."), run_done("Fine.")})
      .times(threads * calls);
  const Client client(options_of(wire));
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < threads; ++i) {
      callers.emplace_back([&client] {
        for (int call = 0; call < calls; ++call) {
          EXPECT_TRUE(client.agents.list().empty());
          EXPECT_EQ(phoson_script::stream_with(client).events.size(), 2U);
        }
      });
    }
  }
  wire.verify();
  EXPECT_EQ(wire.open_streams(), 0U);
}

}  // namespace
}  // namespace colonnade
