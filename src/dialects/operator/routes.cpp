#include "dialects/operator/routes.hpp"

#include "dialects/operator/access.hpp"
#include "dialects/operator/errors.hpp"
#include "dialects/operator/limits.hpp"
#include "dialects/route_handlers.hpp"

namespace colonnade::dialects::operators {

Dialect::Dialect(Parts parts)
    : credentials_(parts.credentials),
      tokens_(parts.tokens),
      audit_(parts.audit),
      mcp_servers_(parts.connections) {}

std::vector<net::Route> Dialect::routes() {
  using enum net::Method;
  using T = TokenResource;
  using M = McpServerResource;
  const auto refusal = [](const base::Error& error) { return error_response(error); };
  const Admitted any(
      credentials_,
      [&credentials = credentials_](const net::Request& head) {
        return operator_of(credentials, head);
      },
      refusal);
  const Admitted server(
      credentials_,
      [&credentials = credentials_](const net::Request& head) {
        return server_operator_of(credentials, head);
      },
      refusal);
  const std::size_t bytes = limits::operator_body_bytes_max;
  return {
      {get, "/api/v1/operator/tokens", any(tokens_, &T::list)},
      {post, "/api/v1/operator/tokens", any(tokens_, &T::create), bytes},
      {del, "/api/v1/operator/tokens/{id}", any(tokens_, &T::revoke)},

      {get, "/api/v1/operator/audit", server(audit_, &AuditResource::list)},

      {get, "/api/v1/operator/mcp-servers", server(mcp_servers_, &M::list)},
      {post, "/api/v1/operator/mcp-servers/{id}/accept", server(mcp_servers_, &M::accept), bytes},
      {post, "/api/v1/operator/mcp-servers/{id}/retry", server(mcp_servers_, &M::retry), bytes},
      {get, mcp_callback_path, open_to_all(mcp_servers_, &M::callback)},
  };
}

void Dialect::add_to(net::Router& router) {
  router.add(routes());
  router.add(error_encoder());
}

}  // namespace colonnade::dialects::operators
