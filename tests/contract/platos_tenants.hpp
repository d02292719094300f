// Who asks in the tests of Platos' access: the owner of a thread, an operator of the scope, another
// end user and a guest of it; the same user and the operator looking at another scope; and a user
// of the same name and an operator of another tenant, which has an entity of the same name.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/ids.hpp"
#include "base/json_web_token.hpp"
#include "faramesh_server.hpp"
#include "filled.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {

// What a test finds where it should not: it is in all that Ann has.
inline constexpr const char* platos_mark = "zebra";

// Ids of what Ann has, by what they are.
using PlatosThings = Things;

// With the ids in place of {names}.
inline std::string filled_row(std::string text, const PlatosThings& things) {
  text = filled(std::move(text), things);
  // What a pending route is about is nowhere.
  for (auto at = text.find("{}"); at != std::string::npos; at = text.find("{}")) {
    text.replace(at, 2, "x");
  }
  return text;
}

struct PlatosCaller {
  const char* name = "";
  std::string bearer{};
  net::Headers headers{};
};

class PlatosTenants : public ::testing::Test {
 protected:
  static constexpr const char* agents_path = "/api/v1/agent/agents";
  static constexpr const char* threads_path = "/api/v1/agent/threads";
  static inline const std::string secret = "0123456789abcdef0123456789abcdef";
  static inline const std::string other_tenants_secret = "fedcba9876543210fedcba9876543210";

  PlatosTenants() {
    add_entity("main", secret);
    add_entity("other", other_tenants_secret);
  }
  void add_entity(const std::string& organization, const std::string& with_secret) {
    const Answer added =
        server_.post_json("/api/v1/operator/entities", base::Json{{"organization", organization},
                                                                  {"project", "main"},
                                                                  {"entity", "ent-1"},
                                                                  {"secret", with_secret}});
    if (added.status >= 300) throw std::runtime_error(added.body);
  }

  static base::Json claims(const std::string& user, const std::string& environment = "main",
                           const std::string& organization = "main") {
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    return {{"organizationId", organization},
            {"projectId", "main"},
            {"environmentId", environment},
            {"userId", user},
            {"entityId", "ent-1"},
            {"iat", now},
            {"exp", now + 3600}};
  }
  static PlatosCaller with_token(const char* name, const base::Json& claims,
                                 const std::string& signed_with = secret) {
    return {name,
            "",
            {{"X-Platos-Session-Token", base::make_token(base::to_text(claims), signed_with)}}};
  }
  static PlatosCaller direct(const char* name, const std::string& bearer,
                             const std::string& environment,
                             const std::string& organization = "main") {
    return {name,
            bearer,
            {{"X-Platos-Organization-Id", organization},
             {"X-Platos-Project-Id", "main"},
             {"X-Platos-Environment-Id", environment}}};
  }
  // Of the agent that the row is about.
  static PlatosCaller guest_of(const PlatosThings& things) {
    base::Json guest = claims("guest-1");
    guest["isGuest"] = true;
    guest["agentId"] = things.at("agent");
    return with_token("a guest", guest);
  }

  Answer ask(const PlatosCaller& who, const std::string& method, const std::string& target,
             const std::string& body = {}) {
    net::Headers headers = who.headers;
    if (!body.empty()) {
      const bool is_json = body.starts_with("{");
      headers.push_back({"Content-Type", is_json ? "application/json" : "text/plain"});
    }
    return call(server_.port(), {.method = method,
                                 .target = target,
                                 .body = body,
                                 .token = who.bearer,
                                 .headers = std::move(headers)});
  }
  base::Json made(const PlatosCaller& who, const std::string& target, const base::Json& body) {
    const Answer answer = ask(who, "POST", target, body.dump());
    if (answer.status >= 300) throw std::runtime_error(target + ": " + answer.body);
    return answer.json();
  }

