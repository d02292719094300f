// Work in the background: clients that order jobs, schedules that are due every second.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "check_jobs.hpp"
#include "harness/server.hpp"
#include "job_client.hpp"
#include "job_world.hpp"
#include "loads.hpp"
#include "moments.hpp"
#include "requests.hpp"
#include "stub.hpp"

namespace colonnade::kill {
namespace {

// Attempts that were lost come again after 10 s and a quarter more; a job that takes longer than
// some of them is stuck.
constexpr auto patience = std::chrono::seconds(120);
constexpr int kills_between_drains = 100;
constexpr double cap_dollars = 1e6;  // that no run reaches, so that each reserves

class JobLoop {
 public:
  JobLoop(const Options& options, bool stub_provider, int kills)
      : options_(options),
        kills_(kills),
        data_dir_(options.work + (stub_provider ? "/jobs-stub" : "/jobs-offline")),
        random_(options.seed) {
    world_.stub_provider = stub_provider;
    world_.folder = data_dir_ + "-written";
  }

  void run() {
    set_up();
    for (int kill = 1; kill <= kills_; ++kill) {
      one_life(kill);
      if (kill % 25 == 0) {
        std::printf("%d kills, %zu orders\n", kill, orders_.size());
        std::fflush(stdout);
      }
    }
    finish();
  }

 private:
  struct Running {
    std::unique_ptr<bench::Server> server;
    std::int64_t from = 0;
    const bench::Target& target() const { return server->target(); }
  };

  std::string store_file() const { return data_dir_ + "/colonnade.db"; }
  std::string configuration() const { return data_dir_ + ".yaml"; }
  int chance(int from, int to) { return std::uniform_int_distribution(from, to)(random_); }
  void pass_up_to(int micros) { pass(std::chrono::microseconds(chance(0, micros))); }

  bench::ServerOptions server_options() const {
    bench::ServerOptions out{.binary = options_.server,
                             .data_dir = data_dir_,
                             .arguments = {"--config", configuration()}};
    if (world_.stub_provider) out.provider_port = stub_.port();
    return out;
  }
  Running start() {
    Running out{.server = std::make_unique<bench::Server>(server_options())};
    out.from = clock_micros();
    return out;
  }
  void kill(Running& running) {
    const bool alive = running.server->running();
    lives_.push_back({.from = running.from, .to = clock_micros()});
    running.server->kill();
    if (!alive) throw std::logic_error("the server ended by itself");
  }

  // What was made so far is answered, and so it is there after the kill that follows.
  void set_up() {
    write_configuration(world_, configuration());
    Running running = start();
    set_cap(running.target(), cap_dollars);
    schedules_ = begin_schedules(running.target(), world_);
    kill(running);
  }

  void killed_while_it_starts() {
    const auto child = bench::Server::launch(server_options());
    pass_up_to(80'000);
    child->signal(SIGKILL);
    child->wait(std::chrono::seconds(10));
  }

  void one_life(int number) {
    world_.life = number;
    world_.shared = 0;
    const int how = chance(0, 9);
    if (how == 0) return killed_while_it_starts();
    Running running = start();
    if (how < 3) {
      pass_up_to(20'000);
      return kill(running);
    }
    place_open_orders(running.target());
    if (number % kills_between_drains == 0) wait_for_the_end_of_work(running.from);
    load(running);
  }

  // A client that got no answer sends again, under the same key.
  void place_open_orders(const bench::Target& target) {
    bench::BlockingConnection connection(target.port);
    for (JobOrder& order : open_) {
      if (!place(connection, target, order)) {
        throw std::logic_error("the order " + order.mark + " was sent again and not answered");
      }
      orders_.push_back(std::move(order));
    }
    open_.clear();
  }

  void load(Running& running) {
    std::vector<std::unique_ptr<JobClient>> clients;
    std::vector<std::thread> threads;
    std::vector<std::exception_ptr> failures(static_cast<std::size_t>(options_.clients));
    for (int i = 0; i < options_.clients; ++i) {
      const std::string name = "life" + std::to_string(world_.life) + "-" + std::to_string(i);
      clients.push_back(std::make_unique<JobClient>(running.target(), world_, random_(), name));
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      threads.emplace_back([&, i] {
        try {
          clients[i]->run();
        } catch (...) {
          failures[i] = std::current_exception();
        }
      });
    }
    std::exception_ptr failure;
    try {
      pass_up_to(500'000);
      if (chance(0, 3) == 0) check_job_counts(store_file());
      kill(running);
    } catch (...) {
      failure = std::current_exception();
      running.server->kill();
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& one : failures) {
      if (one) std::rethrow_exception(one);
    }
    if (failure) std::rethrow_exception(failure);
    for (auto& client : clients) {
      for (JobOrder& order : client->take_orders()) {
        (order.is_settled() ? orders_ : open_).push_back(std::move(order));
      }
    }
  }

  // Of all that was there before that moment.
  void wait_for_the_end_of_work(std::int64_t before) {
    wait_until("all work has ended", patience,
               [&] { return unended_work(store_file(), before) == 0; });
  }

  void finish() {
    Running running = start();
    place_open_orders(running.target());
    wait_until("every schedule has fired since the last start", patience,
               [&] { return schedules_behind(store_file(), running.from) == 0; });
    stop_schedules(running.target(), schedules_);
    wait_for_the_end_of_work(std::numeric_limits<std::int64_t>::max());
    check_job_counts(store_file());
    lives_.push_back({.from = running.from, .to = clock_micros()});
    if (!running.server->stop()) {
      throw std::logic_error("the server did not end with code 0 on SIGTERM");
    }
    const JobCounts counts = check_jobs(store_file(), world_.folder, orders_, lives_);
    if (counts.effects == 0) throw std::logic_error("no tool wrote a line: nothing was tested");
    const DueCounts& due = counts.due;
    std::printf(
        "held with jobs and the %s provider: %d kills, seed %llu, %zu orders under keys, %zu jobs "
        "(%zu of schedules, %zu in batches), %zu of them begun more than once and %zu reported as "
        "lost, %zu lines written by tools; %zu due times, of which %zu were counted in the job of "
        "a later one and %zu left out for a later one (%zu over a kill, %zu while the server was "
        "busy).\n",
        world_.stub_provider ? "stub" : "offline", kills_ + 1,
        static_cast<unsigned long long>(options_.seed), orders_.size(), counts.jobs, due.jobs,
        counts.in_batches, counts.repeated, counts.lost, counts.effects, due.due_times, due.counted,
        due.skipped_dead + due.skipped_late, due.skipped_dead, due.skipped_late);
  }

  Options options_;
  int kills_;
  std::string data_dir_;
  std::mt19937_64 random_;
  JobWorld world_{};
  Stub stub_{};
  Schedules schedules_{};
  std::vector<Life> lives_{};
  std::vector<JobOrder> orders_{};  // that were answered
  std::vector<JobOrder> open_{};
};

}  // namespace

void kill_jobs(const Options& options) {
  JobLoop(options, true, options.kills - options.kills / 2).run();
  if (options.kills > 1) JobLoop(options, false, options.kills / 2).run();
}

}  // namespace colonnade::kill
