// The store port for events, as core/events/journal.hpp says of all. Events are written as part of
// a unit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/events/event.hpp"
#include "core/events/event_topic.hpp"

namespace colonnade::core {

using base::Result;

class EventStore {
 public:
  virtual ~EventStore() = default;
  // Events of one thread with cursor > `after`, oldest first.
  virtual base::Task<Result<std::vector<Event>>> events(Scope scope, std::string thread_id,
                                                        std::int64_t after, std::size_t limit) = 0;
  // A topic's events with cursor > `after`, `limit` at most. None of an erased thread; of a deleted
  // one among others' only ThreadChanged. A user's or a scope's page looks at no more than
  // limits::events_looked_at_max events of all threads, so it may be empty and not the last.
  virtual base::Task<Result<EventPage>> event_page(EventTopic topic, std::int64_t after,
                                                   std::size_t limit) = 0;
  // The newest committed cursor of all; 0 when there is none.
  virtual base::Task<Result<std::int64_t>> last_cursor() = 0;
};

}  // namespace colonnade::core
