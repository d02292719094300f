// What a request is called, and its path where the server lies below a prefix.
#pragma once

#include <string>
#include <string_view>

#include "net/http.hpp"

namespace colonnade::net {

std::string new_request_id();
// The client's X-Request-Id when it is short and plain, else a new one.
std::string request_id_of(const Request& request);

// "/api" for "/c/r1/api" below "/c/r1"; a path that is not below `base`, such as "/c/r12", as it
// is.
std::string_view path_below(std::string_view base, std::string_view path);

}  // namespace colonnade::net
