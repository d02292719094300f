// What one message may be.
#pragma once

#include <cstddef>

namespace colonnade::limits {

// The texts, files and arguments of a user's message: a book of 500 pages. The default of the
// setting limits.message_bytes_max.
constexpr std::size_t message_bytes_max = 1024 * 1024;

}  // namespace colonnade::limits
