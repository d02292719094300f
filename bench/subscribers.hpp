// Many event streams read by one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/connection.hpp"
#include "receivers.hpp"

namespace colonnade::bench {

class Subscribers final : public Receivers {
 public:
  explicit Subscribers(Loop& loop) : loop_(loop) {}

  // Opens `count` streams, the i-th on paths[i % paths.size()], and returns when each has had its
  // first event. Throws std::runtime_error when one is refused or that takes too long.
  void open(const Target& target, std::size_t count, const std::vector<std::string>& paths);

  std::size_t size() const override { return streams_.size(); }
  std::uint64_t events() const override { return lines_ / lines_an_event; }

 private:
  static constexpr std::uint64_t lines_an_event = 3;  // event, data, blank

  struct Stream : Receiver {
    std::unique_ptr<LoopConnection> connection{};
    bool begun = false;
  };

  void forget_counts() override;
  void received(Stream& stream, std::string_view piece);

  Loop& loop_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::size_t begun_ = 0;
  std::uint64_t lines_ = 0;
};

}  // namespace colonnade::bench
