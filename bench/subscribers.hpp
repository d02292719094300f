// Many event streams read by one loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/connection.hpp"

namespace colonnade::bench {

// Text that marks one token in an event; nothing else in a stream holds it.
constexpr char token_mark = '~';

class Subscribers {
 public:
  explicit Subscribers(Loop& loop) : loop_(loop) {}

  // Opens `count` streams, the i-th on paths[i % paths.size()], and returns when each has had its
  // first event. Throws std::runtime_error when one is refused or that takes too long.
  void open(const Target& target, std::size_t count, const std::vector<std::string>& paths);

  std::size_t size() const { return streams_.size(); }
  std::size_t closed() const { return closed_; }
  // Over all streams, since the last call of begin_count().
  std::uint64_t events() const { return lines_ / lines_an_event; }
  void begin_count();
  // When token k (from 0) was sent; from then on its arrivals give latencies in microseconds.
  void token_sent(std::size_t k, SteadyClock::time_point at);
  const std::vector<double>& latencies() const { return latencies_; }

  // Called when all streams have token k.
  std::function<void(std::size_t k)> on_all_have{};
  bool record_latencies = false;

 private:
  static constexpr std::uint64_t lines_an_event = 3;  // event, data, blank

  struct Stream {
    std::unique_ptr<LoopConnection> connection{};
    std::size_t tokens = 0;
    bool begun = false;
  };
  struct Token {
    SteadyClock::time_point sent_at{};
    std::size_t arrived = 0;
  };

  void received(Stream& stream, std::string_view piece);

  Loop& loop_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Token> tokens_;
  std::vector<double> latencies_;
  std::size_t begun_ = 0;
  std::size_t closed_ = 0;
  std::uint64_t lines_ = 0;
};

}  // namespace colonnade::bench
