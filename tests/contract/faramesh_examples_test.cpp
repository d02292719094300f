// Replays the contract's recorded answers (faramesh-examples.jsonl) against the real server: the
// same status, the same members, the same values; what a server generates is compared by its form.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "faramesh_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

// Where this server answers otherwise, and what (docs/reference/faramesh-differences.md).
struct Otherwise {
  int status = 0;  // 0: compared in a test of its own, below
  const char* reason = "";
};
const std::map<std::string, Otherwise> otherwise = {
    {"result on a pending action is ACCEPTED by 0.3.0", {400, "it would bypass the approval"}},
    {"gate with blank agent_id", {422, "a 500 makes clients try again"}},
    {"submit non-finite number", {422, "a 500 makes clients try again"}},
    {"submit empty string in params", {200, "an empty text is a text"}},
    {"policy validate endpoint absent", {200, "we have one"}},
    {"playground eval", {200, "it works here"}},
    {"policy file not YAML", {0, "a server with a policy that is none does not start"}},
};

std::vector<Json> examples() {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/faramesh-examples.jsonl");
  std::vector<Json> out;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) out.push_back(Json::parse(line));
  }
  return out;
}

// --- comparing ----------------------------------------------------------------------------------

bool consists_of(const std::string& text, std::string_view alphabet, std::size_t size) {
  return text.size() == size && text.find_first_not_of(alphabet) == std::string::npos;
}

bool is_uuid(std::string text) {
  if (text.size() != 36 || text[14] != '4') return false;
  for (const std::size_t dash : {23U, 18U, 13U, 8U}) {
    if (text[dash] != '-') return false;
    text.erase(dash, 1);
  }
  return consists_of(text, "0123456789abcdef", 32);
}

// A time, with or without its Z as the contract has it for the member's owner.
bool is_time(const std::string& text, bool of_event) {
  return text.ends_with('Z') != of_event &&
         base::parse_rfc3339(of_event ? text + "Z" : text).has_value();
}

bool has_form(const std::string& form, const Json& actual, bool of_event) {
  if (!actual.is_string()) return false;
  const std::string text = actual;
  const std::string base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (form == "$uuid") return is_uuid(text);
  if (form == "$token") return consists_of(text, base64url, 22);
  if (form == "$ts") return is_time(text, of_event);
  if (form == "$sha256") return consists_of(text, "0123456789abcdef", 64);
  return !text.empty();  // $text, $path
}

void expect_same(const Json& example, const Json& actual, const std::string& where,
                 bool of_event = false) {
  if (example.is_string() && example.get<std::string>().starts_with('$')) {
    EXPECT_TRUE(has_form(example, actual, of_event)) << where << " is " << actual.dump();
  } else if (example.is_object()) {
    ASSERT_TRUE(actual.is_object()) << where << " is " << actual.dump();
    const bool event = example.contains("event_type");
    for (const auto& [name, value] : example.items()) {
      ASSERT_TRUE(actual.contains(name)) << where << " lacks " << name << ": " << actual.dump();
      expect_same(value, actual[name], where + "." + name, event);
    }
    // Errors have a code besides, the policy in force its hash; nothing else may have more.
    const bool open = example.contains("detail") || example.contains("policy_path");
    for (const auto& [name, value] : actual.items()) {
      EXPECT_TRUE(open || example.contains(name)) << where << " has " << name << " besides";
    }
  } else if (example.is_array()) {
    ASSERT_TRUE(actual.is_array()) << where << " is " << actual.dump();
    ASSERT_EQ(example.size(), actual.size()) << where << " is " << actual.dump();
    for (std::size_t i = 0; i < example.size(); ++i) {
      expect_same(example[i], actual[i], where + "[" + std::to_string(i) + "]");
    }
  } else {
    EXPECT_EQ(actual, example) << where;
  }
}

// A shell's start is in the recorded log twice, here once.
Json without_doubles(const Json& events) {
  if (!events.is_array() || events.empty() || !events[0].contains("event_type")) return events;
  Json out = Json::array();
  for (const Json& event : events) {
    if (out.empty() || out.back()["event_type"] != event["event_type"]) out.push_back(event);
  }
  return out;
}

