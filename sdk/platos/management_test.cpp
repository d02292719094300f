// What the Platos client has beside the calls of the published clients: agents that are written,
// threads that are arranged, attachments, turns over HTTP, and stopping one. Each is made by both
// clients, which must ask for the same.
#include <gtest/gtest.h>

#include <functional>

#include "sdk/platos/script.hpp"

namespace colonnade {
namespace {

using namespace platos_script;
using platos::AsyncClient;
using platos::Client;
using testing::ScriptedTransport;

constexpr std::string_view root = "/api/v1/agent";
constexpr std::string_view agent_reply = R"({"id":"a1","name":"Ann"})";
constexpr std::string_view thread_reply = R"({"id":"th1","agentId":"a1","tags":["x"]})";
constexpr std::string_view answer_reply =
    R"({"messageId":"m2","threadId":"th1","agentId":"a1","role":"assistant","content":"Hi.",)"
    R"("usage":{"totalTokens":7,"costCents":50}})";

struct Row {
  std::string_view method;
  std::string path;  // with its query, below the API's root
  std::string body;  // "" for none
  std::string_view reply;
  std::function<std::string(const Client&)> blocking;
  std::function<std::string(const AsyncClient&)> awaited;
};

std::string told(const platos::Agent& agent) { return agent.id; }
std::string told(const platos::Thread& thread) { return thread.id; }
std::string told(const platos::Answer& answer) {
  return answer.content + std::to_string(answer.usage.total_tokens);
}
std::string told(const platos::Attachment& attachment) {
  return attachment.id + attachment.kind + std::to_string(attachment.bytes);
}
template <class T>
std::string told(const std::vector<T>& rows) {
  return std::to_string(rows.size());
}
template <class T>
std::string told(Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    run(std::move(task));
    return "done";
  } else {
    return told(run(std::move(task)));
  }
}

// The same call of both clients; one that has no result is told as "done".
template <class Call>
Row row(std::string_view method, std::string path, std::string body, std::string_view reply,
        Call call) {
  return {.method = method,
          .path = std::move(path),
          .body = std::move(body),
          .reply = reply,
          .blocking = [call](const Client& client) -> std::string {
            if constexpr (std::is_void_v<decltype(call(client))>) {
              call(client);
              return "done";
            } else {
              return told(call(client));
            }
          },
          .awaited = [call](const AsyncClient& client) { return told(call(client)); }};
}

void expect_same(const Row& row, const std::string& result) {
  for (const bool async : {false, true}) {
    SCOPED_TRACE(row.path + (async ? " async" : ""));
    ScriptedTransport wire;
    wire.expect(row.method, std::string(root) + row.path).reply(200, row.reply);
    const auto options = options_of(wire);
    EXPECT_EQ(async ? row.awaited(AsyncClient(options)) : row.blocking(Client(options)), result);
    wire.verify();
    ASSERT_EQ(wire.requests().size(), 1U);
    EXPECT_EQ(wire.requests()[0].body, row.body);
    EXPECT_EQ(wire.requests()[0].has_body, !row.body.empty());
  }
}

TEST(PlatosManagement, agents_are_written) {
  const platos::AgentSettings made{.name = "Ann",
                                   .model = "offline:echo",
                                   .max_steps = 3,
                                   .is_active = false,
                                   .more = {{"toolMode", "direct"}}};
  const platos::AgentSettings changed{.system_prompt = "Be \"brief\"."};
  expect_same(row("POST", "/agents",
                  R"({"name":"Ann","model":"offline:echo","maxSteps":3,"isActive":false,)"
                  R"("toolMode":"direct"})",
                  agent_reply, [&](const auto& c) { return c.agents.create(made); }),
              "a1");
  expect_same(row("PATCH", "/agents/a%2F1", R"({"systemPrompt":"Be \"brief\"."})", agent_reply,
                  [&](const auto& c) { return c.agents.update("a/1", changed); }),
              "a1");
  expect_same(row("DELETE", "/agents/a1", "", R"({"deleted":true})",
                  [](const auto& c) { return c.agents.remove("a1"); }),
              "done");
  expect_same(row("POST", "/agents/a1/versions/v1/rollback", "", R"({"agent":{"id":"a1"}})",
                  [](const auto& c) { return c.agents.rollback("a1", "v1"); }),
              "a1");
  expect_same(row("PATCH", "/agents/a1/canary", R"({"canaryVersionId":"v1","canaryPercent":10})",
                  agent_reply, [](const auto& c) { return c.agents.set_canary("a1", "v1", 10); }),
              "a1");
  expect_same(row("PATCH", "/agents/a1/canary", R"({"canaryVersionId":null,"canaryPercent":0})",
                  agent_reply, [](const auto& c) { return c.agents.set_canary("a1", "", 0); }),
              "a1");
}

