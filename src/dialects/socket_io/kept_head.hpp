// The request that opened a connection, kept as long as the connection is: a client may join
// another namespace at any time, and then it counts again. In one piece, as most never do.
#pragma once

#include <memory>
#include <string>

#include "net/http.hpp"

namespace colonnade::dialects::socket_io {

class KeptHead {
 public:
  // What only concerns the handshake of the transport is left out.
  explicit KeptHead(const net::Request& request);

  // Target, headers, peer and how it came in, as they were.
  std::shared_ptr<const net::Request> request() const;
  std::size_t bytes() const { return text_.capacity(); }

 private:
  std::string text_;  // target, peer, then names and values, each ended by a line feed
  base::Lane* lane_;
  bool secure_;
  bool local_listener_;
};

}  // namespace colonnade::dialects::socket_io
