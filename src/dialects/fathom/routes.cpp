#include "dialects/fathom/routes.hpp"

#include <utility>

#include "dialects/authentication.hpp"
#include "dialects/fathom/errors.hpp"
#include "dialects/fathom/limits.hpp"
#include "dialects/route_handlers.hpp"

namespace colonnade::dialects::fathom {

Dialect::Dialect(Dependencies deps, Options options)
    : credentials_(deps.credentials),
      answer_once_(deps.keyed_requests),
      threads_({.threads = deps.threads,
                .subscriptions = deps.subscriptions,
                .revisions = deps.revisions,
                .clock = deps.clock,
                .answer_once = answer_once_,
                .lanes = deps.lanes.size()}),
      messages_({.threads = deps.threads,
                 .runs = deps.runs,
                 .subscriptions = deps.subscriptions,
                 .answer_once = answer_once_}),
      pairing_({.pairings = deps.pairings,
                .proxies = std::move(options.trusted_proxies),
                .origins = std::move(options.origins)}),
      devices_(deps.credentials),
      health_({.runs = deps.runs,
               .clock = deps.clock,
               .version = std::move(options.version),
               .started_at = options.started_at,
               .mode = std::move(options.mode),
               .profile = std::move(options.profile),
               .readiness = std::move(options.readiness),
               .warnings = std::move(options.warnings)}) {}

std::vector<net::Route> Dialect::routes() {
  using enum net::Method;
  using T = ThreadResource;
  using M = MessageResource;
  const Admitted token(
      credentials_,
      [&credentials = credentials_](const net::Request& request) {
        return authenticate(credentials, request);
      },
      [](const base::Error& error) { return error_response(error); });
  const std::size_t message_bytes = limits::fathom_message_body_bytes_max;
  // `long_running` rows wait for an agent, a person or a long read, and must notice that the client
  // has left.
  return {
      {get, "/api/v1/health", open_to_all(health_, &HealthResource::health)},
      {get, "/api/v1/ready", open_to_all(health_, &HealthResource::ready)},

      {get, "/api/v1/threads", token(threads_, &T::list)},
      {post, "/api/v1/threads", token(threads_, &T::create)},
      // A literal wins over {id}: no thread has the id "search".
      {.method = get,
       .pattern = "/api/v1/threads/search",
       .handler = token(threads_, &T::search),
       .long_running = true},
      {get, "/api/v1/threads/{id}", token(threads_, &T::get)},
      {patch, "/api/v1/threads/{id}", token(threads_, &T::rename)},
      {del, "/api/v1/threads/{id}", token(threads_, &T::remove)},
      {post, "/api/v1/threads/{id}/restore", token(threads_, &T::restore)},
      {get, "/api/v1/threads/{id}/usage", token(threads_, &T::usage)},
      {get, "/api/v1/threads/{id}/stream", token(threads_, &T::stream)},
      {get, "/api/v1/threads/{id}/messages", token(messages_, &M::page)},
      {post, "/api/v1/threads/{id}/messages", token(messages_, &M::send), message_bytes,
       /*long_running=*/true},

      {post, "/api/v1/message", token(messages_, &M::one_shot), message_bytes,
       /*long_running=*/true},
      {post, "/api/v1/stream", token(messages_, &M::one_shot_stream), message_bytes},

      {post, "/api/v1/pair/start", token(pairing_, &PairingResource::start)},
      {post, "/api/v1/pair/claim", open_to_all(pairing_, &PairingResource::claim)},
      {.method = get,
       .pattern = "/api/v1/pair/watch",
       .handler = token(pairing_, &PairingResource::watch),
       .long_running = true},

      {get, "/api/v1/devices", token(devices_, &DeviceResource::list)},
      {del, "/api/v1/devices/{id}", token(devices_, &DeviceResource::revoke)},
  };
}

void Dialect::add_to(net::Router& router) {
  router.add(routes());
  for (net::ErrorEncoder& error_encoder : error_encoders()) router.add(std::move(error_encoder));
}

}  // namespace colonnade::dialects::fathom
