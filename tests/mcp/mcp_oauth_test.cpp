// A server that wants OAuth, and an authorization server, from the first refusal to a refresh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "net/testing.hpp"
#include "tests/mcp/mcp_bench.hpp"
#include "tools/mcp/servers.hpp"
#include "tools/mcp/tool_host.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;
using ::testing::HasSubstr;
using ::testing::Not;

// What both servers know.
struct Realm {
  std::mutex mutex{};
  std::string origin{};
  std::string valid_token{"none"};
  int tokens = 0;
  int registrations = 0;
  std::vector<std::string> grants{};
  std::string challenge{};  // code_challenge of the last authorization
  bool refreshes = true;
  bool quotes = false;              // refuses everything, with what it was told
  std::vector<std::string> seen{};  // Authorization headers at the token endpoint
};

net::Response reply(const Json& body, int status = 200) {
  net::Response out;
  out.status = status;
  out.body = body.dump();
  return out;
}

std::optional<std::string> field(const std::string& form, std::string_view name) {
  net::Request request;
  request.query = form;
  return request.query_parameter(name);
}

net::Response token_answer(Realm& realm, const net::Request& request) {
  const std::string grant = field(request.body, "grant_type").value_or("");
  realm.grants.push_back(grant);
  realm.seen.emplace_back(request.header("Authorization"));
  if (realm.quotes) {
    const std::string shown(request.header("Authorization"));
    return reply({{"error", "no"},
                  {"error_description", shown.substr(shown.find(' ') + 1) + " " + request.body}},
                 400);
  }
  const bool proved =
      pkce_challenge(field(request.body, "code_verifier").value_or("")) == realm.challenge;
  const bool good = grant == "refresh_token"
                        ? realm.refreshes && field(request.body, "refresh_token") == "r-1"
                        : field(request.body, "code") == "the-code" && proved;
  if (!good) return reply({{"error", "invalid_grant"}}, 400);
  realm.valid_token = "token-" + std::to_string(++realm.tokens);
  return reply({{"access_token", realm.valid_token},
                {"token_type", "Bearer"},
                {"refresh_token", "r-1"},
                {"expires_in", 60}});
}

net::Response mcp_answer(Realm& realm, const net::Request& request) {
  if (request.header("Authorization") != "Bearer " + realm.valid_token) {
    net::Response out = reply(Json::object(), 401);
    out.headers.push_back({"WWW-Authenticate", "Bearer scope=\"read\", resource_metadata=\"" +
                                                   realm.origin + "/metadata\""});
    return out;
  }
  const Json body = Json::parse(request.body);
  const std::string method = body.at("method");
  Json result = {{"resultType", "complete"}};
  if (method == "server/discover") {
    result["supportedVersions"] = {"2026-07-28"};
    result["capabilities"] = {{"tools", Json::object()}};
  } else if (method == "tools/list") {
    result["tools"] = {{{"name", "t"}, {"inputSchema", {{"type", "object"}}}}};
  } else {
    result["content"] = {{{"type", "text"}, {"text", "called"}}};
  }
  return reply({{"jsonrpc", "2.0"}, {"id", body.at("id")}, {"result", result}});
}

base::Task<net::Reply> serve(std::shared_ptr<Realm> realm,
                             std::shared_ptr<const net::Request> request) {
  const std::lock_guard lock(realm->mutex);
  const std::string& path = request->path;
  if (path == "/mcp") co_return net::Reply(mcp_answer(*realm, *request));
  if (path == "/token") co_return net::Reply(token_answer(*realm, *request));
  if (path == "/register") {
    ++realm->registrations;
    co_return net::Reply(reply({{"client_id", "registered"}, {"client_secret", "hush"}}, 201));
  }
  if (path == "/metadata") {
    co_return net::Reply(reply({{"resource", realm->origin + "/mcp"},
                                {"authorization_servers", Json::array({realm->origin})}}));
  }
  co_return net::Reply(reply({{"issuer", realm->origin},
                              {"authorization_endpoint", realm->origin + "/authorize"},
                              {"token_endpoint", realm->origin + "/token"},
                              {"registration_endpoint", realm->origin + "/register"},
                              {"code_challenge_methods_supported", {"S256"}},
                              {"authorization_response_iss_parameter_supported", true}}));
}

