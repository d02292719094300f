// Replays the contract's own examples (fathom-examples.jsonl) against a real server: each request
// is brought about and its answer compared by shape: the same keys, the same types, the same
// status; what a server generates (ids, times, tokens) by its form, everything else by value.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "core/access/limits.hpp"
#include "fathom_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

const std::string weather = "What's the weather in NYC? Keep it short.";

std::vector<Json> examples() {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/fathom-examples.jsonl");
  std::vector<Json> out;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) out.push_back(Json::parse(line));
  }
  return out;
}

// --- shapes -------------------------------------------------------------------------------------

bool consists_of(const std::string& text, std::string_view alphabet, std::size_t size) {
  return text.size() == size && text.find_first_not_of(alphabet) == std::string::npos;
}

bool is_hex(const std::string& text, std::size_t size) {
  return consists_of(text, "0123456789abcdef", size);
}

bool is_time(const std::string& text) {
  const auto time = base::parse_rfc3339(text);
  return time && base::to_rfc3339(*time) == text;
}

// Whether a generated text has the form of the example's; nullopt for keys that generate nothing.
std::optional<bool> generated(const std::string& key, const std::string& example,
                              const std::string& text) {
  const std::string base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (key == "id" || key == "thread_id" || key == "session_id" || key == "device_id" ||
      key == "deleted" || key == "restored" || key == "revoked") {
    return is_hex(text, example.size());
  }
  if (key.ends_with("_at") || key == "server_time" || key == "last_seen" || key == "timestamp") {
    return is_time(text);
  }
  if (key == "token") return consists_of(text, base64url, 43);
  if (key == "code") return consists_of(text, "0123456789", 6);
  if (key == "error" || key == "model" || key == "version") return !text.empty();
  return std::nullopt;
}

void expect_shape(const Json& example, const Json& actual, const std::string& where,
                  const std::string& key = {}) {
  const bool both_numbers = example.is_number() && actual.is_number();
  ASSERT_TRUE(both_numbers || example.type() == actual.type())
      << where << " is " << actual.dump() << ", the example has " << example.dump();
  if (example.is_object()) {
    for (const auto& [name, value] : example.items()) {
      ASSERT_TRUE(actual.contains(name)) << where << " lacks " << name << ": " << actual.dump();
      expect_shape(value, actual[name], where + "." + name, name);
    }
    // The contract leaves the list of features open; nothing else may have more.
    for (const auto& [name, value] : actual.items()) {
      EXPECT_TRUE(example.contains(name) || key == "features")
          << where << " has " << name << " besides: " << actual.dump();
    }
  } else if (example.is_array()) {
    ASSERT_EQ(example.size(), actual.size()) << where;
    for (std::size_t i = 0; i < example.size(); ++i) {
      expect_shape(example[i], actual[i], where + "[" + std::to_string(i) + "]");
    }
  } else if (example.is_string()) {
    const auto form = generated(key, example, actual);
    if (form) {
      EXPECT_TRUE(*form) << where << " is " << actual.dump();
    } else {
      EXPECT_EQ(actual, example) << where;
    }
  } else if (example.is_boolean()) {
    EXPECT_EQ(actual, example) << where;
  }
}

// --- bringing requests about --------------------------------------------------------------------

// One example on a server of its own.
class Replay {
 public:
  Replay(const std::string& path, const Json& example) : server(path, {.base_path = "/c/r1"}) {
    method = example["method"];
    target = example["path"];
    const Json& request = example["request"];
    if (request.is_string()) {
      body = request;
    } else if (!request.is_null()) {
      body = request.dump();
    }
  }

  // The request as the example has it, with the ids that exist here.
  Answer ask() { return ask_as(server.token); }
  Answer ask_as(const std::string& token) {
    return call(server.port(), {.method = method, .target = target, .body = body, .token = token});
  }
  // Puts a fresh thread's id in place of the example's.
  std::string use_thread(const std::string& title = {}) {
    const std::string id = server.new_thread(title);
    put_id(id, 32);
    return "/api/v1/threads/" + id;
  }
  void put_id(const std::string& id, std::size_t size) {
    const auto at = std::search_n(target.begin(), target.end(), static_cast<long>(size), 0,
                                  [](char c, int) { return is_hex(std::string(1, c), 1); });
    target.replace(static_cast<std::size_t>(at - target.begin()), size, id);
  }
  void send(const std::string& thread) {
    server.script_answer();
    const Answer sent = server.post(thread + "/messages", Json{{"text", weather}}.dump());
    if (sent.status != 200) throw std::runtime_error(sent.body);
  }
  // A thread in which a run waits until the server ends.
  std::string busy_thread() {
    const std::string thread = use_thread();
    auto held = std::make_shared<std::promise<void>>();
    server.engine.model->on_hold([held] { held->set_value(); });
    server.engine.model->script({Hold{}});
    running.send({.method = "POST",
                  .target = thread + "/messages",
                  .body = Json{{"text", weather}}.dump(),
                  .token = server.token});
    held->get_future().wait();
    return thread;
  }
  // A code that was issued, put in place of the example's.
  std::string use_code() {
    const std::string code = server.post("/api/v1/pair/start").json()["code"];
    if (!body.empty()) {
      Json changed = Json::parse(body);
      changed["code"] = code;
      body = changed.dump();
    }
    const auto at = target.find("code=");
    if (at != std::string::npos) target.replace(at + 5, 6, code);
    return code;
  }
  Json claim(const std::string& code) {
    return call(server.port(), {.method = "POST",
                                .target = "/api/v1/pair/claim",
                                .body = Json{{"code", code}, {"device_name", "ci-bot"}}.dump()})
        .json();
  }

