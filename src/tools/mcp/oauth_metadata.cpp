#include "tools/mcp/oauth_metadata.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/base64.hpp"
#include "base/ids.hpp"
#include "net/http.hpp"
#include "net/url.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/mcp/protocol.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;
using base::Result;

constexpr std::string_view resource_path = "/.well-known/oauth-protected-resource";
constexpr std::string_view server_path = "/.well-known/oauth-authorization-server";
constexpr std::string_view openid_path = "/.well-known/openid-configuration";

std::unexpected<base::Error> wrong(const std::string& what) {
  return base::fail(ErrorKind::upstream, what);
}

// Of a normalized URL, without query; "" for the root.
std::string path_of(const std::string& url) {
  std::string path = url.substr(origin_of(url).size());
  path.resize(std::min(path.find_first_of("?#"), path.size()));
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> out;
  if (!list.is_array()) return out;
  for (const Json& one : list) {
    if (out.size() == limits::mcp_oauth_scopes_max) break;
    if (one.is_string()) out.push_back(one.get<std::string>());
  }
  return out;
}

void add_scopes(std::vector<std::string>& out, std::string_view scopes) {
  while (!scopes.empty()) {
    const std::size_t end = std::min(scopes.find(' '), scopes.size());
    const std::string one(scopes.substr(0, end));
    if (end > 0 && std::ranges::find(out, one) == out.end()) out.push_back(one);
    scopes.remove_prefix(std::min(end + 1, scopes.size()));
  }
}

// A parameter of a challenge: a token or a quoted text.
std::string parameter_value(std::string_view& rest) {
  std::string out;
  if (!rest.starts_with('"')) {
    const std::size_t end = std::min(rest.find_first_of(", \t"), rest.size());
    out = rest.substr(0, end);
    rest.remove_prefix(end);
    return out;
  }
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
    out += rest.front();
    rest.remove_prefix(1);
  }
  if (!rest.empty()) rest.remove_prefix(1);
  return out;
}

}  // namespace

ChallengeParameters read_challenge(std::string_view header) {
  ChallengeParameters out;
  while (!header.empty()) {
    const std::size_t start = header.find_first_not_of(", \t");
    if (start == std::string_view::npos) break;
    header.remove_prefix(start);
    const std::size_t end = std::min(header.find_first_of("=, \t"), header.size());
    const std::string_view name = header.substr(0, end);
    header.remove_prefix(end);
    if (!header.starts_with('=')) continue;  // a scheme
    header.remove_prefix(1);
    const std::string value = parameter_value(header);
    if (value.size() > limits::mcp_oauth_text_bytes_max) continue;
    if (net::same_ignoring_case(name, "resource_metadata")) out.resource_metadata = value;
    if (net::same_ignoring_case(name, "scope")) out.scope = value;
    if (net::same_ignoring_case(name, "error")) out.error = value;
  }
  return out;
}

std::string origin_of(const std::string& url) {
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return url;
  return url.substr(0, std::min(url.find_first_of("/?#", host + 3), url.size()));
}

bool is_safe_endpoint(const std::string& url) {
  const auto parsed = net::parse_http_url(url);
  if (!parsed) return false;
  constexpr std::array<std::string_view, 4> local = {"localhost", "127.0.0.1", "::1", "[::1]"};
  return parsed->scheme == "https" || std::ranges::find(local, parsed->host) != local.end();
}

std::vector<std::string> resource_metadata_urls(const std::string& server_url,
                                                const std::string& named) {
  if (!named.empty()) return {named};
  const std::string origin = origin_of(server_url);
  std::vector<std::string> out;
  const std::string path = path_of(server_url);
  if (!path.empty()) out.push_back(origin + std::string(resource_path) + path);
  out.push_back(origin + std::string(resource_path));
  return out;
}

