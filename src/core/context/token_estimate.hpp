// How many tokens a model will count for a text, before it is asked.
//
// The vendors' own tables are not part of this program, so this is an estimate: it looks at runs of
// letters, digits, spaces and signs and at scripts, with weights for each family of tokenizers. It
// errs on the high side; token_estimate_test.cpp holds how far it may be below the truth. What a
// vendor reports of a call corrects the next one (core/context.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/models/model_provider.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

enum class TokenFamily {
  openai,            // GPT-4o, GPT-4.1, GPT-5 and later, the o series
  openai_older,      // GPT-4, GPT-3.5
  anthropic,         // Claude up to 4.6
  anthropic_recent,  // Claude later: the same text has up to a third more tokens
  other,             // everything else; the largest weights of all
};
// By the model's name, wherever it is served; `provider` decides when the name says nothing.
TokenFamily token_family(std::string_view provider, std::string_view model);

// Whose tokens are counted: `provider` sees only its own reasoning and blocks.
struct TokenCounter {
  TokenFamily family = TokenFamily::other;
  std::string provider{};

  std::int64_t text(std::string_view text) const;
  std::int64_t json(const base::Json& tree) const;
  std::int64_t part(const Part& part) const;
  std::int64_t parts(const std::vector<Part>& parts) const;
  // With what surrounds it on the wire.
  std::int64_t message(const Message& message) const;
  // Of all definitions, with what a vendor adds as soon as there is one.
  std::int64_t tools(const std::vector<ToolDefinition>& tools) const;
};

}  // namespace colonnade::core
