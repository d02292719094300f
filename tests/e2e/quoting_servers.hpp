// Other people's servers that are told secrets: MCP servers with OAuth, one that refuses whatever
// it is asked, and model providers. They quote in their errors what they were told, as some do.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/testing.hpp"

namespace colonnade::e2e {

// What they know or make.
struct OAuthSecrets {
  std::string code{};            // of a human's consent
  std::string client_secret{};   // of the client that registers itself
  std::string machine_secret{};  // of the client "machine", which needs no human
  std::string access_token{};
  std::string refresh_token{};
  std::string next_access_token{};  // that the refresh brings
  std::string machine_token{};
};

// On a port of the loopback address. Below origin():
//   /human/mcp, /machine/mcp   want a token of the authorization server at origin(); offer tool `t`
//   /refused/mcp               the same, but no client of its gets a token
//   /hostile/mcp               refuses each request
//   /failing, /breaking        model providers that answer with an error, or break off with one
// Thread-safe.
class QuotingServers {
 public:
  explicit QuotingServers(OAuthSecrets secrets);

  std::string origin() const;
  // The query with which a browser comes back from an authorization URL of theirs.
  std::string consent(const std::string& authorization_url);
  // From now on the first access token is refused.
  void expire();
  int refreshes() const { return refreshes_; }
  // Requests that were refused with what they held.
  int quoted() const { return quoted_; }

 private:
  std::vector<net::Route> routes();
  net::Response answer(const net::Request& request);
  net::Response token_answer(const net::Request& request);
  net::Response mcp_answer(const net::Request& request, const std::string& realm);
  base::Task<net::Reply> serve(std::shared_ptr<const net::Request> request);

  const OAuthSecrets secrets_;
  std::mutex mutex_;
  std::string challenge_;  // of the last consent
  bool expired_ = false;
  std::atomic<int> refreshes_ = 0;
  std::atomic<int> quoted_ = 0;
  net::testing::TestServer server_;
};

}  // namespace colonnade::e2e
