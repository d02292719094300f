// Token counts as the chat-completions vendors name them.
#pragma once

#include "core/models/usage.hpp"
#include "providers/upstream/chunk.hpp"

namespace colonnade::providers::chat_completions {

// Sources of the names: OpenAI CompletionUsage; OpenRouter "Usage accounting" (cost in US dollars,
// cache_write_tokens); DeepSeek (prompt_cache_hit_tokens); Moonshot (cached_tokens beside the
// totals); xAI (cost_in_usd_ticks, 10^10 to the dollar; completion_tokens without reasoning);
// servers that use the Responses API's names (input_tokens, output_tokens).
core::Usage usage_of(upstream::Element usage);

}  // namespace colonnade::providers::chat_completions
