// Replays the contract's own examples (phoson-examples.jsonl) against a real server: each request
// is brought about and its answer compared by shape; what a server generates (ids, times, texts of
// a model or a provider) by its form, everything else by value.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <string_view>

#include "base/clock.hpp"
#include "phoson_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

std::vector<Json> examples() {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/phoson-examples.jsonl");
  std::vector<Json> out;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) out.push_back(Json::parse(line));
  }
  return out;
}

// xxxxxxxx-xxxx-4xxx-[89ab]xxx-xxxxxxxxxxxx
bool is_uuid4(const std::string& text) {
  constexpr std::string_view hex = "0123456789abcdef";
  constexpr std::string_view form = "xxxxxxxx-xxxx-4xxx-Vxxx-xxxxxxxxxxxx";
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const std::string_view allowed = form[i] == 'x'   ? hex
                                     : form[i] == 'V' ? std::string_view("89ab")
                                                      : form.substr(i, 1);
    if (!allowed.contains(text[i])) return false;
  }
  return true;
}

// The value of "run_id" in a text of events.
std::string run_id_in(const std::string& events) {
  constexpr std::string_view key = "\"run_id\":\"";
  const auto at = events.find(key);
  if (at == std::string::npos) return {};
  return events.substr(at + key.size(), events.find('"', at + key.size()) - at - key.size());
}

bool is_time(const std::string& text) {
  const auto time = base::parse_rfc3339(text);
  return time && base::to_rfc3339(*time) == text;
}

// Ids by form where the example has one, times by form, the rest by value.
void expect_shape(const Json& example, const Json& actual, const std::string& where) {
  const bool both_numbers = example.is_number() && actual.is_number();
  ASSERT_TRUE(both_numbers || example.type() == actual.type())
      << where << " is " << actual.dump() << ", the example has " << example.dump();
  if (example.is_object()) {
    for (const auto& [name, value] : example.items()) {
      ASSERT_TRUE(actual.contains(name)) << where << " lacks " << name << ": " << actual.dump();
      expect_shape(value, actual[name], where + "." + name);
    }
    EXPECT_EQ(example.size(), actual.size()) << where << " has more: " << actual.dump();
  } else if (example.is_array()) {
    ASSERT_EQ(example.size(), actual.size()) << where << ": " << actual.dump();
    for (std::size_t i = 0; i < example.size(); ++i) {
      expect_shape(example[i], actual[i], where + "[" + std::to_string(i) + "]");
    }
  } else if (example.is_string() && is_uuid4(example)) {
    EXPECT_TRUE(is_uuid4(actual)) << where << " is " << actual.dump();
  } else if (example.is_string() && is_time(example)) {
    EXPECT_TRUE(is_time(actual)) << where << " is " << actual.dump();
  } else if (!example.is_number()) {
    EXPECT_EQ(actual, example) << where;
  }
}

// --- bringing requests about --------------------------------------------------------------------

// One example on a server of its own.
class Replay {
 public:
  Replay(const std::string& path, const Json& example)
      : server(path),
        method(example["method"]),
        target(example["path"]),
        body(example["request"]) {}

  Answer ask() { return ask_as(server.key); }
  Answer ask_as(const std::string& key) {
    return call(server.port(), {.method = method,
                                .target = target,
                                .body = body.is_null() ? std::string() : body.dump(),
                                .token = key});
  }
  // Puts a real id in place of one of the example's: "a1" stands for the first agent, and so on.
  void put_id(const std::string& mark, const std::string& id) {
    const std::string old = "000000" + mark + "-1111-4222-8333-444455556666";
    for (auto at = target.find(old); at != std::string::npos; at = target.find(old)) {
      target.replace(at, old.size(), id);
    }
    if (body.is_object() && body.value("agent_id", "") == old) body["agent_id"] = id;
  }
  std::string use_agent() {
    const std::string id = server.made(
        "/v1/agents", {{"name", "My Assistant"}, {"description", "A helpful assistant"}})["id"];
    put_id("a1", id);
    return id;
  }
  std::string use_server() {
    const std::string id = server.made(
        "/v1/mcp", {{"name", "files"}, {"transport", "stdio"}, {"command", {"mcp-files"}}})["id"];
    put_id("f1", id);
    return id;
  }
  std::string use_conversation(const std::string& title = "Hello") {
    const Json made =
        server.made("/v1/conversations", {{"agent_id", use_agent()}, {"title", title}});
    put_id("c1", made["id"]);
    return made["id"];
  }

  PhosonServer server;
  WireConnection running{server.port()};
  std::string method;
  std::string target;
  Json body;
};

using Scene = std::function<Answer(Replay&)>;

Say thoughtful_answer() {
  return reply({core::ReasoningPart{.provider = "anthropic", .text = "The user greets me."},
                core::TextPart{"Fine, thanks."}},
               core::StopReason::end_turn, {.input_tokens = 12, .output_tokens = 4});
}

