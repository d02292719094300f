// long: everything that the program is told in confidence, in one life of it
// Plants secrets wherever the program takes them, uses all of it, and looks for them everywhere:
// logs, errors, answers, streams, metrics, the audit trail, children's environments, workspaces,
// the database, a backup. docs/reference/secrets.md says where each may be; nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "../contract/wire_client.hpp"
#include "base/base64.hpp"
#include "program.hpp"
#include "quoting_servers.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using tests::Answer;
using Json = nlohmann::json;

// Where a planted secret may be found.
enum class Place {
  commands,
  answers,
  streams,
  metrics,
  log,
  audit,
  child,
  mcp_child,
  workspace,
  store,
  backup
};
constexpr std::array<const char*, 11> place_names = {
    "commands' output", "answers",         "streams",          "metrics",
    "the log",          "the audit trail", "a child's output", "MCP child",
    "a workspace",      "the data folder", "the backup"};

struct Planted {
  std::string name;
  std::string value;
  std::set<Place> allowed;
};

// An entity's secret has 32 bytes at least.
constexpr const char* entity_start = "Pl4nted-entity-secret-of-32-bytes-";

class Secrets : public testing::Test {
 protected:
  // A value that nothing else has. Its form says nothing unless `start` does.
  std::string plant(const std::string& name, std::set<Place> allowed = {},
                    const std::string& start = "Pl4nted") {
    const std::string value = start + std::to_string(1'000'003 * (planted_.size() + 7)) + "x" +
                              std::to_string(planted_.size()) + "Zq";
    planted_.push_back({name, value, std::move(allowed)});
    return value;
  }
  void know(const std::string& name, const std::string& value, std::set<Place> allowed) {
    ASSERT_GE(value.size(), 12U) << name;
    planted_.push_back({name, value, std::move(allowed)});
  }
  std::string planted(const std::string& name) const {
    return std::ranges::find(planted_, name, &Planted::name)->value;
  }
  void note(Place place, const std::string& text) { seen_[place] += text + "\n"; }

  std::string faulty(const std::string& mode) const {
    return "[python3, \"" + std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py\", " +
           mode + "]";
  }
  void write_configuration();
  std::string providers_text();
  std::string mcp_servers_text(const std::set<Place>& given_away);
  void start() {
    server_ = std::make_unique<ServerProcess>(folder_, Arguments{"--config", config_}, variables_);
    ASSERT_TRUE(server_->ready().is_object()) << server_->process().wait().err;
    token_ = server_->ready()["first_token"];
  }
  // Anything that a caller says is an answer; the requests themselves are not looked at.
  Answer call(tests::Call what, const std::string& token) {
    what.token = token;
    Answer out = tests::call(server_->port(), what);
    std::string head;
    for (const auto& one : out.headers) head += one.name + ": " + one.value + "\n";
    note(what.target == "/metrics" ? Place::metrics : Place::answers, head + out.body);
    return out;
  }
  Process::Ended command(Arguments arguments, Place place = Place::commands) {
    auto out = run(arguments, folder_, "/quit\n", variables_);
    note(place, out.out + out.err);
    used_.insert(arguments.front());
    if (arguments.size() > 1) used_.insert(arguments[0] + " " + arguments[1]);
    return out;
  }
  std::string send(const std::string& text, Place place = Place::commands) {
    return command({"send", "--config", config_, text}, place).out;
  }
  std::string data_folder() const { return folder_ / ".local/share/colonnade"; }
  // A file's bytes, unless it is there to hold a secret.
  static std::string files_of(const std::filesystem::path& file) {
    const std::set<std::string> keys = {"operator.token", "secrets.key", "audit.key"};
    return keys.contains(file.filename()) ? std::string() : read_file(file);
  }
  // Every byte below the folder.
  static std::string all_files(const std::string& folder) {
    std::string out;
    std::error_code gone;  // a file may go while others are read
    for (std::filesystem::recursive_directory_iterator at(folder, gone), end; !gone && at != end;
         at.increment(gone)) {
      std::error_code ignored;
      if (at->is_regular_file(ignored)) out += files_of(at->path());
    }
    return out;
  }
  // The store, with its write-ahead log as it is now, and apart from it what tools have written.
  void note_files() {
    note(Place::workspace, all_files(data_folder() + "/workspaces"));
    for (const auto& one : std::filesystem::directory_iterator(data_folder())) {
      if (one.path().filename() == "workspaces") continue;
      note(Place::store, one.is_directory() ? all_files(one.path()) : files_of(one.path()));
    }
  }
  void wait_until_tried(const std::string& name);
  Json mcp_server(const std::string& name);
  void use_oauth();
  void use_tokens();
  void use_entities();
  void use_platos(const std::string& session_token);
  void post_mcp_servers();
  void use_tools();
  void use_providers();
  void use_commands();
  void use_lasting_commands();
  void expect_every_tool() const;
  void expect_every_command();
  void say(const std::string& text);
  std::string note_stream(const tests::Call& call, const std::string& last = {});
  void use_memory(const std::set<Place>& content);
  void use_agent_of_platos(const std::set<Place>& content);
  void look_everywhere() {
    for (const Planted& secret : planted_) {
      for (const auto& [place, text] : seen_) {
        if (secret.allowed.contains(place)) continue;
        std::size_t at = text.find(secret.value);
        // As HTTP sends a password, behind the user's name that is used here.
        if (at == std::string::npos) at = text.find(base::to_base64("u:" + secret.value));
        EXPECT_EQ(at, std::string::npos)
            << secret.name << " is in " << place_names.at(static_cast<std::size_t>(place)) << ": …"
            << (at == std::string::npos ? "" : text.substr(at < 80 ? 0 : at - 80, 200));
      }
    }
  }

