// The Tandem client: sessions of a coding agent bound to a directory, their runs as live events,
// permissions, tools, providers, MCP and memory, at a Colonnade server or a Tandem engine.
//
//   tandem::Client client{{.base_url = "http://localhost:39731", .token = token}};
//   auto session = client.sessions.create({.title = "My agent", .directory = "my-project"});
//   auto run = client.sessions.prompt_async(session, "Summarize the README");
//   for (const auto& event : client.stream(session, run.run_id)) { … }
//
// Client blocks, AsyncClient has the same resources for coroutines. Both are safe to use from
// several threads at once. Nothing is retried and no redirect is followed.
//
// Errors: EngineError (what the server refused), ValidationError (a reply that makes no sense),
// ConnectionError and CancelledError, all under tandem::Error and colonnade::Error. What cannot be
// sent at all (an empty id) is a std::invalid_argument, which attempt() lets pass.
#pragma once

#include "colonnade/tandem/async_client.hpp"
#include "colonnade/tandem/automations_v2.hpp"
#include "colonnade/tandem/client.hpp"
#include "colonnade/tandem/errors.hpp"
#include "colonnade/tandem/events.hpp"
#include "colonnade/tandem/packs.hpp"
#include "colonnade/tandem/routines.hpp"
#include "colonnade/tandem/types.hpp"