TEST(PlatosManagement, threads_are_arranged) {
  const platos::ListThreads filter{.agent_id = "a1",
                                   .limit = 5,
                                   .offset = 10,
                                   .status = "active",
                                   .tag = "a b",
                                   .pinned = false,
                                   .archived = platos::Archived::only,
                                   .all_users = true};
  const std::vector<std::string> tags{"x", "é"};
  const platos::ForkThread fork{.message_id = "m1", .title = "Copy"};
  expect_same(row("GET",
                  "/threads?agentId=a1&limit=5&offset=10&status=active&tag=a%20b&pinned=false"
                  "&archived=only&allUsers=true",
                  "", R"({"threads":[{"id":"th1"},{"id":"th2"}]})",
                  [&](const auto& c) { return c.threads.list(filter); }),
              "2");
  expect_same(row("PATCH", "/threads/th1/rename", R"({"title":"Inbox"})", thread_reply,
                  [](const auto& c) { return c.threads.rename("th1", "Inbox"); }),
              "th1");
  expect_same(row("PATCH", "/threads/th1/rename", R"({"title":null})", thread_reply,
                  [](const auto& c) { return c.threads.rename("th1", ""); }),
              "th1");
  expect_same(row("POST", "/threads/th1/tags", R"({"tags":["x","é"]})", thread_reply,
                  [&](const auto& c) { return c.threads.set_tags("th1", tags); }),
              "th1");
  expect_same(row("POST", "/threads/th1/pin", "", thread_reply,
                  [](const auto& c) { return c.threads.pin("th1"); }),
              "th1");
  expect_same(row("POST", "/threads/th1/unpin", "", thread_reply,
                  [](const auto& c) { return c.threads.unpin("th1"); }),
              "th1");
  expect_same(row("POST", "/threads/th1/fork", R"({"messageId":"m1","title":"Copy"})", thread_reply,
                  [&](const auto& c) { return c.threads.fork("th1", fork); }),
              "th1");
  expect_same(row("POST", "/threads/th1/fork", "{}", thread_reply,
                  [](const auto& c) { return c.threads.fork("th1"); }),
              "th1");
  expect_same(row("GET", "/threads/th1/messages/m1/replies", "", R"({"messages":[]})",
                  [](const auto& c) { return c.threads.replies("th1", "m1"); }),
              "0");
}

TEST(PlatosManagement, turns_are_waited_for_over_http) {
  const platos::SendOptions options{.agent_id = "a1", .attachment_ids = {"f1"}};
  expect_same(row("POST", "/threads/th1/messages",
                  R"({"message":"hi","agentId":"a1","attachmentIds":["f1"]})", answer_reply,
                  [&](const auto& c) { return c.threads.ask("th1", "hi", options); }),
              "Hi.7");
  expect_same(
      row("POST", "/threads/th1/messages/m1/edit-and-rerun", R"({"message":"ho"})", answer_reply,
          [](const auto& c) { return c.threads.edit_and_rerun("th1", "m1", "ho"); }),
      "Hi.7");
  expect_same(row("POST", "/threads/th1/messages/m1/retry", "{}", answer_reply,
                  [](const auto& c) { return c.threads.retry("th1", "m1"); }),
              "Hi.7");
}

TEST(PlatosManagement, a_turn_over_http_keeps_the_key_of_its_message) {
  ScriptedTransport wire;
  wire.expect("POST", "/api/v1/agent/threads/th1/messages").reply(503, "{}");
  wire.expect("POST", "/api/v1/agent/threads/th1/messages").reply(201, answer_reply);
  const Client client(options_of(wire));
  EXPECT_EQ(client.threads.ask("th1", "hi", {.idempotency_key = "k1"}).usage.cost_usd, 0.5);
  for (const auto& request : wire.requests()) EXPECT_EQ(request.header("Idempotency-Key"), "k1");
}

