// OpenAI, OpenRouter and every server that speaks chat completions.
#pragma once

#include <memory>

#include "core/models/model_provider.hpp"
#include "net/http_client.hpp"
#include "providers/chat_completions/options.hpp"

namespace colonnade::providers::chat_completions {

// `client` must outlive the provider and its streams. A call without a model, where the options
// name no default, fails with ErrorKind::invalid.
std::unique_ptr<core::ModelProvider> make_provider(Options options, net::HttpClient& client);

}  // namespace colonnade::providers::chat_completions
