// Many runs under one cap that pays for a part of them, asked at once of a provider that bills each
// for all that it could cost; the server is killed while they are asked.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "harness/server.hpp"
#include "loads.hpp"
#include "moments.hpp"
#include "requests.hpp"
#include "store_view.hpp"
#include "stub.hpp"

namespace colonnade::kill {
namespace {

using nlohmann::json;

constexpr auto patience = std::chrono::seconds(120);
constexpr std::int64_t output_max = 500;  // tokens of an answer; a token costs a micro-dollar
constexpr double micros_of_dollar = 1e6;
constexpr double dollars_for_the_first = 1000;

// Where the cap stands, in micro-dollars and of one moment.
struct Ledger {
  std::int64_t spent = 0;
  std::int64_t reserved = 0;
  std::size_t holds = 0;
  std::size_t unended = 0;  // runs
  std::size_t succeeded = 0;
};

Ledger ledger_in(const std::string& file) {
  StoreView store(file);
  store.hold_still();
  const auto amount = [&](const char* sql) { return static_cast<std::int64_t>(store.count(sql)); };
  return {.spent = amount("SELECT coalesce(sum(spent_micros), 0) FROM budget_spent"),
          .reserved = amount("SELECT coalesce(sum(reserved_micros), 0) FROM budget_subjects"),
          .holds = store.count("SELECT count(*) FROM budget_holds"),
          .unended = store.count("SELECT count(*) FROM runs"
                                 " WHERE state NOT IN ('succeeded', 'failed', 'cancelled')"),
          .succeeded = store.count("SELECT count(*) FROM runs WHERE state = 'succeeded'")};
}

// All prompts have the same length, so that all calls have the same most.
std::string prompt_body(std::int64_t billed_input) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "held=1 billed_input=%08lld billed_output=%08lld",
                static_cast<long long>(billed_input), static_cast<long long>(output_max));
  const json part = {{"type", "text"}, {"text", text.data()}};
  return json{{"parts", json::array({part})}}.dump();
}

class BudgetLoop {
 public:
  explicit BudgetLoop(const Options& options)
      : options_(options),
        runs_(static_cast<std::size_t>(options.runs)),
        admitted_(std::max<std::size_t>(1, runs_ * 7 / 10)),
        data_dir_(options.work + "/budgets") {}

  void run() {
    std::ofstream(prices()) << "dated: 2026-01-01\nprices:\n"
                               "  openai:\n    \"*\": {input: 1, output: 1}\n";
    server_ = start();
    set_cap(server_->target(), dollars_for_the_first);
    learn_most();
    limit_ = billed() + static_cast<std::int64_t>(admitted_) * most_ + most_ / 2;
    cap_ = set_cap(server_->target(), static_cast<double>(limit_) / micros_of_dollar);
    begin_all();
    wait_for_held(admitted_);
    check(admitted_);
    for (int kill = 1; kill <= options_.kills; ++kill) one_kill(kill);
    finish();
  }

 private:
  std::string store_file() const { return data_dir_ + "/colonnade.db"; }
  std::string prices() const { return data_dir_ + "-prices.yaml"; }
  std::int64_t billed() const { return static_cast<std::int64_t>(stub_.billed_tokens()); }

  std::unique_ptr<bench::Server> start() const {
    const bench::ServerOptions options{
        .binary = options_.server,
        .data_dir = data_dir_,
        .provider_port = stub_.port(),
        .arguments = {"--prices-file", prices(), "--max-output-tokens",
                      std::to_string(output_max)}};
    return std::make_unique<bench::Server>(options);
  }

  std::string new_session(bench::BlockingConnection& connection) const {
    const std::string made =
        ask(connection, server_->target(), "POST", "/session", R"({"title":"Spend"})");
    return json::parse(made).at("id");
  }

  // True when it was let through, false when the cap refused it.
  bool prompt(bench::BlockingConnection& connection) const {
    const std::string session = new_session(connection);
    const std::string request = bench::request_text(
        server_->target(), "POST", "/session/" + session + "/prompt_async?return=run",
        prompt_body(input_));
    const auto answer = connection.exchange(request, patience);
    if (!answer) throw std::logic_error("a prompt was not answered");
    if (answer->status == 202) return true;
    const bool is_refusal = answer->status == 402 && answer->body.contains("BUDGET_EXCEEDED");
    if (is_refusal) return false;
    throw std::logic_error("a prompt was answered " + std::to_string(answer->status) + " " +
                           answer->body);
  }

  // What one call may cost at most: what is reserved for the first one.
  void learn_most() {
    bench::BlockingConnection connection(server_->target().port);
    if (!prompt(connection)) throw std::logic_error("the first run was refused");
    wait_for_held(1);
    const Ledger now = ledger_in(store_file());
    if (now.holds != 1) throw std::logic_error("the first call has reserved nothing");
    most_ = now.reserved;
    if (most_ <= output_max) throw std::logic_error("the first call has reserved too little");
    stub_.release(1);
    wait_until("the first run has ended", patience,
               [&] { return ledger_in(store_file()).succeeded == 1; });
    done_ = 1;
    input_ = most_ - output_max;
  }

