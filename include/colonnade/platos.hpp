// The Platos client: agents, threads with streamed turns, approvals, budgets, monitoring and
// background operations, at a Colonnade server or a real Platos service.
//
//   platos::Client client{{.base_url = url, .session_token = mint(), .on_token_refresh = mint}};
//   auto thread = client.threads.create({.agent_id = "default"});
//   for (const auto& event : client.threads.send(thread.id, "Summarise today's inbox.")) { … }
//
// Client blocks, AsyncClient has the same resources for coroutines. Both are safe to use from
// several threads at once. Failed calls are repeated as Options::retries says, and a token that the
// server refuses is replaced once.
//
// Errors: AuthError, NotFoundError, ValidationError, RateLimitError, ServerError, NetworkError, all
// under platos::Error and colonnade::Error. What cannot be sent at all (no token, an empty id) is a
// std::invalid_argument, which attempt() lets pass.
#pragma once

#include "colonnade/platos/async_client.hpp"
#include "colonnade/platos/background.hpp"
#include "colonnade/platos/budgets.hpp"
#include "colonnade/platos/client.hpp"
#include "colonnade/platos/errors.hpp"
#include "colonnade/platos/events.hpp"
#include "colonnade/platos/monitoring.hpp"
#include "colonnade/platos/types.hpp"