  FathomServer server;
  WireConnection running{server.port()};
  std::string method;
  std::string target;
  std::string body;
};

using Scene = std::function<Answer(Replay&)>;

const std::map<std::string, Scene>& thread_replays() {  // long: one row an example
  static const auto as_it_is = [](Replay& r) { return r.ask(); };
  static const std::map<std::string, Scene> replays = {
      {"create blank thread", as_it_is},
      {"create titled thread", as_it_is},
      {"create with empty object", as_it_is},
      {"create malformed json", as_it_is},
      {"list threads newest first",
       [](Replay& r) {
         const std::string id = r.server.new_thread();
         r.server.new_thread("Trip");
         r.send("/api/v1/threads/" + id);
         return r.ask();
       }},
      {"list empty", as_it_is},
      {"list without token", [](Replay& r) { return r.ask_as(""); }},
      {"list with revoked token",
       [](Replay& r) {
         const Json device = r.claim(r.use_code());
         r.server.ask("DELETE", "/api/v1/devices/" + device["device_id"].get<std::string>());
         return r.ask_as(device["token"]);
       }},
      {"list through relay base path", as_it_is},
      {"get thread",
       [](Replay& r) {
         r.send(r.use_thread());
         return r.ask();
       }},
      {"get thread while agent runs",
       [](Replay& r) {
         r.busy_thread();
         return r.ask();
       }},
      {"get soft-deleted thread",
       [](Replay& r) {
         const std::string thread = r.use_thread();
         r.send(thread);
         r.server.ask("DELETE", thread);
         return r.ask();
       }},
      {"get unknown thread", as_it_is},
      {"get another user's thread",
       [](Replay& r) {
         r.use_thread();
         return r.ask_as(r.server.create_token("bob"));
       }},
      {"delete thread",
       [](Replay& r) {
         r.use_thread();
         return r.ask();
       }},
      {"delete thread twice",
       [](Replay& r) {
         r.use_thread();
         r.ask();
         return r.ask();
       }},
      {"restore thread",
       [](Replay& r) {
         r.server.ask("DELETE", r.use_thread());
         return r.ask();
       }},
      {"restore live thread",
       [](Replay& r) {
         r.use_thread();
         return r.ask();
       }},
      {"rename thread",
       [](Replay& r) {
         r.use_thread();
         return r.ask();
       }},
      {"thread usage",
       [](Replay& r) {
         r.send(r.use_thread());
         return r.ask();
       }},
      {"wrong verb on collection", as_it_is},
      {"wrong verb on item", as_it_is},
      {"health", as_it_is},
  };
  return replays;
}

const std::map<std::string, Scene>& message_replays() {
  static const std::map<std::string, Scene> replays = {
      {"send message",
       [](Replay& r) {
         r.use_thread();
         r.server.script_answer();
         return r.ask();
       }},
      {"send with correlation id from paired device",
       [](Replay& r) {
         r.use_thread();
         r.server.script_answer();
         return r.ask_as(r.claim(r.use_code())["token"]);
       }},
      {"send empty text",
       [](Replay& r) {
         r.use_thread();
         return r.ask();
       }},
      {"send while a run is active",
       [](Replay& r) {
         r.busy_thread();
         return r.ask();
       }},
      {"send to soft-deleted thread",
       [](Replay& r) {
         r.server.ask("DELETE", r.use_thread());
         return r.ask();
       }},
      {"send agent failure",
       [](Replay& r) {
         r.use_thread();
         r.server.engine.model->script(
             {Break{{.kind = base::ErrorKind::upstream, .message = "model unreachable"}}});
         return r.ask();
       }},
      {"send without agent",
       [](Replay& r) {
         r.use_thread();
         r.server.engine.providers.set_default("absent");
         return r.ask();
       }},
      {"messages after a bookmark",
       [](Replay& r) {
         const std::string thread = r.use_thread();
         r.send(thread);
         const std::string at =
             r.server.get(thread + "/messages").json()["messages"][0]["created_at"];
         const auto from = r.target.find("after=") + 6;
         r.target.replace(from, r.target.find('&') - from, at);
         return r.ask();
       }},
      {"messages bad bookmark",
       [](Replay& r) {
         r.use_thread();
         return r.ask();
       }},
  };
  return replays;
}

