// The words in which a model is told of what it cannot see whole: summaries, notes, shortened
// results.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/context/token_estimate.hpp"
#include "core/models/model_provider.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

// Put in front of the oldest message that is sent: the summary of what came before, and whether
// messages between the two were left out. "" when there is nothing to say.
std::string preface_text(std::string_view summary, bool left_out);

// `content`, its middle left out so that about `bytes` remain, and a note of how much is missing.
// Unchanged when it is not longer.
std::string shortened_result(std::string_view content, std::size_t bytes);

// Asks for a summary of `messages` and of the summary before them, which may be "". What is told
// has at most `input_tokens`, its longest parts shortened and then its oldest left out.
ModelRequest summary_request(std::string_view summary, std::span<const Message> messages,
                             const TokenCounter& counter, std::int64_t input_tokens);

// A summary as it is kept: trimmed, and cut where it is longer than asked for.
std::string kept_summary(std::string_view text, const TokenCounter& counter, std::int64_t tokens);

}  // namespace colonnade::core