  Folder folder_;
  std::string config_;
  Variables variables_;
  std::vector<Planted> planted_;
  std::map<Place, std::string> seen_;
  std::set<std::string> used_;   // commands
  std::set<std::string> tools_;  // called
  std::unique_ptr<QuotingServers> others_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<tests::WireStream> feed_;  // what the whole server does
  std::string token_;
};

void Secrets::write_configuration() {
  others_ = std::make_unique<QuotingServers>(
      OAuthSecrets{.code = plant("an OAuth consent's code"),
                   .client_secret = plant("a registered OAuth client's secret"),
                   .machine_secret = plant("an OAuth client's secret that counts"),
                   .access_token = plant("an OAuth access token"),
                   .refresh_token = plant("an OAuth refresh token"),
                   .next_access_token = plant("a refreshed OAuth access token"),
                   .machine_token = plant("an OAuth token of a client's own")});
  // Of the environment. Nothing of it may reach a child.
  variables_["ANTHROPIC_API_KEY"] = plant("ANTHROPIC_API_KEY", {}, "sk-ant-api03-");
  variables_["OPENAI_API_KEY"] = plant("OPENAI_API_KEY", {}, "sk-proj-");
  variables_["OPENROUTER_API_KEY"] = plant("OPENROUTER_API_KEY");
  variables_["AWS_SECRET_ACCESS_KEY"] = plant("a foreign variable");
  // What this server gives away by itself, as a result, is content.
  const std::set<Place> given_away = {Place::mcp_child, Place::answers, Place::commands,
                                      Place::store, Place::backup};
  variables_["OUTSIDE_VALUE"] = plant("mcp.servers.*.env_from", given_away);
  variables_["HEADER_VALUE"] = plant("mcp.servers.*.headers_from");
  variables_["OAUTH_VALUE"] = plant("mcp.servers.*.oauth.client_secret_env");
  variables_["KEY_VALUE"] = plant("providers.*.api_key_env");
  variables_["ENTITY_VALUE"] = plant("platos.entities[].second_secret", {}, entity_start);
  variables_["PLATFORM_VALUE"] = plant("platos.platform_secret", {}, entity_start);
  for (const char* name : {"OPENAI_BASE_URL", "OPENROUTER_BASE_URL"}) {
    variables_[name] = "http://127.0.0.1:9";  // nobody listens there
  }
  const std::string policy =
      folder_.write("policy.yaml", "rules:\n  - match: {tool: \"*\"}\n    allow: true\n");
  std::string text = providers_text() + mcp_servers_text(given_away);
  text +=
      "platos:\n  platform_secret: ${PLATFORM_VALUE}\n  entities:\n    - organization: acme\n"
      "      project: shop\n      entity: backend\n      secret: file:" +
      folder_.write("entity.txt", plant("platos.entities[].secret", {}, entity_start) + "\n") +
      "\n      second_secret: ${ENTITY_VALUE}\n";
  text += "faramesh:\n  tokens: [" + plant("faramesh.tokens") + "]\n";
  // A collector that quotes what it is told.
  variables_["OTLP_VALUE"] = plant("telemetry.otlp.headers, of the environment");
  text += "telemetry:\n  otlp:\n    endpoint: " + others_->origin() +
          "/failing/v1/traces\n    headers: [\"X-One: " + plant("telemetry.otlp.headers") +
          "\", \"X-Two: ${OTLP_VALUE}\"]\n";
  text += "limits:\n  retries: 0\npolicy:\n  file: " + policy + "\n";
  text += "log:\n  level: debug\n  file: " + (folder_ / "server.log") + "\n";
  if (std::system("bwrap --unshare-all --ro-bind / / true >/dev/null 2>&1") != 0) {
    text += "tools:\n  sandbox: off\n";
  }
  config_ = folder_.write("config.yaml", text);
}

// Of the configuration and its files.
std::string Secrets::providers_text() {
  const std::string key_file = folder_.write("key.txt", plant("providers.*.api_key_file") + "\n");
  const std::string dead = "127.0.0.1:9";
  std::string text = "provider: offline\nproviders:\n";
  text += "  anthropic:\n    base_url: http://u:" + plant("a provider's URL") + "@" + dead + "\n";
  text += "    default_model: m\n";
  text += "  written:\n    kind: chat_completions\n    default_model: m\n    base_url: http://" +
          dead + "/?api_key=" + plant("a parameter of a provider's URL") +
          "\n    api_key: " + plant("providers.*.api_key") + "\n";
  text += "  filed:\n    kind: chat_completions\n    default_model: m\n    base_url: http://" +
          dead + "\n    api_key_file: " + key_file + "\n";
  text += "  named:\n    kind: chat_completions\n    default_model: m\n    base_url: http://" +
          dead + "\n    api_key_env: KEY_VALUE\n";
  // Those that are there, and quote what they are told.
  const std::string failing = others_->origin() + "/failing";
  const std::string authority = failing.substr(std::string("http://").size());
  text += "  quoting:\n    kind: chat_completions\n    default_model: m\n    base_url: http://u:" +
          plant("the URL of a provider that quotes it") + "@" + authority +
          "\n    api_key: " + plant("the key of a provider that quotes it") + "\n";
  text += "  quoting_too:\n    kind: anthropic\n    default_model: m\n    base_url: " + failing +
          "\n    api_key: " + plant("the key of another provider that quotes it") + "\n";
  text += "  breaking:\n    kind: chat_completions\n    default_model: m\n    base_url: " +
          others_->origin() +
          "/breaking\n    api_key: " + plant("the key of a provider that breaks off") + "\n";
  text += "memory:\n  embeddings:\n    url: " + failing +
          "\n    model: m\n    api_key: " + plant("memory.embeddings.api_key") + "\n";
  return text;
}

