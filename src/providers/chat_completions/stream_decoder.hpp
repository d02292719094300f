// The chat-completions stream, as OpenAI defines it and as OpenRouter, DeepSeek, Groq, Mistral,
// xAI, Z.AI, vLLM, llama.cpp and Ollama speak it. Wire: "Streaming" of OpenAI's Chat Completions
// reference.
#pragma once

#include <memory>

#include "providers/upstream/failure.hpp"
#include "providers/upstream/stream_decoder.hpp"

namespace colonnade::providers::chat_completions {

// How deltas become parts, in the order in which their first pieces come:
//   content                       TextPart
//   refusal                       RefusalPart, told as text deltas
//   reasoning, reasoning_content  ReasoningPart{text}
//   reasoning_details             ReasoningPart{details}: all of the reply's, pieces joined, in its
//   first tool_calls                    ToolCallPart, one each; a missing id gets one of ours
//   annotations                   ProviderPart {"type":"annotations","annotations":[…]}, last
// Only the first choice counts. A `message` in place of a `delta` (a server that does not stream)
// is read the same way.
std::unique_ptr<upstream::StreamDecoder> make_stream_decoder(upstream::Vendor vendor);

}  // namespace colonnade::providers::chat_completions
