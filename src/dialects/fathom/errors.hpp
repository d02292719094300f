// Error kinds as Fathom says them: a status and {"error": "<text>"} (fathom §1.3).
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dialects/answer_once.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::fathom {

// Carries `Retry-After` in whole seconds when the error has a time to wait, and `WWW-Authenticate`
// when it is a 401.
net::Response error_response(const base::Error& error);
net::Response error_response(int status, std::string_view text);

// The end of an attempt that had no effect.
Attempted refused(const base::Error& error);

// What is said when no route matches, at and below /api/v1. A verb without a row is 404 below
// /api/v1/threads/ and 405 elsewhere.
std::vector<net::ErrorEncoder> error_encoders();

}  // namespace colonnade::dialects::fathom
