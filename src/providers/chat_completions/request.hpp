// A ModelRequest as the body of POST {base_url}/chat/completions. Wire: "Create chat completion" of
// OpenAI's reference; the differences of others are Dialect's members.
#pragma once

#include <string>

#include "core/models/model_provider.hpp"
#include "providers/chat_completions/options.hpp"

namespace colonnade::providers::chat_completions {

// The same request always has the same bytes. `request.model` must be set.
//
// - A turn is split at its tool results, which become messages of the role "tool".
// - A refusal goes into its own field where there is one, else it is left out.
// - Annotations and other vendors' blocks are left out.
std::string request_body(const core::ModelRequest& request, const Options& options);

}  // namespace colonnade::providers::chat_completions
