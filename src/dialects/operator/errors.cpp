#include "dialects/operator/errors.hpp"

#include <string>
#include <string_view>

#include "dialects/error_answers.hpp"

namespace colonnade::dialects::operators {
namespace {

net::Response wrong_method(const net::Request& /*request*/, std::string_view allow) {
  net::Response out = encode_error(405, "this path takes " + std::string(allow));
  out.headers.push_back({"Allow", std::string(allow)});
  return out;
}

}  // namespace

net::Response error_response(const base::Error& error) { return encode_error(error); }

net::ErrorEncoder error_encoder() {
  const auto encode = [](const base::Error& error, std::string_view /*request_id*/) {
    return error_response(error);
  };
  return {.prefix = "/api/v1/operator", .encode = encode, .wrong_method = wrong_method};
}

}  // namespace colonnade::dialects::operators