const std::map<std::string, Scene>& pairing_replays() {
  static const auto with_code = [](Replay& r) {
    r.use_code();
    return r.ask();
  };
  static const std::map<std::string, Scene> replays = {
      {"pair start", [](Replay& r) { return r.ask(); }},
      {"pair claim", with_code},
      {"pair claim without name", with_code},
      {"pair unknown code",
       [](Replay& r) {
         // No code was ever issued here.
         return r.ask_as("");
       }},
      {"pair used code",
       [](Replay& r) {
         r.claim(r.use_code());
         return r.ask_as("");
       }},
      {"pair expired code",
       [](Replay& r) {
         r.use_code();
         r.server.pairing_clock.advance(limits::pairing_code_time);
         return r.ask_as("");
       }},
      {"pair sixth attempt in a minute",
       [](Replay& r) {
         for (int i = 0; i < limits::pairing_claims_max; ++i) r.ask_as("");
         return r.ask_as("");
       }},
      {"pair watch claimed",
       [](Replay& r) {
         r.claim(r.use_code());
         return r.ask();
       }},
      {"devices",
       [](Replay& r) {
         r.claim(r.use_code());
         return r.ask();
       }},
      {"revoke device",
       [](Replay& r) {
         r.put_id(r.claim(r.use_code())["device_id"], 12);
         return r.ask();
       }},
  };
  return replays;
}

// Rows that no request to this server brings about, and why.
const std::map<std::string, std::string>& not_replayed() {
  static const std::map<std::string, std::string> rows = {
      {"pair watch poll again",
       "a watch ends with its code, after 60 s, before its own limit of 90 s: it says 410"},
      {"stream ready (upstream form, no type)", "upstream's form; ours adds the type"},
      {"stream agent_delegating", "this server has no sub-agents"},
      {"raw: heartbeat glued to the next event", "input for a client's parser"},
      {"raw: type taken from the event name", "input for a client's parser"},
      {"raw: CRLF, no space after colon, two data lines", "input for a client's parser"},
      {"raw: comments only and non-JSON data yield nothing", "input for a client's parser"},
      {"raw: unfinished last block is discarded", "input for a client's parser"},
  };
  return rows;
}

const Scene* find_replay(const std::string& name) {
  for (const auto* replays : {&thread_replays(), &message_replays(), &pairing_replays()}) {
    const auto found = replays->find(name);
    if (found != replays->end()) return &found->second;
  }
  return nullptr;
}

TEST(FathomExamples, EveryRequestIsAnsweredInItsShape) {
  const auto rows = examples();
  if (rows.empty()) GTEST_SKIP() << "no fathom-examples.jsonl in " << COLONNADE_CONTRACTS;
  std::size_t replayed = 0;
  for (const Json& example : rows) {
    const std::string name = example["name"];
    if (example.contains("event") || not_replayed().contains(name)) continue;
    SCOPED_TRACE(name);
    const Scene* scene = find_replay(name);
    ASSERT_NE(scene, nullptr) << "nobody replays this row, and no reason is given";
    TemporaryFolder folder;
    Replay replay(folder.file("colonnade.db"), example);
    const Answer answer = (*scene)(replay);
    EXPECT_EQ(answer.status, example["status"]) << answer.body;
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    expect_shape(example["response"], answer.json(), "response");
    ++replayed;
  }
  EXPECT_EQ(replayed,
            thread_replays().size() + message_replays().size() + pairing_replays().size());
}

TEST(FathomExamples, EveryEventComesInItsShape) {
  const auto rows = examples();
  if (rows.empty()) GTEST_SKIP() << "no fathom-examples.jsonl in " << COLONNADE_CONTRACTS;
  TemporaryFolder folder;
  FathomServer server(folder.file("colonnade.db"));
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  WireStream stream = server.stream(thread + "/stream");
  server.script_answer();
  ASSERT_EQ(server.post(thread + "/messages", Json{{"text", weather}}.dump()).status, 200);
  auto events = stream.until("agent_done");
  server.engine.model->script(
      {Break{{.kind = base::ErrorKind::upstream, .message = "model unreachable"}}});
  ASSERT_EQ(server.post(thread + "/messages", Json{{"text", weather}}.dump()).status, 500);
  events.push_back(stream.until("agent_error").back());

  for (const Json& example : rows) {
    const std::string name = example["name"];
    if (!example.contains("event") || not_replayed().contains(name)) continue;
    SCOPED_TRACE(name);
    const std::string event = example["event"]["event"];
    const auto found = std::ranges::find(events, event, &WireEvent::name);
    ASSERT_NE(found, events.end());
    Json expected = example["event"]["data"];
    Json actual = found->json();
    if (event == "agent_delta") actual["delta"] = expected["delta"];  // how text is cut is free
    expect_shape(expected, actual, "data");
  }
}

}  // namespace
}  // namespace colonnade::tests
