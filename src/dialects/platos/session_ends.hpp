// Ends the sessions of sockets when their tokens end: one wait for all of a lane, as a wait of each
// would cost more than the rest of an idle socket.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"

namespace colonnade::dialects::platos {

class SessionEnds;

// What ends with its token. On one lane.
class EndingSession {
 public:
  EndingSession() = default;
  EndingSession(const EndingSession&) = delete;
  EndingSession& operator=(const EndingSession&) = delete;

 protected:
  ~EndingSession() { keep_open(); }
  // Once, when the time has come.
  virtual void end_session() = 0;
  // It has ended by itself. Idempotent.
  void keep_open();

 private:
  friend class SessionEnds;
  struct OfLane;
  std::shared_ptr<OfLane> waits_in_{};  // null unless it waits
  std::multimap<base::Time, EndingSession*>::iterator place_{};
};

// Thread-safe. The clock must outlive it and the lanes.
class SessionEnds {
 public:
  explicit SessionEnds(base::Clock& clock) : clock_(clock) {}
  SessionEnds(const SessionEnds&) = delete;
  SessionEnds& operator=(const SessionEnds&) = delete;

  // Calls end_session() once the clock says `at`, unless the session is gone by then. On its lane.
  void add(base::Lane& lane, base::Time at, EndingSession& session);

 private:
  using OfLane = EndingSession::OfLane;
  static base::Task<void> watch(std::shared_ptr<OfLane> sessions);

  base::Clock& clock_;
  std::mutex mutex_{};
  std::unordered_map<base::Lane*, std::shared_ptr<OfLane>> lanes_{};
};

}  // namespace colonnade::dialects::platos
