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

}  // namespace

net::Response refusal(const base::Error& error) {
  net::Response out;
  out.status = status_of(error.kind);
  base::JsonWriter(out.body).object().field("error", error.message).end_object();
  return out;
}

base::Result<core::Principal> operator_of(core::Credentials& credentials,
                                          const net::Request& request) {
  auto who = dialects::authenticate(credentials, request);
  if (!who) return who;
  if (!who->is_operator) {
    return base::fail(base::ErrorKind::forbidden,
                      "only the operator's token may do this; `colonnade token path` says where it "
                      "is kept");
  }
  return who;
}

}  // namespace colonnade::app
