// Limits of models: what they write, think and read.
#pragma once

#include <cstdint>

namespace colonnade::limits {

constexpr int model_output_tokens_default =
    8192;  // Anthropic requires a number; 8192 suits every model
// Anthropic, older models: tokens to think with, per effort. The least is the vendor's own; the
// most plus the default output stays below the 32,000 that the smallest of these models can
// produce.
constexpr int thinking_tokens_min = 1024;
constexpr int thinking_tokens_low = 4096;
constexpr int thinking_tokens_medium = 10'240;
constexpr int thinking_tokens_high = 20'480;
constexpr std::int64_t context_window_tokens_default = 32'768;  // of a model that no table knows
constexpr std::int64_t context_window_tokens_min = 1024;        // less holds no conversation

}  // namespace colonnade::limits
