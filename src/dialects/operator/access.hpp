// Who may call the operator's routes.
#pragma once

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "core/access/principal.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::operators {

// unauthorized without a token, forbidden with one that is not an operator's. The request may end
// before the task.
base::Task<base::Result<core::Principal>> operator_of(core::Credentials& credentials,
                                                      const net::Request& request);

// The same for what concerns every scope: forbidden also for the operator of one.
base::Task<base::Result<core::Principal>> server_operator_of(core::Credentials& credentials,
                                                             const net::Request& request);

}  // namespace colonnade::dialects::operators