const std::map<std::string, Scene>& replays() {  // long: one row an example
  static const auto as_it_is = [](Replay& r) { return r.ask(); };
  static const auto with_agent = [](Replay& r) {
    r.use_agent();
    return r.ask();
  };
  static const auto with_conversation = [](Replay& r) {
    r.use_conversation();
    return r.ask();
  };
  static const std::map<std::string, Scene> rows = {
      {"create agent", as_it_is},
      {"create agent with defaults", as_it_is},
      {"create semantic agent", as_it_is},
      {"create agent bad memory_type", as_it_is},
      {"list agents", with_agent},
      {"list agents empty", as_it_is},
      {"get agent", with_agent},
      {"get unknown agent", as_it_is},
      {"missing api key", [](Replay& r) { return r.ask_as(""); }},
      {"update agent", with_agent},
      {"update agent one field", with_agent},
      {"update agent nothing", with_agent},
      {"attach mcp",
       [](Replay& r) {
         r.use_agent();
         r.use_server();
         return r.ask();
       }},
      {"attach unknown mcp", with_agent},
      {"detach mcp",
       [](Replay& r) {
         r.use_agent();
         r.use_server();
         r.server.ask("PUT", r.target);
         return r.ask();
       }},
      {"detach mcp not attached",
       [](Replay& r) {
         r.use_agent();
         r.use_server();
         return r.ask();
       }},
      {"register mcp server (operator)", as_it_is},
      {"delete agent", with_agent},
      {"create conversation", with_agent},
      {"create conversation defaults", with_agent},
      {"create conversation custom thread", with_agent},
      {"create conversation unknown agent", as_it_is},
      {"list conversations", with_conversation},
      {"list conversations by agent", with_conversation},
      {"get conversation", with_conversation},
      {"get unknown conversation", as_it_is},
      {"update conversation", with_conversation},
      {"update conversation blank title", with_conversation},
      {"delete conversation", with_conversation},
      {"send message",
       [](Replay& r) {
         r.use_conversation();
         Say said = reply({core::TextPart{"Fine, thanks."}}, core::StopReason::end_turn,
                          {.input_tokens = 12, .output_tokens = 4});
         std::get<core::ModelReply>(said.events.front()).model = "claude-sonnet-4-6";
         r.server.anthropic->script({text("Fine, thanks."), said});
         return r.ask();
       }},
      {"send empty content", with_conversation},
      {"send while a run is active",
       [](Replay& r) {
         const std::string id = r.use_conversation();
         auto held = std::make_shared<std::promise<void>>();
         r.server.engine.model->on_hold([held] { held->set_value(); });
         r.server.engine.model->script({Hold{}});
         r.running.send({.method = "POST",
                         .target = PhosonServer::messages_of(id),
                         .body = Json{{"content", "first"}, {"stream", false}}.dump(),
                         .token = r.server.key});
         held->get_future().wait();
         return r.ask();
       }},
      {"send provider failure",
       [](Replay& r) {
         r.use_conversation();
         r.server.engine.model->script(
             {Break{{.kind = base::ErrorKind::upstream, .message = "anthropic: overloaded"}}});
         return r.ask();
       }},
      {"send provider not configured", with_conversation},
      {"send bad reasoning_effort", with_conversation},
      {"list messages",
       [](Replay& r) {
         const std::string id = r.use_conversation();
         Say said = reply({core::TextPart{"Fine, thanks."}}, core::StopReason::end_turn,
                          {.input_tokens = 12, .output_tokens = 4});
         std::get<core::ModelReply>(said.events.front()).model = "claude-sonnet-4-6";
         r.server.anthropic->script({said});
         r.server.post(PhosonServer::messages_of(id),
                       {{"content", "Hello, how are you?"}, {"provider", "anthropic"}});
         return r.ask();
       }},
      {"stream unknown conversation (plain error, no SSE)", as_it_is},
  };
  return rows;
}

// Rows that are no request with a JSON answer, and where they are tested.
const std::map<std::string, std::string>& not_replayed() {
  static const std::map<std::string, std::string> rows = {
      {"stream message (SSE body as text)", "PhosonExamples.TheStreamIsToTheLetter"},
      {"raw: keepalive then tool round", "input for a client's parser"},
      {"raw: error ends the run and is yielded", "input for a client's parser"},
      {"raw: type from event name, done sentinel ignored", "input for a client's parser"},
      {"raw: unknown event kept", "input for a client's parser"},
  };
  return rows;
}

