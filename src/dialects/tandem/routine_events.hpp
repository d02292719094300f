// What is told of routines and their runs, in both dresses (tandem §3.6).
#pragma once

#include <vector>

#include "core/events/notices.hpp"
#include "dialects/tandem/notices.hpp"

namespace colonnade::dialects::tandem {

// The event of the routine, then that of the automation where there is one. Empty for notices of
// anything else.
std::vector<Notice> routine_notices_of(const core::Notice& notice);

}  // namespace colonnade::dialects::tandem
