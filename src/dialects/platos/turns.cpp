#include "dialects/platos/turns.hpp"

#include <utility>

#include "dialects/platos/turn_limits.hpp"

namespace colonnade::dialects::platos {

Turns::Turns(Dependencies deps, TurnStartOptions options, TrustedProxies proxies)
    : access_(deps.access),
      options_of_(deps.attachments, deps.clock),
      starts_({.agents = deps.agents,
               .threads = deps.threads,
               .runs = deps.runs,
               .subscriptions = deps.subscriptions,
               .keyed_requests = deps.keyed_requests,
               .rate_limits = deps.rate_limits,
               .clock = deps.clock,
               .options = options_of_},
              options),
      live_({.runs = deps.runs, .subscriptions = deps.subscriptions, .clock = deps.clock}),
      approvals_({.actions = deps.actions, .clock = deps.clock}),
      turns_({.starts = starts_,
              .threads = deps.threads,
              .runs = deps.runs,
              .subscriptions = deps.subscriptions,
              .clock = deps.clock}),
      lobby_({.access = deps.access,
              .starts = starts_,
              .live = live_,
              .approvals = approvals_,
              .threads = deps.threads,
              .runs = deps.runs,
              .subscriptions = deps.subscriptions,
              .clock = deps.clock}),
      sockets_(lobby_, deps.clock, {.trusted_proxies = std::move(proxies)}) {}

std::vector<net::Route> Turns::routes() {
  using enum net::Method;
  using T = TurnResource;
  using A = ApprovalResource;
  constexpr Need no_guests{.audience = Audience::no_guests};
  constexpr Need one_agent{.agent_in_path = true};
  const std::size_t bytes = limits::platos_turn_body_bytes_max;
  const std::string root = "/api/v1/agent";
  // Rows that wait for an agent must notice that their client has left.
  std::vector<net::Route> out = {
      {post, root + "/threads/{id}/messages", access_.guard(turns_, &T::send), bytes,
       /*long_running=*/true},
      {post, root + "/threads/{id}/messages/{message_id}/edit-and-rerun",
       access_.guard(turns_, &T::edit_and_rerun), bytes,
       /*long_running=*/true},
      {post, root + "/threads/{id}/messages/{message_id}/retry", access_.guard(turns_, &T::retry),
       bytes,
       /*long_running=*/true},
      {post, root + "/threads/{id}/stream", access_.guard(turns_, &T::stream), bytes,
       /*long_running=*/true},
      {post, root + "/agents/{id}/messages", access_.guard(turns_, &T::send_to_agent, one_agent),
       bytes, /*long_running=*/true},
      {.method = get,
       .pattern = root + "/agents/{id}/chat/stream",
       .handler = access_.guard(turns_, &T::chat_stream, one_agent),
       .long_running = true},

      {get, root + "/monitoring/approvals", access_.guard(approvals_, &A::list, no_guests)},
      {get, root + "/monitoring/approvals/{id}", access_.guard(approvals_, &A::get, no_guests)},
      {post, root + "/monitoring/approvals/{id}/resolve",
       access_.guard(approvals_, &A::resolve_monitored, no_guests), bytes},
      {post, root + "/approvals/{id}/resolve", access_.guard(approvals_, &A::resolve, no_guests),
       bytes},
      {post, root + "/durable-approvals/{id}/resolve",
       access_.guard(approvals_, &A::resolve_by_token, no_guests), bytes},
  };
  for (net::Route& route : sockets_.routes("/socket.io")) out.push_back(std::move(route));
  return out;
}

}  // namespace colonnade::dialects::platos
