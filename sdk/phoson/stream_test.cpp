// Streams of the Phoson client (phoson §3.4, §4), and the pages of its documentation as programs.
#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>
#include <thread>

#include "sdk/phoson/script.hpp"

namespace colonnade {
namespace {

using phoson_script::AsyncClient;
using phoson_script::Client;
using phoson_script::frame;
using phoson_script::options_of;
using phoson_script::Ran;
using phoson_script::run_done;
using phoson_script::stream_with_both;
using phoson_script::token;

constexpr std::string_view messages_path = "/v1/conversations/c1/messages";

std::vector<std::string> types_of(const Ran& ran) {
  std::vector<std::string> out;
  for (const Json& event : ran.events) out.push_back(event["type"].as_string());
  return out;
}

TEST(PhosonStream, each_event_of_the_catalogue_has_a_type) {
  testing::ScriptedTransport wire;
  wire.expect("POST", messages_path)
      .stream({frame({{"type", "reasoning"}, {"content", "why"}}), token("Fine."),
               frame({{"type", "tool_start"},
                      {"tool", "files__read"},
                      {"input", {{"path", "a.txt"}}},
                      {"tool_call_id", "call_1"}}),
               frame({{"type", "tool_end"},
                      {"tool", "files__read"},
                      {"result", "hello"},
                      {"tool_call_id", "call_1"}}),
               frame({{"type", "tool_end"}, {"tool", "stat"}, {"result", {{"size", 5}}}}),
               run_done("Fine.")});
  const Client client(options_of(wire));
  auto stream = client.messages.stream("c1", "Hi");
  EXPECT_EQ(stream.next()->as<phoson::Reasoning>()->content, "why");
  EXPECT_EQ(stream.next()->as<phoson::Token>()->content, "Fine.");
  const auto start = stream.next();
  ASSERT_TRUE(start && start->as<phoson::ToolStart>());
  EXPECT_EQ(start->as<phoson::ToolStart>()->tool, "files__read");
  EXPECT_EQ(start->as<phoson::ToolStart>()->input["path"].as_string(), "a.txt");
  EXPECT_EQ(start->as<phoson::ToolStart>()->tool_call_id, "call_1");
  const auto end = stream.next();
  ASSERT_TRUE(end && end->as<phoson::ToolEnd>());
  EXPECT_EQ(end->as<phoson::ToolEnd>()->result, "hello");
  EXPECT_EQ(end->as<phoson::ToolEnd>()->tool_call_id, "call_1");
  EXPECT_EQ(stream.next()->as<phoson::ToolEnd>()->result, R"({"size":5})");
  const auto done = stream.next();
  ASSERT_TRUE(done && done->as<phoson::RunDone>());
  EXPECT_EQ(done->as<phoson::RunDone>()->content, "Fine.");
  EXPECT_EQ(done->as<phoson::RunDone>()->run_id, "r1");
  EXPECT_FALSE(stream.next());
}

TEST(PhosonStream, every_split_of_the_bytes_gives_the_same_events) {
  const std::string bytes =
      "\xEF\xBB\xBF: keepalive\r\n\r\nevent:token\r\ndata:{\"content\":\"\xE2\x98\x83\",\r\n"
      "data:\"n\":1}\r\n\r\n: keepalive\n\ndata: [DONE]\n\ndata: hello\n\nid: 7\ndata: [1]\n\n"
      "data: {\"a\":1}\n\nevent: x\ndata: {\"type\":\"token\",\"content\":\"y\"}\n\n" +
      run_done("\xE2\x98\x83");
  const Ran whole = stream_with_both({bytes});
  ASSERT_EQ(types_of(whole), (std::vector<std::string>{"token", "message", "token", "run_done"}));
  EXPECT_EQ(whole.events[0], (Json{{"type", "token"}, {"content", "\xE2\x98\x83"}, {"n", 1}}));
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    ASSERT_EQ(stream_with_both({bytes.substr(0, cut), bytes.substr(cut)}), whole) << cut;
  }
}

TEST(PhosonStream, the_final_event_ends_it_whatever_comes_behind) {
  for (const auto& last :
       {run_done("Fine."), frame({{"type", "error"}, {"message", "overloaded"}})}) {
    const auto bytes = token("Fine.") + last + token("late");
    for (const auto kind : {TransportErrorKind::reset, TransportErrorKind::timeout}) {
      const Ran ran =
          stream_with_both([&](auto expectation) { expectation.stream({bytes}).fail(kind); });
      EXPECT_EQ(ran.events.size(), 2U);
      EXPECT_EQ(ran.thrown, "");
    }
    // A server that keeps the connection open is not waited for.
    const Ran ran = stream_with_both([&](auto expectation) { expectation.stream({bytes}).hang(); });
    EXPECT_EQ(ran.events.size(), 2U);
  }
}

TEST(PhosonStream, a_connection_that_breaks_throws_after_the_events_before_it) {
  for (const auto kind : {TransportErrorKind::reset, TransportErrorKind::timeout}) {
    const Ran ran = stream_with_both(
        [&](auto expectation) { expectation.stream({token("a") + token("b")}).fail(kind); });
    EXPECT_EQ(types_of(ran), (std::vector<std::string>{"token", "token"}));
    EXPECT_EQ(ran.kind, kind);
  }
  const Ran unopened =
      stream_with_both([](auto expectation) { expectation.fail(TransportErrorKind::connect); });
  EXPECT_EQ(unopened.kind, TransportErrorKind::connect);
}

TEST(PhosonStream, refusals_come_from_the_first_next_and_are_not_repeated) {
  for (const int status : {302, 401, 404, 409, 422, 503}) {
    const Ran ran = stream_with_both(
        [&](auto expectation) { expectation.reply(status, R"({"detail":"no"})"); });
    EXPECT_EQ(ran.status, status) << ran.thrown;
  }
  testing::ScriptedTransport wire;
  wire.expect("POST", messages_path).reply(409, R"({"detail":"A run is already in progress"})");
  const Client client(options_of(wire));
  auto stream = client.messages.stream("c1", "Hi");
  EXPECT_THROW((void)stream.next(), phoson::ApiError);
  EXPECT_FALSE(stream.next());
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(wire.requests().size(), 1U);
}

TEST(PhosonStream, a_success_that_is_no_event_stream_is_an_api_error) {
  const Ran page = stream_with_both([](auto expectation) {
    expectation.reply(200, "<html>", {{"content-type", "text/html; charset=utf-8"}});
  });
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.thrown.find("text/html"), std::string::npos) << page.thrown;
  // A type in other letters will do, and so will none.
  const std::vector<std::vector<Header>> taken{
      {}, {{"CONTENT-TYPE", "Text/Event-Stream; charset=utf-8"}}};
  for (const auto& headers : taken) {
    const Ran ran =
        stream_with_both([&](auto expectation) { expectation.reply(200, run_done(""), headers); });
    EXPECT_EQ(types_of(ran), std::vector<std::string>{"run_done"}) << ran.thrown;
  }
}

