// The store port for events, as core/events/journal.hpp says of all. Events are written as part of
// a unit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/access/scope.hpp"
#include "core/events/event.hpp"

namespace colonnade::core {

using base::Result;

class EventStore {
 public:
  virtual ~EventStore() = default;
  // Events of one thread with cursor > `after`, oldest first.
  virtual Result<std::vector<Event>> events(const Scope& scope, std::string_view thread_id,
                                            std::int64_t after, std::size_t limit) = 0;
  // The newest committed cursor of all; 0 when there is none.
  virtual Result<std::int64_t> last_cursor() = 0;
};

}  // namespace colonnade::core
