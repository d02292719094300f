// Error kinds as the operator's routes say them: a status and {"error": "<text>"}.
#pragma once

#include "base/result.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::operators {

// Carries `Retry-After` in whole seconds when the error has a time to wait, and `WWW-Authenticate`
// when it is a 401.
net::Response error_response(const base::Error& error);

// What is said when no route matches, below /api/v1/operator.
net::ErrorEncoder error_encoder();

}  // namespace colonnade::dialects::operators
