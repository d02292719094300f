// Which events of a turn a socket has been handed, by the numbers of the packets that carried them
// (platos §3.7). Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace colonnade::dialects::platos {

// Up to where of a turn's log somebody has it.
class SentLog {
 public:
  // Everything up to `seq` is had already.
  explicit SentLog(std::int64_t seq = 0) : had_(seq) {}

  // It has the events up to there from before; said before any is sent.
  void had(std::int64_t seq) { had_ = std::max(had_, seq); }
  // The event went out in that packet of the connection's; 0: the socket was closed.
  void sent(std::uint64_t packet, std::int64_t seq) {
    if (packet != 0) under_way_.push_back({packet, seq});
  }
  // The newest event that has been handed over, when the connection's packets up to `packet` have.
  std::int64_t handed_over(std::uint64_t packet) {
    while (!under_way_.empty() && under_way_.front().packet <= packet) {
      had_ = std::max(had_, under_way_.front().seq);
      under_way_.pop_front();
    }
    return had_;
  }
  std::size_t under_way() const { return under_way_.size(); }

 private:
  struct Sent {
    std::uint64_t packet = 0;
    std::int64_t seq = 0;
  };
  std::int64_t had_;
  std::deque<Sent> under_way_{};
};

}  // namespace colonnade::dialects::platos
