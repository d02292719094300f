// long: a row for each route, and the checks of each kind of row
// Who sees what over Tandem's wire: every route that is served, asked for a thing of Ann's by
// another member of her scope, by a member and an operator of another scope, and by her scope's
// operator. A route without a row fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "../engine/launch_tool.hpp"
#include "base/ids.hpp"
#include "filled.hpp"
#include "tandem_route.hpp"
#include "tandem_server.hpp"
#include "tests/packs/zip_maker.hpp"
#include "tools/builtin/question.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

// In everything that is Ann's.
constexpr const char* mark = "zebra";

enum class Reach {
  open,       // for anyone, and about nobody
  common,     // the same for everybody who is let in
  made,       // makes a thing of the caller's own, which `look` shows
  list,       // Ann and the scope's operator find her thing in it, the others do not
  personal,   // the same, but of the operator: they do not either
  object,     // 404 for the others, as if there were none; the scope's operator may
  own,        // the same, but for the operator: for them it is not there either
  silent,     // 200 for the others, which says that nothing was done; the operator may
  scopes,     // 200 for all of the scope, who find its thing there; for the others it is not there
  operators,  // for operators of the scope alone; 403
  server,     // for operators of every scope alone; 403
  soft,       // the same as operators, refused with 200 and ok false
  servers,    // the same as server, refused so
};

struct Row {
  Reach reach = Reach::common;
  // With {session}, {run}, {request}, {question}, {memory}, {key} of Ann's, her {routine} and its
  // runs {job}, {pending}, {paused} and {kept}, which has left {artifact}, {word}, which is the
  // caller's, {archive} and {archive_two}, which are packs, and in `look` {id}, which the answer
  // has at `id`.
  std::string target{};
  std::string body{};
  std::string look{};
  std::string id{};
  bool shown_to_operator = true;  // of `made`
};

