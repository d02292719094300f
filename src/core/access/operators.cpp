#include "core/access/operators.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;

base::Result<void> check_operator(const Principal& who) {
  if (who.is_operator()) return {};
  return fail(
      ErrorKind::forbidden,
      "only the operator's token may do this; `colonnade token path` says where it is kept");
}

base::Result<void> check_server_operator(const Principal& who) {
  if (auto allowed = check_operator(who); !allowed) return allowed;
  if (who.is_server_operator()) return {};
  return fail(ErrorKind::forbidden,
              "this concerns every scope of the server; only the token of its first start may do "
              "it: `colonnade token path` says where that is kept");
}

bool is_machines_operator(const Principal& who) {
  return who.is_operator() && (who.every_scope || who.scope == default_view());
}

Principal system_operator() {
  Principal out(default_view(), "system", UserRole::operator_role);
  out.every_scope = true;
  return out;
}

}  // namespace colonnade::core
