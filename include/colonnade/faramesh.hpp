// The Faramesh client: asks a governance server before an agent acts, at any server of the Faramesh
// API, whose paths start with /v1.
//
//   colonnade::faramesh::Client gate;                   // FARAMESH_URL, FARAMESH_API_KEY
//   const colonnade::faramesh::ActionRequest list_files{
//       .agent_id = "my-agent", .tool = "shell", .operation = "exec", .params = {{"cmd", "ls"}}};
//   auto listing = gate.execute_if_allowed(list_files, [](const Json& params) { … });
//
// Client blocks, AsyncClient has the same methods for coroutines; both are safe to use from several
// threads at once. The free functions of the same names use one client of the process. governed()
// wraps a tool so that it runs only when it may.
//
// A failed request is repeated (Options::retries) when that cannot take effect twice: connections
// that could not be made, always; timeouts, broken connections and HTTP 5xx for GET, gate_decide()
// and what carries an idempotency key, as every submit_action() does. 4xx never is. No redirect is
// followed.
//
// Errors are exceptions under faramesh::Error, itself a colonnade::Error. Any call may throw
// AuthError, NotFoundError, ValidationError, RefusedError, ServerError, MalformedResponseError,
// ConnectionError and TimeoutError; what is said at a method comes on top of that.
#pragma once

#include "colonnade/faramesh/async_client.hpp"
#include "colonnade/faramesh/client.hpp"
#include "colonnade/faramesh/errors.hpp"
#include "colonnade/faramesh/functions.hpp"
#include "colonnade/faramesh/governed.hpp"
#include "colonnade/faramesh/governed_function.hpp"
#include "colonnade/faramesh/policy.hpp"
#include "colonnade/faramesh/snapshots.hpp"
#include "colonnade/faramesh/types.hpp"
