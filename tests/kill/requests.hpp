// Requests that set something up: they must be answered well.
#pragma once

#include <string>

#include "harness/connection.hpp"

namespace colonnade::kill {

// The body of a 2xx answer; throws std::logic_error for any other one, and for none.
std::string ask(bench::BlockingConnection& connection, const bench::Target& target,
                const std::string& method, const std::string& path, const std::string& body = {},
                const std::string& headers = {});
// The same over a connection of its own.
std::string ask(const bench::Target& target, const std::string& method, const std::string& path,
                const std::string& body = {}, const std::string& headers = {});

// Limits what all runs of the scope may cost in a month; the budget's id.
std::string set_cap(const bench::Target& target, double dollars);

}  // namespace colonnade::kill
