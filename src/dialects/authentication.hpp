// Who asks, by the bearer token in the Authorization header. Tokens in a query string never count.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "core/access/credentials.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

// The token of `Authorization: Bearer <token>`; the scheme in any case, any number of spaces or
// tabs around the token (fathom §1.2). nullopt when the header is absent, empty or of another
// scheme. The view points into the request.
std::optional<std::string_view> bearer_token(const net::Request& request);

// unauthorized when there is no token or it does not count.
base::Result<core::Principal> authenticate(core::Credentials& credentials,
                                           const net::Request& request);

}  // namespace colonnade::dialects
