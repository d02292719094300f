// However the bytes are cut, the parser makes the same events of them.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/sse.hpp"

namespace {

using colonnade::base::SseEvent;
using colonnade::base::SseParser;

struct Outcome {
  std::vector<std::string> events;
  std::optional<std::uint64_t> retry_ms;
  bool overflowed = false;
  bool operator==(const Outcome&) const = default;
};

// `step` bytes at a time; 0 for all at once.
Outcome parse(std::string_view bytes, std::size_t step) {
  constexpr std::size_t line_bytes_max = 256;  // small, so that the limit is reached, too
  SseParser parser(line_bytes_max);
  Outcome out;
  const auto keep = [&](const SseEvent& event) {
    out.events.push_back(std::string(event.type) + '\0' + std::string(event.data) + '\0' +
                         std::string(event.last_event_id));
  };
  if (step == 0) step = bytes.size();
  while (!bytes.empty()) {
    parser.feed(bytes.substr(0, step), keep);
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  out.retry_ms = parser.retry_ms();
  out.overflowed = parser.overflowed();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = parse(bytes, 0);
  if (parse(bytes, 1) != whole || parse(bytes, 7) != whole) std::abort();
  return 0;
}
