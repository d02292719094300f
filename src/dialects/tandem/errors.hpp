// Error kinds as Tandem says them (tandem §1.5, family A everywhere):
//   {"error":"no such session","code":"NOT_FOUND"}
// with "field" when a member of the request is wrong.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

// What is internal says nothing of itself. Carries `Retry-After` when the error has a time to wait.
// The status of what is invalid is 400; 422 when a member of the body does not fit (wire.hpp).
net::Response error_response(const base::Error& error);
// The same with a code of the contract's.
net::Response error_response(const base::Error& error, std::string_view code);
// Where the contract has a status and a code that no kind has.
net::Response error_response(int status, std::string_view text, std::string_view code);

// {"error":"Unauthorized: missing or invalid API token","code":"AUTH_REQUIRED"} (tandem §1.2), and
// what else may be wrong with who asks.
net::Response refusal(const base::Error& error);

// Any origin, any method, any header: what is asked without a token (tandem §1.1).
net::Response preflight_response(const net::Request& request);

// The errors of requests that match no route, at and below this dialect's paths; OPTIONS on any.
std::vector<net::ErrorEncoder> error_encoders();

}  // namespace colonnade::dialects::tandem
