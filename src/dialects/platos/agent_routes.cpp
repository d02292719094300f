#include "dialects/platos/agent_routes.hpp"

#include <optional>
#include <string>
#include <utility>

#include "dialects/platos/limits.hpp"

namespace colonnade::dialects::platos {
namespace {

constexpr Need of_agent{.agent_in_path = true};
constexpr Need agent_writes{.audience = Audience::operators};
constexpr Need writes_of_agent{.audience = Audience::operators, .agent_in_path = true};

base::Task<base::Result<std::optional<core::Scope>>> guest_scope(core::Agents* agents,
                                                                 std::string agent_id) {
  auto agent = co_await agents->open_to_guests(std::move(agent_id));
  if (agent) co_return agent->scope;
  if (agent.error().kind == base::ErrorKind::not_found) co_return std::optional<core::Scope>();
  co_return base::fail(std::move(agent.error()));
}

}  // namespace

GuestScopeOf guest_scopes(core::Agents& agents) {
  return [&agents](std::string agent_id) { return guest_scope(&agents, std::move(agent_id)); };
}

std::vector<net::Route> agent_routes(Access& access, AgentResource& agents) {
  using enum net::Method;
  using A = AgentResource;
  const std::size_t bytes = limits::platos_body_bytes_max;
  return {
      {get, "/api/v1/agent/agents", access.guard(agents, &A::list)},
      {post, "/api/v1/agent/agents", access.guard(agents, &A::create, agent_writes), bytes},
      {get, "/api/v1/agent/agents/{id}", access.guard(agents, &A::get, of_agent)},
      {patch, "/api/v1/agent/agents/{id}", access.guard(agents, &A::update, writes_of_agent),
       bytes},
      {del, "/api/v1/agent/agents/{id}", access.guard(agents, &A::remove, writes_of_agent)},
      {get, "/api/v1/agent/agents/{id}/versions", access.guard(agents, &A::versions, of_agent)},
      {post, "/api/v1/agent/agents/{id}/versions/{version_id}/rollback",
       access.guard(agents, &A::roll_back, writes_of_agent), bytes},
      {patch, "/api/v1/agent/agents/{id}/canary",
       access.guard(agents, &A::set_canary, writes_of_agent), bytes},
  };
}

std::vector<net::Route> thread_routes(Access& access, ThreadResource& threads) {
  using enum net::Method;
  using T = ThreadResource;
  const std::size_t bytes = limits::platos_body_bytes_max;
  return {
      {get, "/api/v1/agent/threads", access.guard(threads, &T::list)},
      {post, "/api/v1/agent/threads", access.guard(threads, &T::create), bytes},
      {get, "/api/v1/agent/threads/{id}", access.guard(threads, &T::get)},
      {patch, "/api/v1/agent/threads/{id}", access.guard(threads, &T::update), bytes},
      {del, "/api/v1/agent/threads/{id}", access.guard(threads, &T::remove)},
      {patch, "/api/v1/agent/threads/{id}/rename", access.guard(threads, &T::rename), bytes},
      {post, "/api/v1/agent/threads/{id}/archive", access.guard(threads, &T::archive), bytes},
      {post, "/api/v1/agent/threads/{id}/unarchive", access.guard(threads, &T::unarchive), bytes},
      // The contract names these three without a shape: a POST that takes the whole value, and what
      // undoes a pin.
      {post, "/api/v1/agent/threads/{id}/tags", access.guard(threads, &T::tag), bytes},
      {put, "/api/v1/agent/threads/{id}/tags", access.guard(threads, &T::tag), bytes},
      {patch, "/api/v1/agent/threads/{id}/tags", access.guard(threads, &T::tag), bytes},
      {post, "/api/v1/agent/threads/{id}/pin", access.guard(threads, &T::pin), bytes},
      {post, "/api/v1/agent/threads/{id}/unpin", access.guard(threads, &T::unpin), bytes},
      {del, "/api/v1/agent/threads/{id}/pin", access.guard(threads, &T::unpin)},
      {post, "/api/v1/agent/threads/{id}/fork", access.guard(threads, &T::fork), bytes},
      {get, "/api/v1/agent/threads/{id}/messages", access.guard(threads, &T::messages)},
      {get, "/api/v1/agent/threads/{id}/messages/{message_id}/replies",
       access.guard(threads, &T::replies)},
  };
}

}  // namespace colonnade::dialects::platos
