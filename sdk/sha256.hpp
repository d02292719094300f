// SHA-256 (FIPS 180-4), so that the SDK needs no cryptographic library for it.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::inline v1::detail {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace colonnade::inline v1::detail
