// What a user may be called.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.hpp"

namespace colonnade::core {

// As platos §1.6 has it.
constexpr std::size_t user_name_bytes_max = 256;

// Whether a credential may be made for a user of that name: it has 1 to user_name_bytes_max bytes
// of UTF-8, without blanks, line breaks and other characters that do not show. Names that were
// stored before are let in as they are. Errors: invalid with the field "user", saying what would be
// right.
base::Result<void> check_user_name(std::string_view name);

}  // namespace colonnade::core