// --- bringing requests about --------------------------------------------------------------------

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what)) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// The rows of one server, in their order.
class Replay {
 public:
  explicit Replay(FarameshServer& server) : server_(server) {}

  Answer ask(const Json& row) {
    const Json& request = row["request"];
    std::string path = request["path"];
    const bool in_sequence = row.contains("seq");
    const std::string sequence = in_sequence ? first_word(row["seq"]) : "";
    if (path.contains("$uuid") && (!in_sequence || sequence != sequence_)) bring_about(row);
    sequence_ = sequence;
    std::string body = request.value("body_raw", "");
    if (request.contains("body")) body = request["body"].dump();
    path = replaced(path, "$uuid", id_);
    body = replaced(body, "$token", approval_token_);
    if (row["name"].get<std::string>().starts_with("finished shell")) server_.await_end(id_);
    const Answer answer = send(request, path, body);
    if (path == "/v1/actions" && answer.status == 200 && request["method"] == "POST") {
      remember(answer.json());
    }
    return answer;
  }

 private:
  static std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

  Answer send(const Json& request, const std::string& path, const std::string& body) {
    Call to_send{.method = request["method"],
                 .target = path,
                 .body = body,
                 .token = server_.token,
                 .headers = {}};
    if (request.contains("headers") && request["headers"].contains("Authorization")) {
      const Json& value = request["headers"]["Authorization"];
      to_send.token.clear();
      if (value.is_string()) to_send.headers.push_back({"Authorization", value});
    }
    return call(server_.port(), to_send);
  }

  void remember(const Json& action) {
    id_ = action["id"];
    approval_token_ = action["approval_token"].is_string() ? action["approval_token"] : "";
  }

  // The action that the row's answer tells of, in the state that its request needs.
  void bring_about(const Json& row) {
    const Json& told = row["response"]["body"];
    Json body = {{"agent_id", "ag"}, {"tool", "http"}, {"operation", "get"}, {"params", {}}};
    body["params"] = Json::object();
    if (told.is_object() && told.contains("agent_id")) {
      for (const char* name : {"agent_id", "tool", "operation", "params"}) body[name] = told[name];
    }
    const Json made = server_.post_json("/v1/actions", body).json();
    remember(made);
    const bool runs = told.is_object() && told.value("status", "") == "executing";
    if (runs) ASSERT_EQ(server_.approve(made).status, 200);
  }

  FarameshServer& server_;
  std::string sequence_;
  std::string id_;
  std::string approval_token_;
};

FarameshServerOptions options_for(const Json& fixture, const std::string& server) {
  FarameshServerOptions out;
  out.version = fixture["env"]["FARAMESH_POLICY_VERSION"];
  const std::string policy = server.substr(0, server.find('+'));
  if (server == "no-policy-file") {
    out.policy.reset();
    out.version.clear();
    return out;
  }
  out.policy = fixture["policies"].at(policy);
  if (server.contains("simple")) out.profile = fixture["profiles"]["simple"];
  if (server.contains("strict")) out.profile = fixture["profiles"]["strict"];
  if (server.contains("token")) out.tokens = {"other-token", "secret-token"};
  return out;
}

TEST(FarameshExamples, HttpRows) {
  const auto rows = examples();
  if (rows.empty()) GTEST_SKIP() << "no faramesh-examples.jsonl in " << COLONNADE_CONTRACTS;
  std::size_t same = 0;
  std::size_t different = 0;
  for (const std::string server :
       {"base", "base+token", "base+simple-profile", "rich+strict-profile", "no-policy-file"}) {
    const TemporaryFolder folder;
    FarameshServer running(folder, options_for(rows[0], server));
    Replay replay(running);
    for (const Json& row : rows) {
      if (row["kind"] != "http" || row["server"] != server) continue;
      const std::string name = row["name"];
      SCOPED_TRACE(server + ": " + name);
      const Answer answer = replay.ask(row);
      const auto ours = otherwise.find(name);
      if (ours != otherwise.end()) {
        EXPECT_EQ(answer.status, ours->second.status) << ours->second.reason << answer.body;
        ++different;
        continue;
      }
      EXPECT_EQ(answer.status, row["response"]["status"]) << answer.body;
      EXPECT_EQ(Json(answer.header("Content-Type")), row["response"]["content_type"]);
      expect_same(without_doubles(row["response"]["body"]), answer.json(), "body");
      ++same;
    }
  }
  EXPECT_EQ(same, 56U);
  EXPECT_EQ(different, 6U);
}