std::string Secrets::mcp_servers_text(const std::set<Place>& given_away) {
  const std::string dead = "127.0.0.1:9";
  std::string text = "mcp:\n  servers:\n";
  text += "    child:\n      command: " + faulty("good") +
          "\n      env: {GIVEN_TOKEN: " + plant("mcp.servers.*.env", given_away) +
          "}\n      env_from: {OUT_TOKEN: OUTSIDE_VALUE}\n";
  text += "    away:\n      url: http://u:" + plant("an MCP server's URL") + "@" + dead +
          "/mcp?token=" + plant("a parameter of an MCP server's URL") +
          "\n      headers: {X-Key: " + plant("mcp.servers.*.headers") +
          "}\n      headers_from: {X-Other: HEADER_VALUE}\n";
  text +=
      "    dying:\n      command: [sh, -c, \"echo $TOKEN_OF_MINE $1 >&2; exit 3\", sh, --token=" +
      plant("an argument of an MCP server's command") +
      "]\n      env: {TOKEN_OF_MINE: " + plant("the variable of an MCP server that says it") +
      "}\n";
  text += "    hostile:\n      url: " + others_->origin() +
          "/hostile/mcp?key=" + plant("a parameter of an MCP server that quotes it") +
          "\n      headers: {X-Key: " + plant("a header of an MCP server that quotes it") +
          ", Authorization: Bearer " + plant("a bearer token of an MCP server that quotes it") +
          "}\n";
  text += "    human:\n      url: " + others_->origin() + "/human/mcp\n";
  const auto machine = [&](const std::string& name, const std::string& secret) {
    text += "    " + name + ":\n      url: " + others_->origin() + "/" + name +
            "/mcp\n      oauth: {client_id: " + name + ", client_secret: " + secret +
            ", client_credentials: true}\n";
  };
  machine("machine", planted("an OAuth client's secret that counts"));
  machine("refused", plant("an OAuth client's secret that is refused"));
  text += "    oauth:\n      url: http://" + dead +
          "/mcp\n      oauth:\n        client_id: c\n"
          "        issuer: http://" +
          dead + "\n        client_secret: " + plant("mcp.servers.*.oauth.client_secret") + "\n";
  text += "    oauth2:\n      url: http://" + dead +
          "/mcp\n      oauth:\n        client_id: c\n"
          "        issuer: http://" +
          dead + "\n        client_secret_env: OAUTH_VALUE\n";
  return text;
}

Json Secrets::mcp_server(const std::string& name) {
  const Json all = call({.target = "/api/v1/operator/mcp-servers"}, token_).json();
  for (const Json& one : all["servers"]) {
    if (one["name"] == name) return one;
  }
  return {{"state", "absent"}};
}

// It is ready, or has failed with a reason.
void Secrets::wait_until_tried(const std::string& name) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::string state = "absent";
  while ((state == "absent" || state == "starting") && std::chrono::steady_clock::now() < end) {
    state = mcp_server(name)["state"];
  }
  EXPECT_NE(state, "absent") << name;
  EXPECT_NE(state, "starting") << name;
}

// A human consents, the token is used, refused one day, and made anew.
void Secrets::use_oauth() {
  for (const char* name : {"human", "machine", "refused", "hostile", "dying"}) {
    wait_until_tried(name);
  }
  EXPECT_EQ(mcp_server("machine")["state"], "ready");
  const std::string url = mcp_server("human")["authorization_url"];
  ASSERT_THAT(url, HasSubstr("/authorize?"));
  const std::string callback = "/api/v1/mcp/callback?";
  EXPECT_EQ(
      call({.target = callback + "state=another&code=" + plant("a code that nobody awaits")}, "")
          .status,
      404);
  const Answer back = call({.target = callback + others_->consent(url)}, "");
  ASSERT_EQ(back.status, 200) << back.body;
  const auto end = std::chrono::steady_clock::now() + patience;
  while (mcp_server("human")["state"] != "ready" && std::chrono::steady_clock::now() < end) {
  }
  say("/tool human__t {}");
  others_->expire();
  say("/tool human__t {}");
  EXPECT_EQ(others_->refreshes(), 1);
  say("/tool machine__t {}");
  say("/tool hostile__t {}");
}

