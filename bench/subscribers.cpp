#include "subscribers.hpp"

#include <algorithm>
#include <stdexcept>

namespace colonnade::bench {
namespace {

constexpr std::size_t opened_a_step = 200;  // before their answers are read

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
          loop_, target.port, first_source + static_cast<unsigned>(i / receivers_a_source),
          LoopConnection::Callbacks{
              .on_body = [this, &stream](std::string_view piece) { received(stream, piece); },
              .on_complete = [this](int) { one_closed(); },
              .on_closed = [this] { one_closed(); }});
      stream.connection->send(request_text(target, "GET", paths[i % paths.size()]));
    }
    while (begun_ < upto && closed() == 0) {
      if (!loop_.run_until(deadline)) throw std::runtime_error("streams did not open in time");
    }
    if (closed() != 0) throw std::runtime_error("a stream was refused");
  }
}

void Subscribers::forget_counts() {
  lines_ = 0;
  for (auto& stream : streams_) stream->tokens = 0;
}

void Subscribers::received(Stream& stream, std::string_view piece) {
  if (!stream.begun) {
    stream.begun = true;
    ++begun_;
    loop_.stop();  // open() looks whether these were all
  }
  lines_ += static_cast<std::uint64_t>(std::ranges::count(piece, '\n'));
  count_tokens(stream, piece);
}

}  // namespace colonnade::bench
