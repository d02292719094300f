// A few threads for work that would hold up a lane: long queries, file reads, big documents.
//
// The threads are shared by accounts. Each account has a bound of jobs that run and of jobs that
// wait, all together have one of jobs that wait, and accounts take turns: one that sends a thousand
// jobs delays another's by no more than what runs already.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/task.hpp"

namespace colonnade::base {

struct WorkersOptions {
  std::string_view what = "long requests";  // the jobs in the plural, for errors. A literal
  std::size_t threads = 1;                  // started when they are first needed
  std::size_t running_per_account = 0;      // 0: half of the threads, at least one
  std::size_t queued_per_account = 32;      // waiting, besides those that run
  std::size_t queued = 1024;                // waiting, of all accounts
};

// Whose work it is, and when it is given up.
struct Job {
  std::string account{};                 // "" for the server itself, which has a share as others do
  std::chrono::milliseconds time_max{};  // from now on, waiting included
  std::stop_token stop{};                // requested when nobody wants the result any more
};

// The fate of one job: whether it was given up, and why.
class JobTicket {
 public:
  enum class Reason { none, not_wanted, deadline, shutdown };

  // The first reason counts.
  void give_up(Reason reason);
  bool given_up() const { return source_.stop_requested(); }
  // What the work watches.
  std::stop_token token() const { return source_.get_token(); }
  // cancelled, timeout, or unavailable with retry_after.
  Error error() const;

 private:
  std::atomic<Reason> reason_{Reason::none};
  std::stop_source source_{};
};

// Thread-safe.
class Workers {
 public:
  using Work = std::move_only_function<void(std::stop_token)>;

  explicit Workers(WorkersOptions options);
  explicit Workers(std::size_t threads) : Workers(WorkersOptions{.threads = threads}) {}
  // As end().
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Gives up what runs and what waits, returns when nothing runs any more, and refuses what comes
  // later. Call it before anything that jobs use is destroyed. Idempotent; not from a job.
  void end();

  // Runs `work` on a worker thread and resumes on the awaiting coroutine's lane with its result.
  // `work` owns what it uses, or uses what outlives end(); it ends soon after its token is stopped.
  // An exception in it is rethrown here.
  //
  // Errors besides those of `work`: rate_limited (the account has too many jobs) and unavailable
  // (all have, or the server stops), both with retry_after; timeout after `job.time_max`; cancelled
  // after `job.stop`. The last two come at once; the work may end a little later and counts for its
  // account until then.
  template <class T>
  Task<Result<T>> run(Job job, std::move_only_function<Result<T>(std::stop_token)> work) {
    auto ticket = std::make_shared<JobTicket>();
    auto done = std::make_shared<Completion<Outcome<T>>>();
    const std::stop_callback not_wanted(
        job.stop, [ticket] { ticket->give_up(JobTicket::Reason::not_wanted); });
    auto ring = [ticket] { ticket->give_up(JobTicket::Reason::deadline); };
    const auto alarm = co_await call_after(job.time_max, std::move(ring));
    auto posted =
        post(job.account, ticket, [done, work = std::move(work)](std::stop_token stop) mutable {
          Outcome<T> outcome;
          try {
            outcome.value.emplace(work(std::move(stop)));
          } catch (...) {
            outcome.error = std::current_exception();
          }
          done->complete(std::move(outcome));
        });
    if (!posted) co_return fail(std::move(posted.error()));
    auto outcome = co_await done->wait(ticket->token());
    if (!outcome) co_return fail(ticket->error());
    if (outcome->error) std::rethrow_exception(outcome->error);
    // Work that was interrupted does not know by whom.
    if (!*outcome->value && ticket->given_up()) co_return fail(ticket->error());
    co_return std::move(*outcome->value);
  }

  // Calls `work` once on a worker thread with the ticket's token, or never when the ticket is given
  // up before. Errors: as run()'s own.
  Result<void> post(const std::string& account, std::shared_ptr<JobTicket> ticket, Work work);

 private:
  template <class T>
  struct Outcome {
    std::optional<Result<T>> value{};
    std::exception_ptr error{};
  };
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace colonnade::base
