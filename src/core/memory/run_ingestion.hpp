// Makes memories of finished runs, where the operator says so: what was asked and answered, the
// tools' calls, and what people decided about them (tandem §4.12).
//
// They are private memories of whoever owns the run's thread, without secrets, in the session's
// tier. What finished in the moment before a crash may be missing.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/events/event.hpp"
#include "core/events/feed_listener.hpp"
#include "core/events/notices.hpp"
#include "core/governance/action_store.hpp"
#include "core/memory/memories.hpp"
#include "core/runs/run_store.hpp"
#include "core/threads/thread_store.hpp"

namespace colonnade::core {

struct RunIngestionPorts {
  Memories& memories;
  RunStore& runs;
  ThreadStore& threads;
  ActionStore& actions;
  Notices& notices;
  base::Clock& clock;
};

class RunIngestion final : public FeedListener {
 public:
  // Works on `lane`. Give it to EventFeed::listen() before the first commit; it must outlive the
  // lanes' work.
  RunIngestion(RunIngestionPorts ports, base::Lane& lane) : ports_(ports), lane_(lane) {}

  bool follows_runs() const override { return true; }
  void run_finished(const Event& event) override;

 private:
  struct Source {
    Scope scope;
    std::string owner{};
    std::string thread_id{};
    std::string run_id{};
  };
  struct Piece {
    std::string kind{};
    std::string text{};
    std::string message_id{};  // of the answer, else of what the run was asked
    std::optional<std::chrono::hours> kept_for{};
  };
  static base::Task<void> ingest(RunIngestion* self, Source source);
  base::Task<Result<std::vector<Piece>>> pieces_of(Source source);
  base::Task<void> keep(Source source, Piece piece);
  void tell(const Source& source, NoticeKind kind, const std::string& id, const Piece& piece,
            int redactions, std::string reason);

  RunIngestionPorts ports_;
  base::Lane& lane_;
};

}  // namespace colonnade::core
