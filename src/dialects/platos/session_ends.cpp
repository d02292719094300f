#include "dialects/platos/session_ends.hpp"

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <utility>

#include "dialects/platos/turn_limits.hpp"

namespace colonnade::dialects::platos {

struct EndingSession::OfLane {
  explicit OfLane(base::Clock& clock_in) : clock(clock_in) {}

  base::Clock& clock;
  std::multimap<base::Time, EndingSession*> waiting{};
  bool watched = false;
  std::stop_source woken{std::nostopstate};  // of the wait under way
};

void EndingSession::keep_open() {
  if (const auto lane = std::exchange(waits_in_, nullptr)) lane->waiting.erase(place_);
}

void SessionEnds::add(base::Lane& lane, base::Time at, EndingSession& session) {
  std::shared_ptr<OfLane> sessions;
  {
    const std::lock_guard lock(mutex_);
    auto& found = lanes_[&lane];
    if (!found) found = std::make_shared<OfLane>(clock_);
    sessions = found;
  }
  session.keep_open();
  session.place_ = sessions->waiting.emplace(at, &session);
  session.waits_in_ = sessions;
  if (!sessions->watched) {
    sessions->watched = true;
    lane.spawn("platos_session_ends", watch(std::move(sessions)));
  } else if (session.place_ == sessions->waiting.begin()) {
    sessions->woken.request_stop();
  }
}

// In pieces: a token's end is a date, and the clock may be set meanwhile.
base::Task<void> SessionEnds::watch(std::shared_ptr<OfLane> sessions) {
  while (!sessions->waiting.empty()) {
    const auto [at, session] = *sessions->waiting.begin();
    const auto left = at - sessions->clock.now();
    if (left <= std::chrono::microseconds(0)) {
      session->keep_open();
      session->end_session();
      continue;
    }
    sessions->woken = std::stop_source();
    [[maybe_unused]] const bool passed = co_await base::sleep_for(
        std::min<std::chrono::microseconds>(left, limits::platos_session_look_interval),
        sessions->woken.get_token());
  }
  sessions->watched = false;
}

}  // namespace colonnade::dialects::platos