std::vector<net::Route> routes(const std::shared_ptr<Realm>& realm) {
  std::vector<net::Route> out;
  for (const char* path :
       {"/mcp", "/token", "/register", "/metadata", "/.well-known/oauth-authorization-server"}) {
    for (const net::Method method : {net::Method::get, net::Method::post}) {
      out.push_back({.method = method,
                     .pattern = path,
                     .handler = std::bind_front(serve, realm),
                     .body_bytes_max = limits::MiB});
    }
  }
  return out;
}

base::Task<std::vector<std::string>> every_server(core::Scope, std::string) {
  co_return std::vector<std::string>{"web"};
}

class McpOAuth : public ::testing::Test {
 protected:
  McpOAuth() {
    realm_->origin = "http://127.0.0.1:" + std::to_string(server_.server.port());
    record_.id = record_.name = "web";
    record_.url = realm_->origin + "/mcp";
    record_.oauth.redirect_url = "http://127.0.0.1:1/back";
  }
  ~McpOAuth() override { end(); }

  void begin() {
    ServersOptions options;
    options.on_status = [this](const std::string&, const ServerStatus& status) {
      reports_.add(status);
    };
    options.on_stored = [this](const std::string&, const std::string& kept) {
      const std::lock_guard lock(realm_->mutex);
      kept_ = kept;
    };
    servers_.emplace(lanes_[0], client_, std::move(options));
    ASSERT_TRUE(servers_->set(record_));
  }
  void end() {
    if (servers_) base::run_on(lanes_[1], servers_->stop());
    servers_.reset();
    reports_.clear();
  }
  // The human comes back with this.
  base::Result<void> come_back(const std::string& query) {
    return base::run_on(lanes_[1], servers_->complete_authorization("", query));
  }
  // The part of the authorization URL that matters to the redirect.
  std::string state_of(const std::string& url) {
    const std::string query = url.substr(url.find('?') + 1);
    const std::lock_guard lock(realm_->mutex);
    realm_->challenge = field(query, "code_challenge").value_or("");
    return "state=" + field(query, "state").value_or("");
  }
  std::string issuer() const { return "&" + encode_form({{"iss", realm_->origin}}); }
  core::ToolOutcome call() {
    auto out = base::run_on(lanes_[1], servers_->call("web", "t", Json::object(), {}));
    return out ? *out : core::ToolOutcome{out.error().message, true};
  }

  std::shared_ptr<Realm> realm_ = std::make_shared<Realm>();
  net::testing::TestServer server_{routes(realm_)};
  base::Lanes lanes_{2};
  net::HttpClient client_{lanes_};
  Reports reports_{};
  std::string kept_{};
  ServerRecord record_{};
  std::optional<Servers> servers_{};
};

TEST_F(McpOAuth, WaitsForAHumanAndGoesOn) {
  begin();
  reports_.wait_for(ServerState::needs_auth);
  const std::string url = servers_->find("web")->authorization_url;
  EXPECT_THAT(url, HasSubstr("/authorize?response_type=code&client_id=registered&"));
  EXPECT_THAT(url, HasSubstr("&code_challenge_method=S256&"));
  EXPECT_THAT(url, HasSubstr("&resource=http%3A%2F%2F127.0.0.1"));
  EXPECT_THAT(url, HasSubstr("&scope=read"));
  EXPECT_TRUE(call().is_error);
  const std::string state = state_of(url);
  EXPECT_EQ(come_back("state=another&code=the-code").error().kind, ErrorKind::not_found);
  const auto at_another = base::run_on(
      lanes_[1], servers_->complete_authorization("another", state + "&code=the-code" + issuer()));
  EXPECT_EQ(at_another.error().kind, ErrorKind::not_found) << "it is this server's answer";
  const auto back = come_back(state + "&code=the-code" + issuer());
  ASSERT_TRUE(back) << back.error().message;
  reports_.wait_for(ServerState::ready);
  EXPECT_EQ(call().content, "called");
  EXPECT_EQ(servers_->find("web")->authorization_url, "");
  EXPECT_THAT(realm_->seen.front(), HasSubstr("Basic "));
  // Once only.
  EXPECT_FALSE(come_back(state + "&code=the-code" + issuer()));
}

