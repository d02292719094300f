// One client under load: makes threads, watches them, sends messages, until the server is gone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "harness/connection.hpp"
#include "ledger.hpp"

namespace colonnade::kill {

class LoadClient {
 public:
  LoadClient(bench::Target target, std::uint64_t seed, std::string name, bool stub_provider);

  // Works until `stop` is set (looked at between requests) or the server does not answer any more.
  // Throws std::logic_error for an answer that no kill explains.
  void run(const std::atomic<bool>& stop);
  // Afterwards: what it did.
  std::vector<std::unique_ptr<ThreadRecord>> take_records() { return std::move(records_); }

 private:
  bool one_thread();  // false: the server is gone
  bool send(ThreadRecord& record);
  std::string message_text();

  bench::Target target_;
  std::mt19937_64 random_;
  std::string name_;
  bool stub_provider_;
  int next_ = 0;
  bench::BlockingConnection connection_;
  std::vector<std::unique_ptr<ThreadRecord>> records_;
};

}  // namespace colonnade::kill