// Tokens: each is in the answer that hands it out, and nowhere else.
void Secrets::use_tokens() {
  const std::set<Place> where_it_is_handed_out = {Place::commands, Place::answers};
  know("the first token", token_, {});
  const std::string secrets_key = read_file(data_folder() + "/secrets.key");
  know("secrets.key", secrets_key.substr(0, secrets_key.find('\n')), {});
  const std::string audit_key = read_file(data_folder() + "/audit.key");
  // Past what the keys of this kind begin with.
  know("audit.key", audit_key.substr(audit_key.find('\n') + 30, 30), {});
  const auto made = command({"token", "create", "--name", "ci", "--scope", "main/main/main",
                             "--user", "ci", "--role", "member", "--json"});
  ASSERT_EQ(made.code, 0) << made.err;
  know("a user's token", Json::parse(made.out)["token"], where_it_is_handed_out);
  const std::string code = Json::parse(command({"pair", "start", "--json"}).out)["code"];
  const Answer claimed = call({.method = "POST",
                               .target = "/api/v1/pair/claim",
                               .body = Json{{"code", code}, {"device_name", "phone"}}.dump()},
                              "");
  ASSERT_EQ(claimed.status, 200) << claimed.body;
  know("a device's token", claimed.json()["token"], where_it_is_handed_out);
  const std::string guessed = plant("a token that does not count");
  EXPECT_EQ(call({.target = "/api/v1/threads"}, guessed).status, 401);
  EXPECT_EQ(call({.target = "/v1/actions"}, guessed).status, 401);
}

// Entities by command and by configuration, what they sign, and what clients do with that.
void Secrets::use_entities() {
  const std::set<Place> printed = {Place::commands};
  const auto added =
      command({"entity", "add", "acme", "shop", "printed", "--json", "--config", config_});
  ASSERT_EQ(added.code, 0) << added.err;
  know("an entity's secret", Json::parse(added.out)["secret"], printed);
  const auto rotated = command({"entity", "rotate", "acme", "shop", "printed", "--json"});
  ASSERT_EQ(rotated.code, 0) << rotated.err;
  know("an entity's new secret", Json::parse(rotated.out)["secret"], printed);
  ASSERT_EQ(command({"entity", "add", "acme", "shop", "saved", "--save", "saved.txt"}).code, 0);
  const std::string saved = read_file(folder_ / "saved.txt");
  know("an entity's saved secret", saved.substr(0, saved.find('\n')), {});
  const std::string given = plant("an entity's given secret", {}, entity_start);
  const std::string file = folder_.write("given.txt", given + "\n");
  ASSERT_EQ(command({"entity", "add", "acme", "shop", "given", "--secret-file", file}).code, 0);
  command({"entity", "list"});
  command({"entity", "list", "--json"});
  const auto token = command({"entity", "token", "acme", "shop", "printed", "--environment", "live",
                              "--user", "ann", "--json"});
  ASSERT_EQ(token.code, 0) << token.err;
  know("a session token by command", Json::parse(token.out)["token"], printed);
  command({"entity", "remove", "acme", "shop", "nothing"});
  const auto key = command({"access-key", "add", "acme/other/live", "--name", "k", "--json"});
  ASSERT_EQ(key.code, 0) << key.err;
  know("an access key", Json::parse(key.out)["key"], printed);
  command({"access-key", "list", "acme/other/live"});
  command({"access-key", "remove", "acme/other/live", "nothing"});

  const Json claims = {{"organizationId", "acme"},
                       {"projectId", "shop"},
                       {"environmentId", "live"},
                       {"userId", "ann"},
                       {"userToken", plant("a user token within a session token")}};
  const auto mint = [&](const std::string& entity, const std::string& secret, const Json& body) {
    return call({.method = "POST",
                 .target = "/api/v1/entities/" + entity + "/session-tokens",
                 .body = body.dump()},
                secret);
  };
  for (const auto& [entity, secret] :
       std::map<std::string, std::string>{{"given", given},
                                          {"backend", planted("platos.entities[].secret")},
                                          {"saved", saved.substr(0, saved.find('\n'))}}) {
    const Answer minted = mint(entity, secret, claims);
    ASSERT_EQ(minted.status, 201) << minted.body;
    know("a session token of " + entity, minted.json()["token"], {Place::answers});
    use_platos(minted.json()["token"]);
  }
  Json unfit = claims;
  unfit["ttlSeconds"] = "soon";
  EXPECT_EQ(mint("given", given, unfit).status, 400);
  EXPECT_EQ(
      mint("given", plant("an entity's secret that is wrong", {}, entity_start), claims).status,
      401);
  EXPECT_EQ(mint("nothing", given, claims).status, 404);
  mint("platform", planted("platos.platform_secret"), claims);
}

