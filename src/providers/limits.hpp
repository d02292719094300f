// Limits of every model provider.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t model_reply_bytes_max = 16 * MiB;

}  // namespace colonnade::limits
