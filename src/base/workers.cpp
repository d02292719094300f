#include "base/workers.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/share.hpp"

namespace colonnade::base {
namespace {

constexpr auto retry_after = std::chrono::seconds(1);

struct QueuedJob {
  std::shared_ptr<JobTicket> ticket{};
  Workers::Work work{};
};

struct AccountJobs {
  std::deque<QueuedJob> queue{};
  std::size_t running = 0;
};

Error stopping() {
  return {.kind = ErrorKind::unavailable,
          .message = "the server is stopping; try again in a moment",
          .field = {},
          .retry_after = retry_after,
          .retryable = true};
}

}  // namespace

void JobTicket::give_up(Reason reason) {
  Reason none = Reason::none;
  if (reason_.compare_exchange_strong(none, reason)) source_.request_stop();
}

Error JobTicket::error() const {
  switch (reason_.load()) {
    case Reason::deadline:
      return {.kind = ErrorKind::timeout,
              .message = "this took too long and was stopped; ask for less at once"};
    case Reason::shutdown: return stopping();
    case Reason::none:
    case Reason::not_wanted: break;
  }
  return {.kind = ErrorKind::cancelled, .message = "nobody waited for the result any more"};
}

struct Workers::State {
  explicit State(WorkersOptions options_in) : options(options_in) {
    options.threads = std::max<std::size_t>(options.threads, 1);
    if (options.running_per_account == 0) {
      options.running_per_account = std::max<std::size_t>(options.threads / 2, 1);
    }
  }

  using Accounts = std::unordered_map<std::string, AccountJobs>;

  WorkersOptions options;
  std::mutex mutex{};
  std::condition_variable wake{};
  Accounts accounts{};             // those with jobs
  std::list<std::string> turns{};  // accounts with jobs that wait; the next one first
  std::size_t queued = 0;
  std::size_t idle = 0;  // threads that wait for a job
  bool ended = false;
  std::list<std::shared_ptr<JobTicket>> running{};
  std::vector<std::thread> threads{};

  ShareBounds bounds() const {
    return {.what = options.what,
            .per_account = options.running_per_account + options.queued_per_account,
            .total = options.queued,
            .retry_after = retry_after};
  }

  // Nobody waits for these, so they take no place. Returned, to be destroyed without the lock.
  std::vector<QueuedJob> take_given_up(const std::string& account, AccountJobs& jobs) {
    std::vector<QueuedJob> out;
    std::deque<QueuedJob> kept;
    for (QueuedJob& job : jobs.queue) {
      if (job.ticket->given_up()) {
        out.push_back(std::move(job));
      } else {
        kept.push_back(std::move(job));
      }
    }
    jobs.queue.swap(kept);
    if (jobs.queue.empty()) turns.remove(account);
    queued -= out.size();
    return out;
  }

  // The next job whose account may run one more, and that account, which stays while it runs.
  std::optional<std::pair<QueuedJob, Accounts::value_type*>> take() {
    for (auto turn = turns.begin(); turn != turns.end(); ++turn) {
      const auto account = accounts.find(*turn);
      AccountJobs& jobs = account->second;
      if (jobs.running >= options.running_per_account) continue;
      QueuedJob job = std::move(jobs.queue.front());
      jobs.queue.pop_front();
      --queued;
      ++jobs.running;
      if (jobs.queue.empty()) {
        turns.erase(turn);
      } else {
        turns.splice(turns.end(), turns, turn);
      }
      return std::pair{std::move(job), &*account};
    }
    return std::nullopt;
  }

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      auto next = take();
      if (!next) {
        if (ended) return;
        ++idle;
        wake.wait(lock);
        --idle;
        continue;
      }
      auto& [job, account] = *next;
      const auto place = running.insert(running.end(), job.ticket);
      lock.unlock();
      if (!job.ticket->given_up()) job.work(job.ticket->token());
      job = {};
      lock.lock();
      running.erase(place);
      if (--account->second.running == 0 && account->second.queue.empty()) {
        accounts.erase(accounts.find(account->first));
      }
    }
  }

  void start_thread_if_needed() {
    if (queued <= idle || threads.size() >= options.threads) return;
    try {
      threads.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
      if (threads.empty()) throw;  // else those that are there do it
    }
  }
};

Workers::Workers(WorkersOptions options) : state_(std::make_unique<State>(options)) {}

Workers::~Workers() { end(); }

void Workers::end() {
  std::vector<std::shared_ptr<JobTicket>> tickets;
  std::vector<QueuedJob> dropped;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(state_->mutex);
    state_->ended = true;
    tickets.assign(state_->running.begin(), state_->running.end());
    for (const std::string& name : state_->turns) {
      const auto account = state_->accounts.find(name);
      std::ranges::move(account->second.queue, std::back_inserter(dropped));
      account->second.queue.clear();
      if (account->second.running == 0) state_->accounts.erase(account);
    }
    state_->turns.clear();
    state_->queued = 0;
    threads.swap(state_->threads);
  }
  state_->wake.notify_all();
  for (const auto& ticket : tickets) ticket->give_up(JobTicket::Reason::shutdown);
  for (const QueuedJob& job : dropped) job.ticket->give_up(JobTicket::Reason::shutdown);
  for (std::thread& thread : threads) thread.join();
}

Result<void> Workers::post(const std::string& account, std::shared_ptr<JobTicket> ticket,
                           Work work) {
  std::vector<QueuedJob> dropped;  // before the lock: destroyed after it
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->ended) return fail(stopping());
    const WorkersOptions& options = state_->options;
    const auto found = state_->accounts.find(account);
    // Together, as a job that waits for a thread to start is not one too many.
    if (found != state_->accounts.end() &&
        found->second.queue.size() + found->second.running >= state_->bounds().per_account) {
      dropped = state_->take_given_up(account, found->second);
      if (dropped.empty()) return fail(account_is_full(state_->bounds()));
    }
    if (state_->queued >= options.queued) return fail(all_are_full(state_->bounds()));
    AccountJobs& jobs = state_->accounts[account];
    if (jobs.queue.empty()) state_->turns.push_back(account);
    jobs.queue.push_back({.ticket = std::move(ticket), .work = std::move(work)});
    ++state_->queued;
    state_->start_thread_if_needed();
  }
  state_->wake.notify_one();
  return {};
}

}  // namespace colonnade::base
