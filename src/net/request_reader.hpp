// From bytes to a Request, without a socket: Beast's parser plus the checks that keep a request
// from being read in two ways (RFC 9112 §6.3, §11.2). Everything that is refused is refused here,
// with the status to answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>

#include "net/http.hpp"
#include "net/limits.hpp"

namespace colonnade::net {

struct RequestLimits {
  std::size_t header_bytes_max = limits::http_header_bytes_max;  // all header lines together
  std::size_t headers_max = limits::http_headers_max;
  std::size_t target_bytes_max = limits::http_target_bytes_max;
};

// A request that is refused before any handler. After one, nothing more can be read from the
// connection with certainty.
struct RequestFault {
  int status = 400;
  base::Error error{};
};

// Reads one request at a time. Feed it, look at the head, feed it the body, take the request,
// reset.
class RequestReader {
 public:
  enum class Progress {
    need_more,  // everything that could be read was; give it the unread rest and what comes after
    head,       // the head is complete (once per request); nothing of the body was read yet
    done,       // the whole request is here
  };
  struct Step {
    Progress progress = Progress::need_more;
    std::size_t consumed = 0;  // of the bytes given; the rest is given again with the next call
  };

  explicit RequestReader(RequestLimits limits);
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) = delete;

  std::expected<Step, RequestFault> feed(std::string_view bytes);
  // Set between `head` and the next feed(); a longer body is a 413.
  void body_bytes_max(std::uint64_t bytes);

  // From the head on. path_parameters, peer_address and the like are left to the caller.
  Request& request();
  Request take();
  bool keep_alive() const;        // what version and Connection header ask for
  bool expects_continue() const;  // Expect: 100-continue, and a body is to come
  std::optional<std::uint64_t> content_length() const;
  // True when the head announces a body, of known length or chunked.
  bool has_body() const;

  void reset();  // for the next request on the connection

 private:
  struct Parser;
  RequestLimits limits_;
  std::unique_ptr<Parser> parser_;
};

// One whole request from `bytes`; what follows it is ignored. An incomplete one is a fault.
std::expected<Request, RequestFault> parse_request(std::string_view bytes, RequestLimits limits,
                                                   std::uint64_t body_bytes_max);

}  // namespace colonnade::net
