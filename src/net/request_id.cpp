#include "net/request_id.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "net/limits.hpp"

namespace colonnade::net {
namespace {

constexpr std::size_t random_bytes = 8;

bool is_sane(std::string_view id) {
  if (id.empty() || id.size() > limits::http_request_id_bytes_max) return false;
  return std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

std::string new_request_id() { return base::random_hex(random_bytes); }

std::string request_id_of(const Request& request) {
  const std::string_view id = request.header("X-Request-Id");
  return is_sane(id) ? std::string(id) : new_request_id();
}

std::string_view path_below(std::string_view base, std::string_view path) {
  if (base.empty() || !path.starts_with(base)) return path;
  const std::string_view rest = path.substr(base.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : path;
}

}  // namespace colonnade::net
