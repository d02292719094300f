// What the answers to errors have in common in every dialect. The bodies are a dialect's own
// (its errors.hpp).
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

// The HTTP status of a kind of error, where no contract says another one.
int http_status_of(base::ErrorKind kind);

// The error's message, else the name of its kind. A view of `error` or of a literal.
std::string_view error_text(const base::Error& error);

using net::add_retry_after;

// {"error": "<text>"}: the body of fathom §1.3 and of the operator's routes.
net::Response encode_error(int status, std::string_view text);
// With add_retry_after(), and `WWW-Authenticate: Bearer` when it is a 401.
net::Response encode_error(const base::Error& error);

}  // namespace colonnade::dialects
