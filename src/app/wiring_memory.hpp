// What finds memories by their meaning, as the settings want it. Part of the wiring.
#pragma once

#include <memory>

#include "app/settings.hpp"
#include "core/memory/embedder.hpp"
#include "net/http_client.hpp"

namespace colonnade::app {

// The embeddings server of the settings, else the table of word vectors when it is there, else
// nothing: full text alone. Says in the log which. `http` must outlive it.
std::unique_ptr<core::Embedder> make_embedder(const Settings& settings, net::HttpClient& http);

}  // namespace colonnade::app
