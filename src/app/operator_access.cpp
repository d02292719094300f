#include "app/operator_access.hpp"

#include "base/json.hpp"
#include "dialects/authentication.hpp"

namespace colonnade::app {
namespace {

int status_of(base::ErrorKind kind) {
  switch (kind) {
    case base::ErrorKind::invalid: return 400;
    case base::ErrorKind::unauthorized: return 401;
    case base::ErrorKind::forbidden: return 403;
    case base::ErrorKind::not_found: return 404;
    case base::ErrorKind::conflict: return 409;
    case base::ErrorKind::unavailable: return 503;
    default: return 500;
  }
}

base::Task<base::Result<core::Principal>> checked(
    base::Task<base::Result<core::Principal>> authenticated) {
  auto who = co_await std::move(authenticated);
  if (who && !who->is_operator()) {
    co_return base::fail(
        base::ErrorKind::forbidden,
        "only the operator's token may do this; `colonnade token path` says where it is kept");
  }
  co_return who;
}

base::Task<base::Result<core::Principal>> of_the_server(
    base::Task<base::Result<core::Principal>> authenticated) {
  auto who = co_await checked(std::move(authenticated));
  if (who && !who->is_server_operator()) {
    co_return base::fail(base::ErrorKind::forbidden,
                         "this concerns every scope of the server; only the token of its first "
                         "start may do it: `colonnade token path` says where that is kept");
  }
  co_return who;
}

}  // namespace

net::Response refusal(const base::Error& error) {
  net::Response out;
  out.status = status_of(error.kind);
  base::JsonWriter(out.body).object().field("error", error.message).end_object();
  return out;
}

base::Task<base::Result<core::Principal>> server_operator_of(core::Credentials& credentials,
                                                             const net::Request& request) {
  return of_the_server(dialects::authenticate(credentials, request));
}

base::Task<base::Result<core::Principal>> operator_of(core::Credentials& credentials,
                                                      const net::Request& request) {
  return checked(dialects::authenticate(credentials, request));
}

}  // namespace colonnade::app
