#include "base/url_secrets.hpp"

#include <algorithm>
#include <array>

namespace colonnade::base {
namespace {

constexpr std::string_view masked = "***";
constexpr std::string_view url_end = " \t\r\n\"'<>`|\\";
// Matched anywhere in a parameter's name, in lower case.
constexpr std::array<std::string_view, 9> secret_words{
    "key", "token", "secret", "password", "passwd", "pwd", "auth", "credential", "signature"};
// Names that say it only when they are whole.
constexpr std::array<std::string_view, 4> secret_names{"sig", "pass", "code", "jwt"};

bool is_secret_name(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::ranges::find(secret_names, lower) != secret_names.end() ||
         std::ranges::any_of(secret_words, [&](std::string_view word) {
           return lower.find(word) != std::string::npos;
         });
}

// "user:password@host" → "user:***@host"; a lone user may be a token.
std::string authority_without(std::string_view authority) {
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos) return std::string(authority);
  const std::string_view user = authority.substr(0, at);
  const auto colon = user.find(':');
  const bool has_password = colon != std::string_view::npos && colon + 1 < user.size();
  std::string out = has_password ? std::string(user.substr(0, colon + 1)) : std::string();
  out += masked;
  return out + std::string(authority.substr(at));
}

// "?a=1&api_key=2#token=3", each parameter by itself.
std::string parameters_without(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    out += text.front();  // ?, & or #
    text.remove_prefix(1);
    const std::string_view one = text.substr(0, text.find_first_of("&#?"));
    const auto equals = one.find('=');
    if (equals != std::string_view::npos && equals + 1 < one.size() &&
        is_secret_name(one.substr(0, equals))) {
      out += one.substr(0, equals + 1);
      out += masked;
    } else {
      out += one;
    }
    text.remove_prefix(one.size());
  }
  return out;
}

}  // namespace

std::string without_url_secrets(std::string_view text) {
  constexpr std::string_view separator = "://";
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const auto at = text.find(separator);
    if (at == std::string_view::npos) return out + std::string(text);
    out += text.substr(0, at + separator.size());
    text.remove_prefix(at + separator.size());
    const std::string_view url = text.substr(0, text.find_first_of(url_end));
    const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
    const std::string_view rest = url.substr(authority.size());
    const std::string_view path = rest.substr(0, rest.find_first_of("?#"));
    out += authority_without(authority);
    out += path;
    out += parameters_without(rest.substr(path.size()));
    text.remove_prefix(url.size());
  }
}

}  // namespace colonnade::base