TEST(PhosonExamples, EveryRequestIsAnsweredInItsShape) {
  const auto rows = examples();
  if (rows.empty()) GTEST_SKIP() << "no phoson-examples.jsonl in " << COLONNADE_CONTRACTS;
  std::size_t replayed = 0;
  for (const Json& example : rows) {
    const std::string name = example["name"];
    if (example.contains("event") || not_replayed().contains(name)) continue;
    SCOPED_TRACE(name);
    const auto scene = replays().find(name);
    ASSERT_NE(scene, replays().end()) << "nobody replays this row, and no reason is given";
    TemporaryFolder folder;
    Replay replay(folder.file("colonnade.db"), example);
    const Answer answer = scene->second(replay);
    EXPECT_EQ(answer.status, example["status"]) << answer.body;
    ++replayed;
    if (example["response"].is_null()) {
      EXPECT_EQ(answer.body, "");
      continue;
    }
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    expect_shape(example["response"], answer.json(), "response");
  }
  EXPECT_EQ(replayed, replays().size());
}

// The whole answer as text, but for the id of the run.
TEST(PhosonExamples, TheStreamIsToTheLetter) {
  const auto rows = examples();
  if (rows.empty()) GTEST_SKIP() << "no phoson-examples.jsonl in " << COLONNADE_CONTRACTS;
  const auto row = std::ranges::find_if(
      rows, [](const Json& one) { return one["name"] == "stream message (SSE body as text)"; });
  ASSERT_NE(row, rows.end());
  TemporaryFolder folder;
  Replay replay(folder.file("colonnade.db"), *row);
  replay.use_conversation();
  Say said = thoughtful_answer();
  // Each delta in a commit of its own, as a slow model brings them.
  replay.server.anthropic->script({Say{{core::ModelReasoningDelta{"The user greets me."}}}, Hold{},
                                   text("Fine, "), Hold{}, text("thanks."), Hold{}, said});
  WireStream stream(replay.server.port(), {.method = replay.method,
                                           .target = replay.target,
                                           .body = replay.body.dump(),
                                           .token = replay.server.key});
  EXPECT_EQ(stream.head().header("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(stream.head().header("Cache-Control"), "no-cache");
  EXPECT_EQ(stream.head().header("X-Accel-Buffering"), "no");
  std::string got;
  while (auto event = stream.next()) {
    got += "event: " + event->name + "\ndata: " + event->data + "\n\n";
    replay.server.anthropic->release();
  }
  std::string expected = (*row)["response"];
  const std::string mine = run_id_in(got);
  EXPECT_TRUE(is_uuid4(mine)) << got;
  const std::string theirs = run_id_in(expected);
  expected.replace(expected.find(theirs), theirs.size(), mine);
  EXPECT_EQ(got, expected);
  const auto requests = replay.server.anthropic->requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].model, "claude-sonnet-4-6");
  EXPECT_EQ(requests[0].temperature, 0.7);
  EXPECT_EQ(requests[0].max_output_tokens, 4096);
  EXPECT_EQ(requests[0].reasoning_effort, "medium");
}

TEST(PhosonExamples, EveryEventHasItsShape) {
  const auto rows = examples();
  if (rows.empty()) GTEST_SKIP() << "no phoson-examples.jsonl in " << COLONNADE_CONTRACTS;
  TemporaryFolder folder;
  PhosonServer server(folder.file("colonnade.db"));
  const std::string id = server.new_conversation();
  server.engine.model->script({tool_call("call_1", "calculator", {{"expression", "2+2"}})});
  server.engine.model->script({tool_call("call_3", "calculator", {{"expression", "2+"}})});
  server.engine.model->script({Say{{core::ModelReasoningDelta{"The user greets me."}}},
                               text("Fine, "), text("thanks."), thoughtful_answer()});
  WireStream stream = server.stream(id, "Hello, how are you?");
  std::vector<WireEvent> events = stream.until("run_done");
  server.engine.model->script(
      {Break{{.kind = base::ErrorKind::upstream, .message = "anthropic: overloaded"}}});
  WireStream failing = server.stream(id, "again");
  events.push_back(failing.until("error").back());
  EXPECT_FALSE(failing.next());
  std::set<std::string> seen;
  for (const Json& example : rows) {
    if (!example.contains("event") || not_replayed().contains(example["name"])) continue;
    SCOPED_TRACE(example["name"].get<std::string>());
    const std::string type = example["event"]["event"];
    const auto found = std::ranges::find(events, type, &WireEvent::name);
    ASSERT_NE(found, events.end());
    const Json actual = found->json();
    const Json& expected = example["event"]["data"];
    seen.insert(type);
    EXPECT_EQ(actual["type"], type);
    EXPECT_EQ(found->id, "");
    for (const auto& [name, value] : expected.items()) {
      ASSERT_TRUE(actual.contains(name)) << actual.dump();
      EXPECT_EQ(actual[name].type(), value.type()) << name;
    }
    EXPECT_EQ(actual.size(), expected.size()) << actual.dump();
  }
  EXPECT_EQ(seen, (std::set<std::string>{"error", "reasoning", "run_done", "token", "tool_end",
                                         "tool_start"}));
}

}  // namespace
}  // namespace colonnade::tests
