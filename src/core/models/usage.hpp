// What a model call used and cost.
#pragma once

#include <cstdint>
#include <optional>

namespace colonnade::core {

// Tokens. `input` counts everything sent, cached and cache-written parts included; `output` counts
// everything produced, reasoning included. Providers differ; their decoders convert to this.
struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cached_input_tokens = 0;  // part of input, read from a cache
  std::int64_t cache_write_tokens = 0;   // part of input, written to a cache
  std::int64_t reasoning_tokens = 0;     // part of output
  // What the vendor itself says it cost, where it says so (OpenRouter); micro-US-dollars.
  std::optional<std::int64_t> reported_cost_micros{};

  Usage& operator+=(const Usage& other) {
    input_tokens += other.input_tokens;
    output_tokens += other.output_tokens;
    cached_input_tokens += other.cached_input_tokens;
    cache_write_tokens += other.cache_write_tokens;
    reasoning_tokens += other.reasoning_tokens;
    if (other.reported_cost_micros) {
      reported_cost_micros = reported_cost_micros.value_or(0) + *other.reported_cost_micros;
    }
    return *this;
  }
  bool operator==(const Usage&) const = default;
};

}  // namespace colonnade::core
