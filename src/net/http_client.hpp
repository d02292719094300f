// Outbound HTTP for providers, tools and webhooks: libcurl multi, one per lane, HTTP/2 where
// offered, connections pooled, proxies from the environment.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "net/http.hpp"
#include "net/limits.hpp"

namespace colonnade::net {

struct HttpClientRequest {
  std::string method{"GET"};
  std::string url{};  // http or https
  Headers headers{};
  std::string body{};
  std::chrono::milliseconds connect_time_max{10'000};
  std::chrono::milliseconds first_byte_time_max = limits::client_first_byte_time_max;
  std::chrono::milliseconds idle_time_max =
      limits::client_idle_time_max;             // between bytes of the body
  std::chrono::milliseconds total_time_max{0};  // 0: none (streams)
  // Connect to addresses of the public Internet only (net/public_address.hpp), else fail with
  // ErrorKind::forbidden. The address that is judged is the one that is connected to: the
  // connection is a fresh one, without a proxy.
  bool public_addresses_only = false;
};

struct HttpClientHead {
  int status = 0;
  Headers headers{};
  // It came from an address that is not of the public Internet (net/public_address.hpp). Through a
  // proxy, the proxy's address is judged.
  bool from_private_address = false;
  std::string_view header(
      std::string_view name) const;  // first of that name, case ignored; "" if none
};

// One request under way. Belongs to the lane it was opened on. Destroying it aborts the transfer at
// once (the socket is closed, or the HTTP/2 stream reset).
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  // Status and headers. Errors: unavailable (resolve, connect, TLS: retryable), timeout
  // (retryable), cancelled, upstream (broken peer).
  virtual base::Task<base::Result<HttpClientHead>> head() = 0;
  // The next piece of the body, "" at its end. Reading slowly slows the sender down.
  virtual base::Task<base::Result<std::string>> read() = 0;
  // The rest of the body; too_large beyond `bytes_max`.
  base::Task<base::Result<std::string>> read_all(std::size_t bytes_max);
  // What mattered has been read. The rest is read and dropped behind the scenes, so that the
  // connection can serve the next request; what does not end within limits::client_drain_time_max
  // and limits::client_drain_bytes_max is aborted. The last call on an exchange.
  virtual void drain() = 0;
};

class HttpClient {
 public:
  explicit HttpClient(base::Lanes& lanes);
  // All exchanges must be gone; call after the lanes' work has ended, before Lanes is destroyed.
  ~HttpClient();

  // Starts the request on `lane`, which must be the calling lane. A stop makes pending and later
  // calls on the exchange return ErrorKind::cancelled and closes the socket. Redirects are not
  // followed.
  std::unique_ptr<HttpExchange> open(base::Lane& lane, HttpClientRequest request,
                                     std::stop_token stop);

 private:
  class PerLane;
  std::vector<std::unique_ptr<PerLane>> lanes_;
};

}  // namespace colonnade::net
