// Random interleavings of everything that happens to jobs, workers that die and lie included:
// nothing is done twice, nothing is lost, nothing is stuck, and no bound is passed.
#include <gtest/gtest.h>

#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/jobs/engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;

constexpr std::int64_t lease_micros = 1000;
constexpr int running_max = 2;  // of each queue
constexpr int running_per_account = 3;

enum class Act {
  insert,
  insert_delayed,
  insert_mortal,
  claim,
  finish,
  fail,
  retry,
  park,
  wake,
  give_back,
  cancel,
  hold,
  resume,
  settle,
  wait,
  crash,
  late_finish,
  renew,
  end_leases,
  reopen
};

// Few jobs that much happens to: what somebody has lost is then often another's.
struct Weight {
  Act act;
  int of_all;
};
constexpr std::array weights{
    Weight{Act::insert, 6},     Weight{Act::insert_delayed, 3}, Weight{Act::insert_mortal, 2},
    Weight{Act::claim, 20},     Weight{Act::finish, 5},         Weight{Act::fail, 2},
    Weight{Act::retry, 5},      Weight{Act::park, 4},           Weight{Act::wake, 4},
    Weight{Act::give_back, 5},  Weight{Act::cancel, 1},         Weight{Act::hold, 2},
    Weight{Act::resume, 4},     Weight{Act::settle, 14},        Weight{Act::wait, 8},
    Weight{Act::crash, 3},      Weight{Act::late_finish, 8},    Weight{Act::renew, 2},
    Weight{Act::end_leases, 4}, Weight{Act::reopen, 1}};
constexpr std::size_t jobs_max = 6;

