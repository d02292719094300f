#include "receivers.hpp"

#include <algorithm>
#include <chrono>

namespace colonnade::bench {

void Receivers::begin_count() {
  tokens_.clear();
  latencies_.clear();
  arrived_ = 0;
  forget_counts();
}

void Receivers::token_sent(std::size_t k, SteadyClock::time_point at) {
  if (tokens_.size() <= k) tokens_.resize(k + 1);
  tokens_[k].sent_at = at;
}

void Receivers::count_tokens(Receiver& receiver, std::string_view piece) {
  const auto arrived = static_cast<std::size_t>(std::ranges::count(piece, token_mark));
  if (arrived == 0) return;
  arrived_ += arrived;
  const auto now = record_latencies ? SteadyClock::now() : SteadyClock::time_point();
  for (const std::size_t end = receiver.tokens + arrived; receiver.tokens < end;
       ++receiver.tokens) {
    const std::size_t k = receiver.tokens;
    // The finished message repeats all the text: more than was sent is not a token.
    if (k >= tokens_.size()) continue;
    if (record_latencies) {
      latencies_.push_back(
          std::chrono::duration<double, std::micro>(now - tokens_[k].sent_at).count());
    }
    if (++tokens_[k].arrived == size() && on_all_have) on_all_have(k);
  }
}

}  // namespace colonnade::bench
