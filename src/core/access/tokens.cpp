#include "core/access/tokens.hpp"

#include <utility>

#include "base/visible_text.hpp"
#include "core/access/operators.hpp"
#include "core/access/user_name.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

// Who a new token lets in.
Result<Principal> bearer_of(const NewToken& input) {
  const bool every_scope = input.scope == every_scope_text;
  if (every_scope && input.role == "member") {
    return fail(ErrorKind::invalid,
                "scope * (every scope) is for the role operator only; name the scope that the "
                "member is to work in, such as main/main/main, or make it an operator",
                "scope");
  }
  auto scope = every_scope ? Result<Scope>(default_view()) : parse_scope(input.scope);
  if (!scope) return fail(std::move(scope.error()));
  if (auto named = check_user_name(input.user); !named) return fail(std::move(named.error()));
  const auto role = user_role_from(input.role);
  if (!role || role == UserRole::guest) {
    return fail(ErrorKind::invalid, "role must be operator or member", "role");
  }
  Principal out(std::move(*scope), input.user, *role);
  out.every_scope = every_scope;
  return out;
}

// An operator of one scope makes tokens of that scope, and none of every scope.
Result<void> check_bearer(const Principal& who, const Principal& bearer) {
  const auto there = looking_at(who, bearer.scope.key());
  if (!there) return fail(there.error());
  if (bearer.every_scope && !who.every_scope) {
    return fail(ErrorKind::forbidden, "only an operator of every scope makes another one");
  }
  return {};
}

// Tokens of every scope stand in the default view; an operator of that scope alone has no say in
// them.
bool may_manage(const Principal& who, const Credential& credential) {
  return who.every_scope || !credential.every_scope;
}

}  // namespace

std::string scope_text(const Credential& credential) {
  return credential.every_scope ? std::string(every_scope_text) : credential.scope.key();
}

Result<void> check_token_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= token_name_bytes_max && !base::has_hidden(name);
  if (fits) return {};
  return fail(ErrorKind::invalid,
              "name must have 1 to " + std::to_string(token_name_bytes_max) +
                  " bytes of UTF-8 on one line, without control characters and characters that "
                  "do not show",
              "name");
}

Task<Result<std::vector<Credential>>> Tokens::list(Principal who, std::string user) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  auto out = co_await store_.credentials(who.scope, user, CredentialKind::operator_token);
  if (!out) co_return out;
  auto others = co_await store_.credentials(who.scope, user, CredentialKind::api_token);
  if (!others) co_return others;
  for (Credential& one : *others) out->push_back(std::move(one));
  std::erase_if(*out, [&](const Credential& one) { return !may_manage(who, one); });
  co_return out;
}

Task<Result<CreatedToken>> Tokens::create(Principal who, NewToken input) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  if (auto named = check_token_name(input.name); !named) co_return fail(std::move(named.error()));
  auto bearer = bearer_of(input);
  if (!bearer) co_return fail(std::move(bearer.error()));
  if (auto fits = check_bearer(who, *bearer); !fits) co_return fail(std::move(fits.error()));
  const CredentialKind kind =
      bearer->is_operator() ? CredentialKind::operator_token : CredentialKind::api_token;
  CredentialIssuer issuer{.actor = std::move(who.user_id),
                          .credential_id = std::move(who.credential_id)};
  auto created = co_await credentials_.create(std::move(*bearer), kind, std::move(input.name),
                                              std::move(issuer));
  co_return created;
}

Task<Result<void>> Tokens::revoke(Principal who, std::string id) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  const auto found = co_await store_.credential(who.scope, id);
  if (!found) co_return fail(found.error());
  if (!*found || !may_manage(who, **found)) {
    co_return fail(ErrorKind::not_found, "there is no token " + id);
  }
  const CredentialKind kind = (*found)->kind;
  auto revoked = co_await credentials_.revoke(std::move(who), kind, std::move(id));
  co_return revoked;
}

}  // namespace colonnade::core
