// Which routes are Platos', as Router::listing() writes them.
#pragma once

#include <string_view>

namespace colonnade::tests {

inline bool is_platos_route(std::string_view route) {
  const std::string_view path = route.substr(route.find(' ') + 1);
  for (const std::string_view below : {"/api/v1/agent/", "/api/v1/entities/", "/api/v1/public/"}) {
    if (path.starts_with(below)) return true;
  }
  return path == "/api/health" || path == "/socket.io" || path == "/socket.io/";
}

}  // namespace colonnade::tests
