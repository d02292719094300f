// Changes of jobs as SQL, inside the writer's transaction. Every transition goes through go_on(),
// end() or claim_one(), which ask core's state machine, keep the counts of queues and accounts, and
// tell the thread of whoever spawned the job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/events/event.hpp"
#include "core/jobs/job_store.hpp"
#include "storage/sqlite/database.hpp"

namespace colonnade::storage::sqlite {

class JobChanges {
 public:
  explicit JobChanges(Database& database) : database_(database) {}

  // As Changes::apply().
  Result<void> apply(const core::Scope& scope, const core::JobChange& change);
  // Whether anything was written since the last call.
  bool take_wrote() { return std::exchange(wrote_, false); }
  // What threads hear of the jobs that were spawned in them, since the last call; each event is of
  // its own scope.
  std::vector<core::Event> take_events() { return std::exchange(events_, {}); }

 private:
  // What a transition needs of a job.
  struct Row {
    std::int64_t no = 0;
    std::string id{};
    std::string scope{};
    core::JobState state = core::JobState::queued;
    std::int64_t share_no = 0;
    std::int64_t queue_no = 0;  // 0 for an ended job's whose share is gone
    std::int64_t account_no = 0;
    std::int64_t fence = 0;
    core::JobAttempts attempts{};
    bool repeats_when_lost = true;
    bool key_held = false;
    bool has_started = false;
    Time run_at{};
    std::optional<Time> expires_at{};
    std::optional<std::int64_t> batch_no{};
    std::string batch_id{};
    std::string waits_for{};
    bool is_spawned = false;  // an agent's run has begun it
  };
  // Where a job that goes on goes on.
  struct Onward {
    std::optional<Time> run_at{};  // of a delayed one
    std::string_view waits_for{};
    std::optional<Time> waits_until{};
    bool same_attempt = false;
  };
  struct Ending {
    core::JobFailure failure = core::JobFailure::none;
    std::string_view error{};
    std::string_view output{};
  };
  struct Account {
    std::int64_t no = 0;
    std::int64_t live = 0;
    std::int64_t bytes = 0;
  };
  struct Counts {
    std::int64_t live = 0;
    std::int64_t queued = 0;
    std::int64_t running = 0;
    std::int64_t bytes = 0;
    std::optional<std::int64_t> served{};
  };

  Result<void> on(const core::Scope& scope, const core::InsertJob& change);
  Result<void> on(const core::Scope& scope, const core::InsertBatch& change);
  Result<void> on(const core::Scope& scope, const core::ClaimJobs& change);
  Result<void> on(const core::Scope& scope, const core::RenewJobs& change);
  Result<void> on(const core::Scope& scope, const core::ReportProgress& change);
  Result<void> on(const core::Scope& scope, const core::FinishJob& change);
  Result<void> on(const core::Scope& scope, const core::FailJob& change);
  Result<void> on(const core::Scope& scope, const core::ParkJob& change);
  Result<void> on(const core::Scope& scope, const core::GiveBackJob& change);
  Result<void> on(const core::Scope& scope, const core::CancelJob& change);
  Result<void> on(const core::Scope& scope, const core::HoldJob& change);
  Result<void> on(const core::Scope& scope, const core::WakeJob& change);
  Result<void> on(const core::Scope& scope, const core::WakeJobs& change);
  Result<void> on(const core::Scope& scope, const core::SettleDueJobs& change);
  Result<void> on(const core::Scope& scope, const core::EndLeases& change);
  Result<void> on(const core::Scope& scope, const core::PurgeJobs& change);
  Result<void> on(const core::Scope& scope, const core::InsertSchedule& change);
  Result<void> on(const core::Scope& scope, const core::UpdateSchedule& change);
  Result<void> on(const core::Scope& scope, const core::DeleteSchedule& change);

  static Result<Row> read_row(const Statement& row);
  Result<std::optional<Row>> row_of(std::int64_t no);
  Result<Row> row_of(const core::Scope& scope, std::string_view id);  // not_found
  Result<Row> held_row(const core::Scope& scope, const core::JobHold& hold);

  Result<void> go_on(const Row& row, core::JobInput input, Time at, const Onward& onward);
  Result<void> end(const Row& row, core::JobInput input, Time at, const Ending& ending);
  Result<void> settle(const Row& row, Time at);
  Result<void> lease_ended(const Row& row, Time at);
  Result<void> wake(const Row& row, Time at);
  Result<void> wake_all(const std::string& scope, const std::string& waits_for, Time at);
  Result<void> count_in_batch(const Row& row, core::JobState state, Time at);
  Result<bool> has_happened(const Row& row, std::string_view waits_for);
  Result<void> tell(std::int64_t no, Time at);
  Result<void> tell_new(const core::Job& job);
  Result<void> check_spawned(const core::Job& job, std::size_t spawned_max);

  Result<Account> account_of(const core::JobOwner& owner);
  Result<std::int64_t> queue_of(const core::JobOwner& owner, const core::JobQueue& queue);
  Result<std::int64_t> share_of(const Account& account, std::int64_t queue_no,
                                std::size_t queues_max);
  Result<void> insert_row(const core::Job& job, std::int64_t share_no, std::int64_t bytes);
  Result<void> free_expired_keys(const core::JobOwner& owner, const std::string& task,
                                 const core::JobKey& key, Time now);
  Result<void> count(std::int64_t share_no, std::int64_t queue_no, std::int64_t account_no,
                     const Counts& counts);
  Result<void> count_move(const Row& row, core::JobState to, std::int64_t bytes);

  Result<std::optional<std::int64_t>> share_to_serve(std::int64_t queue_no, int running_max);
  Result<bool> claim_from(std::int64_t queue_no, const core::ClaimJobs& change);
  Result<bool> claim_one(const Row& row, const core::ClaimJobs& change);
  Result<std::int64_t> next_served();
  Result<void> purge_one(std::int64_t no);
  Result<void> purge_empty_shares(int shares_max);

  template <class... Values>
  Result<std::int64_t> write(const char* sql, const Values&... values) {
    auto changed = database_.run(sql, values...);
    if (changed && *changed > 0) wrote_ = true;
    return changed;
  }

  Database& database_;
  bool wrote_ = false;
  std::vector<core::Event> events_{};
  std::optional<std::int64_t> served_{};  // the last that was given; read from the tables at first
};

}  // namespace colonnade::storage::sqlite