TEST(FarameshExamples, BigIntegersKeepTheirDigits) {
  const TemporaryFolder folder;
  FarameshServer server(folder);
  const Answer answer = server.post(
      "/v1/actions", R"({"agent_id":"a","tool":"http","operation":"get",)"
                     R"("params":{"z":1,"x":123456789012345678901234567890,"y":1.0,"a":-0}})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(
      answer.body.contains(R"("params":{"z":1,"x":123456789012345678901234567890,"y":1.0,)"))
      << answer.body;
}

TEST(FarameshExamples, APolicyThatIsNoneStopsTheStart) {
  const TemporaryFolder folder;
  EXPECT_THROW(FarameshServer(folder, {.policy = "rules: [\n"}), std::runtime_error);
}

TEST(FarameshExamples, PolicyRows) {
  const auto rows = examples();
  if (rows.empty()) GTEST_SKIP() << "no faramesh-examples.jsonl in " << COLONNADE_CONTRACTS;
  const TemporaryFolder folder;
  FarameshServer server(folder, options_for(rows[0], "rich"));
  std::size_t compared = 0;
  for (const Json& row : rows) {
    if (row["kind"] != "policy_eval") continue;
    SCOPED_TRACE(row["action"].dump());
    const Answer answer = server.post_json("/v1/actions", row["action"]);
    const Json& params = row["action"]["params"];
    if (params.contains("amount") && params["amount"] == "nan") {
      EXPECT_EQ(answer.status, 422) << "no number to compare with (faramesh §9.10)";
      EXPECT_TRUE(answer.body.contains("params.amount")) << answer.body;
      continue;
    }
    ASSERT_EQ(answer.status, 200) << answer.body;
    // A text or null for an amount is beyond the bound of the rule that asks.
    if (params.contains("amount") && (params["amount"].is_null() || params["amount"] == "abc")) {
      EXPECT_EQ(answer.json()["reason"], "big refund");
      continue;
    }
    // Here a rule for an agent looks at the agent that asks, too (faramesh §9.8).
    if (row.value("note", "").starts_with("agent_id key reads params/context")) {
      EXPECT_EQ(answer.json()["reason"], "boss");
      continue;
    }
    for (const auto& [name, value] : row["expect"].items()) {
      EXPECT_EQ(answer.json()[name], value) << name;
    }
    ++compared;
  }
  EXPECT_EQ(compared, 34U);
}

TEST(FarameshExamples, FeedRow) {
  const auto rows = examples();
  if (rows.empty()) GTEST_SKIP() << "no faramesh-examples.jsonl in " << COLONNADE_CONTRACTS;
  for (const Json& row : rows) {
    if (row["kind"] != "sse") continue;
    const TemporaryFolder folder;
    FarameshServer server(folder, options_for(rows[0], "base"));
    auto stream = server.stream();
    EXPECT_EQ(stream.head().status, row["response"]["status"]);
    EXPECT_EQ(Json(stream.head().header("Content-Type")), row["response"]["content_type"]);
    const Json made = server.submit("shell", {{"cmd", "ls"}});
    const auto event = stream.next();
    ASSERT_TRUE(event);
    std::string recorded = row["response"]["frames"][0];
    Json example = Json::parse(recorded.substr(recorded.find('{')));
    example["action_id"] = made["id"];  // ours (§9.12)
    expect_same(example, event->json(), "frame");
    EXPECT_EQ(event->name, "");
  }
}

}  // namespace
}  // namespace colonnade::tests
