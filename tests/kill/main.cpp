// Kills the server at random moments under load, starts it again on the same data, and checks that
// nothing that anybody was told is lost, repeated, or left hanging.
//
//   kill_loop --server <program> [--kills 10] [--seed n] [--work <folder>] [--clients 4]
//             [--first-starts n]
//
// Half of the kills are with a stub provider (paced tokens, tool calls), half with the offline one,
// each on a data folder of its own, after some on folders that are being made. The last lines say
// what was done; anything that does not hold ends the program with 1 and the evidence, and leaves
// the data folder for inspection.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

#include "checks.hpp"
#include "harness/server.hpp"
#include "harness/sockets.hpp"
#include "harness/stub_provider.hpp"
#include "load_client.hpp"

namespace colonnade::kill {
namespace {

using Records = std::vector<std::unique_ptr<ThreadRecord>>;

struct Options {
  std::string server{};
  std::string work{};
  int kills = 10;
  int clients = 4;
  int first_starts = -1;  // -1: one for every five kills
  std::uint64_t seed = 0;
};

// The stub provider on a thread of its own; it outlives every server.
class Stub {
 public:
  Stub() : thread_([this] { serve(); }) {
    while (port_ == 0) std::this_thread::yield();
  }
  ~Stub() {
    stop_ = true;
    thread_.join();
  }
  std::uint16_t port() const { return port_; }

 private:
  void serve() {
    bench::Loop loop;
    const bench::StubProvider stub(loop);
    port_ = stub.port();
    while (!stop_) loop.run_until(bench::SteadyClock::now() + std::chrono::milliseconds(50));
  }

  std::atomic<std::uint16_t> port_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class KillLoop {
 public:
  KillLoop(const Options& options, bool stub_provider, int kills)
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

  static void pass(int micros) {
    const std::chrono::microseconds time(micros);
    std::this_thread::sleep_for(time);  // allow(sleep): a random moment is what a kill needs
  }
  int chance(int from, int to) { return std::uniform_int_distribution(from, to)(random_); }

  // However early the very first start is killed, the next one lets the operator in.
  void first_start_killed() {
    bench::ServerOptions options{.binary = options_.server, .data_dir = data_dir_ + "-first"};
    std::filesystem::remove_all(options.data_dir);
    {
      const auto child = bench::Server::launch(options);
      pass(chance(0, 80'000));
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
      pass(chance(0, 20'000));
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
    pass(chance(0, 300'000));
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

bool parse(int argc, char** argv, Options& out) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--server") {
      out.server = std::filesystem::absolute(value);
    } else if (name == "--work") {
      out.work = std::filesystem::absolute(value);
    } else if (name == "--kills") {
      out.kills = std::atoi(value.c_str());
    } else if (name == "--clients") {
      out.clients = std::atoi(value.c_str());
    } else if (name == "--first-starts") {
      out.first_starts = std::atoi(value.c_str());
    } else if (name == "--seed") {
      out.seed = std::strtoull(value.c_str(), nullptr, 10);
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && !out.server.empty() && out.kills > 0 && out.clients > 0;
}

}  // namespace
}  // namespace colonnade::kill

int main(int argc, char** argv) {
  using namespace colonnade;
  kill::Options options{.seed = std::random_device{}()};
  if (!kill::parse(argc, argv, options)) {
    std::fputs(
        "usage: kill_loop --server <program> [--kills n] [--seed n] [--work folder] [--clients "
        "n]\n",
        stderr);
    return 2;
  }
  if (options.work.empty()) options.work = std::filesystem::current_path().string() + "/kill-work";
  std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  try {
    std::filesystem::remove_all(options.work);
    std::filesystem::create_directories(options.work);
    bench::raise_open_files();
    kill::KillLoop(options, true, options.kills - options.kills / 2).run();
    if (options.kills > 1) kill::KillLoop(options, false, options.kills / 2).run();
    std::filesystem::remove_all(options.work);
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "BROKEN with seed %llu: %s\ndata: %s\n",
                 static_cast<unsigned long long>(options.seed), failure.what(),
                 options.work.c_str());
    return 1;
  }
}
