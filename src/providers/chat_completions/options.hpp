// How a chat-completions server is called, and where it differs from the others.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "providers/upstream/api_key.hpp"

namespace colonnade::providers::chat_completions {

enum class ReasoningRequest {
  none,              // reasoning_effort of the request is left out
  reasoning_effort,  // "reasoning_effort":"high" (OpenAI)
  reasoning_object,  // "reasoning":{"effort":"high"} (OpenRouter)
};

enum class ReasoningReturn {
  nothing,            // earlier reasoning is not sent
  reasoning_details,  // OpenRouter: the details, unchanged
  reasoning_content,  // DeepSeek and others: as text, of the turn under way only
};

// Defaults are what most compatible servers accept.
struct Dialect {
  std::string output_limit_field{"max_tokens"};  // OpenAI: max_completion_tokens
  std::string instructions_role{"system"};
  std::string end_user_field{};   // where the end user's id goes; "" for nowhere
  std::string cache_key_field{};  // where the key of related requests goes; "" for nowhere
  ReasoningRequest reasoning_request = ReasoningRequest::none;
  ReasoningReturn reasoning_return = ReasoningReturn::nothing;
  bool stream_options = true;  // ask for counts with stream_options.include_usage
  bool usage_include = false;  // ask for counts and cost with usage.include (OpenRouter)
  bool refusal_field = false;  // assistant messages have a `refusal` (OpenAI)
  bool temperature_excludes_reasoning = false;  // OpenAI's reasoning models refuse a temperature
  bool files = true;  // takes PDF files inline; otherwise the model gets a note instead
  // Longer descriptions of tools are cut; 0 for no bound (OpenAI: 1024).
  std::size_t description_characters_max = 0;
};

struct Options {
  std::string name{"openai"};                         // of the provider, as configured
  std::string base_url{"https://api.openai.com/v1"};  // without a slash at its end
  std::string api_key{};                              // "" sends no Authorization header
  upstream::SharedApiKey shared_key{};                // in place of api_key: one that may change
  std::string key_setting{};                          // names the setting in errors about the key
  std::string default_model{};
  std::vector<std::pair<std::string, std::string>> headers{};  // further request headers
  Dialect dialect{};
};

Options openai_options();
Options openrouter_options();
// Ollama, vLLM, llama.cpp, LM Studio, Groq, DeepSeek, Mistral …
Options compatible_options(std::string name, std::string base_url);

}  // namespace colonnade::providers::chat_completions
