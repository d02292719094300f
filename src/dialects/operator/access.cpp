#include "dialects/operator/access.hpp"

#include <utility>

#include "core/access/operators.hpp"
#include "dialects/authentication.hpp"

namespace colonnade::dialects::operators {
namespace {

using Check = base::Result<void> (*)(const core::Principal&);

base::Task<base::Result<core::Principal>> checked(
    base::Task<base::Result<core::Principal>> authenticated, Check check) {
  auto who = co_await std::move(authenticated);
  if (!who) co_return who;
  auto allowed = check(*who);
  if (!allowed) co_return base::fail(std::move(allowed.error()));
  co_return who;
}

}  // namespace

base::Task<base::Result<core::Principal>> operator_of(core::Credentials& credentials,
                                                      const net::Request& request) {
  return checked(authenticate(credentials, request), core::check_operator);
}

base::Task<base::Result<core::Principal>> server_operator_of(core::Credentials& credentials,
                                                             const net::Request& request) {
  return checked(authenticate(credentials, request), core::check_server_operator);
}

}  // namespace colonnade::dialects::operators