TEST(PhosonStream, leaving_the_loop_closes_that_connection_only) {
  testing::ScriptedTransport wire;
  wire.expect("POST", messages_path).stream({token("a"), run_done("a")}).times(2);
  const Client client(options_of(wire));
  auto kept = client.messages.stream("c1", "Hi");
  EXPECT_TRUE(kept.next());
  for ([[maybe_unused]] const auto& event : client.messages.stream("c1", "Hi")) {
    EXPECT_EQ(wire.open_streams(), 2U);
    break;
  }
  EXPECT_EQ(wire.open_streams(), 1U);
  EXPECT_TRUE(kept.next());  // the final event: nothing is left to wait for
  EXPECT_EQ(wire.open_streams(), 0U);
  kept.close();
  EXPECT_FALSE(kept.next());
}

Task<std::size_t> open_after_leaving(const AsyncClient* client,
                                     const testing::ScriptedTransport* wire) {
  {
    auto events = client->messages.stream("c1", "Hi");
    auto event = co_await events.next();
    EXPECT_TRUE(event);
    EXPECT_EQ(wire->open_streams(), 1U);
  }
  co_return wire->open_streams();
}

TEST(PhosonStream, leaving_an_async_stream_closes_it) {
  testing::ScriptedTransport wire;
  wire.expect("POST", messages_path).stream({token("a")}).hang();
  const AsyncClient client(options_of(wire));
  EXPECT_EQ(run(open_after_leaving(&client, &wire)), 0U);
}

Task<bool> ends_when_stopped(const AsyncClient* client, std::stop_source stop) {
  auto events = client->messages.stream("c1", "Hi");
  auto event = co_await events.next();
  std::jthread later([stop]() mutable { stop.request_stop(); });
  auto end = co_await events.next();
  co_return event && !end && events.cancelled();
}

