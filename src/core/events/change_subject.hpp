// What a change is about, for those who watch what is committed. Both functions name every change:
// one that is added to Change and forgotten here does not compile.
#pragma once

#include <string_view>

#include "core/events/journal.hpp"

namespace colonnade::core {

// The threads whose reads show a change: their rows, their messages, whether a run is active.
struct ThreadsShowing {
  std::string_view id{};  // one; "" for none. Lives as long as the change
  bool all = false;       // of the scope: which ones is known only when it is applied
};
ThreadsShowing threads_showing(const Change& change);

// The action that the change stores; nullptr for every other change.
const Action* action_stored_by(const Change& change);

}  // namespace colonnade::core
