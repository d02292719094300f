#include "providers/chat_completions/options.hpp"

namespace colonnade::providers::chat_completions {

Options openai_options() {
  Options out;
  out.key_setting = "OPENAI_API_KEY";
  out.default_model = "gpt-5.5";
  out.dialect = {.output_limit_field = "max_completion_tokens",
                 .end_user_field = "safety_identifier",
                 .cache_key_field = "prompt_cache_key",
                 .reasoning_request = ReasoningRequest::reasoning_effort,
                 .refusal_field = true,
                 .temperature_excludes_reasoning = true,
                 .description_characters_max = 1024};
  return out;
}

Options openrouter_options() {
  Options out;
  out.name = "openrouter";
  out.base_url = "https://openrouter.ai/api/v1";
  out.key_setting = "OPENROUTER_API_KEY";
  out.default_model = "openrouter/auto";
  out.dialect = {.end_user_field = "user",
                 .reasoning_request = ReasoningRequest::reasoning_object,
                 .reasoning_return = ReasoningReturn::reasoning_details,
                 .stream_options = false,
                 .usage_include = true};
  return out;
}

Options compatible_options(std::string name, std::string base_url) {
  Options out;
  out.name = std::move(name);
  out.base_url = std::move(base_url);
  out.dialect.files = false;
  return out;
}

}  // namespace colonnade::providers::chat_completions