TEST(PhosonStream, a_stop_ends_it_quietly_and_says_so) {
  testing::ScriptedTransport wire;
  wire.expect("POST", messages_path).stream({token("a")}).hang().times(2);
  std::stop_source stop;
  const Client root(options_of(wire));
  const Client client = root.with({.stop = stop.get_token()});
  auto stream = client.messages.stream("c1", "Hi");
  EXPECT_TRUE(stream.next());
  EXPECT_FALSE(stream.cancelled());
  std::jthread later([&] { stop.request_stop(); });
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.cancelled());
  later.join();
  auto unopened = client.messages.stream("c1", "Hi");
  EXPECT_FALSE(unopened.next());
  EXPECT_TRUE(unopened.cancelled());

  std::stop_source async_stop;
  const AsyncClient async_root(options_of(wire));
  const CallOptions stoppable{.stop = async_stop.get_token()};
  const AsyncClient async = async_root.with(stoppable);
  EXPECT_TRUE(run(ends_when_stopped(&async, async_stop)));
}

TEST(PhosonStream, it_outlives_a_derived_client) {
  testing::ScriptedTransport wire;
  wire.expect("POST", messages_path).stream({token("a"), run_done("a")});
  const Client root(options_of(wire));
  auto stream = root.with({}).messages.stream("c1", "Hi");
  EXPECT_TRUE(stream.next());
  EXPECT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
}

// --- the page of the Python SDK, line by line
// -----------------------------------------------------

const std::string assistant =
    R"({"id":"a1","name":"My Assistant","description":"A helpful assistant",)"
    R"("memory_type":"persistent","mcp_ids":[],"created_at":"2026-06-01T12:00:00.000000Z",)"
    R"("updated_at":"2026-06-01T12:00:00.000000Z"})";
const std::string hello =
    R"({"id":"c1","agent_id":"a1","title":"Hello","thread_id":"c1",)"
    R"("created_at":"2026-06-01T12:00:01.000000Z","updated_at":"2026-06-01T12:00:01.000000Z"})";
const std::string fine =
    R"({"id":"m2","conversation_id":"c1","role":"assistant","content":"Fine, thanks.",)"
    R"("run_id":"r1","provider":"anthropic","model":"claude","reasoning":"Polite.",)"
    R"("tool_calls":[{"tool_call_id":"t1","tool":"clock","input":{},"result":"noon"}],)"
    R"("usage":{"input_tokens":21,"output_tokens":4},"created_at":"2026-06-01T12:00:03.500000Z"})";
constexpr std::string_view page_printed =
    "agent a1 My Assistant\nrenamed My Assistant\n1 agents\nattached a1\n1 conversations\n"
    "-> clock {}\n<- noon\nFine, thanks.\nrun r1\nassistant: Fine, thanks.\n21+4 tokens\n"
    "404 Agent not found\n";

void script_the_page(testing::ScriptedTransport& wire) {
  wire.expect("POST", "/v1/agents").reply(201, assistant);
  wire.expect("PATCH", "/v1/agents/a1").reply(200, assistant);
  wire.expect("GET", "/v1/agents").reply(200, "[" + assistant + "]");
  wire.expect("PUT", "/v1/agents/a1/mcp/m1").reply(200, assistant);
  wire.expect("DELETE", "/v1/agents/a1/mcp/m1").reply(200, assistant);
  wire.expect("POST", "/v1/conversations").reply(201, hello);
  wire.expect("PATCH", "/v1/conversations/c1").reply(200, hello);
  wire.expect("GET", "/v1/conversations?agent_id=a1").reply(200, "[" + hello + "]");
  wire.expect("POST", messages_path)
      .stream({frame({{"type", "tool_start"},
                      {"tool", "clock"},
                      {"input", Json::object()},
                      {"tool_call_id", "t1"}}),
               frame({{"type", "tool_end"},
                      {"tool", "clock"},
                      {"result", "noon"},
                      {"tool_call_id", "t1"}}),
               token("Fine, "), token("thanks."), run_done("Fine, thanks.")});
  wire.expect("POST", messages_path).reply(200, fine);
  wire.expect("GET", messages_path).reply(200, "[" + fine + "]");
  wire.expect("DELETE", "/v1/conversations/c1").reply(204, "");
  wire.expect("DELETE", "/v1/agents/a1").reply(204, "");
  wire.expect("GET", "/v1/agents/non-existent-id").reply(404, R"({"detail":"Agent not found"})");
}

void print(std::ostream& out, const phoson::Event& event) {
  match(
      event, [&](const phoson::Token& t) { out << t.content; },
      [&](const phoson::ToolStart& t) { out << "-> " << t.tool << ' ' << t.input.dump() << '\n'; },
      [&](const phoson::ToolEnd& t) { out << "<- " << t.result << '\n'; },
      [&](const phoson::RunDone& d) { out << "\nrun " << d.run_id << '\n'; },
      [&](const phoson::Failed& f) { out << f.message << '\n'; }, [](const auto&) {});
}

