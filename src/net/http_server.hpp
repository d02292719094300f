// The HTTP/1.1 server: one listener per lane on the same port, connections that never change lanes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/histogram.hpp"
#include "base/lane.hpp"
#include "base/result.hpp"
#include "net/body_budget.hpp"
#include "net/limits.hpp"
#include "net/router.hpp"

namespace colonnade::net {

class AnswerBudget;

struct TlsOptions {
  std::string certificate_file{};  // PEM chain; empty: plain HTTP
  std::string private_key_file{};  // PEM
};

struct CorsOptions {
  std::vector<std::string> origins{};  // exact origins, or "*"; empty: CORS is off
};

struct HttpServerOptions {
  std::string host{"127.0.0.1"};
  std::uint16_t port = 0;  // 0: any free port, see HttpServer::port()
  TlsOptions tls{};
  CorsOptions cors{};
  // Paths below this are served as if it were not there, too; "" for none (fathom §5.4). "/c/r1".
  std::string base_path{};
  std::size_t connections_max = limits::http_connections_max;
  std::size_t header_bytes_max = limits::http_header_bytes_max;
  // What request bodies may hold together. Servers that are given the same object share it; unset:
  // one of the server's own, with the limits' defaults.
  std::shared_ptr<BodyBudget> body_budget{};
  std::chrono::milliseconds header_time_max = limits::http_header_time_max;
  std::chrono::milliseconds body_time_max = limits::http_body_time_max;
  std::chrono::milliseconds idle_time_max = limits::http_idle_time_max;
  std::chrono::milliseconds write_time_max = limits::http_write_time_max;
  std::chrono::milliseconds keepalive_interval = limits::stream_keepalive_interval;
  std::chrono::milliseconds stream_stall_time_max = limits::stream_stall_time_max;
  std::chrono::milliseconds websocket_heartbeat_interval = limits::websocket_heartbeat_interval;
  // Shared by the servers of one process; nullptr: one of the server's own.
  std::shared_ptr<AnswerBudget> answers{};
  // Looks at the head of every request before anything else does, on the connection's lane. An
  // error refuses it with 403, in the words of the dialect that its path belongs to.
  std::function<base::Result<void>(const Request&)> admit{};
  // Nothing but programs on this machine connects here; told to handlers by each request.
  bool local = false;
};

// How long the answers of a route took, from the head of the request until the answer was handed to
// the socket, or its stream had begun.
struct RouteTimes {
  Method method = Method::get;
  std::string pattern{};  // "" for requests that no route matches
  base::HistogramCounts times{};
};

// What the server counts; read by /metrics. All values are totals or gauges since start.
struct HttpServerCounts {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t connections_refused = 0;  // over the limit
  std::uint64_t requests_total = 0;
  // [2] = 2xx …; a failure that its client did not wait for counts as 4xx.
  std::uint64_t requests_by_status_class[6] = {};
  std::uint64_t streams_open = 0;
  std::uint64_t streams_cut_slow = 0;
  std::uint64_t answers_cut = 0;  // refused or broken off: their readers did not read
};

class HttpServer {
 public:
  // The router must outlive the server and must not change any more.
  HttpServer(base::Lanes& lanes, const Router& router, HttpServerOptions options);
  ~HttpServer();

  // Takes the address, without letting anybody in yet; afterwards port() is real. Errors name the
  // setting (address in use, bad certificate …). Once.
  base::Result<void> bind();
  // Lets clients in, after bind(). Once.
  base::Result<void> listen();
  // Both.
  base::Result<void> start();
  std::uint16_t port() const;
  // Reads certificate and key again, for connections from now on. Errors as bind() has them; then
  // the old ones stay in use. Any thread; nothing without TLS.
  base::Result<void> reload_tls();
  // Stops accepting; ends idle connections and half requests (half a body is answered 503) and
  // finishes streams; handlers may answer for up to `grace`. Blocks. Not from a lane. Idempotent.
  void stop(std::chrono::milliseconds grace);
  HttpServerCounts counts() const;
  // Of the routes that were asked for since the start.
  std::vector<RouteTimes> route_times() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace colonnade::net
