// Feeds bytes to the request-parsing path of the HTTP server: no crash, no unbounded work, and the
// same verdict however the bytes are split.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/request_reader.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using colonnade::fuzz::require;
using colonnade::net::parse_request;
using colonnade::net::RequestLimits;
using colonnade::net::RequestReader;

constexpr std::uint64_t body_bytes_max = 4096;
constexpr RequestLimits request_limits{
    .header_bytes_max = 2048, .headers_max = 20, .target_bytes_max = 512};

// The status a reader gives that gets one byte more at a time; 0 when it wants more at the end, 200
// when the request is whole.
int verdict_byte_by_byte(std::string_view bytes) {
  RequestReader reader(request_limits);
  reader.body_bytes_max(body_bytes_max);
  std::size_t begin = 0;
  for (std::size_t end = 1; end <= bytes.size(); ++end) {
    for (;;) {
      const auto step = reader.feed(bytes.substr(begin, end - begin));
      if (!step) return step.error().status;
      require(step->consumed <= end - begin);
      begin += step->consumed;
      if (step->progress == RequestReader::Progress::done) return 200;
      if (step->progress == RequestReader::Progress::need_more) break;
    }
  }
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto request = parse_request(bytes, request_limits, body_bytes_max);
  if (request) {
    require(!request->path.empty());
    require(request->body.size() <= body_bytes_max);
    require(request->headers.size() <= request_limits.headers_max);
    require(request->http_1_0 || request->has_header("Host"));
  } else {
    require(request.error().status >= 400 && request.error().status < 600);
    require(!request.error().error.message.empty());
  }
  // What is too large may be noticed at another byte, and so under another name, but never
  // accepted.
  if (size <= 2048) require((verdict_byte_by_byte(bytes) == 200) == request.has_value());
  return 0;
}