void Secrets::use_platos(const std::string& session_token) {
  const auto ask = [&](const std::string& method, const std::string& path, const Json& body,
                       const std::string& token) {
    tests::Call one{.method = method, .target = "/api/v1/agent" + path};
    if (!body.is_null()) one.body = body.dump();
    one.headers = {{"X-Platos-Session-Token", token}};
    return call(one, "");
  };
  const Answer agents = ask("GET", "/agents", nullptr, session_token);
  EXPECT_EQ(agents.status, 200) << agents.body;
  ask("GET", "/threads?limit=nonsense", nullptr, session_token);
  ask("POST", "/threads", {{"agentId", 5}}, session_token);
  ask("POST", "/agents", {{"name", "not for users"}}, session_token);
  ask("GET", "/nowhere", nullptr, session_token);
  // Refused by its signature, and by its form.
  EXPECT_EQ(ask("GET", "/agents", nullptr, session_token + "x").status, 401);
  EXPECT_EQ(ask("GET", "/agents", nullptr, plant("no session token at all")).status, 401);
  const Answer thread = ask("POST", "/threads", Json::object(), session_token);
  ASSERT_LT(thread.status, 300) << thread.body;
  const std::string id =
      thread.json().contains("id") ? thread.json()["id"] : thread.json()["threadId"];
  for (const char* said : {"/tool shell {\"command\":\"env\"}", "/tool hostile__t {}", "/fail"}) {
    note_stream({.method = "POST",
                 .target = "/api/v1/agent/threads/" + id + "/stream",
                 .body = Json{{"message", said}}.dump(),
                 .headers = {{"X-Platos-Session-Token", session_token}}});
  }
  ask("GET", "/threads/" + id + "/messages", nullptr, session_token);
  ask("GET", "/monitoring/approvals", nullptr, session_token);
}

void Secrets::post_mcp_servers() {
  const auto create = [&](const Json& body) {
    const Answer made = call({.method = "POST", .target = "/v1/mcp", .body = body.dump()}, token_);
    EXPECT_EQ(made.status, 201) << made.body;
  };
  create({{"name", "posted"},
          {"transport", "http"},
          {"url", "http://u:" + plant("the URL of a posted MCP server") +
                      "@127.0.0.1:9/mcp?key=" + plant("a parameter of a posted MCP server's URL")},
          {"headers", {{"Authorization", "Bearer " + plant("a posted MCP server's header")}}}});
  create({{"name", "spawned"},
          {"transport", "stdio"},
          {"command",
           {"python3", std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py", "good",
            "--api-key", plant("an argument of a posted MCP server's command"), "--url",
            "https://u:" + plant("a URL in a posted MCP server's command") + "@h/"}},
          {"env", {{"GIVEN", plant("a posted MCP server's variable")}}}});
  const Answer listed = call({.target = "/v1/mcp"}, token_);
  EXPECT_THAT(listed.body, HasSubstr("http://u:[redacted]@127.0.0.1:9/mcp?key=[redacted]"));
  EXPECT_THAT(listed.body, HasSubstr("--api-key"));
  for (const char* name : {"child", "away", "oauth", "oauth2", "posted", "spawned"}) {
    wait_until_tried(name);
  }
}

// All that the stream brought, to its end or to the event that has `last` in it.
std::string Secrets::note_stream(const tests::Call& call, const std::string& last) {
  tests::WireStream stream(server_->port(), call);
  std::string all = stream.head().body;
  EXPECT_EQ(stream.head().status, 200) << call.target << all;
  bool goes_on = true;
  while (goes_on) {
    const auto event = stream.next();
    if (event) all += event->name + " " + event->data + "\n";
    goes_on = event && (last.empty() || !all.contains(last));
  }
  note(Place::streams, all);
  return all;
}

// In a conversation of its own.
void Secrets::say(const std::string& text) {
  if (text.starts_with("/tool ")) tools_.insert(text.substr(6, text.find(' ', 6) - 6));
  note_stream({.method = "POST",
               .target = "/api/v1/stream",
               .body = Json{{"text", text}}.dump(),
               .token = token_});
}

// Those that the reference names.
void Secrets::expect_every_tool() const {
  std::istringstream reference(
      read_file(std::string(COLONNADE_SOURCE_DIR) + "/docs/reference/tools.md"));
  std::set<std::string> named;
  for (std::string line; std::getline(reference, line) && line != "## Files";) {
    if (!line.starts_with("| `")) continue;
    std::string cell = line.substr(2, line.find('|', 2) - 2);
    for (std::size_t at = 0; (at = cell.find('`')) != std::string::npos;) {
      const std::size_t end = cell.find('`', at + 1);
      named.insert(cell.substr(at + 1, end - at - 1));
      cell.erase(0, end + 1);
    }
  }
  EXPECT_GE(named.size(), 20U);
  for (const std::string& tool : named) EXPECT_TRUE(tools_.contains(tool)) << tool;
}

void Secrets::expect_every_command() {
  const auto all = subcommands({}, folder_);
  EXPECT_GE(all.size(), 20U);
  for (const std::string& one : all) {
    EXPECT_TRUE(used_.contains(one)) << one;
    for (const std::string& below : subcommands({one}, folder_)) {
      EXPECT_TRUE(used_.contains(one + " " + below)) << one << " " << below;
    }
  }
}