std::string page(const phoson::PhosonClient& client) {
  std::ostringstream out;
  auto agent = client.agents.create({.name = "My Assistant", .description = "A helpful assistant"});
  out << "agent " << agent.id << ' ' << agent.name << '\n';
  out << "renamed " << client.agents.update(agent.id, {.name = "My Assistant"}).name << '\n';
  out << client.agents.list().size() << " agents\n";
  out << "attached " << client.agents.attach_mcp(agent.id, "m1").id << '\n';
  client.agents.detach_mcp(agent.id, "m1");
  auto chat = client.conversations.create({.agent_id = agent.id, .title = "Hello"});
  client.conversations.update(chat.id, {.title = "Hello"});
  out << client.conversations.list(agent.id).size() << " conversations\n";
  for (const auto& event : client.messages.stream(
           chat.id, "Hello, how are you?",
           {.provider = phoson::Provider::anthropic, .temperature = 0.7, .max_tokens = 4096})) {
    print(out, event);
  }
  const auto reply = client.messages.send(chat.id, "And now?", {.model = "claude"});
  for (const auto& message : client.messages.list(chat.id)) {
    out << message.role << ": " << message.content << '\n';
  }
  out << reply.usage->input_tokens << '+' << reply.usage->output_tokens << " tokens\n";
  client.conversations.remove(chat.id);
  client.agents.remove(agent.id);
  try {
    client.agents.get("non-existent-id");
  } catch (const phoson::PhosonAPIError& e) {
    out << e.status_code() << ' ' << e.detail() << '\n';
  }
  return out.str();
}

Task<std::string> page_async(const phoson::AsyncPhosonClient* client) {
  std::ostringstream out;
  const phoson::CreateAgent request{.name = "My Assistant", .description = "A helpful assistant"};
  auto agent = co_await client->agents.create(request);
  out << "agent " << agent.id << ' ' << agent.name << '\n';
  const phoson::UpdateAgent rename{.name = "My Assistant"};
  auto renamed = co_await client->agents.update(agent.id, rename);
  out << "renamed " << renamed.name << '\n';
  auto agents = co_await client->agents.list();
  out << agents.size() << " agents\n";
  auto attached = co_await client->agents.attach_mcp(agent.id, "m1");
  out << "attached " << attached.id << '\n';
  auto detached = co_await client->agents.detach_mcp(agent.id, "m1");
  const phoson::CreateConversation titled{.agent_id = detached.id, .title = "Hello"};
  auto chat = co_await client->conversations.create(titled);
  const phoson::UpdateConversation retitle{.title = "Hello"};
  chat = co_await client->conversations.update(chat.id, retitle);
  auto chats = co_await client->conversations.list(agent.id);
  out << chats.size() << " conversations\n";
  const phoson::MessageOptions options{
      .provider = phoson::Provider::anthropic, .temperature = 0.7, .max_tokens = 4096};
  auto events = client->messages.stream(chat.id, "Hello, how are you?", options);
  while (auto event = co_await events.next()) print(out, *event);
  const phoson::MessageOptions claude{.model = "claude"};
  auto reply = co_await client->messages.send(chat.id, "And now?", claude);
  auto messages = co_await client->messages.list(chat.id);
  for (const auto& message : messages) out << message.role << ": " << message.content << '\n';
  out << reply.usage->input_tokens << '+' << reply.usage->output_tokens << " tokens\n";
  co_await client->conversations.remove(chat.id);
  co_await client->agents.remove(agent.id);
  try {
    auto missing = co_await client->agents.get("non-existent-id");
    out << missing.id;
  } catch (const phoson::PhosonAPIError& e) {
    out << e.status_code() << ' ' << e.detail() << '\n';
  }
  co_return out.str();
}

TEST(PhosonPage, sync) {
  testing::ScriptedTransport wire;
  script_the_page(wire);
  EXPECT_EQ(page(Client(options_of(wire))), page_printed);
  wire.verify();
}

TEST(PhosonPage, async) {
  testing::ScriptedTransport wire;
  script_the_page(wire);
  const AsyncClient client(options_of(wire));
  EXPECT_EQ(run(page_async(&client)), page_printed);
  wire.verify();
  EXPECT_EQ(wire.requests().at(8).body,
            R"({"content":"Hello, how are you?","provider":"anthropic","temperature":0.7,)"
            R"("max_tokens":4096,"stream":true})");
}

}  // namespace
}  // namespace colonnade
