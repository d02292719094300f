// Limits of Fathom's wire.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t fathom_client_message_id_bytes_max = 128;  // fathom §3.4
constexpr std::size_t fathom_message_body_bytes_max = 1 * MiB;   // fathom §3.4
constexpr std::size_t fathom_threads_listed_max = 50;            // fathom §3.1
constexpr std::size_t fathom_messages_shown_max = 50;            // fathom §3.2
constexpr std::size_t fathom_hits_default = 20;                  // a screenful

}  // namespace colonnade::limits
