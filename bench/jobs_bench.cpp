// Durable jobs a second, in process, beside a bare queue in SQLite. Prints lines for
// bench/jobs.cpp.
//
//   jobs_bench <work folder> <jobs>
//
// The jobs are of the handler `internal` and change one row each, in the transaction that ends
// them. They are queued before the clock starts, and the clock stops when the last one has ended.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "core/events/event_feed.hpp"
#include "core/jobs/job_bell.hpp"
#include "core/jobs/job_runner.hpp"
#include "core/jobs/jobs.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using storage::sqlite::Database;

constexpr std::size_t lanes_used = 2;

std::string fresh_file(const std::string& folder) {
  const std::string file = folder + "/jobs_bench.db";
  for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(file + end);
  return file;
}

double seconds_since(SteadyClock::time_point begun) {
  return std::chrono::duration<double>(SteadyClock::now() - begun).count();
}

const char* name_of(storage::Durability durability) {
  return durability == storage::Durability::full ? "full" : "normal";
}

// Counts ends, and tells when there are as many as are wanted.
class Ends final : public core::FeedListener {
 public:
  explicit Ends(std::size_t wanted) : left_(wanted) {}
  void jobs_changed(const core::JobChange& change) override {
    if (!std::holds_alternative<core::FinishJob>(change.what)) return;
    if (--left_ == 0) all_.set_value();
  }
  void wait() { all_.get_future().wait(); }

 private:
  std::atomic<std::size_t> left_;
  std::promise<void> all_;
};

base::Task<core::JobStep> change_one_row(core::JobContext context) {
  core::JobDone done;
  done.changes.emplace_back(
      core::PutDocument{.document = {.scope = context.job.owner.scope,
                                     .collection = "bench",
                                     .owner = context.job.owner.user_id,
                                     .key = std::to_string(context.job.no % 1000),
                                     .text = "x",
                                     .changed_by = "bench"},
                        .documents_max = 1'000'000});
  co_return done;
}

base::Task<void> run_to_end(core::JobRunner* runner, std::stop_token stop,
                            std::shared_ptr<std::promise<void>> ended) {
  co_await runner->run(std::move(stop));
  ended->set_value();
}

class Engine {
 public:
  Engine(const std::string& folder, storage::Durability durability, std::size_t jobs)
      : ends(jobs),
        store(open(fresh_file(folder), durability)),
        feed(lanes, *store, *store, {&bell, &ends}),
        use_cases(store->stores().jobs, feed, clock) {
    handlers.add(core::JobHandlerKind::internal, "row",
                 std::make_shared<core::FunctionHandler>(change_one_row));
  }
  ~Engine() { lanes.stop(); }

  // Seconds. As many accounts as batches: none may have more than so many jobs.
  double queue(std::size_t jobs) {
    const auto begun = SteadyClock::now();
    for (std::size_t made = 0; made < jobs; made += limits::batch_jobs_max) {
      const std::size_t count = std::min(limits::batch_jobs_max, jobs - made);
      const core::Principal who(core::Scope::main(), "user-" + std::to_string(made),
                                core::UserRole::member);
      core::NewJob input{.job = {.task = "bench",
                                 .work = {.kind = core::JobHandlerKind::internal, .name = "row"},
                                 .queue = {.running_max = limits::queue_running_max}}};
      const auto batch = base::run_on(
          lanes[0],
          use_cases.trigger_batch(who, std::move(input), std::vector<std::string>(count, "{}")));
      if (!batch) throw std::runtime_error(batch.error().message);
    }
    return seconds_since(begun);
  }
  // One after the other, each durable before the next.
  double trigger_singly(std::size_t jobs) {
    const auto begun = SteadyClock::now();
    for (std::size_t i = 0; i < jobs; ++i) {
      core::NewJob input{
          .job = {.task = "other", .work = {.kind = core::JobHandlerKind::internal, .name = "row"}},
          .delay = std::chrono::hours(1)};
      const core::Principal who(core::Scope::main(), "single", core::UserRole::member);
      const auto made = base::run_on(lanes[0], use_cases.trigger(who, std::move(input)));
      if (!made) throw std::runtime_error(made.error().message);
    }
    return seconds_since(begun);
  }
  double run(std::size_t slots) {
    core::JobRunner runner({.lanes = lanes,
                            .store = store->stores().jobs,
                            .feed = feed,
                            .clock = clock,
                            .handlers = handlers,
                            .bell = bell},
                           {.slots = slots, .running_per_account = static_cast<int>(slots)});
    std::stop_source stop;
    const auto ended = std::make_shared<std::promise<void>>();
    const auto begun = SteadyClock::now();
    lanes[0].spawn("runner", run_to_end(&runner, stop.get_token(), ended));
    ends.wait();
    const double seconds = seconds_since(begun);
    stop.request_stop();
    ended->get_future().wait();
    return seconds;
  }

