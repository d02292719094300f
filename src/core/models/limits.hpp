// Limits of models: what they write, think and read.
#pragma once

#include <chrono>
#include <cstddef>
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

// What vendors say of their models.
constexpr std::size_t vendor_models_max = 5000;                   // of one vendor
constexpr std::size_t vendor_list_bytes_max = 8 * 1024 * 1024;    // the largest has about one
constexpr auto vendor_models_time_max = std::chrono::seconds(8);  // clients wait 20 (tandem §1.3)
constexpr auto vendor_models_kept = std::chrono::minutes(10);     // then asked again
constexpr auto vendor_failure_kept = std::chrono::seconds(30);    // the same after a failure
constexpr std::size_t vendor_key_bytes_max = 4096;
constexpr std::size_t vendor_keys_max = 256;         // given ones, of all vendors
constexpr std::size_t model_choice_bytes_max = 256;  // a provider's or a model's name
constexpr std::size_t model_choices_max = 256;       // vendors with a default model

// What an answer cites.
constexpr std::size_t citations_per_reply_max = 100;
constexpr std::size_t citation_url_bytes_max = 2048;
constexpr std::size_t citation_title_bytes_max = 500;
constexpr std::size_t citation_text_bytes_max = 2048;

}  // namespace colonnade::limits