// Arguments and results are content: the conversation has them. The audit trail, the log and
// metrics have not.
void Secrets::use_tools() {
  // What children see. An MCP server sees what was given to it, a shell nothing of the server's.
  send("/tool shell {\"command\":\"env; cat /proc/self/environ\"}", Place::child);
  EXPECT_THAT(send("/tool child__environment {}", Place::mcp_child), HasSubstr("GIVEN"));
  const std::set<Place> content = {Place::commands, Place::answers, Place::streams,
                                   Place::store,    Place::backup,  Place::workspace};
  const std::string in_argument = plant("a password in arguments", content);
  const std::string in_text = plant("a key in arguments", content, "github_pat_11");
  const std::string in_result = plant("a key in a result", content, "glpat-");
  const std::string in_url = plant("a password in a fetched URL", content);
  const Json written = {{"path", "conf.ini"},
                        {"content", "db_pw=" + in_argument + "\nkey " + in_text + "\n"}};
  say("/tool write " + written.dump());
  const Json command = {{"command", "echo db_pw=" + in_argument + " > shared.ini; ls"}};
  say("/tool shell " + command.dump());
  say("/tool shell " + Json{{"command", "echo " + in_result}}.dump());
  say("/tool fetch " + Json{{"url", "http://u:" + in_url + "@127.0.0.1:9/"}}.dump());
  for (const char* tool :
       {"clock {}", "calculator {\"expression\":\"1+1\"}", "glob {\"pattern\":\"*\"}",
        "grep {\"pattern\":\"x\"}", "read {\"path\":\"missing\"}",
        R"(edit {"path":"missing","old_text":"a","new_text":"b"})", "todo_write {\"todos\":[]}",
        R"(apply_patch {"patchText":"*** Begin Patch\n*** Delete File: missing\n*** End Patch"})",
        "codesearch {\"query\":\"x\"}", "websearch {\"query\":\"x\"}", "skill {}",
        R"(batch {"tool_calls":[{"tool":"clock"}]})", "task {\"prompt\":\"say hello\"}",
        "child__echo {\"text\":\"hi\"}", "child__die {}", "away__tool {}"}) {
    say(std::string("/tool ") + tool);
  }
  use_memory(content);
  use_agent_of_platos(content);
  // Nobody is here to answer.
  tools_.insert("question");
  const std::string question = "/tool question {\"question\":\"which pw?\"}";
  EXPECT_EQ(this->command({"send", "--config", config_, "--no-wait", question}).code, 3);
  // What a client submits.
  const std::string submitted = plant("a password in a submitted action", content);
  const Json params = {{"password", submitted}, {"url", "https://u:" + submitted + "@h/"}};
  for (const char* tool : {"http", "shell", ""}) {
    call({.method = "POST",
          .target = "/v1/actions",
          .body = Json{{"agent_id", "a"}, {"tool", tool}, {"operation", "get"}, {"params", params}}
                      .dump()},
         token_);
  }
}

// What is kept is content too.
void Secrets::use_memory(const std::set<Place>& content) {
  const auto agent = [&](const char* memory) {
    const Json body = {{"name", memory}, {"memory_type", memory}};
    const Answer made =
        call({.method = "POST", .target = "/v1/agents", .body = body.dump()}, token_);
    EXPECT_EQ(made.status, 201) << made.body;
    return made.json()["id"].get<std::string>();
  };
  const auto ask = [&](const std::string& agent_id, const std::string& tool, const Json& given) {
    tools_.insert(tool);
    const Answer made = call({.method = "POST",
                              .target = "/v1/conversations",
                              .body = Json{{"agent_id", agent_id}}.dump()},
                             token_);
    EXPECT_EQ(made.status, 201) << made.body;
    const std::string target =
        "/v1/conversations/" + made.json()["id"].get<std::string>() + "/messages";
    const Json body = {{"content", "/tool " + tool + " " + given.dump()}};
    const Answer said = call({.method = "POST", .target = target, .body = body.dump()}, token_);
    EXPECT_LT(said.status, 300) << said.body;
    EXPECT_THAT(said.body, Not(HasSubstr("no tool named"))) << tool;
  };
  const std::string kept = plant("a password that is remembered", content);
  const std::string keys = agent("persistent");
  ask(keys, "memory_write", {{"key", "k"}, {"value", "pw=" + kept}});
  ask(keys, "memory_read", {{"key", "k"}});
  ask(keys, "memory_list", Json::object());
  ask(keys, "memory_delete", {{"key", "nothing"}});
  // Its embeddings fail, and quote what they were told.
  const std::string texts = agent("semantic");
  ask(texts, "memory_remember", {{"text", "pw=" + kept}});
  // The trail keeps arguments that nothing tells to be a secret; the log has none at all.
  std::set<Place> and_audit = content;
  and_audit.insert(Place::audit);
  const std::string words = "the tulips of " + plant("words that are remembered", and_audit);
  ask(texts, "memory_remember", {{"text", words}});
  ask(texts, "memory_recall", {{"query", words}});
  ask(texts, "memory_forget", {{"id", "nothing"}});
}

