// OAuth for one HTTP server: from a refused request to a token
// (2025-11-25 and 2026-07-28 basic/authorization).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "net/http_client.hpp"
#include "tools/mcp/authorization.hpp"
#include "tools/mcp/oauth_metadata.hpp"

namespace colonnade::tools::mcp {

// What the operator knows beforehand. All of it may be empty.
struct OAuthSettings {
  std::string client_id{};  // registered beforehand
  std::string client_secret{};
  std::string private_key{};  // PEM; shows who the client is, instead of the secret
  // Of the authorization server that the client is registered with; "" for the one that was met
  // first. Another one never gets the client's id and secret.
  std::string issuer{};
  std::string metadata_url{};       // of a client ID metadata document of ours, https
  std::string redirect_url{};       // where a human's browser comes back to
  std::string scope{};              // wanted in any case
  bool client_credentials = false;  // a grant to ourselves, without a human
};

struct OAuthOptions {
  std::string name{};  // of the MCP server, for logs and errors
  std::string url{};   // of the MCP server
  OAuthSettings settings{};
  // What was kept before: JSON with secrets; "" for nothing.
  std::string kept{};
  // Told what to keep. On the lane.
  std::function<void(const std::string& kept)> on_stored{};
  // Brings a human's consent without a human: from the authorization URL to the one that it
  // redirects to. Empty: the URL waits for complete().
  std::function<base::Task<base::Result<std::string>>(std::string url)> follow{};
  std::function<std::string()> redirect_url{};  // when the settings name none
};

// What a server names is asked at addresses of the public Internet only, so that a hostile one
// cannot send us to services of this machine or network; one that is itself at a private address
// may name others there.
//
// Lives on one lane. One authorization is under way at a time; requests that are refused meanwhile
// wait for its end.
class OAuth final : public Authorization, public std::enable_shared_from_this<OAuth> {
 public:
  // `lane` and `client` outlive it.
  OAuth(base::Lane& lane, net::HttpClient& client, OAuthOptions options);

  std::string token() const override { return access_token_; }
  base::Task<bool> challenged(Challenge challenge, std::stop_token stop) override;

  // Any thread. The URL that a human has to open; "" when nothing waits for one.
  std::string authorization_url() const;
  // Any thread. Why there is no token; "" when there is one, or a human is waited for.
  std::string problem() const;
  // The human is back: the query of the redirect, whose `state` must be the awaited one. On the
  // lane. Errors: not_found for another state, forbidden for a refused consent or an answer that
  // is not the authorization server's.
  static base::Task<base::Result<void>> complete(std::shared_ptr<OAuth> self, std::string query);
  bool awaits(const std::string& state) const;  // any thread
  // What was told to somebody in confidence: tokens, the client's secret. On the lane.
  std::vector<std::string> secrets() const;

 private:
  struct Client {
    std::string id{};
    std::string secret{};
    std::string auth_method{};
  };
  // A consent that is asked for.
  struct Pending {
    std::string state{};
    std::string verifier{};
    std::string url{};
    std::string scope{};
    AuthorizationServer server{};
    std::string resource{};
    Client client{};
  };
  struct Found {
    ResourceMetadata resource{};
    AuthorizationServer server{};
  };

  base::Task<base::Result<void>> authorize(Challenge challenge, std::stop_token stop);
  base::Task<base::Result<Found>> discover(std::string named, std::stop_token stop);
  base::Task<base::Result<std::optional<base::Json>>> look(std::vector<std::string> urls,
                                                           std::stop_token stop);
  // `told`: what the request holds in confidence, beside secrets().
  base::Task<base::Result<base::Json>> fetch(net::HttpClientRequest request, std::stop_token stop,
                                             std::vector<std::string> told = {});
  base::Task<base::Result<Client>> client_for(AuthorizationServer server, std::string scope,
                                              std::stop_token stop);
  base::Task<base::Result<void>> refresh(Found found, std::string scope, std::stop_token stop);
  base::Task<base::Result<void>> ask_human(Found found, std::string scope, std::stop_token stop);
  base::Task<base::Result<void>> grant(AuthorizationServer server, Client client, Form form,
                                       std::stop_token stop);
  base::Result<std::string> scope_for(const Found& found, const Challenge& challenge);
  base::Result<std::string> code_from(const Pending& pending, const std::string& query) const;
  std::string redirect_url() const;
  void keep();
  void forget_client();
  void settle(std::optional<Pending> pending, std::string problem);

  base::Lane& lane_;
  net::HttpClient& client_;
  const OAuthOptions options_;

  // The lane's.
  bool busy_ = false;
  bool public_addresses_only_ = true;  // until a challenge came from a private one
  std::vector<std::shared_ptr<base::Completion<bool>>> waiting_{};
  std::string issuer_{};  // that the rest belongs to
  Client registered_{};
  std::string access_token_{};
  std::string refresh_token_{};
  std::string scope_{};  // asked for with the token

  mutable std::mutex mutex_{};  // guards what follows
  std::optional<Pending> pending_{};
  std::string problem_{};
};

}  // namespace colonnade::tools::mcp
