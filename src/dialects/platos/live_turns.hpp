// Which socket streams which turn, what a lost socket had been handed, and how long a turn goes on
// that nobody listens to (platos §3.7).
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"
#include "dialects/platos/resume_point.hpp"

namespace colonnade::dialects::platos {

// What streams a turn, on a lane of its own.
class TurnStream {
 public:
  virtual ~TurnStream() = default;
  // Somebody else takes the turn over: nothing more is sent. The newest event that was handed over.
  virtual std::int64_t give_up() = 0;
};

// How a stream left its turn.
struct LeftTurn {
  core::Principal who;
  std::string thread_id{};
  std::string run_id{};
  std::int64_t handed_over = 0;  // the newest event that was
  std::int64_t cursor = 0;       // the newest event of the store that was looked at
  std::size_t questions = 0;     // that wait for a human, without those of sub-agents
  std::size_t handed_on_questions = 0;
  bool ended = false;
};

// Thread-safe; what is named in Dependencies must outlive it.
class LiveTurns {
 public:
  struct Dependencies {
    core::Runs& runs;
    core::Subscriptions& subscriptions;
    base::Clock& clock;
  };
  explicit LiveTurns(Dependencies deps)
      : deps_(deps), started_at_cursor_(deps.subscriptions.now()) {}

  // The stream has the turn from now on; on its lane.
  void attach(const std::string& run_id, base::Lane& lane, std::weak_ptr<TurnStream> stream);
  // Takes the turn from whoever has it, or had it last; then a new stream may attach. From where
  // that one goes on. On any lane.
  base::Task<ResumePoint> take_over(std::string run_id);
  // The stream's client is gone. Unless another has the turn, it is cancelled when nobody takes it
  // over within limits::platos_resume_grace, waiting for humans excluded. On `lane`.
  void leave(base::Lane& lane, const TurnStream* stream, LeftTurn left);

  // Turns whose client is gone and that are known still.
  std::size_t left_count() const;

 private:
  class Grace;
  struct Place {
    base::Lane* lane = nullptr;
    std::weak_ptr<TurnStream> stream{};
    const TurnStream* owner = nullptr;          // compared alone, never used
    std::optional<std::int64_t> handed_over{};  // once left
    std::shared_ptr<Grace> grace{};
    std::list<std::string>::iterator age{};  // in by_age_, once left
  };
  static base::Task<std::optional<std::int64_t>> give_up(base::Lane* lane,
                                                         std::weak_ptr<TurnStream> stream);

  Dependencies deps_;
  const std::int64_t started_at_cursor_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Place> places_{};  // by run
  std::list<std::string> by_age_{};                  // those that were left, oldest first
};

}  // namespace colonnade::dialects::platos
