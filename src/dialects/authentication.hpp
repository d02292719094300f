// Who asks, by the bearer token in the Authorization header. Tokens in a query string never count.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

// The token of `Authorization: Bearer <token>`; the scheme in any case, any number of spaces or
// tabs around the token (fathom §1.2). nullopt when the header is absent, empty or of another
// scheme. The view points into the request.
std::optional<std::string_view> bearer_token(const net::Request& request);

// unauthorized when there is no token or it does not count. The request may end before the task.
base::Task<base::Result<core::Principal>> authenticate(core::Credentials& credentials,
                                                       const net::Request& request);
// The header by which a token of every scope says which one it looks at.
inline constexpr std::string_view scope_header = "X-Colonnade-Scope";
// The same principal in the scope that the header names; the errors of core::looking_at(), which
// name the header in their text and as their field.
base::Task<base::Result<core::Principal>> in_named_scope(
    base::Task<base::Result<core::Principal>> authenticated, const net::Request& request);
// The same for whoever is turned away for a reason of the dialect's.
base::Task<base::Result<core::Principal>> not_admitted(base::Error error);

}  // namespace colonnade::dialects