// Whoever waits until the server has settled is not shown the address of before.
TEST_F(McpOAuth, ARetryCountsAtOnce) {
  begin();
  reports_.wait_for(ServerState::needs_auth);
  const std::string before = servers_->find("web")->authorization_url;
  ASSERT_TRUE(servers_->retry("web"));
  const auto now = servers_->find("web");
  EXPECT_TRUE(now->status.state == ServerState::starting || now->authorization_url != before);
  reports_.wait_for(ServerState::needs_auth, 2);
  EXPECT_NE(servers_->find("web")->authorization_url, before);
  EXPECT_EQ(come_back(state_of(before) + "&code=the-code" + issuer()).error().kind,
            ErrorKind::not_found);
}

// The call of a run does not wait for the human; who reads of it is told where to go.
TEST_F(McpOAuth, ACallThatNeedsAHumanSaysWhere) {
  base::SecretBox box{base::SecretBox::new_key()};
  ToolHostOptions options;
  options.servers_of = every_server;
  options.redirect_url = [] { return std::string("http://127.0.0.1:1/back"); };
  options.start_wait_max = std::chrono::seconds(60);
  ToolHost host(lanes_[0], client_, box, std::move(options));
  core::OpenedToolServer opened{.server = {.scope = core::Scope::main()}};
  opened.server.id = opened.server.name = "web";
  opened.server.transport = core::ToolServerTransport::http;
  opened.server.url = record_.url;
  host.added(std::move(opened));
  const auto call_web = [&] {
    ToolContext context{.lane = &lanes_[1], .scope = core::Scope::main(), .run_id = "run"};
    const core::ToolCall call{
        .id = "call", .run_id = "run", .tool = "web__t", .arguments = Json::object()};
    return base::run_on(lanes_[1], host.run(std::move(context), call, {}));
  };
  const auto blocked = call_web();
  ASSERT_TRUE(blocked) << blocked.error().message;
  EXPECT_TRUE(blocked->is_error);
  EXPECT_THAT(blocked->authorization_url, HasSubstr("/authorize?"));
  EXPECT_EQ(blocked->authorization_url, host.connection("web")->authorization_url);
  EXPECT_THAT(blocked->content, Not(HasSubstr("state="))) << "models are not shown it";
  const std::string back = state_of(blocked->authorization_url) + "&code=the-code" + issuer();
  ASSERT_TRUE(base::run_on(lanes_[1], host.complete_authorization("web", back)));
  const auto called = call_web();
  ASSERT_TRUE(called) << called.error().message;
  EXPECT_EQ(called->content, "called");
  EXPECT_EQ(called->authorization_url, "");
  base::run_on(lanes_[1], host.stop());
}

TEST_F(McpOAuth, AnAnswerOfAnotherIssuerBringsNothing) {
  begin();
  reports_.wait_for(ServerState::needs_auth);
  const std::string state = state_of(servers_->find("web")->authorization_url);
  const auto back =
      come_back(state + "&code=the-code");  // the issuer had promised to say who it is
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().kind, ErrorKind::forbidden);
  EXPECT_TRUE(realm_->grants.empty());
  // The operator tries again.
  ASSERT_TRUE(servers_->retry("web"));
  reports_.wait_for(ServerState::needs_auth, 2);
  EXPECT_NE(servers_->find("web")->authorization_url, "");
  EXPECT_EQ(realm_->registrations, 1);
}

TEST_F(McpOAuth, WhatWasKeptServesTheNextStartAndIsRefreshed) {
  begin();
  reports_.wait_for(ServerState::needs_auth);
  const std::string state = state_of(servers_->find("web")->authorization_url);
  ASSERT_TRUE(come_back(state + "&code=the-code" + issuer()));
  reports_.wait_for(ServerState::ready);
  end();
  record_.kept = kept_;
  realm_->valid_token = "expired meanwhile";
  begin();
  reports_.wait_for(ServerState::ready);
  EXPECT_EQ(realm_->grants.back(), "refresh_token");
  EXPECT_EQ(realm_->registrations, 1);
  // In the middle of everything, too.
  {
    const std::lock_guard lock(realm_->mutex);
    realm_->valid_token = "expired again";
  }
  EXPECT_EQ(call().content, "called");
  EXPECT_EQ(realm_->tokens, 3);
}

