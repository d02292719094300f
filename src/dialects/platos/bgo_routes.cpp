#include "dialects/platos/bgo_routes.hpp"

#include <cstddef>
#include <string>

#include "dialects/platos/limits.hpp"

namespace colonnade::dialects::platos {
namespace {

constexpr Need bgo_users{.audience = Audience::no_guests};
constexpr Need task_operators{.audience = Audience::operators};

}  // namespace

std::vector<net::Route> bgo_routes(Access& access, BgoResource& bgo, TaskResource& tasks) {
  using enum net::Method;
  using B = BgoResource;
  using T = TaskResource;
  const std::size_t bytes = limits::platos_body_bytes_max;
  const std::size_t trigger_bytes = limits::platos_trigger_body_bytes_max;
  const std::size_t batch_bytes = limits::platos_batch_body_bytes_max;
  const std::string root = "/api/v1/agent/trigger";
  const std::string catalog = "/api/v1/agent/platos-tasks";
  return {
      {get, root + "/tasks", access.guard(bgo, &B::tasks, bgo_users)},
      {post, root + "/tasks/{id}/trigger", access.guard(bgo, &B::trigger, bgo_users),
       trigger_bytes},
      {get, root + "/runs", access.guard(bgo, &B::runs, bgo_users)},
      {get, root + "/runs/{id}", access.guard(bgo, &B::run, bgo_users)},
      {post, root + "/runs/{id}/cancel", access.guard(bgo, &B::cancel, bgo_users), bytes},
      {post, root + "/runs/{id}/replay", access.guard(bgo, &B::replay, bgo_users), bytes},
      {get, root + "/schedules", access.guard(bgo, &B::schedules, bgo_users)},
      {post, root + "/schedules", access.guard(bgo, &B::create_schedule, bgo_users), trigger_bytes},
      {post, root + "/schedules/{id}/activate", access.guard(bgo, &B::activate, bgo_users), bytes},
      {post, root + "/schedules/{id}/deactivate", access.guard(bgo, &B::deactivate, bgo_users),
       bytes},
      {del, root + "/schedules/{id}", access.guard(bgo, &B::remove_schedule, bgo_users)},
      {post, root + "/batches/{id}", access.guard(bgo, &B::trigger_batch, bgo_users), batch_bytes},
      {get, root + "/batches/{id}", access.guard(bgo, &B::batch, bgo_users)},

      {get, catalog, access.guard(tasks, &T::list, task_operators)},
      {post, catalog, access.guard(tasks, &T::create, task_operators), bytes},
      {get, catalog + "/{id}", access.guard(tasks, &T::get, task_operators)},
      {patch, catalog + "/{id}", access.guard(tasks, &T::update, task_operators), bytes},
      {del, catalog + "/{id}", access.guard(tasks, &T::remove, task_operators)},
      {post, catalog + "/{id}/run", access.guard(tasks, &T::run, task_operators), trigger_bytes},
  };
}

}  // namespace colonnade::dialects::platos
