// Routes of the contract that this server does not have yet (tandem §2.14). They answer 501 to
// whoever is let in. Whoever serves one takes its row out of the table.
#pragma once

#include <vector>

#include "dialects/tandem/caller.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

std::vector<net::Route> pending_routes(const Callers& in);

}  // namespace colonnade::dialects::tandem
