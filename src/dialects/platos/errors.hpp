// Error kinds as Platos says them (platos §4.3):
//   {"statusCode":404,"message":"…","error":"Not Found","code":"not_found"}
// with "validationErrors":["title: …"] when a member of the request is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/access/rate_limits.hpp"
#include "dialects/answer_once.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::platos {

// Errors with these fields have bodies of their own.
inline constexpr std::string_view access_key_field = "X-Platos-Api-Key";  // INVALID_ACCESS_KEY
inline constexpr std::string_view agent_binding_field = "agentId of the token";  // AGENT_SCOPE_…
inline constexpr std::string_view user_id_field = "X-Platos-User-Id";  // code user_id_required

// Carries `Retry-After` in whole seconds when the error has a time to wait. What is internal says
// nothing of itself.
net::Response error_response(const base::Error& error);
// The same with another `code` than the kind's, such as turn_in_progress.
net::Response error_response(const base::Error& error, std::string_view code);
// 429 with the bucket and its limit.
net::Response error_response(const core::OverLimit& over);

// What a kind is called as `code`, in bodies and in error events.
std::string_view code_of(const base::Error& error);
// A bucket as the wire has it: "user_per_minute", "org_per_day".
std::string_view scope_of(core::RateBucket bucket);
// "Rate limit reached. Try again in 12 seconds."
std::string message_of(const core::OverLimit& over);

// The end of an attempt that had no effect.
Attempted refused(const base::Error& error);

// What is said when no route matches, below the dialect's paths.
std::vector<net::ErrorEncoder> error_encoders();

}  // namespace colonnade::dialects::platos
