// Limits of what is kept under keys.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t resources_max = 1000;  // of one account
constexpr std::size_t resources_listed_max = 1000;
constexpr std::size_t resource_key_bytes_max = 256;
constexpr std::size_t resource_value_bytes_max = 64 * KiB;  // as JSON
constexpr std::size_t resource_author_bytes_max = 256;
constexpr std::int64_t resource_lifetime_ms_max = 10LL * 365 * 24 * 3600 * 1000;  // ten years
constexpr std::size_t identity_bytes_max = 64 * KiB;  // as JSON, picture address included

}  // namespace colonnade::limits