TEST(PlatosManagement, attachments_go_as_they_are) {
  const std::string bytes("\x89PNG\0\n", 6);
  const platos::UploadAttachment request{.mime_type = "image/png", .name = "Größe 1.png"};
  const std::string_view reply =
      R"({"id":"f1","kind":"image","mimeType":"image/png","bytes":6,"originalName":"x",)"
      R"("expiresAt":"2026-05-12T09:00:00.000Z"})";
  expect_same(row("POST", "/attachments", bytes, reply,
                  [&](const auto& c) { return c.attachments.upload(bytes, request); }),
              "f1image6");
  ScriptedTransport wire;
  wire.expect("POST", "/api/v1/agent/attachments").reply(201, reply);
  const Client client(options_of(wire));
  client.attachments.upload(bytes, request);
  EXPECT_EQ(wire.requests().at(0).header("Content-Type"), "image/png");
  EXPECT_EQ(wire.requests().at(0).header("X-Filename"), "Gr%C3%B6%C3%9Fe%201.png");
}

TEST(PlatosManagement, what_cannot_be_meant_is_not_sent) {
  ScriptedTransport wire;
  const Client client(options_of(wire));
  EXPECT_THROW(client.agents.create({}), std::invalid_argument);
  EXPECT_THROW(client.agents.update("a1", {.more = 7}), std::invalid_argument);
  EXPECT_THROW(client.threads.ask("th1", ""), std::invalid_argument);
  EXPECT_THROW(client.threads.retry("th1", ".."), std::invalid_argument);
  EXPECT_THROW(client.threads.stop(""), std::invalid_argument);
  EXPECT_THROW(client.attachments.upload(""), std::invalid_argument);
  EXPECT_THROW(client.attachments.upload("x", {.mime_type = "a\r\nb: c"}), std::invalid_argument);
  EXPECT_TRUE(wire.requests().empty());
}

// --- stopping
// ---------------------------------------------------------------------------------------

constexpr std::string_view stop_packet = R"(42/agent,["stop",{"threadId":"th1"}])";

// What stop() threw, "" for nothing; both clients must say the same.
std::string stopped_by(const std::function<void(ScriptedTransport&)>& script) {
  std::string said[2];
  for (const bool async : {false, true}) {
    ScriptedTransport wire;
    script(wire);
    try {
      if (async) {
        run(AsyncClient(options_of(wire)).threads.stop("th1"));
      } else {
        Client(options_of(wire)).threads.stop("th1");
      }
    } catch (const platos::Error& error) {
      said[async ? 1 : 0] = std::to_string(error.status()) + " " + error.code();
    }
    EXPECT_NO_THROW(wire.verify());
    EXPECT_EQ(wire.open_streams(), 0U);
  }
  EXPECT_EQ(said[0], said[1]);
  return said[0];
}

TEST(PlatosStop, is_sent_on_a_socket_of_its_own_and_ends_with_done) {
  EXPECT_EQ(stopped_by([](ScriptedTransport& wire) {
              auto socket = wire.expect_socket(socket_target);
              greet(socket)
                  .hear(stop_packet)
                  .say(event("agent_event", {{"type", "done"}, {"threadId", "other"}}))
                  .say(turn_event({{"type", "done"}, {"stopped", true}}));
            }),
            "");
}

TEST(PlatosStop, is_sent_again_when_its_socket_breaks) {
  EXPECT_EQ(
      stopped_by([](ScriptedTransport& wire) {
        auto lost = wire.expect_socket(socket_target);
        greet(lost).hear(stop_packet).fail(TransportErrorKind::reset);
        auto socket = wire.expect_socket(socket_target);
        greet(socket).hear(stop_packet).say(turn_event({{"type", "done"}, {"stopped", true}}));
      }),
      "");
}

TEST(PlatosStop, of_a_missing_thread_is_an_error) {
  EXPECT_EQ(
      stopped_by([](ScriptedTransport& wire) {
        auto socket = wire.expect_socket(socket_target);
        greet(socket)
            .hear(stop_packet)
            .say(turn_event(
                {{"type", "error"}, {"code", "thread_not_found"}, {"message", "Thread not found"}}))
            .say(turn_event({{"type", "done"}, {"stopped", true}}));
      }),
      "404 thread_not_found");
}

TEST(PlatosStop, that_is_itself_stopped_is_cancelled) {
  ScriptedTransport wire;
  std::stop_source stop;
  auto socket = wire.expect_socket(socket_target);
  greet(socket).hear(stop_packet).then([&] { stop.request_stop(); }).hang();
  const Client client(options_of(wire));
  EXPECT_THROW(client.with({.stop = stop.get_token()}).threads.stop("th1"), platos::CancelledError);
  EXPECT_EQ(wire.open_streams(), 0U);
}

}  // namespace
}  // namespace colonnade
