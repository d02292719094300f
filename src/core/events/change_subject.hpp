// What a change is about, for those who watch what is committed. Both functions name every change:
// one that is added to Change and forgotten here does not compile.
#pragma once

#include <string_view>

#include "core/events/journal.hpp"

namespace colonnade::core {

// The thread whose reads show the change (its row, its messages, whether a run is active in it); ""
// for a change that no read of a thread shows. Lives as long as the change.
std::string_view thread_shown_in(const Change& change);

// The action that the change stores; nullptr for every other change.
const Action* action_stored_by(const Change& change);

}  // namespace colonnade::core
