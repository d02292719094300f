// Limits of the operator's routes.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t operator_body_bytes_max = 4 * KiB;  // a few short texts
constexpr std::size_t audit_page_records_max = 1000;      // of one answer
constexpr std::size_t audit_page_bytes_max = 1 * MiB;     // of its texts; see AuditPageRequest

}  // namespace colonnade::limits