 private:
  static std::unique_ptr<storage::sqlite::Store> open(const std::string& file,
                                                      storage::Durability durability) {
    auto store = storage::sqlite::Store::open(file, {.durability = durability});
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
  }

  base::SystemClock clock;
  base::Lanes lanes{lanes_used};
  core::JobBell bell;
  Ends ends;
  std::unique_ptr<storage::sqlite::Store> store;
  core::EventFeed feed;
  core::Jobs use_cases;
  core::JobHandlers handlers;
};

void must(const core::Result<std::int64_t>& done) {
  if (!done) throw std::runtime_error(done.error().message);
}
void must(const core::Result<void>& done) {
  if (!done) throw std::runtime_error(done.error().message);
}

// What a queue costs that does nothing but be durable: a table, an index, one thread; a job is
// claimed in one transaction, and ends with its effect in another.
double bare_queue(const std::string& folder, storage::Durability durability, std::size_t jobs) {
  auto opened = Database::open(fresh_file(folder), storage::sqlite::Access::read_write_create);
  if (!opened) throw std::runtime_error(opened.error().message);
  Database& database = **opened;
  must(database.execute("PRAGMA journal_mode = wal"));
  must(database.execute(durability == storage::Durability::full ? "PRAGMA synchronous = full"
                                                                : "PRAGMA synchronous = normal"));
  must(database.execute(
      "CREATE TABLE jobs (no INTEGER PRIMARY KEY, state TEXT, payload TEXT, lease INTEGER);"
      "CREATE INDEX queued ON jobs (no) WHERE state = 'queued';"
      "CREATE TABLE effects (key INTEGER PRIMARY KEY, count INTEGER)"));
  must(database.run("BEGIN"));
  for (std::size_t i = 0; i < jobs; ++i) {
    must(database.run("INSERT INTO jobs (state, payload) VALUES ('queued', '{}')"));
  }
  must(database.run("COMMIT"));
  const auto begun = SteadyClock::now();
  for (std::size_t i = 0; i < jobs; ++i) {
    const auto no =
        database.number("SELECT no FROM jobs WHERE state = 'queued' ORDER BY no LIMIT 1");
    must(no);
    must(database.run("UPDATE jobs SET state = 'running', lease = 1 WHERE no = ?1", *no));
    must(database.run("BEGIN"));
    must(database.run("UPDATE jobs SET state = 'done' WHERE no = ?1", *no));
    must(database.run(
        "INSERT INTO effects VALUES (?1, 1) ON CONFLICT (key) DO UPDATE SET count = count + 1",
        *no % 1000));
    must(database.run("COMMIT"));
  }
  return seconds_since(begun);
}

void measure(const std::string& folder, std::size_t jobs) {
  for (const auto durability : {storage::Durability::normal, storage::Durability::full}) {
    const double count = static_cast<double>(jobs);
    std::printf("bare %s per_second %.0f\n", name_of(durability),
                count / bare_queue(folder, durability, jobs));
    for (const std::size_t workers : {std::size_t{1}, std::size_t{8}, std::size_t{32}}) {
      Engine engine(folder, durability, jobs);
      const double queued = count / engine.queue(jobs);
      const double run = count / engine.run(workers);
      std::printf("jobs %s workers %zu per_second %.0f queued_per_second %.0f\n",
                  name_of(durability), workers, run, queued);
      std::fflush(stdout);
    }
    const std::size_t single = std::max<std::size_t>(1, std::min<std::size_t>(jobs / 4, 5000));
    Engine engine(folder, durability, 1);
    std::printf("triggers %s per_second %.0f\n", name_of(durability),
                static_cast<double>(single) / engine.trigger_singly(single));
  }
  fresh_file(folder);
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: jobs_bench <work folder> <jobs>\n");
    return 2;
  }
  try {
    colonnade::bench::measure(argv[1], static_cast<std::size_t>(std::atoll(argv[2])));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "jobs_bench: %s\n", e.what());
    return 1;
  }
  return 0;
}
