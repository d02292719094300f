// The real server, wired as `colonnade serve` wires it, with policy files of the test's own.
#pragma once

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "../engine/engine.hpp"
#include "app/settings.hpp"
#include "app/wiring.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {

// Allows http, asks about shell, denies the rest.
inline const std::string simple_policy = R"(rules:
  - match: {tool: http, op: "*"}
    allow: true
    description: "Allow HTTP"
  - match: {tool: shell, op: "*"}
    require_approval: true
    description: "Shell requires approval"
  - match: {tool: "*", op: "*"}
    deny: true
    description: "Default deny"
)";

struct FarameshServerOptions {
  std::optional<std::string> policy = simple_policy;  // nullopt: a path without a file
  bool built_in = false;                              // no path: the built-in policy
  std::string profile{};
  std::string version{};
  std::vector<std::string> tokens{};
  bool open = false;
  app::ProxyInFront proxy = app::ProxyInFront::none;
  std::vector<std::string> trusted_proxies{};
};

class FarameshServer {
 public:
  explicit FarameshServer(const TemporaryFolder& folder, FarameshServerOptions options = {})
      : settings_(settings_of(folder, std::move(options))) {
    base::log::set_level(base::log::Level::off);
    auto server = app::Server::build(settings_);
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
    const auto started = server_->start();
    if (!started) throw std::runtime_error(started.error().message);
    const std::string url = started->urls.front();
    port_ = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    std::ifstream(settings_.token_file) >> token;
  }

  std::uint16_t port() const { return port_; }
  Answer get(const std::string& target) { return ask("GET", target); }
  Answer post(const std::string& target, const std::string& body = {}, net::Headers headers = {}) {
    return ask("POST", target, body, std::move(headers));
  }
  Answer post_json(const std::string& target, const base::Json& body, net::Headers headers = {}) {
    return post(target, body.dump(), std::move(headers));
  }
  Answer ask(const std::string& method, const std::string& target, const std::string& body = {},
             net::Headers headers = {}) {
    return call(port_, {.method = method,
                        .target = target,
                        .body = body,
                        .token = token,
                        .headers = std::move(headers)});
  }
  WireStream stream(const std::string& target = "/v1/events", net::Headers headers = {}) {
    return WireStream(port_, {.target = target, .token = token, .headers = std::move(headers)});
  }
  base::Json submit(const std::string& tool, const base::Json& params = base::Json::object()) {
    const Answer answer = post_json(
        "/v1/actions",
        base::Json{{"agent_id", "ag"}, {"tool", tool}, {"operation", "run"}, {"params", params}});
    if (answer.status != 200) throw std::runtime_error(answer.body);
    return answer.json();
  }
  Answer approve(const base::Json& action, bool yes = true) {
    return post_json("/v1/actions/" + action["id"].get<std::string>() + "/approval",
                     base::Json{{"token", action["approval_token"]}, {"approve", yes}});
  }
  base::Json action(const std::string& id) { return get("/v1/actions/" + id).json(); }
  // Until the feed tells that what was started is over; it begins with what was told before.
  void await_end(const std::string& id) {
    auto feed = stream();
    while (const auto event = feed.next()) {
      const base::Json told = event->json();
      const bool over = told["type"] == "action.succeeded" || told["type"] == "action.failed";
      if (over && told["action_id"] == id) return;
    }
    throw std::runtime_error("the feed ended before the action did");
  }
  // Of every dialect, as Router::listing() has them.
  std::vector<std::string> routes() const { return server_->routes(); }
  // A token of another user's.
  std::string token_of(const std::string& user, const std::string& role = "member",
                       const std::string& scope = "main/main/main") {
    const Answer made =
        post_json("/api/v1/operator/tokens",
                  base::Json{{"name", "t"}, {"user", user}, {"scope", scope}, {"role", role}});
    if (made.status != 200) throw std::runtime_error(made.body);
    return made.json()["token"];
  }

  std::string token;

 private:
  static app::Settings settings_of(const TemporaryFolder& folder, FarameshServerOptions options) {
    app::Settings out;
    out.data_dir = folder.file("data");
    out.token_file = folder.file("data/operator.token");
    out.listen = {{"127.0.0.1", 0}};
    out.io_threads = 2;
    out.durability = app::Durability::normal;
    out.tools.sandbox = app::Sandboxing::off;
    out.policy.file = folder.file("policy.yaml");
    out.policy.version = options.version;
    out.faramesh.tokens = std::move(options.tokens);
    out.faramesh.open = options.open;
    out.proxy = options.proxy;
    out.trusted_proxies = std::move(options.trusted_proxies);
    if (options.built_in) {
      out.policy.file.clear();
    } else if (options.policy) {
      std::ofstream(out.policy.file) << *options.policy;
    }
    if (!options.profile.empty()) {
      out.policy.profile = folder.file("profile.yaml");
      std::ofstream(out.policy.profile) << options.profile;
    }
    return out;
  }

  app::Settings settings_;
  std::unique_ptr<app::Server> server_;
  std::uint16_t port_ = 0;
};

}  // namespace colonnade::tests
