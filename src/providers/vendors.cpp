#include "providers/vendors.hpp"

#include <algorithm>
#include <iterator>

namespace colonnade::providers {
namespace {

constexpr KnownVendor vendors[] = {
    {"openrouter", "OpenRouter", Wire::chat_completions, "https://openrouter.ai/api/v1",
     "OPENROUTER_API_KEY", "openrouter/auto"},
    {"openai", "OpenAI", Wire::chat_completions, "https://api.openai.com/v1", "OPENAI_API_KEY",
     "gpt-5.5"},
    {"anthropic", "Anthropic", Wire::anthropic, "https://api.anthropic.com", "ANTHROPIC_API_KEY",
     "claude-sonnet-5-5"},
    {"ollama", "Ollama", Wire::chat_completions, "http://127.0.0.1:11434/v1", "", ""},
    {"groq", "Groq", Wire::chat_completions, "https://api.groq.com/openai/v1", "GROQ_API_KEY",
     "llama-3.3-70b-versatile"},
    {"mistral", "Mistral", Wire::chat_completions, "https://api.mistral.ai/v1", "MISTRAL_API_KEY",
     "mistral-large-latest"},
    {"together", "Together", Wire::chat_completions, "https://api.together.xyz/v1",
     "TOGETHER_API_KEY", "meta-llama/Llama-3.3-70B-Instruct-Turbo"},
    {"cohere", "Cohere", Wire::none, "", "", ""},
    {"azure", "Azure OpenAI", Wire::none, "", "", ""},
    {"bedrock", "AWS Bedrock", Wire::none, "", "", ""},
    {"vertex", "Google Vertex", Wire::none, "", "", ""},
    {"copilot", "GitHub Copilot", Wire::none, "", "", ""},
};

}  // namespace

std::span<const KnownVendor> known_vendors() { return vendors; }

const KnownVendor* find_vendor(std::string_view id) {
  const auto* const found = std::ranges::find(vendors, id, &KnownVendor::id);
  return found == std::end(vendors) ? nullptr : found;
}

}  // namespace colonnade::providers
