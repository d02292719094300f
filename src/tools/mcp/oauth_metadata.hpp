// What servers say about how to be authorised for them, read and judged. No I/O
// (2025-11-25 and 2026-07-28 basic/authorization; RFC 8414, 8707, 9207, 9728).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::tools::mcp {

// The parameters of a WWW-Authenticate header that matter; "" where absent.
struct ChallengeParameters {
  std::string resource_metadata{};
  std::string scope{};
  std::string error{};
};
ChallengeParameters read_challenge(std::string_view header);

// RFC 9728 protected resource metadata.
struct ResourceMetadata {
  std::string resource{};  // to be sent exactly so
  std::string issuer{};    // the first of authorization_servers
  std::vector<std::string> scopes{};
};
// Where to look for it, in this order: where the challenge says, beside the path, at the root.
std::vector<std::string> resource_metadata_urls(const std::string& server_url,
                                                const std::string& named);
// ErrorKind::upstream when it is not about this server, or names no authorization server.
base::Result<ResourceMetadata> read_resource_metadata(const base::Json& from,
                                                      const std::string& server_url);

struct AuthorizationServer {
  std::string issuer{};
  std::string authorization_endpoint{};
  std::string token_endpoint{};
  std::string registration_endpoint{};      // "" when clients cannot register themselves
  std::vector<std::string> auth_methods{};  // of the token endpoint
  std::vector<std::string> scopes{};
  bool takes_metadata_documents = false;  // a URL as a client's id
  bool names_itself = false;              // RFC 9207: its redirects say `iss`
};
// RFC 8414 and OpenID Connect discovery, in the order that the revision prescribes.
std::vector<std::string> authorization_metadata_urls(const std::string& issuer);
// ErrorKind::upstream for another issuer, endpoints that are no safe URLs, and a server without
// PKCE by S256.
base::Result<AuthorizationServer> read_authorization_server(const base::Json& from,
                                                            const std::string& issuer);
// Of a server without any metadata (2025-03-26 basic/authorization, "Fallbacks for Servers without
// Metadata Discovery").
AuthorizationServer guessed_authorization_server(const std::string& origin);

// "http://host:port" of a URL that parse_http_url() has normalized.
std::string origin_of(const std::string& url);
// https, or http to this machine itself.
bool is_safe_endpoint(const std::string& url);

// Scopes of both, each once, separated by spaces.
std::string join_scopes(const std::string& first, const std::string& second);
bool has_scope(std::string_view scopes, std::string_view one);

using Form = std::vector<std::pair<std::string, std::string>>;
// application/x-www-form-urlencoded.
std::string encode_form(const Form& form);
// RFC 7636: the S256 challenge of a verifier.
std::string pkce_challenge(const std::string& verifier);

}  // namespace colonnade::tools::mcp