TEST_F(McpOAuth, ARefusedRefreshAsksTheHumanAgain) {
  record_.kept = Json{{"issuer", realm_->origin},
                      {"client_id", "registered"},
                      {"access_token", "old"},
                      {"refresh_token", "r-1"}}
                     .dump();
  realm_->refreshes = false;
  begin();
  reports_.wait_for(ServerState::needs_auth);
  EXPECT_NE(servers_->find("web")->authorization_url, "");
  EXPECT_EQ(realm_->registrations, 0);
}

TEST_F(McpOAuth, ARegisteredClientGoesToItsOwnIssuerOnly) {
  record_.oauth.client_id = "known";
  record_.oauth.client_secret = "very secret";
  record_.oauth.issuer = "https://elsewhere.example";
  begin();
  const auto status = reports_.wait_for(ServerState::needs_auth);
  EXPECT_EQ(servers_->find("web")->authorization_url, "");
  EXPECT_THAT(servers_->find("web")->status.reason, HasSubstr("now names another one"));
  EXPECT_THAT(servers_->find("web")->status.reason, Not(HasSubstr("very secret")));
}

// Also where the authorization server quotes what it was told.
TEST_F(McpOAuth, ARefusalTellsNoSecret) {
  realm_->quotes = true;
  record_.oauth.client_id = "known";
  record_.oauth.client_secret = "very-secret";
  begin();
  reports_.wait_for(ServerState::needs_auth);
  const std::string state = state_of(servers_->find("web")->authorization_url);
  const auto back = come_back(state + "&code=another-code" + issuer());
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().message, HasSubstr("no: [redacted] grant_type=authorization_code"));
  for (const std::string& text : {back.error().message, servers_->find("web")->status.reason}) {
    for (const char* secret : {"very-secret", "another-code", "a25vd246dmVyeS1zZWNyZXQ="}) {
      EXPECT_THAT(text, Not(HasSubstr(secret)));
    }
  }
}

TEST_F(McpOAuth, WithoutARedirectTheReasonIsVisible) {
  record_.oauth.redirect_url = "";
  begin();
  reports_.wait_for(ServerState::needs_auth);
  EXPECT_THAT(servers_->find("web")->status.reason, HasSubstr("no redirect URL"));
}

TEST_F(McpOAuth, AnOperatorsHeaderIsUsedInstead) {
  realm_->valid_token = "given";
  record_.headers = {{"Authorization", "Bearer given"}};
  begin();
  reports_.wait_for(ServerState::ready);
  EXPECT_EQ(call().content, "called");
}

// A hostile server names whatever it wants to have asked.
class PrivateNames : public ::testing::Test {
 protected:
  PrivateNames() {
    router_.add(net::Route{.method = net::Method::get,
                           .pattern = "/metadata",
                           .handler = [this](std::shared_ptr<const net::Request>) {
                             ++asked_;
                             return answer();
                           }});
    router_.add(net::ErrorEncoder{
        .encode = [](const base::Error&, std::string_view) { return net::Response{}; }});
    EXPECT_TRUE(service_.start());
  }
  ~PrivateNames() override { service_.stop(std::chrono::seconds(1)); }
  static base::Task<net::Reply> answer() { co_return net::Response{.body = "{}"}; }

  std::string challenge(bool from_private_address) {
    auto oauth = std::make_shared<OAuth>(
        lanes_[0], client_, OAuthOptions{.name = "hostile", .url = "https://mcp.example/mcp"});
    Challenge told{.status = 401,
                   .header = "Bearer resource_metadata=\"http://127.0.0.1:" +
                             std::to_string(service_.port()) + "/metadata\"",
                   .from_private_address = from_private_address};
    EXPECT_FALSE(base::run_on(lanes_[0], oauth->challenged(std::move(told), {})));
    return oauth->problem();
  }

  base::Lanes lanes_{1};
  net::HttpClient client_{lanes_};
  std::atomic<int> asked_{0};
  net::Router router_;
  net::HttpServer service_{lanes_, router_, {}};
};

TEST_F(PrivateNames, OfAPublicServerAreNotAsked) {
  EXPECT_THAT(challenge(false), HasSubstr("only public addresses"));
  EXPECT_EQ(asked_, 0);
}

TEST_F(PrivateNames, OfAPrivateServerAre) {
  EXPECT_THAT(challenge(true), Not(HasSubstr("only public addresses")));
  EXPECT_GE(asked_, 1);
}

}  // namespace
}  // namespace colonnade::tools::mcp
