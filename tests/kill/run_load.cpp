// Clients of Fathom's wire that make threads, watch them and send messages.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "checks.hpp"
#include "harness/server.hpp"
#include "load_client.hpp"
#include "loads.hpp"
#include "moments.hpp"
#include "stub.hpp"

namespace colonnade::kill {
namespace {

using Records = std::vector<std::unique_ptr<ThreadRecord>>;

class RunLoop {
 public:
  RunLoop(const Options& options, bool stub_provider, int kills)
      : options_(options),
        stub_provider_(stub_provider),
        kills_(kills),
        data_dir_(options.work + (stub_provider ? "/stub" : "/offline")),
        random_(options.seed) {}

  void run() {
    const int first = options_.first_starts < 0 ? kills_ / 5 : options_.first_starts;
    for (int i = 0; i < first; ++i) first_start_killed();
    for (int kill = 1; kill <= kills_; ++kill) {
      one_life(kill);
      if (kill % 25 == 0) {
        std::printf("%d kills, %zu threads\n", kill, checked_.size());
        std::fflush(stdout);
      }
    }
    finish();
  }

 private:
  std::unique_ptr<bench::Server> start() {
    bench::ServerOptions options{.binary = options_.server, .data_dir = data_dir_};
    if (stub_provider_) options.provider_port = stub_.port();
    return std::make_unique<bench::Server>(options);
  }

  int chance(int from, int to) { return std::uniform_int_distribution(from, to)(random_); }
  void pass_up_to(int micros) { pass(std::chrono::microseconds(chance(0, micros))); }

  // However early the very first start is killed, the next one lets the operator in.
  void first_start_killed() {
    bench::ServerOptions options{.binary = options_.server, .data_dir = data_dir_ + "-first"};
    std::filesystem::remove_all(options.data_dir);
    {
      const auto child = bench::Server::launch(options);
      pass_up_to(80'000);
      child->signal(SIGKILL);
      child->wait(std::chrono::seconds(10));
    }
    bench::Server server(options);
    bench::BlockingConnection connection(server.target().port);
    const auto answer =
        connection.exchange(bench::request_text(server.target(), "GET", "/api/v1/threads"));
    if (!answer || answer->status != 200) {
      throw std::logic_error(
          "after a kill during the first start the token file " +
          std::string(server.target().token.empty() ? "is missing" : "is no use") +
          ": the operator is locked out");
    }
  }

  // Starts, checks what the last life left, loads, kills. Now and then the kill comes at once,
  // while runs are being taken up again.
  void one_life(int number) {
    auto server = start();
    if (!unchecked_.empty() && chance(0, 4) == 0) {
      pass_up_to(20'000);
      return server->kill();
    }
    check_all(server->target());
    load(*server, number);
  }

  void load(bench::Server& server, int number) {
    std::vector<std::unique_ptr<LoadClient>> clients;
    std::vector<std::thread> threads;
    std::vector<std::exception_ptr> failures(static_cast<std::size_t>(options_.clients));
    std::atomic<bool> stop{false};
    for (int i = 0; i < options_.clients; ++i) {
      const std::string name = "life " + std::to_string(number) + " client " + std::to_string(i);
      clients.push_back(
          std::make_unique<LoadClient>(server.target(), random_(), name, stub_provider_));
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      threads.emplace_back([&, i] {
        try {
          clients[i]->run(stop);
        } catch (...) {
          failures[i] = std::current_exception();
        }
      });
    }
    pass_up_to(300'000);
    const bool alive = server.running();
    server.kill();
    stop = true;
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    if (!alive) throw std::logic_error("the server ended by itself");
    for (auto& client : clients) {
      for (auto& record : client->take_records()) unchecked_.push_back(std::move(record));
    }
  }

  void check_all(const bench::Target& target) {
    for (auto& record : unchecked_) {
      check_thread(target, *record);
      checked_.push_back(std::move(record));
    }
    unchecked_.clear();
  }

  void finish() {
    {
      auto server = start();
      check_all(server->target());
      if (!server->stop()) throw std::logic_error("the server did not end with code 0 on SIGTERM");
    }
    std::vector<const ThreadRecord*> records;
    std::size_t messages = 0;
    std::size_t events = 0;
    for (const auto& record : checked_) {
      records.push_back(record.get());
      messages += record->messages.size();
      events += record->events.size();
    }
    const StoreCounts counts = check_store(data_dir_ + "/colonnade.db", records);
    if (counts.runs == 0) throw std::logic_error("the load made no run: nothing was tested");
    std::printf(
        "held with the %s provider: %d kills, seed %llu, %zu threads, %zu runs, %zu tool calls, "
        "%zu stored events, "
        "%zu events told and %zu acknowledgements compared.\n",
        stub_provider_ ? "stub" : "offline", kills_, static_cast<unsigned long long>(options_.seed),
        counts.threads, counts.runs, counts.tool_calls, counts.events, events, messages);
  }

  Options options_;
  bool stub_provider_;
  int kills_;
  std::string data_dir_;
  std::mt19937_64 random_;
  Stub stub_;
  Records unchecked_;  // of the last life
  Records checked_;
};

}  // namespace

void kill_runs(const Options& options) {
  RunLoop(options, true, options.kills - options.kills / 2).run();
  if (options.kills > 1) RunLoop(options, false, options.kills / 2).run();
}

}  // namespace colonnade::kill
