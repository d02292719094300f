// What a user may be called.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace colonnade::core {

// As platos §1.6 has it.
constexpr std::size_t user_name_bytes_max = 256;

// What is wrong with a user's name where a credential is made for it: it has 1 to
// user_name_bytes_max bytes of UTF-8, without blanks, line breaks and other characters that
// do not show. nullopt when nothing is. Names that were stored before are let in as they are.
std::optional<base::Error> user_name_fault(std::string_view name);

}  // namespace colonnade::core
