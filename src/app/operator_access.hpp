// What the operator's routes share: who may call them, and how they refuse.
#pragma once

#include "base/result.hpp"
#include "core/access/credentials.hpp"
#include "net/http.hpp"

namespace colonnade::app {

// unauthorized without a token, forbidden with one that is not an operator's.
base::Task<base::Result<core::Principal>> operator_of(core::Credentials& credentials,
                                                      const net::Request& request);

// The same for what concerns every scope: forbidden also for the operator of one.
base::Task<base::Result<core::Principal>> server_operator_of(core::Credentials& credentials,
                                                             const net::Request& request);

// {"error": message}
net::Response refusal(const base::Error& error);

}  // namespace colonnade::app