Result<ResourceMetadata> read_resource_metadata(const Json& from, const std::string& server_url) {
  ResourceMetadata out;
  out.resource = text_member(from, "resource");
  const auto about = net::parse_http_url(out.resource);
  const std::string own = path_of(server_url);
  const std::string theirs = about ? path_of(about->text) : "";
  const bool same = about && origin_of(about->text) == origin_of(server_url) &&
                    (own == theirs || own.starts_with(theirs + "/"));
  if (!same || out.resource.size() > limits::mcp_oauth_text_bytes_max) {
    return wrong("the protected resource metadata is not about this server's URL");
  }
  const auto issuers = texts(member(from, "authorization_servers"));
  if (issuers.empty() || !is_safe_endpoint(issuers.front())) {
    return wrong("the protected resource metadata names no authorization server with https");
  }
  out.issuer = issuers.front();
  out.scopes = texts(member(from, "scopes_supported"));
  return out;
}

std::vector<std::string> authorization_metadata_urls(const std::string& issuer) {
  const auto parsed = net::parse_http_url(issuer);
  if (!parsed) return {};
  const std::string origin = origin_of(parsed->text);
  const std::string path = path_of(parsed->text);
  std::vector<std::string> out = {origin + std::string(server_path) + path,
                                  origin + std::string(openid_path) + path};
  if (!path.empty()) out.push_back(origin + path + std::string(openid_path));
  return out;
}

Result<AuthorizationServer> read_authorization_server(const Json& from, const std::string& issuer) {
  AuthorizationServer out;
  out.issuer = text_member(from, "issuer");
  // RFC 8414 §3.3: exactly the same, or somebody stands in for it.
  if (out.issuer != issuer) return wrong("the authorization server's metadata has another issuer");
  out.authorization_endpoint = text_member(from, "authorization_endpoint");
  out.token_endpoint = text_member(from, "token_endpoint");
  out.registration_endpoint = text_member(from, "registration_endpoint");
  const bool safe =
      is_safe_endpoint(out.token_endpoint) &&
      (out.authorization_endpoint.empty() || is_safe_endpoint(out.authorization_endpoint)) &&
      (out.registration_endpoint.empty() || is_safe_endpoint(out.registration_endpoint));
  if (!safe) return wrong("the authorization server's endpoints are not https URLs");
  const auto challenges = texts(member(from, "code_challenge_methods_supported"));
  const bool s256 = std::ranges::find(challenges, "S256") != challenges.end();
  if (!out.authorization_endpoint.empty() && !s256) {
    const auto grants = texts(member(from, "grant_types_supported"));
    const bool by_code =
        grants.empty() || std::ranges::find(grants, "authorization_code") != grants.end();
    if (by_code) return wrong("the authorization server does not offer PKCE by S256");
  }
  out.auth_methods = texts(member(from, "token_endpoint_auth_methods_supported"));
  out.scopes = texts(member(from, "scopes_supported"));
  out.takes_metadata_documents =
      member(from, "client_id_metadata_document_supported") == Json(true);
  out.names_itself = member(from, "authorization_response_iss_parameter_supported") == Json(true);
  return out;
}

AuthorizationServer guessed_authorization_server(const std::string& origin) {
  AuthorizationServer out;
  out.issuer = origin;
  out.authorization_endpoint = origin + "/authorize";
  out.token_endpoint = origin + "/token";
  out.registration_endpoint = origin + "/register";
  return out;
}

std::string join_scopes(const std::string& first, const std::string& second) {
  std::vector<std::string> all;
  add_scopes(all, first);
  add_scopes(all, second);
  std::string out;
  for (const std::string& one : all) out += (out.empty() ? "" : " ") + one;
  return out;
}

bool has_scope(std::string_view scopes, std::string_view one) {
  std::vector<std::string> all;
  add_scopes(all, scopes);
  return std::ranges::find(all, one) != all.end();
}

std::string encode_form(const Form& form) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  const auto append = [&](std::string_view text) {
    for (const char c : text) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
      const auto byte = static_cast<unsigned char>(c);
      if (plain) {
        out += c;
      } else {
        out += {'%', digits[byte >> 4], digits[byte & 15]};
      }
    }
  };
  for (const auto& [name, value] : form) {
    if (!out.empty()) out += '&';
    append(name);
    out += '=';
    append(value);
  }
  return out;
}

std::string pkce_challenge(const std::string& verifier) {
  const std::string hex = base::sha256_hex(verifier);
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return base::to_base64url(bytes);
}

}  // namespace colonnade::tools::mcp