rc::Gen<std::pair<Act, std::size_t>> any_act() {
  std::vector<Act> acts;
  for (const Weight& one : weights) acts.insert(acts.end(), one.of_all, one.act);
  return rc::gen::pair(rc::gen::elementOf(acts), rc::gen::inRange<std::size_t>(0, 10'000));
}

struct Holding {
  JobHold hold;
  bool is_believed = true;  // a worker that died does not use it; one that lies does
};

// An empty store's file, made once: a copy costs less than the migrations.
const std::string& empty_store() {
  static const TemporaryFolder folder;
  static const std::string file = [] {
    std::string made = folder.file("empty.db");
    open_store(made).reset();
    return made;
  }();
  return file;
}

// A store, and what its users and workers know.
class World {
 public:
  World() {
    std::filesystem::copy_file(empty_store(), folder_.file("jobs.db"));
    store_ = open_store(folder_.file("jobs.db"));
  }

  void act(Act what, std::size_t choice) {
    switch (what) {
      case Act::insert: return insert(choice, {}, {});
      case Act::insert_delayed: return insert(choice, Time{now_ + 300}, {});
      case Act::insert_mortal: return insert(choice, {}, Time{now_ + 700});
      case Act::claim: return claim(1 + static_cast<int>(choice % 4));
      case Act::finish: return with_hold(choice, [&](const JobHold& hold) { finish(hold); });
      case Act::fail:
        return with_hold(choice, [&](const JobHold& hold) {
          try_to(FailJob{.hold = hold, .error = {.failure = JobFailure::error}, .at = now()});
        });
      case Act::retry:
        return with_hold(choice, [&](const JobHold& hold) {
          try_to(FailJob{.hold = hold, .retry_at = Time{now_ + 200}, .at = now()});
        });
      case Act::park:
        return with_hold(choice, [&](const JobHold& hold) {
          try_to(ParkJob{.hold = hold, .waits_for = "letter", .at = now()});
        });
      case Act::give_back:
        return with_hold(
            choice, [&](const JobHold& hold) { try_to(GiveBackJob{.hold = hold, .at = now()}); });
      case Act::renew:
        if (!holdings_.empty()) {
          try_to(RenewJobs{.holds = {holdings_[choice % holdings_.size()].hold},
                           .lease_until = {now_ + lease_micros}});
        }
        return;
      case Act::crash:
        if (!holdings_.empty()) holdings_[choice % holdings_.size()].is_believed = false;
        return;
      case Act::late_finish: return late_finish(choice);
      case Act::wake: return try_to(WakeJobs{.waits_for = "letter", .at = now()});
      case Act::cancel:
        return with_job(choice,
                        [&](const std::string& id) { try_to(CancelJob{.id = id, .at = now()}); });
      case Act::hold:
        return with_job(choice, [&](const std::string& id) {
          try_to(HoldJob{.id = id, .waits_for = "resume", .at = now()});
        });
      case Act::resume:
        return with_job(choice, [&](const std::string& id) {
          try_to(WakeJob{.id = id, .waits_for = "resume", .at = now()});
        });
      case Act::settle: return try_to(SettleDueJobs{.at = now()});
      case Act::wait: now_ += static_cast<std::int64_t>(choice % 1500); return;
      case Act::end_leases: return try_to(EndLeases{.at = now()});
      case Act::reopen:
        store_.reset();
        store_ = open_store(folder_.file("jobs.db"));
        return;
    }
  }

  // As workers that do everything would, until nothing is left to do.
  void drain() {
    for (int round = 0; round < 1000; ++round) {
      now_ += 2 * lease_micros;
      try_to(WakeJobs{.waits_for = "letter", .at = now()});
      try_to(WakeJobs{.waits_for = "resume", .at = now()});
      try_to(SettleDueJobs{.at = now()});
      holdings_.clear();
      claim(1000);
      for (const Holding& one : std::vector<Holding>(holdings_)) finish(one.hold);
      const JobOutlook outlook = *run(store_->stores().jobs.job_outlook());
      if (!outlook.any_queued && !outlook.next_due_at) return;
    }
    RC_FAIL("some jobs never end");
  }

  void check_running() {
    std::map<std::string, int> of_queue;
    std::map<std::string, int> of_account;
    for (const std::string& id : ids_) {
      const Job job = read(id);
      if (job.state != JobState::running) continue;
      RC_ASSERT(++of_queue[job.queue.name] <= running_max);
      RC_ASSERT(++of_account[job.owner.user_id] <= running_per_account);
    }
  }

  void check_end() {
    for (const std::string& id : ids_) {
      const Job job = read(id);
      RC_ASSERT(is_terminal(job.state));
      RC_ASSERT(effects(id) == (job.state == JobState::done ? 1 : 0));
    }
    // Nothing is counted any more that is not there: a new job may be the only one.
    for (const char* owner : {"ann", "bob"}) {
      InsertJob one{.job = job_for(owner, "q0"), .live_max = 1};
      const std::string id = one.job.id;
      RC_ASSERT(commit(job_change(std::move(one))));
      const std::vector<Job> taken = take(1, 1);
      RC_ASSERT(taken.size() == 1U);
      RC_ASSERT(taken[0].id == id);
      finish({.id = id, .fence = taken[0].fence});
    }
  }

 private:
  Time now() const { return {now_}; }
  template <class T>
  T run(base::Task<T> task) {
    return base::run_on(lanes_[0], std::move(task));
  }
  bool commit(Change change, std::optional<Change> effect = {}) {
    Unit unit{.scope = Scope::main()};
    unit.changes.push_back(std::move(change));
    if (effect) unit.changes.push_back(std::move(*effect));
    std::promise<bool> done;
    store_->append(std::move(unit),
                   [&](const Result<std::int64_t>& result) { done.set_value(result.has_value()); });
    return done.get_future().get();
  }
  template <class One>
  void try_to(One one) {
    (void)commit(job_change(std::move(one)));
  }
  Job job_for(const std::string& owner, const std::string& queue) {
    return {.id = "j" + std::to_string(++made_),
            .owner = {Scope::main(), owner},
            .task = "t",
            .work = {.name = "w"},
            .queue = {.name = queue, .running_max = running_max},
            .attempts = {.max = 20,
                         .delay_min = std::chrono::microseconds(50),
                         .delay_max = std::chrono::microseconds(50)},
            .created_at = now(),
            .updated_at = now()};
  }
  void insert(std::size_t choice, std::optional<Time> run_at, std::optional<Time> expires_at) {
    if (ids_.size() >= jobs_max) return;
    Job job = job_for(choice % 2 == 0 ? "ann" : "bob", "q" + std::to_string(choice % 3));
    job.priority = static_cast<int>(choice % 5);
    job.repeats_when_lost = choice % 7 != 0;
    job.run_at = run_at;
    job.expires_at = expires_at;
    if (run_at) job.state = JobState::delayed;
    ids_.push_back(job.id);
    RC_ASSERT(commit(job_change(InsertJob{.job = std::move(job)})));
  }
  std::vector<Job> take(int jobs, int per_account) {
    const ClaimJobs wanted{.claim_id = "c" + std::to_string(++claims_),
                           .worker = "w",
                           .jobs_max = jobs,
                           .running_per_account = per_account,
                           .at = now(),
                           .lease_until = {now_ + lease_micros}};
    RC_ASSERT(commit(job_change(wanted)));
    return *run(store_->stores().jobs.claimed_jobs(wanted.claim_id, wanted.lease_until));
  }
  void claim(int jobs) {
    for (const Job& job : take(jobs, running_per_account)) {
      RC_ASSERT(!is_held_twice(job));
      holdings_.push_back({.hold = {.id = job.id, .fence = job.fence}});
    }
  }
  // A fence is given once.
  bool is_held_twice(const Job& job) const {
    return std::ranges::any_of(holdings_, [&](const Holding& one) {
      return one.hold.id == job.id && one.hold.fence >= job.fence;
    });
  }
  template <class Use>
  void with_hold(std::size_t choice, Use use) {
    if (holdings_.empty()) return;
    const Holding& one = holdings_[choice % holdings_.size()];
    if (one.is_believed) use(one.hold);
  }
  template <class Use>
  void with_job(std::size_t choice, Use use) {
    if (!ids_.empty()) use(ids_[choice % ids_.size()]);
  }
  void finish(const JobHold& hold) {
    Job job{.id = hold.id, .owner = {Scope::main(), "effects"}};
    (void)commit(job_change(FinishJob{.hold = hold, .at = now()}), counted_effect(job));
  }
  // With a hold that somebody had at any time, whoever has the job now.
  void late_finish(std::size_t choice) {
    if (holdings_.empty()) return;
    const JobHold hold = holdings_[choice % holdings_.size()].hold;
    const Job before = read(hold.id);
    const std::int64_t effects_before = effects(hold.id);
    finish(hold);
    const bool is_holder = before.state == JobState::running && before.fence == hold.fence;
    RC_ASSERT(effects(hold.id) == effects_before + (is_holder ? 1 : 0));
    RC_ASSERT(read(hold.id).state == (is_holder ? JobState::done : before.state));
  }
  Job read(const std::string& id) {
    auto found = run(store_->stores().jobs.job(Scope::main(), id));
    RC_ASSERT(found.has_value());
    RC_ASSERT(found->has_value());
    return std::move(**found);
  }
  std::int64_t effects(const std::string& id) {
    const auto found =
        run(store_->stores().documents.document({Scope::main(), "effects", "effects"}, id));
    return found && *found ? (*found)->revision : 0;
  }

  TemporaryFolder folder_;
  base::Lanes lanes_{1};
  std::unique_ptr<storage::sqlite::Store> store_;
  std::int64_t now_ = 1'000'000;
  int made_ = 0;
  int claims_ = 0;
  std::vector<std::string> ids_{};
  std::vector<Holding> holdings_{};
};

TEST(JobInterleavings, NothingTwiceNothingLostNothingStuck) {
  EXPECT_TRUE(rc::check("any order of what happens to jobs", [] {
    const auto acts = *rc::gen::resize(
        200, rc::gen::container<std::vector<std::pair<Act, std::size_t>>>(any_act()));
    World world;
    for (const auto& [what, choice] : acts) {
      world.act(what, choice);
      if (choice % 4 == 0) world.check_running();
    }
    world.drain();
    world.check_end();
  }));
}

}  // namespace
}  // namespace colonnade::tests
