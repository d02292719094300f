// Session tokens: HS256 compact tokens that an entity, or the platform, signs for an end user
// (platos §1.2). To whoever sends one it is opaque text.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "core/access/entities.hpp"
#include "dialects/platos/caller.hpp"

namespace colonnade::dialects::platos {

// `iss` of tokens that the platform's secret signs.
inline constexpr std::string_view platform_issuer = "platos-platform";

// Who a token says has signed it, which is believed for looking up the key only.
struct TokenIssuer {
  bool platform = false;
  core::EntityName entity{};  // of an entity's token
};
// The secrets that count for it: none, one or two.
using SecretsOf = std::function<std::vector<core::SigningSecret>(const TokenIssuer&)>;

// Who the token lets in. unauthorized, with one text for whatever is wrong: three parts, HS256, a
// signature of one of the secrets, `exp` not past, and every claim of the form that it must have.
base::Result<Caller> verify_session_token(std::string_view token, const SecretsOf& secrets,
                                          base::Time now);

// Whether a payload has the claims of a session token. invalid, naming the claim and what it must
// be; for whoever makes tokens.
base::Result<void> check_claims(const base::Json& payload);

// A user's id: 1 to limits::platos_user_id_bytes_max bytes of UTF-8 without control and invisible
// characters: two ids that differ by those alone would look like one user. Blanks count.
bool is_user_id(std::string_view text);

}  // namespace colonnade::dialects::platos