// Keyed as Router::listing() writes them, without what is served below /api once more.
const std::multimap<std::string, Row>& table() {  // long: a row for each route
  using enum Reach;
  static const std::multimap<std::string, Row> rows = {
      {"GET /global/health", {open, "/global/health"}},
      {"GET /session", {list, "/session"}},
      {"POST /session", {made, "/session", R"({"title":"{word}"})", "/session/{id}", "/id"}},
      {"GET /session/{}", {object, "/session/{session}"}},
      {"PATCH /session/{}", {object, "/session/{session}", R"({"title":"x"})"}},
      {"DELETE /session/{}", {silent, "/session/{session}"}},
      {"GET /session/{}/message", {object, "/session/{session}/message"}},
      {"GET /session/{}/todo", {object, "/session/{session}/todo"}},
      {"GET /session/{}/run", {object, "/session/{session}/run"}},
      {"GET /session/{}/children", {object, "/session/{session}/children"}},
      {"POST /session/{}/fork", {object, "/session/{session}/fork", "{}"}},
      {"GET /session/{}/diff", {object, "/session/{session}/diff"}},
      {"POST /session/{}/revert", {object, "/session/{session}/revert", "{}"}},
      {"POST /session/{}/unrevert", {object, "/session/{session}/unrevert", "{}"}},
      {"POST /session/{}/summarize", {object, "/session/{session}/summarize", "{}"}},
      {"POST /session/{}/attach",
       {object, "/session/{session}/attach", R"({"target_workspace":"/srv/x"})"}},
      {"POST /session/{}/prompt_async",
       {object, "/session/{session}/prompt_async", R"({"text":"hi"})"}},
      {"POST /session/{}/prompt_sync",
       {object, "/session/{session}/prompt_sync", R"({"text":"hi"})"}},
      {"POST /session/{}/abort", {silent, "/session/{session}/abort?of={run}", "{}"}},
      {"POST /session/{}/cancel", {silent, "/session/{session}/cancel?of={run}", "{}"}},
      {"POST /session/{}/run/{}/cancel", {silent, "/session/{session}/run/{run}/cancel", "{}"}},
      {"GET /run/{}/events", {object, "/run/{run}/events"}},
      // Those of whom it is open.
      {"GET /event", {object, "/event?sessionID={session}"}},
      {"GET /event", {object, "/event?runID={run}"}},
      {"GET /global/event", {object, "/global/event?sessionID={session}"}},
      {"GET /global/event", {object, "/global/event?runID={run}"}},
      {"GET /tool", {common, "/tool"}},
      {"GET /tool", {object, "/tool?sessionID={session}"}},
      {"GET /tool/ids", {common, "/tool/ids"}},
      {"GET /tool/ids", {object, "/tool/ids?sessionID={session}"}},
      {"POST /tool/execute",
       {made, "/tool/execute", R"({"tool":"launch","args":{"target":"{word}"}})", "/permission",
        "/requestID"}},
      {"POST /tool/execute",
       {object, "/tool/execute", R"({"tool":"clock","sessionID":"{session}"})"}},
      {"GET /skills", {common, "/skills"}},
      {"GET /skills/templates", {common, "/skills/templates"}},
      {"GET /skills/{}", {common, "/skills/none"}},
      {"GET /provider", {common, "/provider"}},
      {"GET /provider/auth", {common, "/provider/auth"}},
      {"GET /config", {common, "/config"}},
      {"GET /global/config", {common, "/global/config"}},
      {"GET /config/providers", {common, "/config/providers"}},
      {"PATCH /config", {server, "/config", R"({"default_provider":"scripted"})"}},
      {"PATCH /global/config", {server, "/global/config", R"({"default_provider":"scripted"})"}},
      {"GET /config/identity", {scopes, "/config/identity"}},
      {"PATCH /config/identity", {operators, "/config/identity", R"({"bot":{}})"}},
      {"PUT /auth/token", {server, "/auth/token", R"({"token":"0123456789abcdef"})"}},
      {"DELETE /auth/token", {server, "/auth/token", "{}"}},
      {"POST /auth/token/generate", {server, "/auth/token/generate", "{}"}},
      {"PUT /auth/{}", {servers, "/auth/openrouter", R"({"apiKey":"k-12345678"})"}},
      {"DELETE /auth/{}", {servers, "/auth/openrouter", "{}"}},
      {"GET /mcp", {scopes, "/mcp"}},
      {"GET /mcp/tools", {scopes, "/mcp/tools"}},
      {"GET /mcp/resources", {scopes, "/mcp/resources"}},
      {"GET /mcp/catalog/{}/toml", {scopes, "/mcp/catalog/zebra-mail/toml"}},
      {"POST /mcp", {soft, "/mcp", R"({"name":"{word}","transport":"http://127.0.0.1:1/mcp"})"}},
      {"PATCH /mcp/{}", {soft, "/mcp/{server}", R"({"enabled":false})"}},
      {"DELETE /mcp/{}", {soft, "/mcp/{server}", "{}"}},
      {"POST /mcp/{}/connect", {soft, "/mcp/{server}/connect", "{}"}},
      {"POST /mcp/{}/disconnect", {soft, "/mcp/{server}/disconnect", "{}"}},
      {"POST /mcp/{}/refresh", {soft, "/mcp/{server}/refresh", "{}"}},
      {"POST /mcp/{}/auth", {soft, "/mcp/{server}/auth", "{}"}},
      {"DELETE /mcp/{}/auth", {soft, "/mcp/{server}/auth", "{}"}},
      {"POST /mcp/{}/auth/callback", {soft, "/mcp/{server}/auth/callback", R"({"code":"x"})"}},
      {"POST /mcp/{}/auth/authenticate", {soft, "/mcp/{server}/auth/authenticate", "{}"}},
      {"GET /memory", {personal, "/memory"}},
      {"GET /memory/audit", {personal, "/memory/audit?run_id=zebra"}},
      {"POST /memory/put",
       {made, "/memory/put", R"({"text":"{word}"})", "/memory", "/id",
        /*shown_to_operator=*/false}},
      {"POST /memory/import",
       {made, "/memory/import", R"({"items":[{"text":"{word}"}]})", "/memory", "/ids/0",
        /*shown_to_operator=*/false}},
      {"POST /memory/search", {personal, "/memory/search", R"({"query":"zebra"})"}},
      {"POST /memory/promote", {own, "/memory/promote", R"({"id":"{memory}"})"}},
      {"POST /memory/demote", {own, "/memory/demote", R"({"id":"{memory}"})"}},
      {"DELETE /memory/{}", {own, "/memory/{memory}"}},
      {"GET /resource", {personal, "/resource"}},
      {"GET /resource/events", {common, "/resource/events"}},
      {"PUT /resource",
       {made, "/resource", R"({"key":"k","value":"{word}"})", "/resource/k", "/key", false}},
      {"POST /resource",
       {made, "/resource", R"({"key":"l","value":"{word}"})", "/resource/l", "/key", false}},
      {"PUT /resource/{}",
       {made, "/resource/m", R"({"value":"{word}"})", "/resource/m", "/key", false}},
      {"DELETE /resource", {own, "/resource", R"({"key":"{key}"})"}},
      {"GET /resource/{}", {own, "/resource/{key}"}},
      {"PATCH /resource/{}", {own, "/resource/{key}", R"({"a":1})"}},
      {"DELETE /resource/{}", {own, "/resource/{key}"}},
      {"GET /routines", {list, "/routines?of={routine}"}},
      {"POST /routines",
       {made, "/routines", R"({"name":"{word}","entrypoint":"e","schedule":{"type":"manual"}})",
        "/routines", "/routine/id"}},
      {"GET /routines/events", {common, "/routines/events"}},
      {"PATCH /routines/{}", {object, "/routines/{routine}", R"({"name":"x"})"}},
      {"DELETE /routines/{}", {object, "/routines/{routine}"}},
      {"POST /routines/{}/run_now", {object, "/routines/{routine}/run_now", "{}"}},
      {"GET /routines/{}/runs", {object, "/routines/{routine}/runs"}},
      {"GET /routines/{}/history", {object, "/routines/{routine}/history"}},
      {"GET /routines/runs", {list, "/routines/runs?of={job}"}},
      {"GET /routines/runs", {list, "/routines/runs?routine_id={routine}&of={job}"}},
      {"GET /routines/runs/{}", {object, "/routines/runs/{job}"}},
      {"POST /routines/runs/{}/approve", {object, "/routines/runs/{pending}/approve", "{}"}},
      {"POST /routines/runs/{}/deny", {object, "/routines/runs/{pending}/deny", "{}"}},
      {"POST /routines/runs/{}/pause", {object, "/routines/runs/{job}/pause", "{}"}},
      {"POST /routines/runs/{}/resume", {object, "/routines/runs/{paused}/resume", "{}"}},
      {"GET /routines/runs/{}/artifacts", {object, "/routines/runs/{job}/artifacts"}},
      {"POST /routines/runs/{}/artifacts",
       {object, "/routines/runs/{job}/artifacts", R"({"uri":"x","kind":"link"})"}},
      {"GET /routines/runs/{}/artifacts/{}/content",
       {object, "/routines/runs/{kept}/artifacts/{artifact}/content"}},
      {"GET /automations", {list, "/automations?of={routine}"}},
      {"POST /automations",
       {made, "/automations", R"({"name":"{word}","entrypoint":"e","schedule":{"type":"manual"}})",
        "/automations", "/automation/id"}},
      {"GET /automations/events", {common, "/automations/events"}},
      {"PATCH /automations/{}", {object, "/automations/{routine}", R"({"name":"x"})"}},
      {"DELETE /automations/{}", {object, "/automations/{routine}"}},
      {"POST /automations/{}/run_now", {object, "/automations/{routine}/run_now", "{}"}},
      {"GET /automations/{}/runs", {object, "/automations/{routine}/runs"}},
      {"GET /automations/{}/history", {object, "/automations/{routine}/history"}},
      {"GET /automations/runs", {list, "/automations/runs?of={job}"}},
      {"GET /automations/runs", {list, "/automations/runs?routine_id={routine}&of={job}"}},
      {"GET /automations/runs/{}", {object, "/automations/runs/{job}"}},
      {"POST /automations/runs/{}/approve", {object, "/automations/runs/{pending}/approve", "{}"}},
      {"POST /automations/runs/{}/deny", {object, "/automations/runs/{pending}/deny", "{}"}},
      {"POST /automations/runs/{}/pause", {object, "/automations/runs/{job}/pause", "{}"}},
      {"POST /automations/runs/{}/resume", {object, "/automations/runs/{paused}/resume", "{}"}},
      {"GET /automations/runs/{}/artifacts", {object, "/automations/runs/{job}/artifacts"}},
      {"POST /automations/runs/{}/artifacts",
       {object, "/automations/runs/{job}/artifacts", R"({"uri":"x","kind":"link"})"}},
      {"GET /automations/runs/{}/artifacts/{}/content",
       {object, "/automations/runs/{kept}/artifacts/{artifact}/content"}},
      {"GET /packs", {scopes, "/packs"}},
      {"GET /packs/{}", {scopes, "/packs/zebra-pack"}},
      {"GET /packs/{}/updates", {scopes, "/packs/zebra-pack/updates"}},
      {"POST /packs/detect", {operators, "/packs/detect", R"({"path":"{archive}"})"}},
      {"POST /packs/export", {operators, "/packs/export", R"({"name":"zebra-pack"})"}},
      {"POST /packs/install", {operators, "/packs/install", R"({"path":"{archive}"})"}},
      {"POST /packs/install_from_attachment",
       {operators, "/packs/install_from_attachment",
        R"({"attachment_id":"none","path":"{archive_two}"})"}},
      {"POST /packs/uninstall", {operators, "/packs/uninstall", R"({"name":"zebra-pack"})"}},
      {"POST /packs/{}/update", {operators, "/packs/zebra-one/update", "{}"}},
      {"GET /capabilities/bindings", {common, "/capabilities/bindings"}},
      {"PUT /capabilities/bindings",
       {operators, "/capabilities/bindings", R"({"schema_version":"v1","bindings":[]})"}},
      {"GET /capabilities/discovery", {common, "/capabilities/discovery"}},
      {"POST /capabilities/resolve", {common, "/capabilities/resolve", "{}"}},
      {"POST /capabilities/readiness", {common, "/capabilities/readiness", "{}"}},
      {"GET /automations/v2", {list, "/automations/v2?of={flow}"}},
      {"POST /automations/v2",
       {made, "/automations/v2",
        R"({"name":"{word}","schedule":{"type":"manual"},"agents":[{"agent_id":"w"}],)"
        R"("flow":{"nodes":[{"node_id":"n","agent_id":"w","objective":"o"}]}})",
        "/automations/v2", "/automation/automation_id"}},
      {"GET /automations/v2/events", {common, "/automations/v2/events"}},
      {"GET /automations/v2/{}", {object, "/automations/v2/{flow}"}},
      {"PATCH /automations/v2/{}", {object, "/automations/v2/{flow}", R"({"description":"x"})"}},
      {"DELETE /automations/v2/{}", {object, "/automations/v2/{flow}"}},
      {"POST /automations/v2/{}/run_now", {object, "/automations/v2/{flow}/run_now", "{}"}},
      {"POST /automations/v2/{}/pause", {object, "/automations/v2/{flow}/pause", "{}"}},
      {"POST /automations/v2/{}/resume", {object, "/automations/v2/{flow}/resume", "{}"}},
      {"GET /automations/v2/{}/runs", {object, "/automations/v2/{flow}/runs"}},
      {"GET /automations/v2/runs/{}", {object, "/automations/v2/runs/{flow_run}"}},
      {"POST /automations/v2/runs/{}/pause",
       {object, "/automations/v2/runs/{flow_run}/pause", "{}"}},
      {"POST /automations/v2/runs/{}/resume",
       {object, "/automations/v2/runs/{flow_paused}/resume", "{}"}},
      {"POST /automations/v2/runs/{}/cancel",
       {object, "/automations/v2/runs/{flow_run}/cancel", "{}"}},
      {"POST /automations/v2/runs/{}/gate",
       {object, "/automations/v2/runs/{flow_gate}/gate", R"({"decision":"approve"})"}},
      {"POST /automations/v2/runs/{}/recover",
       {object, "/automations/v2/runs/{flow_paused}/recover", "{}"}},
      {"POST /automations/v2/runs/{}/repair",
       {object, "/automations/v2/runs/{flow_paused}/repair", R"({"node_id":"n","prompt":"x"})"}},
      {"POST /automations/v2/runs/{}/tasks/{}/retry",
       {object, "/automations/v2/runs/{flow_paused}/tasks/n/retry", "{}"}},
      {"POST /automations/v2/runs/{}/tasks/{}/requeue",
       {object, "/automations/v2/runs/{flow_paused}/tasks/n/requeue", "{}"}},
      {"POST /automations/v2/runs/{}/tasks/{}/continue",
       {object, "/automations/v2/runs/{flow_paused}/tasks/n/continue", "{}"}},
      {"GET /automations/v2/runs/{}/tasks/{}/reset_preview",
       {object, "/automations/v2/runs/{flow_run}/tasks/n/reset_preview"}},
      {"GET /permission", {list, "/permission?of={request}"}},
      {"POST /permission/{}/reply",
       {object, "/permission/{request}/reply", R"({"reply":"reject"})"}},
      {"POST /sessions/{}/tools/{}/approve",
       {object, "/sessions/{session}/tools/{request}/approve", "{}"}},
      {"POST /sessions/{}/tools/{}/deny",
       {object, "/sessions/{session}/tools/{request}/deny", "{}"}},
      {"GET /question", {list, "/question?of={question}"}},
      {"POST /question/{}/reply", {object, "/question/{question}/reply", R"({"answer":"x"})"}},
      {"POST /question/{}/reject", {object, "/question/{question}/reject", "{}"}},
      {"POST /sessions/{}/questions/{}/answer",
       {object, "/sessions/{session}/questions/{question}/answer", R"({"answer":"x"})"}},
  };
  return rows;
}

// As many characters, of what is not there.
Things nothing_like(Things things) {
  for (auto& [name, value] : things) {
    for (char& c : value) {
      if (c >= '0' && c <= '9') c = '0';
    }
    if (name == "key" || name == "server") std::ranges::fill(value, 'q');
  }
  return things;
}

struct Caller {
  std::string name{};
  std::string token{};
};

class TandemAccess : public ::testing::Test {
 protected:
  TandemAccess() {
    const core::Scope shop("acme", "shop", "live");
    const auto member = [&](const std::string& user, const core::Scope& scope) {
      return Caller{.name = user, .token = server_.new_token(user, scope)};
    };
    ann_ = member("ann", core::Scope::main());
    others_ = {member("bob", core::Scope::main()), member("eve", shop), operator_of("odd", shop)};
    boss_ = operator_of("boss", core::Scope::main());
    first_ = {.name = "admin", .token = server_.token};
    server_.engine.model->answer_with([](const core::ModelRequest&) -> std::vector<Act> {
      return {text("hello"), reply({core::TextPart{"hello"}})};
    });
    server_.post("/mcp", {{"name", "zebra-mail"}, {"transport", "http://127.0.0.1:1/mcp"}});
    server_.post("/mcp/zebra-mail/connect");
    server_.ask("PUT", "/auth/openrouter", R"({"apiKey":"k-12345678"})");
    server_.ask("PATCH", "/config/identity", R"({"bot":{"canonical_name":"zebra"}})");
    server_.post("/packs/install", {{"path", pack("zebra-pack")}});
    archives_ = {{"archive", pack("zebra-one")}, {"archive_two", pack("zebra-two")}};
  }
  ~TandemAccess() override { server_.engine.model->release(); }

  TandemServerOptions options() {
    TandemServerOptions out;
    out.engine.workspaces = folder_.file("workspaces");
    out.engine.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.engine.extra_tools.push_back(std::make_unique<tools::QuestionTool>());
    return out;
  }
  // A file with a pack of that name.
  std::string pack(const std::string& name) {
    const std::string path = folder_.file(name + ".zip");
    const std::string manifest = "name: " + name + "\nversion: 1.0.0\ntype: workflow\n";
    std::ofstream(path, std::ios::binary) << zip_of({{"tandempack.yaml", manifest}});
    return path;
  }
  // Of one scope alone.
  Caller operator_of(const std::string& user, const core::Scope& scope) {
    const core::Principal bearer(scope, user, core::UserRole::operator_role);
    auto made = server_.engine.run(
        server_.credentials.create(bearer, core::CredentialKind::operator_token, "test"));
    if (!made) throw std::runtime_error(made.error().message);
    return {.name = user, .token = made->token};
  }

  Answer ask(const Caller& who, const std::string& method, const std::string& target,
             const std::string& body = {}) {
    const net::Headers headers = {{"Authorization", "Bearer " + who.token}};
    if (!target.contains("event")) return server_.ask(method, target, body, headers);
    // Streams stay open; what is refused is an answer like any other.
    try {
      WireStream stream(server_.port(), {.method = method, .target = target, .headers = headers});
      return stream.head();
    } catch (const std::runtime_error&) {
      return server_.ask(method, target, body, headers);
    }
  }
  Answer reach(const Caller& who, const std::string& route, const Row& row, Things things) {
    things["word"] = who.name == "ann" ? mark + base::random_hex(4) : "lion" + base::random_hex(4);
    return ask(who, route.substr(0, route.find(' ')), filled(row.target, things),
               filled(row.body, things));
  }
  Json of_ann(const std::string& target, const Json& body) {
    const Answer answer = ask(ann_, "POST", target, body.dump());
    EXPECT_LT(answer.status, 500) << target << answer.body;
    return answer.json();
  }
  std::string run_of(const std::string& routine) {
    return of_ann("/routines/" + routine + "/run_now", Json::object()).at("runID");
  }
  // Nothing runs here: what is queued stays so.
  template <class Needs>
  void add_routine(Things& out, const Needs& needs) {
    const Json body = {{"name", mark}, {"entrypoint", mark}, {"schedule", {{"type", "manual"}}}};
    const bool is_of_flow = needs("{flow");
    const bool is_of_routine = needs("routine") || needs("{job}") || needs("automation");
    if (is_of_flow || !is_of_routine) return;
    out["routine"] = of_ann("/routines", body).at("routine").at("id");
    out["job"] = run_of(out["routine"]);
    if (needs("{pending}")) {
      Json asks = body;
      asks["args"] = {{"connector_id", "mail"}};
      asks["external_integrations_allowed"] = true;
      out["pending"] = run_of(of_ann("/routines", asks).at("routine").at("id"));
    }
    if (needs("{paused}")) {
      out["paused"] = out["job"];
      of_ann("/routines/runs/" + out["paused"] + "/pause", Json::object());
    }
    if (needs("{kept}")) {
      out["kept"] = out["job"];
      out["artifact"] = server_.services.jobs.leave_file(
          base::plain_form(out["kept"].substr(std::string("routine-run-").size())), mark);
    }
  }
  // The same of automations V2. Nobody drives their runs, so one is brought to a gate by hand.
  template <class Needs>
  void add_flow(Things& out, const Needs& needs) {
    if (!needs("{flow")) return;
    const Json body =
        Json::parse(R"({"name":"zebra","schedule":{"type":"manual"},"agents":[{"agent_id":"w"}],)"
                    R"("flow":{"nodes":[{"node_id":"n","agent_id":"w","objective":"zebra"}]}})");
    out["flow"] = of_ann("/automations/v2", body).at("automation").at("automation_id");
    const std::string target = "/automations/v2/" + out["flow"] + "/run_now";
    out["flow_run"] = of_ann(target, Json::object()).at("run").at("run_id");
    if (needs("{flow_paused}")) {
      out["flow_paused"] = out["flow_run"];
      of_ann("/automations/v2/runs/" + out["flow_paused"] + "/pause", Json::object());
    }
    if (needs("{flow_gate}")) {
      out["flow_gate"] = out["flow_run"];
      server_.services.jobs.bring_to_gate(
          base::plain_form(out["flow_gate"].substr(std::string("automation-v2-run-").size())));
    }
  }
  // What the row is about, made by Ann just now.
  Things things_for(const Row& row) {
    const auto needs = [&](const char* name) { return (row.target + row.body).contains(name); };
    Things out = {{"session", of_ann("/session", {{"title", mark}}).at("id")}};
    const std::string& session = out["session"];
    if (needs("{run}")) {
      server_.engine.model->script({text(mark), Hold{}, reply({core::TextPart{mark}})});
      const std::size_t asked = server_.engine.model->requests().size();
      out["run"] =
          of_ann("/session/" + session + "/prompt_async?return=run", {{"text", mark}}).at("runID");
      while (server_.engine.model->requests().size() == asked) std::this_thread::yield();
    }
    if (needs("{request}")) {
      out["request"] = of_ann("/tool/execute", {{"tool", "launch"},
                                                {"args", {{"target", mark + base::random_hex(4)}}},
                                                {"sessionID", session}})
                           .at("requestID");
    }
    if (needs("{question}")) {
      out["question"] =
          of_ann("/tool/execute",
                 {{"tool", "question"}, {"args", {{"question", mark}}}, {"sessionID", session}})
              .at("requestID");
    }
    add_routine(out, needs);
    add_flow(out, needs);
    const Json memory = {{"text", mark + (" " + base::random_hex(8))}, {"run_id", mark}};
    out["memory"] = of_ann("/memory/put", memory).at("id");
    out["key"] = mark + base::random_hex(4);
    of_ann("/resource", {{"key", out["key"]}, {"value", {{"is", mark}}}});
    if (needs("{server}")) {
      out["server"] = "s" + base::random_hex(4);
      server_.post("/mcp", {{"name", out["server"]}, {"transport", "http://127.0.0.1:1/mcp"}});
    }
    return out;
  }

  void check(const std::string& route, const Row& row);
  void check_made(const std::string& route, const Row& row);
  void check_list(const std::string& route, const Row& row);
  void check_object(const std::string& route, const Row& row);
  void check_silent(const std::string& route, const Row& row);
  void check_scopes(const std::string& route, const Row& row);
  void check_operators(const std::string& route, const Row& row);
  void check_soft(const std::string& route, const Row& row);

  TemporaryFolder folder_;
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  TandemServer server_{folder_.file("colonnade.db"), options()};
  Caller ann_{};
  std::vector<Caller> others_{};  // Bob is of her scope
  Caller boss_{};                 // the operator of her scope
  Caller first_{};                // of every scope
  Things archives_{};             // files that the machine's operators name
};

void TandemAccess::check_made(const std::string& route, const Row& row) {
  const Answer mine = reach(ann_, route, row, {});
  ASSERT_TRUE(mine.status < 300 || mine.status == 409) << mine.body;
  const std::string id = mine.json().at(Json::json_pointer(row.id));
  std::vector<Caller> all = others_;
  all.push_back(boss_);
  for (const Caller& who : all) {
    const Answer theirs = reach(who, route, row, {});
    EXPECT_EQ(theirs.status, mine.status) << who.name << theirs.body;
    EXPECT_FALSE(theirs.body.contains(mark)) << who.name << theirs.body;
  }
  const std::string look = filled(row.look, {{"id", id}});
  EXPECT_TRUE(ask(ann_, "GET", look).body.contains(mark)) << "hers is as she made it";
  for (const Caller& who : all) {
    const Answer seen = ask(who, "GET", look);
    EXPECT_NE(seen.status, 403) << who.name << seen.body;
    const bool shown = who.name == boss_.name && row.shown_to_operator;
    EXPECT_EQ(seen.body.contains(mark), shown) << who.name << seen.body;
  }
}

void TandemAccess::check_list(const std::string& route, const Row& row) {
  const Things things = things_for(row);
  for (const Caller& who : others_) {
    const Answer answer = reach(who, route, row, things);
    EXPECT_EQ(answer.status, 200) << who.name << answer.body;
    EXPECT_FALSE(answer.body.contains(mark)) << who.name << answer.body;
  }
  EXPECT_TRUE(reach(ann_, route, row, things).body.contains(mark));
  EXPECT_EQ(reach(boss_, route, row, things).body.contains(mark), row.reach == Reach::list);
}

void TandemAccess::check_object(const std::string& route, const Row& row) {
  const Things things = things_for(row);
  std::vector<Caller> strangers = others_;
  if (row.reach == Reach::own) strangers.push_back(boss_);
  for (const Caller& who : strangers) {
    const Answer theirs = reach(who, route, row, things);
    EXPECT_EQ(theirs.status, 404) << who.name << theirs.body;
    EXPECT_FALSE(theirs.body.contains(mark) && !row.target.contains("{key}") &&
                 !row.body.contains("{key}"))
        << who.name << theirs.body;
    const Answer nobodys = reach(who, route, row, nothing_like(things));
    EXPECT_EQ(theirs.status, nobodys.status) << who.name;
    EXPECT_EQ(theirs.body.size(), nobodys.body.size())
        << who.name << " can tell it from what is not there: " << theirs.body << nobodys.body;
  }
  // Nobody has changed or taken anything.
  const Caller& may = row.reach == Reach::own ? ann_ : boss_;
  const Answer answer = reach(may, route, row, things);
  EXPECT_LT(answer.status, 300) << may.name << answer.body;
  if (things.contains("run")) server_.engine.model->release();
  // One that she has shared is no longer hers alone.
  if (row.body.contains("{memory}")) ask(ann_, "DELETE", "/memory/" + things.at("memory"));
}

void TandemAccess::check_silent(const std::string& route, const Row& row) {
  const Things things = things_for(row);
  const auto done = [](const Answer& answer) {
    const Json body = answer.json();
    return body.value("cancelled", body.value("deleted", false));
  };
  for (const Caller& who : others_) {
    const Answer answer = reach(who, route, row, things);
    EXPECT_EQ(answer.status, 200) << who.name << answer.body;
    EXPECT_FALSE(done(answer)) << who.name << answer.body;
  }
  const Answer answer = reach(boss_, route, row, things);
  EXPECT_TRUE(done(answer)) << "nobody did it before: " << answer.body;
}

void TandemAccess::check_scopes(const std::string& route, const Row& row) {
  for (const Caller& who : {ann_, others_[0], boss_}) {
    const Answer answer = reach(who, route, row, {});
    EXPECT_EQ(answer.status, 200) << who.name << answer.body;
    EXPECT_TRUE(answer.body.contains(mark)) << who.name << answer.body;
  }
  for (const Caller& who : {others_[1], others_[2]}) {
    const Answer answer = reach(who, route, row, {});
    EXPECT_NE(answer.status, 403) << who.name;
    const bool is_named = row.target.contains(mark);
    EXPECT_EQ(answer.status, is_named ? 404 : 200) << who.name << answer.body;
    if (!is_named) EXPECT_FALSE(answer.body.contains(mark)) << who.name << answer.body;
  }
}

void TandemAccess::check_operators(const std::string& route, const Row& row) {
  std::vector<Caller> refused = {ann_, others_[0], others_[1]};
  if (row.reach == Reach::server) refused.insert(refused.end(), {others_[2], boss_});
  for (const Caller& who : refused) {
    EXPECT_EQ(reach(who, route, row, archives_).status, 403) << who.name;
  }
  const Caller& may = row.reach == Reach::server ? first_ : boss_;
  const Answer answer = reach(may, route, row, archives_);
  EXPECT_LT(answer.status, 300) << answer.body;
}

void TandemAccess::check_soft(const std::string& route, const Row& row) {
  const Things things = things_for(row);
  const bool is_named = row.target.contains("{server}");
  std::vector<Caller> refused = {ann_, others_[0], others_[1]};
  if (row.reach == Reach::servers) refused.insert(refused.end(), {others_[2], boss_});
  // For an operator of another scope it is not there.
  if (is_named) refused.push_back(others_[2]);
  for (const Caller& who : refused) {
    const Answer answer = reach(who, route, row, things);
    EXPECT_EQ(answer.status, 200) << who.name << answer.body;
    EXPECT_EQ(answer.json().at("ok"), false) << who.name << answer.body;
    if (!is_named || who.name == "ann" || who.name == "bob") continue;
    const Answer nobodys = reach(who, route, row, nothing_like(things));
    EXPECT_EQ(answer.body.size(), nobodys.body.size())
        << who.name << " can tell it from what is not there: " << answer.body << nobodys.body;
  }
  if (is_named) {
    EXPECT_TRUE(server_.get("/mcp").json().at(things.at("server")).at("enabled")) << "untouched";
  }
  if (route == "POST /mcp/{}/auth/callback") return;  // nobody waits for that code
  const Caller& may = row.reach == Reach::servers ? first_ : boss_;
  const Answer answer = reach(may, route, row, things);
  EXPECT_EQ(answer.json().at("ok"), true) << answer.body;
}

void TandemAccess::check(const std::string& route, const Row& row) {
  SCOPED_TRACE(route + " " + row.target);
  switch (row.reach) {
    case Reach::open: {
      const Answer answer = call(server_.port(), {.target = row.target});
      EXPECT_EQ(answer.status, 200);
      EXPECT_FALSE(answer.body.contains(mark)) << answer.body;
      return;
    }
    case Reach::common: {
      const Answer mine = reach(ann_, route, row, {});
      EXPECT_FALSE(mine.body.contains(mark)) << mine.body;
      for (const Caller& who : {others_[0], others_[1], others_[2], boss_}) {
        const Answer answer = reach(who, route, row, {});
        EXPECT_EQ(answer.status, mine.status) << who.name;
        EXPECT_EQ(answer.body, mine.body) << who.name;
      }
      return;
    }
    case Reach::made: return check_made(route, row);
    case Reach::list:
    case Reach::personal: return check_list(route, row);
    case Reach::object:
    case Reach::own: return check_object(route, row);
    case Reach::silent: return check_silent(route, row);
    case Reach::scopes: return check_scopes(route, row);
    case Reach::operators:
    case Reach::server: return check_operators(route, row);
    case Reach::soft:
    case Reach::servers: return check_soft(route, row);
  }
}

// From the router, so that a new route fails until a row says who may do what there.
TEST_F(TandemAccess, EveryRouteThatIsServedHasARow) {
  const auto routes = server_.router.listing();
  for (const std::string& route : routes) {
    EXPECT_TRUE(is_tandem_route(route)) << route;
    const auto space = route.find(' ');
    std::string path = route.substr(space + 1);
    // The same handlers once more, and longer keys.
    if (path.starts_with("/api/")) {
      path = path == "/api/providers" ? "/provider" : path.substr(std::string("/api").size());
      const std::string twin = route.substr(0, space + 1) + path;
      EXPECT_TRUE(std::ranges::find(routes, twin) != routes.end()) << route;
      continue;
    }
    if (path.starts_with("/resource/{}/{}") || table().contains(route)) continue;
    const Answer answer = server_.ask(route.substr(0, space), path);
    EXPECT_EQ(answer.status, 501) << route << ": say in the table above who may do what there";
  }
  for (const auto& [route, row] : table()) {
    EXPECT_TRUE(std::ranges::find(routes, route) != routes.end()) << route << " is no route";
  }
}

TEST_F(TandemAccess, WhatIsNotTheirsIsNotThere) {
  for (const auto& [route, row] : table()) check(route, row);
}

// What others do comes before what one does oneself, if it comes at all.
TEST_F(TandemAccess, StreamsOfEverythingTellOfWhatTheirReaderMaySee) {
  const auto run_in_new_session = [&](const Caller& who, const std::string& title) {
    const std::string id =
        ask(who, "POST", "/session", Json{{"title", title}}.dump()).json().at("id");
    const Answer answer =
        ask(who, "POST", "/session/" + id + "/prompt_sync", Json{{"text", title + " says"}}.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return id;
  };
  std::vector<Caller> readers = others_;
  readers.push_back(boss_);
  for (const std::string target : {"/event", "/global/event"}) {
    for (const Caller& who : readers) {
      WireStream stream(server_.port(),
                        {.target = target, .headers = {{"Authorization", "Bearer " + who.token}}});
      ASSERT_EQ(stream.head().status, 200) << stream.head().body;
      while (stream.next()->json().at("type") != "engine.lifecycle.ready") {
      }
      const std::string anns = run_in_new_session(ann_, mark);
      const std::string own = run_in_new_session(who, "lion");
      bool told = false;
      for (bool over = false; !over;) {
        const auto event = stream.next();
        ASSERT_TRUE(event) << who.name;
        told = told || event->data.contains(anns) || event->data.contains(mark);
        over = event->data.contains(own) && event->json().at("type") == "session.run.finished";
      }
      EXPECT_EQ(told, who.name == boss_.name) << target << " of " << who.name;
    }
  }
}

}  // namespace
}  // namespace colonnade::tests
