// What many streams or sockets of one loop have received: events, tokens and when they came.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "harness/loop.hpp"

namespace colonnade::bench {

// Text that marks one token in an event; nothing else in a stream holds it.
constexpr char token_mark = '~';
// One loopback address has some 28,000 ports.
constexpr std::size_t receivers_a_source = 5000;
constexpr unsigned first_source = 10'000;  // apart from what other measurements use

class Receivers {
 public:
  virtual ~Receivers() = default;

  virtual std::size_t size() const = 0;
  std::size_t closed() const { return closed_; }
  // Over all receivers, since the last call of begin_count().
  virtual std::uint64_t events() const = 0;
  void begin_count();
  // When token k (from 0) was sent; from then on its arrivals give latencies in microseconds.
  void token_sent(std::size_t k, SteadyClock::time_point at);
  const std::vector<double>& latencies() const { return latencies_; }

  // Called when all receivers have token k.
  std::function<void(std::size_t k)> on_all_have{};
  bool record_latencies = false;

 protected:
  struct Receiver {
    std::size_t tokens = 0;  // since begin_count()
  };

  virtual void forget_counts() = 0;  // of each receiver and of events()
  void count_tokens(Receiver& receiver, std::string_view piece);
  void one_closed() { ++closed_; }
  std::uint64_t tokens_arrived() const { return arrived_; }

 private:
  struct Token {
    SteadyClock::time_point sent_at{};
    std::size_t arrived = 0;
  };

  std::vector<Token> tokens_{};
  std::vector<double> latencies_{};
  std::uint64_t arrived_ = 0;
  std::size_t closed_ = 0;
};

}  // namespace colonnade::bench