// One that makes documents and asks for approval, which agents of Platos can.
void Secrets::use_agent_of_platos(const std::set<Place>& content) {
  const net::Headers scope = {{"X-Platos-Organization-Id", "acme"},
                              {"X-Platos-Project-Id", "shop"},
                              {"X-Platos-Environment-Id", "live"},
                              {"X-Platos-User-Id", "root"}};
  const auto post = [&](const std::string& path, const Json& body) {
    const Answer made = call(
        {.method = "POST", .target = "/api/v1/agent" + path, .body = body.dump(), .headers = scope},
        token_);
    EXPECT_EQ(made.status, 201) << made.body;
    return made.json()["id"].get<std::string>();
  };
  const std::vector<std::string> tools = {"generate_artifact", "revise_artifact",
                                          "request_approval"};
  const auto ask_of = [&](const std::string& agent, const std::string& tool, const Json& given) {
    tools_.insert(tool);
    const std::string thread = post("/threads", {{"agentId", agent}});
    return note_stream({.method = "POST",
                        .target = "/api/v1/agent/threads/" + thread + "/stream",
                        .body = Json{{"message", "/tool " + tool + " " + given.dump()}}.dump(),
                        .token = token_,
                        .headers = scope},
                       "approval_needed");
  };
  const std::string maker =
      post("/agents", {{"name", "Maker"}, {"toolsBlockConfig", {{"enabledTools", tools}}}});
  const auto ask = [&](const std::string& tool, const Json& given) {
    return ask_of(maker, tool, given);
  };
  const std::string kept = plant("a password in a document", content);
  ask("generate_artifact", {{"kind", "markdown"}, {"title", "t"}, {"content", "pw=" + kept}});
  ask("revise_artifact", {{"artifactId", "nothing"}, {"newContent", "x"}});
  EXPECT_THAT(ask("request_approval", {{"action", "deploy"}, {"details", "with pw=" + kept}}),
              HasSubstr("approval_needed"));
  const std::string boss = post("/agents", {{"name", "Boss"}, {"toolMode", "sub-agent"}});
  ask_of(boss, "delegate_to_sub_agent", {{"task", "find pw=" + kept}});
  const Json task = {
      {"taskId", "sum"},
      {"displayName", "Sum"},
      {"triggerType", "agent-spawn"},
      {"handler", {{"kind", "tool"}, {"tool", "calculator"}, {"args", {{"expression", "1+1"}}}}}};
  const Answer described = call({.method = "POST",
                                 .target = "/api/v1/agent/platos-tasks",
                                 .body = task.dump(),
                                 .headers = scope},
                                token_);
  EXPECT_EQ(described.status, 201) << described.body;
  const Json in_background = {
      {"spawn_bgo", {{"taskId", "sum"}, {"payload", {{"note", "pw=" + kept}}}}},
      {"spawn_batch", {{"taskId", "sum"}, {"payloads", Json::array({Json::object()})}}},
      {"wait_for_runs", {{"runIds", Json::array({"nothing"})}}},
      {"get_run_details", {{"runId", "nothing"}}},
      {"cancel_run", {{"runId", "nothing"}}},
      {"create_schedule", {{"taskId", "sum"}, {"cron", "0 0 1 1 *"}}},
      {"list_bgos", Json::object()},
      {"list_runs", Json::object()}};
  Json has = Json::object();
  for (const auto& [tool, given] : in_background.items()) has[tool] = true;
  const std::string spawner = post("/agents", {{"name", "Spawner"}, {"metaTools", has}});
  for (const auto& [tool, given] : in_background.items()) ask_of(spawner, tool, given);
}

// Those that fail, in every way that they are given a key.
void Secrets::use_providers() {
  const std::string conversation =
      call({.method = "POST", .target = "/v1/conversations", .body = R"({"agent_id":"default"})"},
           token_)
          .json()["id"];
  for (const char* provider : {"anthropic", "openai", "openrouter", "written", "filed", "named",
                               "quoting", "quoting_too", "breaking"}) {
    const Answer failed = call({.method = "POST",
                                .target = "/v1/conversations/" + conversation + "/messages",
                                .body = Json{{"content", "hello"}, {"provider", provider}}.dump()},
                               token_);
    EXPECT_GE(failed.status, 400) << provider << " answers";
  }
  send("/fail");
}

// Every command, with what it says when all is well and when it is not.
void Secrets::use_commands() {
  const std::string policy = folder_ / "policy.yaml";
  const std::string cases = folder_.write("cases.yaml", "cases: []\n");
  for (const Arguments& arguments :
       std::vector<Arguments>{{"config", "show", "--config", config_},
                              {"config", "show", "--json", "--config", config_},
                              {"config", "trust", config_},
                              {"config", "prices"},
                              {"doctor", "--config", config_},
                              {"version"},
                              {"chat", "--config", config_},
                              {"mcp-servers", "list"},
                              {"mcp-servers", "list", "--json"},
                              {"mcp-servers", "retry", "hostile"},
                              {"mcp-servers", "accept", "hostile", "nothing"},
                              {"jobs", "list"},
                              {"jobs", "list", "--json"},
                              {"jobs", "show", "nothing"},
                              {"jobs", "cancel", "nothing"},
                              {"jobs", "replay", "nothing"},
                              {"tasks", "list"},
                              {"budgets", "list", "--json"},
                              {"budgets", "set", "--period", "day", "--limit", "50"},
                              {"budgets", "show", "nothing"},
                              {"budgets", "remove", "nothing"},
                              {"budgets", "override", "nothing", "--minutes", "1"},
                              {"threads", "list"},
                              {"threads", "list", "--json"},
                              {"threads", "search", "pw"},
                              {"threads", "show", "nothing"},
                              {"threads", "rename", "nothing", "title"},
                              {"threads", "remove", "nothing"},
                              {"threads", "restore", "nothing"},
                              {"pair", "claim", "000000"},
                              {"devices", "list"},
                              {"devices", "revoke", "nothing"},
                              {"token", "list", "--scope", "main/main/main"},
                              {"token", "revoke", "nothing"},
                              {"token", "path"},
                              {"approvals", "list"},
                              {"approvals", "list", "--json"},
                              {"approvals", "show", "nothing"},
                              {"approvals", "approve", "nothing"},
                              {"approvals", "deny", "nothing"},
                              {"approvals", "rules", "list"},
                              {"approvals", "rules", "revoke", "nothing"},
                              {"policy", "check", policy},
                              {"policy", "test", policy, "--cases", cases},
                              {"policy", "explain", policy, "--tool", "http", "--operation", "get"},
                              {"policy", "diff", policy, policy},
                              {"policy", "simulate", policy},
                              {"audit", "verify"},
                              {"migrate", "--config", config_},
                              {"restore", folder_ / "missing.db", "--config", config_},
                              {"serve", "--config", config_, "--listen", "127.0.0.1:0"}}) {
    command(arguments);
  }
  command({"audit", "show", "--last", "1000", "--json"}, Place::audit);
  command({"audit", "export"}, Place::audit);
  const Json records = Json::parse(run({"audit", "show", "--last", "1", "--json"}, folder_).out);
  command({"audit", "prove", records["records"][0]["seq"].dump()}, Place::audit);
}

