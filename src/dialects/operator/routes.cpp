#include "dialects/operator/routes.hpp"

#include "dialects/operator/access.hpp"
#include "dialects/operator/errors.hpp"
#include "dialects/operator/limits.hpp"
#include "dialects/route_handlers.hpp"

namespace colonnade::dialects::operators {

Dialect::Dialect(Dependencies deps)
    : credentials_(deps.credentials),
      tokens_(deps.tokens),
      entities_(deps.entities),
      access_keys_(deps.access_keys),
      audit_(deps.audit),
      mcp_servers_(deps.connections),
      jobs_(deps.jobs, deps.tasks) {}

std::vector<net::Route> Dialect::routes() {
  using enum net::Method;
  using T = TokenResource;
  using E = EntityResource;
  using K = AccessKeyResource;
  using M = McpServerResource;
  using J = JobResource;
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

      {get, "/api/v1/operator/access-keys", any(access_keys_, &K::list)},
      {post, "/api/v1/operator/access-keys", any(access_keys_, &K::add), bytes},
      {del, "/api/v1/operator/access-keys/{id}", any(access_keys_, &K::remove)},

      {get, "/api/v1/operator/jobs", any(jobs_, &J::list)},
      {get, "/api/v1/operator/jobs/{id}", any(jobs_, &J::get)},
      {post, "/api/v1/operator/jobs/{id}/cancel", any(jobs_, &J::cancel), bytes},
      {post, "/api/v1/operator/jobs/{id}/replay", any(jobs_, &J::replay), bytes},
      {get, "/api/v1/operator/tasks", any(jobs_, &J::tasks)},

      {get, "/api/v1/operator/entities", server(entities_, &E::list)},
      {post, "/api/v1/operator/entities", server(entities_, &E::add), bytes},
      {post, "/api/v1/operator/entities/rotate", server(entities_, &E::rotate), bytes},
      {post, "/api/v1/operator/entities/finish-rotation", server(entities_, &E::finish_rotation),
       bytes},
      {post, "/api/v1/operator/entities/remove", server(entities_, &E::remove), bytes},

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
