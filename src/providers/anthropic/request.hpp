// A ModelRequest as the body of POST /v1/messages. Wire: "Create a Message" of the Messages API.
#pragma once

#include <string>

#include "core/models/model_provider.hpp"

namespace colonnade::providers::anthropic {

struct RequestOptions {
  std::string provider{"anthropic"};  // whose ReasoningParts and ProviderParts are sent back
  // Lets the vendor keep the prompt for five minutes, so that an agent's next round reads it at a
  // fraction of the price. Marks, of the four that are allowed: the end of the tools, the end of
  // the system prompt, the end of the whole request, and the end of the request before when that
  // lies further back than the vendor looks.
  bool prompt_cache = true;
};

// The same request always has the same bytes. `request.model` must be set.
//
// - A turn is split at its tool results, which go into user messages; neighbours of one role are
// one
//   message; blocks without content are left out; a history that begins with the assistant gets a
//   line of the user's in front.
// - max_tokens is `max_output_tokens`, else limits::model_output_tokens_default plus what thinking
// may
//   take.
// - `reasoning_effort` turns thinking on: adaptive with output_config.effort, or with a token
// budget on
//   the models that came before adaptive thinking. "none" leaves it off.
// - `temperature` goes only to models that take it, and not together with thinking.
// - A refused answer is not sent back at all, as the vendor asks.
std::string request_body(const core::ModelRequest& request, const RequestOptions& options);

}  // namespace colonnade::providers::anthropic
