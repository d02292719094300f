#include "dialects/fathom/errors.hpp"

#include <string>

#include "dialects/error_answers.hpp"

namespace colonnade::dialects::fathom {
namespace {

// "GET, HEAD, POST" → "GET or POST", as the contract's examples say it.
std::string spoken(std::string_view allow) {
  std::string out;
  while (!allow.empty()) {
    const auto comma = allow.find(',');
    std::string_view verb = allow.substr(0, comma);
    allow.remove_prefix(comma == std::string_view::npos ? allow.size() : comma + 1);
    while (verb.starts_with(' ')) verb.remove_prefix(1);
    if (verb.empty() || verb == "HEAD" || verb == "OPTIONS") continue;
    if (!out.empty()) out += " or ";
    out += verb;
  }
  return out;
}

net::Response wrong_method(const net::Request& request, std::string_view allow) {
  if (request.path.starts_with("/api/v1/threads/")) return error_response(404, "no such route");
  net::Response response = error_response(405, spoken(allow));
  response.headers.push_back({"Allow", std::string(allow)});
  return response;
}

}  // namespace

net::Response error_response(int status, std::string_view text) {
  return encode_error(status, text);
}

net::Response error_response(const base::Error& error) { return encode_error(error); }

Attempted refused(const base::Error& error) { return dialects::refused(error_response(error)); }

std::vector<net::ErrorEncoder> error_encoders() {
  const auto encode = [](const base::Error& error, std::string_view /*request_id*/) {
    return error_response(error);
  };
  return {{.prefix = "/api/v1", .encode = encode, .wrong_method = wrong_method}};
}

}  // namespace colonnade::dialects::fathom
