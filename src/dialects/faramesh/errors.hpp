// Error kinds as Faramesh says them: a status and a body that all of its readers understand
// (faramesh §2.4, §9.2): {"detail": …, "code": "…", "error": {"code": "…", "message": "…"}}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dialects/answer_once.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::faramesh {

// One fault of a request's form. `location` and `input` are JSON texts; `context` is one, or "".
struct Fault {
  std::string type{};      // "missing", "extra_forbidden", "string_type" …
  std::string location{};  // ["body","agent_id"]
  std::string message{};
  std::string input{"null"};
  std::string context{};
};
using Faults = std::vector<Fault>;

// 422 with the list of what is wrong; must not be empty.
net::Response refusal(const Faults& faults);

// What came of a use case on an action: a conflict is a wrong state (400), unauthorized a wrong
// approval token (401).
net::Response action_error(const base::Error& error);
// The same for what is not about an action's state: a conflict is 409, unauthorized a 401.
net::Response error_response(const base::Error& error);
// `detail` and the message are the same text.
net::Response error_response(int status, std::string_view code, std::string_view detail);

// The members of an error body, without its braces; for rows of a batch.
void write_error(base::JsonWriter& json, const base::Error& error);
void write_faults(base::JsonWriter& json, const Faults& faults);

// What is said where no route matches, below /v1 and where else the dialect has paths.
std::vector<net::ErrorEncoder> error_encoders();

}  // namespace colonnade::dialects::faramesh
