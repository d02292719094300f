// The rows of background operations and of the catalog of tasks in the dialect's table.
#pragma once

#include <vector>

#include "dialects/platos/access.hpp"
#include "dialects/platos/bgo.hpp"
#include "dialects/platos/tasks.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::platos {

// Both resources must outlive the routes.
std::vector<net::Route> bgo_routes(Access& access, BgoResource& bgo, TaskResource& tasks);

}  // namespace colonnade::dialects::platos