// Those that go on until they are told to stop, and what is only asked over HTTP.
void Secrets::use_lasting_commands() {
  {
    Process watching({"approvals", "watch"}, variables_, folder_.path());
    watching.signal(SIGINT);
    const auto ended = watching.wait();
    note(Place::commands, ended.out + ended.err);
    used_.insert("approvals watch");
  }
  {
    Process bridge({"mcp", "--config", config_}, variables_, folder_.path());
    bridge.write(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{}})"
                 "\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}\nno JSON\n");
    const auto ended = bridge.wait();
    note(Place::commands, ended.out + ended.err);
    used_.insert("mcp");
  }
  for (const char* target :
       {"/api/v1/threads", "/v1/mcp", "/v1/agents", "/v1/conversations", "/api/v1/operator/tokens",
        "/api/v1/operator/mcp-servers", "/api/v1/operator/jobs", "/api/v1/operator/tasks",
        "/v1/policy/info", "/v1/actions", "/metrics", "/api/v1/nothing"}) {
    call({.target = target}, token_);
  }
}

TEST_F(Secrets, AreNowhereButWhereTheReferenceSays) {
  write_configuration();
  start();
  if (HasFatalFailure()) return;
  feed_ = std::make_unique<tests::WireStream>(server_->port(),
                                              tests::Call{.target = "/v1/events", .token = token_});
  use_tokens();
  if (HasFatalFailure()) return;
  use_oauth();
  if (HasFatalFailure()) return;
  use_entities();
  if (HasFatalFailure()) return;
  post_mcp_servers();
  use_tools();
  use_providers();
  use_commands();
  use_lasting_commands();
  EXPECT_EQ(command({"backup", folder_ / "copy.db", "--config", config_}).code, 0);
  note(Place::backup, read_file(folder_ / "copy.db"));
  for (const auto& event : feed_->arrived()) {
    note(Place::streams, event.name + " " + event.data);
  }
  feed_.reset();
  note_files();  // with the write-ahead log as it is now
  const auto ended = server_->stop();
  EXPECT_EQ(ended.code, 0);
  note(Place::log, ended.out + ended.err + read_file(folder_ / "server.log"));
  note_files();
  expect_every_tool();
  expect_every_command();
  EXPECT_GE(others_->quoted(), 8) << "nobody quoted what they were told";
  EXPECT_GE(planted_.size(), 50U);
  EXPECT_EQ(seen_.size(), place_names.size());
  for (const auto& [place, text] : seen_) {
    EXPECT_GT(text.size(), 100U) << place_names.at(static_cast<std::size_t>(place))
                                 << ": nothing was looked at";
  }
  look_everywhere();
}

TEST_F(Secrets, TheLogIsForItsOwnerAlone) {
  const std::string log = folder_.write("server.log", "older\n");
  std::filesystem::permissions(log, std::filesystem::perms(0644));
  config_ = folder_.write("config.yaml", "log:\n  file: " + log + "\n");
  start();
  EXPECT_EQ(std::filesystem::status(log).permissions(), std::filesystem::perms(0600));
  EXPECT_THAT(read_file(log), HasSubstr("older"));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(Secrets, FailedLoginsAreRecordedWithoutWhatWasTried) {
  config_ = folder_.write("config.yaml", "log:\n  level: info\n");
  start();
  constexpr int tries = 25;
  for (int i = 0; i < tries; ++i) {
    const std::string guess = "guess-number-" + std::to_string(i);
    EXPECT_EQ(call({.target = i % 2 == 0 ? "/api/v1/threads" : "/v1/agents"}, guess).status, 401);
  }
  EXPECT_EQ(call({.target = "/api/v1/threads"}, "").status, 401) << "no token is no login";
  const auto shown =
      command({"audit", "show", "--kind", "login.failed", "--last", "100", "--json"}, Place::audit);
  const Json records = Json::parse(shown.out)["records"];
  EXPECT_EQ(records.size(), 10U) << "of one address in an hour";
  EXPECT_EQ(records[0]["details"]["means"], "token");
  EXPECT_EQ(records[0]["subject"], "127.0.0.1");
  EXPECT_THAT(shown.out, Not(HasSubstr("guess-number")));
  EXPECT_EQ(server_->stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
