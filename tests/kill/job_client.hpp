// One client that has work done in the background, until the server is gone.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "harness/connection.hpp"
#include "job_ledger.hpp"
#include "job_world.hpp"

namespace colonnade::kill {

// Sends what of the order is not answered yet. False when there was no answer: the server is gone.
// Throws std::logic_error for an answer that no kill explains.
bool place(bench::BlockingConnection& connection, const bench::Target& target, JobOrder& order);

class JobClient {
 public:
  // The world must outlive it.
  JobClient(bench::Target target, JobWorld& world, std::uint64_t seed, std::string name);

  // Places a few orders, one after the other, as long as the server answers. Errors as place().
  void run();
  // Afterwards: all that it has placed, also what was not answered.
  std::vector<JobOrder> take_orders() { return std::move(orders_); }

 private:
  int chance(int from, int to) { return std::uniform_int_distribution(from, to)(random_); }
  JobOrder next_order();
  JobOrder batch(JobOrder order);
  JobOrder shared(JobOrder order);
  JobOrder single(JobOrder order);
  nlohmann::json payload_of(const std::string& task, const std::string& mark);
  nlohmann::json options_of(const std::string& task, const std::string& mark);
  std::string turn_text(const std::string& mark);

  bench::Target target_;
  JobWorld& world_;
  std::mt19937_64 random_;
  std::string name_;
  int next_ = 0;
  bench::BlockingConnection connection_;
  std::vector<JobOrder> orders_;
};

}  // namespace colonnade::kill
