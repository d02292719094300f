// From where a turn's log is replayed (platos §3.7). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dialects/platos/turn_events.hpp"

namespace colonnade::dialects::platos {

// What is left out of a log, because its reader has it.
class ResumePoint {
 public:
  // All that comes after that event.
  static ResumePoint after_seq(std::int64_t seq) { return ResumePoint(seq, 0); }
  // Nothing is known of what a lost socket had been handed, because the server was restarted since.
  // What was stored before that start, up to this cursor, had been sent at once.
  static ResumePoint after_cursor(std::int64_t cursor) { return ResumePoint(0, cursor); }

  // Takes out what the reader has of `events`, which the event at `cursor` made. The end of a turn
  // is always told: a reader that asks has not understood it.
  void take_out(std::vector<TurnEvent>& events, std::int64_t cursor) const {
    std::erase_if(events, [&](const TurnEvent& event) {
      return !event.last && (event.seq <= seq_ || cursor <= cursor_);
    });
  }

  // The newest event that the reader has; 0 when that is not known by number.
  std::int64_t seq() const { return seq_; }

 private:
  ResumePoint(std::int64_t seq, std::int64_t cursor) : seq_(seq), cursor_(cursor) {}
  std::int64_t seq_;
  std::int64_t cursor_;
};

}  // namespace colonnade::dialects::platos
