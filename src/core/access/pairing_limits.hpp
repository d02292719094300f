// What one account, and all together, may have of pairing.
#pragma once

#include <cstddef>

namespace colonnade::limits {

constexpr std::size_t pairing_codes_per_account = 32;  // open at once: nobody pairs more by hand
constexpr std::size_t pairing_codes_max = 100'000;  // a tenth of all codes: guessing stays hopeless
constexpr std::size_t pairing_watchers_per_account = 64;  // connections that wait for a claim
constexpr std::size_t pairing_watchers_max = 4096;
constexpr std::size_t pairing_addresses_max = 100'000;  // whose attempts are counted

}  // namespace colonnade::limits
