// Forgets the spans of old runs. The runs stay, and so does what they cost.
#pragma once

#include <chrono>
#include <stop_token>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/events/event_feed.hpp"
#include "core/spans/span_store.hpp"

namespace colonnade::core {

class SpanRetention {
 public:
  // All must outlive it. `kept`: how long spans are kept after their run began.
  SpanRetention(SpanStore& store, EventFeed& feed, base::Clock& clock, std::chrono::hours kept)
      : store_(store), feed_(feed), clock_(clock), kept_(kept) {}

  // Forgets what is old now. What the store cannot take is left to the next time: it is still old
  // then.
  base::Task<void> forget_old();
  // The same, now and from time to time, until `stop`.
  base::Task<void> keep(std::stop_token stop);

 private:
  SpanStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  std::chrono::hours kept_;
};

}  // namespace colonnade::core
