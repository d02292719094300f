// The most that a model call can cost, before it is made: every token stands for at least a byte of
// what is sent, and no more comes back than was asked for.
#pragma once

#include <cstdint>

#include "core/models/model_provider.hpp"
#include "core/models/prices.hpp"

namespace colonnade::core {

// No model counts more tokens than this for the request, what its vendor puts around it included.
std::int64_t input_tokens_bound(const ModelRequest& request);
// No more comes back: sets the request's limit where it has none, with room to think where that was
// asked for.
void set_output_bound(ModelRequest& request);
std::int64_t output_tokens_bound(const ModelRequest& request);
// In micro-US-dollars, rounded up. A vendor that bills more than its table says is not foreseen.
std::int64_t cost_bound(const Price& price, const ModelRequest& request);

}  // namespace colonnade::core
