#include "subscribers.hpp"

#include <algorithm>
#include <stdexcept>

namespace colonnade::bench {
namespace {

constexpr std::size_t streams_a_source = 5000;  // one loopback address has some 28,000 ports
constexpr std::size_t opened_a_step = 200;      // before their answers are read
constexpr unsigned first_source = 10'000;       // apart from what other measurements use

}  // namespace

void Subscribers::open(const Target& target, std::size_t count,
                       const std::vector<std::string>& paths) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(120);
  while (streams_.size() < count) {
    const std::size_t upto = std::min(count, streams_.size() + opened_a_step);
    while (streams_.size() < upto) {
      const std::size_t i = streams_.size();
      auto& stream = *streams_.emplace_back(std::make_unique<Stream>());
      stream.connection = std::make_unique<LoopConnection>(
          loop_, target.port, first_source + static_cast<unsigned>(i / streams_a_source),
          LoopConnection::Callbacks{
              .on_body = [this, &stream](std::string_view piece) { received(stream, piece); },
              .on_complete = [this](int) { ++closed_; },
              .on_closed = [this] { ++closed_; }});
      stream.connection->send(request_text(target, "GET", paths[i % paths.size()]));
    }
    while (begun_ < upto && closed_ == 0) {
      if (!loop_.run_until(deadline)) throw std::runtime_error("streams did not open in time");
    }
    if (closed_ != 0) throw std::runtime_error("a stream was refused");
  }
}

void Subscribers::begin_count() {
  lines_ = 0;
  tokens_.clear();
  latencies_.clear();
  for (auto& stream : streams_) stream->tokens = 0;
}

void Subscribers::token_sent(std::size_t k, SteadyClock::time_point at) {
  if (tokens_.size() <= k) tokens_.resize(k + 1);
  tokens_[k].sent_at = at;
}

void Subscribers::received(Stream& stream, std::string_view piece) {
  if (!stream.begun) {
    stream.begun = true;
    ++begun_;
    loop_.stop();  // open() looks whether these were all
  }
  lines_ += static_cast<std::uint64_t>(std::ranges::count(piece, '\n'));
  const auto arrived = static_cast<std::size_t>(std::ranges::count(piece, token_mark));
  if (arrived == 0) return;
  const auto now = record_latencies ? SteadyClock::now() : SteadyClock::time_point();
  for (const std::size_t end = stream.tokens + arrived; stream.tokens < end; ++stream.tokens) {
    const std::size_t k = stream.tokens;
    // The finished message repeats all the text: more than was sent is not a token.
    if (k >= tokens_.size()) continue;
    if (record_latencies) {
      latencies_.push_back(
          std::chrono::duration<double, std::micro>(now - tokens_[k].sent_at).count());
    }
    if (++tokens_[k].arrived == streams_.size() && on_all_have) on_all_have(k);
  }
}

}  // namespace colonnade::bench