  // At the same time, over a few connections.
  void begin_all() {
    const auto clients = static_cast<std::size_t>(options_.clients);
    std::atomic<std::size_t> let_through{0};
    std::atomic<std::size_t> begun{0};
    std::vector<std::exception_ptr> failures(clients);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < clients; ++i) {
      threads.emplace_back([&, i] {
        try {
          bench::BlockingConnection connection(server_->target().port);
          while (begun++ < runs_) {
            if (prompt(connection)) ++let_through;
          }
        } catch (...) {
          failures[i] = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    if (let_through != admitted_) {
      throw std::logic_error("the cap pays for " + std::to_string(admitted_) + " runs and let " +
                             std::to_string(let_through) + " through");
    }
  }

  void wait_for_held(std::size_t count) {
    wait_until(std::to_string(count) + " calls are under way", patience,
               [&] { return stub_.held() >= count; });
    if (stub_.held() != count) throw std::logic_error("more calls are under way than were paid");
  }

  // While that many calls are under way.
  void check(std::size_t under_way) const {
    const Ledger now = ledger_in(store_file());
    const auto reserved = static_cast<std::int64_t>(under_way) * most_;
    const std::string all = "spent " + std::to_string(now.spent) + ", reserved " +
                            std::to_string(now.reserved) + " by " + std::to_string(now.holds) +
                            " holds, billed " + std::to_string(billed()) + ", limit " +
                            std::to_string(limit_) + ", most " + std::to_string(most_);
    if (billed() > limit_) throw std::logic_error("more was billed than the cap allows: " + all);
    if (now.spent + now.reserved > limit_) throw std::logic_error("the cap was passed: " + all);
    if (now.spent != billed()) throw std::logic_error("not all of the bills are booked: " + all);
    if (now.reserved != reserved || now.holds != under_way) {
      throw std::logic_error("the reservations are not those of " + std::to_string(under_way) +
                             " calls: " + all);
    }
  }

  // A part of the calls is answered and booked; the others are under way when the server dies, and
  // are made again by the next one.
  void one_kill(int kill) {
    const std::size_t left = admitted_ + 1 - done_;
    const std::size_t part = left / static_cast<std::size_t>(options_.kills - kill + 2);
    stub_.release(part);
    done_ += part;
    wait_until("the answered runs have ended", patience,
               [&] { return ledger_in(store_file()).succeeded == done_; });
    check(left - part);
    server_->kill();
    wait_until("the stub has seen the server's end", patience, [&] { return stub_.held() == 0; });
    server_ = start();
    wait_for_held(left - part);
    check(left - part);
    bench::BlockingConnection connection(server_->target().port);
    if (prompt(connection)) {
      throw std::logic_error("the cap let a run through that it does not pay for");
    }
  }

  void finish() {
    stub_.release(admitted_ + 1 - done_);
    wait_until("all runs have ended", patience,
               [&] { return ledger_in(store_file()).unended == 0; });
    check(0);
    const json shown =
        json::parse(ask(server_->target(), "GET", "/api/v1/operator/budgets/" + cap_));
    const bool is_within =
        shown.at("spent_usd").get<double>() <= shown.at("limit_usd").get<double>();
    if (!is_within || shown.at("reserved_usd").get<double>() > 0) {
      throw std::logic_error("the budget says " + shown.dump());
    }
    if (!server_->stop()) throw std::logic_error("the server did not end with code 0 on SIGTERM");
    const Ledger last = ledger_in(store_file());
    if (last.succeeded != admitted_ + 1) {
      throw std::logic_error(std::to_string(last.succeeded) + " runs succeeded");
    }
    std::printf(
        "held with budgets: %zu runs at once, of which the cap paid for %zu; %d kills with calls "
        "under way; %lld micro-dollars billed of %lld.\n",
        runs_, admitted_, options_.kills, static_cast<long long>(billed()),
        static_cast<long long>(limit_));
  }

  Options options_;
  std::size_t runs_;
  std::size_t admitted_;  // that the cap pays for
  std::string data_dir_;
  Stub stub_{};
  std::unique_ptr<bench::Server> server_{};
  std::string cap_{};
  std::int64_t most_ = 0;
  std::int64_t limit_ = 0;
  std::int64_t input_ = 0;  // tokens that the provider bills for the input of each call
  std::size_t done_ = 0;    // runs whose calls were answered
};

}  // namespace

void kill_budgets(const Options& options) { BudgetLoop(options).run(); }

}  // namespace colonnade::kill