  // The scope's agent, and what Ann has with it. The operator speaks for her: operators' turns are
  // not counted.
  PlatosThings things_of_ann() {
    PlatosThings out;
    out["agent"] = made(root_, agents_path, {{"name", platos_mark}})["id"];
    const std::string versions = std::string(agents_path) + "/" + out["agent"] + "/versions";
    out["version"] = ask(root_, "GET", versions).json()["versions"][0]["id"];
    out["thread"] =
        made(ann_, threads_path, {{"agentId", out["agent"]}, {"title", platos_mark}})["id"];
    const std::string messages = std::string(threads_path) + "/" + out["thread"] + "/messages";
    made(root_, messages, {{"message", "/say zebra"}});
    const base::Json said = ask(ann_, "GET", messages).json()["messages"];
    out["message"] = said.at(0)["id"];
    out["answer"] = said.at(1)["id"];
    const PlatosCaller ann_elsewhere{"Ann with a bearer token", ann_bearer_};
    const base::Json action = made(ann_elsewhere, "/v1/actions",
                                   {{"agent_id", "a"},
                                    {"tool", "shell"},
                                    {"operation", "exec"},
                                    {"params", {{"cmd", "echo zebra"}}}});
    out["action"] = action["id"];
    out["approval_token"] = action["approval_token"];
    add_background(out);
    return out;
  }
  // A task of the scope, and Ann's run, schedule and batch of it, none of which is due soon.
  void add_background(PlatosThings& out) {
    const std::string root = "/api/v1/agent";
    out["task"] = "ann-task";
    // There already, unless it is the first time, or a test has removed it.
    const base::Json task = {
        {"taskId", out["task"]},
        {"displayName", platos_mark},
        {"handler", {{"kind", "agent"}, {"agentId", out["agent"]}, {"prompt", "/say hi"}}}};
    const Answer there = ask(root_, "POST", root + "/platos-tasks", task.dump());
    if (there.status != 201 && there.status != 409) throw std::runtime_error(there.body);
    const base::Json marked = {{"mark", platos_mark}};
    const base::Json later = {{"delay", "1h"}};
    out["run"] = made(ann_, root + "/trigger/tasks/ann-task/trigger",
                      {{"payload", marked}, {"options", later}})["id"];
    out["schedule"] =
        made(ann_, root + "/trigger/schedules",
             {{"taskId", "ann-task"}, {"cron", "0 6 1 1 *"}, {"payload", marked}})["id"];
    const base::Json payloads = base::Json::array({marked});
    out["batch"] = made(ann_, root + "/trigger/batches/ann-task",
                        {{"payloads", payloads}, {"options", later}})["batchId"];
  }
  // As long as those, and nowhere. The agent stays: a guest is bound to it.
  static PlatosThings nothing_like(const PlatosThings& things) {
    PlatosThings out = things;
    for (const char* name :
         {"thread", "message", "answer", "action", "approval_token", "run", "schedule", "batch"}) {
      const std::string id = base::random_hex(out[name].size());
      for (std::size_t i = 0; i < out[name].size(); ++i) {
        if (out[name][i] != '-') out[name][i] = id[i];
      }
    }
    return out;
  }
  static bool shows(const Answer& answer) {
    return answer.body.find(platos_mark) != std::string::npos;
  }

  TemporaryFolder folder_;
  FarameshServer server_{folder_};
  std::string ann_bearer_ = server_.token_of("ann");
  const PlatosCaller ann_ = with_token("the owner", claims("ann"));
  const PlatosCaller bob_ = with_token("another end user", claims("bob"));
  const PlatosCaller eve_ = with_token("the same user elsewhere", claims("ann", "live"));
  const PlatosCaller root_ =
      direct("an operator of the scope", server_.token_of("root", "operator"), "main");
  const PlatosCaller rest_ = direct("an operator elsewhere", server_.token, "live");
  const PlatosCaller eva_ = with_token("a user of the same name of another tenant",
                                       claims("ann", "main", "other"), other_tenants_secret);
  const PlatosCaller ray_ =
      direct("an operator of another tenant",
             server_.token_of("ray", "operator", "other/main/main"), "main", "other");
  // They see nothing of the scope.
  const std::array<const PlatosCaller*, 4> elsewhere_ = {&eve_, &rest_, &eva_, &ray_};
  bool is_elsewhere(const PlatosCaller* who) const {
    return std::ranges::find(elsewhere_, who) != elsewhere_.end();
  }
  bool is_operator(const PlatosCaller* who) const {
    return who == &root_ || who == &rest_ || who == &ray_;
  }
};

}  // namespace colonnade::tests
