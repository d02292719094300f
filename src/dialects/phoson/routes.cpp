#include "dialects/phoson/routes.hpp"

#include <utility>

#include "dialects/authentication.hpp"
#include "dialects/phoson/errors.hpp"
#include "dialects/phoson/limits.hpp"
#include "dialects/route_handlers.hpp"

namespace colonnade::dialects::phoson {
namespace {

// What this dialect adds to a request. Members that the configuration sets are left to it: core
// falls back on them by itself.
core::ModelSettings defaults_beside(const core::ModelSettings& configured) {
  core::ModelSettings out{.rounds_max = limits::phoson_rounds_max};
  if (!configured.temperature) out.temperature = limits::phoson_temperature_default;
  if (!configured.max_output_tokens) out.max_output_tokens = limits::phoson_max_tokens_default;
  return out;
}

}  // namespace

Dialect::Dialect(Dependencies deps, Options options)
    : credentials_(deps.credentials),
      answer_once_(deps.keyed_requests),
      agents_({.agents = deps.agents,
               .tool_servers = deps.tool_servers,
               .erasure = deps.erasure,
               .answer_once = answer_once_}),
      conversations_({.agents = deps.agents,
                      .threads = deps.threads,
                      .erasure = deps.erasure,
                      .answer_once = answer_once_}),
      messages_({.threads = deps.threads,
                 .runs = deps.runs,
                 .subscriptions = deps.subscriptions,
                 .answer_once = answer_once_,
                 .defaults = defaults_beside(options.configured)}),
      tool_servers_({.tool_servers = deps.tool_servers, .answer_once = answer_once_}) {}

std::vector<net::Route> Dialect::routes() {
  using enum net::Method;
  using A = AgentResource;
  using C = ConversationResource;
  using M = MessageResource;
  using S = ToolServerResource;
  const Admitted key(
      credentials_,
      [&credentials = credentials_](const net::Request& request) {
        return authenticate(credentials, request);
      },
      [](const base::Error& error) { return error_response(error, Object::agent); });
  const std::size_t bytes = limits::phoson_body_bytes_max;
  return {
      {get, "/v1/health", open_to_all(health_, &HealthResource::health)},

      {get, "/v1/agents", key(agents_, &A::list)},
      {post, "/v1/agents", key(agents_, &A::create), bytes},
      {get, "/v1/agents/{id}", key(agents_, &A::get)},
      {patch, "/v1/agents/{id}", key(agents_, &A::update), bytes},
      {del, "/v1/agents/{id}", key(agents_, &A::remove)},
      {put, "/v1/agents/{id}/mcp/{mcp_id}", key(agents_, &A::attach), bytes},
      {del, "/v1/agents/{id}/mcp/{mcp_id}", key(agents_, &A::detach)},

      {get, "/v1/conversations", key(conversations_, &C::list)},
      {post, "/v1/conversations", key(conversations_, &C::create), bytes},
      {get, "/v1/conversations/{id}", key(conversations_, &C::get)},
      {patch, "/v1/conversations/{id}", key(conversations_, &C::update), bytes},
      {del, "/v1/conversations/{id}", key(conversations_, &C::remove)},
      {get, "/v1/conversations/{id}/messages", key(messages_, &M::list)},
      {post, "/v1/conversations/{id}/messages", key(messages_, &M::send), bytes,
       /*long_running=*/true},

      {get, "/v1/mcp", key(tool_servers_, &S::list)},
      {post, "/v1/mcp", key(tool_servers_, &S::create), bytes},
      {del, "/v1/mcp/{id}", key(tool_servers_, &S::remove)},
  };
}

void Dialect::add_to(net::Router& router) {
  router.add(routes());
  for (net::ErrorEncoder& error_encoder : error_encoders()) router.add(std::move(error_encoder));
}

base::Task<net::Reply> HealthResource::health(RequestPtr /*request*/) {
  co_return net::Response{.body = R"({"status":"ok"})"};
}

}  // namespace colonnade::dialects::phoson
