// The Fathom client: talks to any server of the Fathom API, whose paths start with /api/v1.
//
//   colonnade::fathom::Client client;                   // FATHOM_BASE_URL, FATHOM_TOKEN
//   auto thread = client.threads.create();
//   auto reply = client.threads.send(thread.id, "What's the weather in NYC?");
//
// Client blocks, AsyncClient has the same resources for coroutines. Both are safe to use from
// several threads at once. Nothing is retried and no redirect is followed.
//
// Errors are exceptions under fathom::Error, itself a colonnade::Error. Any call may throw
// UnauthorizedError, HttpError, PairingRequiredError, MalformedResponseError and TransportError;
// what is said at a method comes on top of that.
#pragma once

#include "colonnade/fathom/async_client.hpp"
#include "colonnade/fathom/client.hpp"
#include "colonnade/fathom/errors.hpp"
#include "colonnade/fathom/events.hpp"
#include "colonnade/fathom/types.hpp"
