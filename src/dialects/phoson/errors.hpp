// Error kinds as Phoson says them: a status and {"detail": <text or array>} (phoson §1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dialects/answer_once.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::phoson {

// What a 404 is about.
enum class Object { agent, conversation, tool_server };

// One thing that is wrong with a body or a query (phoson §1, §3.3).
struct Fault {
  std::string field{};  // "" for the body as a whole
  std::string message{};
  std::string_view type{};      // a slug: "missing", "string", "blank", "too_long", "enum" …
  std::string_view in{"body"};  // or "query", "header"
};

net::Response error_response(int status, std::string_view detail);
net::Response error_response(const Fault& fault);
// `object` is what the request was about.
net::Response error_response(const base::Error& error, Object object);

// What is said when no route matches, at and below Phoson's paths.
std::vector<net::ErrorEncoder> error_encoders();

}  // namespace colonnade::dialects::phoson
