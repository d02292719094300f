// The Phoson client: agents, their conversations and streamed answers, at any server of the Phoson
// API, whose paths start with /v1.
//
//   colonnade::phoson::Client client{{.api_key = key}};
//   auto agent = client.agents.create({.name = "My Assistant"});
//   auto chat = client.conversations.create({.agent_id = agent.id});
//   for (const auto& event : client.messages.stream(chat.id, "Hello, how are you?")) { … }
//
// Client blocks, AsyncClient has the same resources for coroutines. Both are safe to use from
// several threads at once. Nothing is retried and no redirect is followed.
//
// Errors: ApiError for what the server refuses, ConnectionError when no whole reply came, both
// under phoson::Error and colonnade::Error. What cannot be sent at all (no key, an empty id) is a
// std::invalid_argument, which attempt() lets pass.
#pragma once

#include "colonnade/phoson/async_client.hpp"
#include "colonnade/phoson/client.hpp"
#include "colonnade/phoson/errors.hpp"
#include "colonnade/phoson/events.hpp"
#include "colonnade/phoson/types.hpp"
