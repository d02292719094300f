// What one lane has of the server: its listener, its connections and streams, its one timer, and
// its counters. For net/'s own .cpp files.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/histogram.hpp"
#include "base/share.hpp"
#include "net/answer_budget.hpp"
#include "net/http_server.hpp"
#include "net/request_reader.hpp"
#include "net/transport.hpp"

namespace colonnade::net {

using SteadyTime = std::chrono::steady_clock::time_point;

// The same for all lanes; fixed once the server has started, but for the two counts and the
// certificate.
struct ServerShared {
  using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

  // Null for plain HTTP. Whoever serves a connection by it keeps it meanwhile.
  TlsContext tls() const {
    const std::lock_guard lock(tls_mutex);
    return tls_now;
  }
  void set_tls(TlsContext context) {
    const std::lock_guard lock(tls_mutex);
    tls_now = std::move(context);
  }

  const Router* router = nullptr;
  HttpServerOptions options{};
  RequestLimits request_limits{};
  std::chrono::milliseconds sweep_interval{};
  std::atomic<std::size_t> connections_open{0};
  std::unique_ptr<base::Share> requests{};  // under way, with open streams

  // How many shards have started and not closed everything; stop() waits on it.
  std::mutex mutex{};
  std::condition_variable changed{};
  std::size_t shards_busy = 0;

  mutable std::mutex tls_mutex{};
  TlsContext tls_now{};
};

class ServerShard;

// Something that holds a socket: in its shard's list from attach() to detach(), which its
// destructor calls at the latest.
class Attached {
 public:
  virtual ~Attached();
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

  // The three may detach *this, never another.
  virtual void sweep(SteadyTime now) = 0;
  virtual void begin_stop() = 0;  // end as soon as it can be done cleanly
  virtual void close_now() = 0;

 protected:
  Attached() = default;
  void attach(ServerShard& shard);
  void detach();

 private:
  friend class ServerShard;
  ServerShard* shard_ = nullptr;
  Attached* previous_ = nullptr;
  Attached* next_ = nullptr;
};

// Counts one connection from accept to close, across the hand-over to a stream.
class ConnectionTicket {
 public:
  explicit ConnectionTicket(std::shared_ptr<ServerShared> shared);
  ~ConnectionTicket();
  ConnectionTicket(const ConnectionTicket&) = delete;
  ConnectionTicket& operator=(const ConnectionTicket&) = delete;

  // The place of the request at hand, which a stream keeps until it ends.
  void hold(base::Share::Hold place) { place_ = std::move(place); }
  void release() { place_.release(); }

 private:
  std::shared_ptr<ServerShared> shared_;
  base::Share::Hold place_{};
};

struct ShardCounts {
  std::atomic<std::uint64_t> connections_total{0};
  std::atomic<std::uint64_t> connections_refused{0};
  std::atomic<std::uint64_t> requests_total{0};
  std::atomic<std::uint64_t> requests_by_status_class[6] = {};
  std::atomic<std::uint64_t> streams_open{0};
  std::atomic<std::uint64_t> streams_cut_slow{0};
  std::atomic<std::uint64_t> answers_cut{0};  // unread too much, or for too long

  void add(std::atomic<std::uint64_t>& count) { count.fetch_add(1, std::memory_order_relaxed); }
  void answered(int status) {
    add(requests_total);
    add(requests_by_status_class[status >= 100 && status < 600 ? status / 100 : 0]);
  }
};

// How long answers took, by the number of their route; the last place is for what no route matches.
class ShardTimes {
 public:
  explicit ShardTimes(std::size_t routes) {
    for (std::size_t i = 0; i <= routes; ++i) times_.emplace_back(base::latency_bounds);
  }
  void answered(const Route* route, std::chrono::microseconds time) {
    const std::size_t last = times_.size() - 1;
    times_[route == nullptr ? last : std::min(route->number, last)].observe(time);
  }
  const std::deque<base::Histogram>& all() const { return times_; }

 private:
  std::deque<base::Histogram> times_;
};

class ServerShard : public std::enable_shared_from_this<ServerShard> {
 public:
  ServerShard(base::Lane& lane, std::shared_ptr<ServerShared> shared);
  ~ServerShard();

  // On the lane. Takes over a listening, non-blocking descriptor.
  void start(int listener, bool ipv6);
  void begin_stop();
  void close_all();

  base::Lane& lane() { return lane_; }
  boost::asio::io_context& loop() { return lane_.loop(); }
  const ServerShared& shared() const { return *shared_; }
  const HttpServerOptions& options() const { return shared_->options; }
  ShardCounts& counts() { return counts_; }
  ShardTimes& times() { return times_; }
  bool stopping() const { return stopping_; }
  // The time of the last sweep: cheap, and as exact as the sweep interval.
  SteadyTime coarse_now() const { return coarse_now_; }
  // The same bytes for every stream that asks for the same text.
  SharedBytes keepalive_bytes(const std::string& text);

 private:
  friend class Attached;
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
  using Timer = boost::asio::basic_waitable_timer<
      std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

  void wait_for_connections();
  void accept_waiting();
  bool accept_one();
  int accept_without_descriptors(sockaddr_storage* address);
  void refuse(int descriptor);
  void wait_for_sweep();
  void sweep();
  template <class Visit>
  void for_each(Visit visit);
  void report_if_empty();

  base::Lane& lane_;
  std::shared_ptr<ServerShared> shared_;
  Acceptor acceptor_;
  Timer timer_;
  ShardCounts counts_;
  ShardTimes times_;
  SteadyTime coarse_now_;
  std::vector<SharedBytes> keepalives_;  // a few: one for each kind of stream
  Attached* first_ = nullptr;
  int spare_descriptor_ = -1;
  bool ipv6_ = false;
  bool stopping_ = false;
  bool busy_ = false;
};

}  // namespace colonnade::net
