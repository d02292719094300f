// What only operators may do, checked in one place. Every use case that is an operator's asks here.
#pragma once

#include "base/result.hpp"
#include "core/access/principal.hpp"

namespace colonnade::core {

// Errors: forbidden, saying whose token it takes and where that is kept.
base::Result<void> check_operator(const Principal& who);
// The same for what concerns every scope: forbidden also for an operator of one scope.
base::Result<void> check_server_operator(const Principal& who);

// Who answers for the machine: an operator of every scope, or of the one that the server itself
// has. May name any folder that is not the server's own.
bool is_machines_operator(const Principal& who);

// The operator of every scope that has no credential: whoever works on the data folder itself,
// which no server has open. The audit trail calls it "system".
Principal system_operator();

}  // namespace colonnade::core
