#include "net/http_server.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "net/limits.hpp"
#include "net/listener.hpp"
#include "net/server_shard.hpp"
#include "net/tls_context.hpp"

namespace colonnade::net {

using namespace std::chrono_literals;

namespace {

base::ShareBounds request_bounds(std::size_t connections_max) {
  const std::size_t percent = limits::http_account_requests_percent;
  return {.what = "requests and streams under way",
          .per_account = (connections_max * percent + 99) / 100,
          .total = connections_max};
}

}  // namespace

struct HttpServer::State {
  State(base::Lanes& lanes_in, const Router& router, HttpServerOptions options)
      : lanes(lanes_in), shared(std::make_shared<ServerShared>()) {
    shared->router = &router;
    shared->options = std::move(options);
    if (!shared->options.answers) shared->options.answers = std::make_shared<AnswerBudget>();
    shared->requests =
        std::make_unique<base::Share>(request_bounds(shared->options.connections_max));
  }

  // Waits until no shard has anything open; false when `limit` passed first.
  bool wait_until_closed(std::chrono::milliseconds limit) {
    std::unique_lock lock(shared->mutex);
    return shared->changed.wait_for(lock, limit, [this] { return shared->shards_busy == 0; });
  }

  void post_to_shards(void (ServerShard::*what)()) {
    for (const auto& shard : shards) {
      shard->lane().post([shard, what] { ((*shard).*what)(); });
    }
  }

  base::Lanes& lanes;
  std::shared_ptr<ServerShared> shared;
  std::vector<std::shared_ptr<ServerShard>> shards;
  Listeners bound;  // until the shards have them
  bool stopped = false;
};

namespace {

// A limit is noticed by at most a quarter of itself too late, and a lane wakes up at most once a
// second for it under the usual limits.
std::chrono::milliseconds sweep_interval_for(const HttpServerOptions& options) {
  const auto shortest =
      std::min({options.header_time_max, options.body_time_max, options.idle_time_max,
                options.write_time_max, options.keepalive_interval, options.stream_stall_time_max,
                options.websocket_heartbeat_interval});
  return std::clamp<std::chrono::milliseconds>(shortest / 4, limits::http_sweep_interval_min,
                                               limits::http_sweep_interval_max);
}

base::Result<void> check(HttpServerOptions& options) {
  std::string& base_path = options.base_path;
  while (base_path.ends_with('/')) base_path.pop_back();
  if (!base_path.empty() && !base_path.starts_with('/')) {
    return base::fail(base::ErrorKind::invalid, "base_path must start with '/', such as \"/c/r1\"",
                      "base_path");
  }
  if (options.connections_max == 0) {
    return base::fail(base::ErrorKind::invalid, "connections_max must be at least 1",
                      "connections_max");
  }
  return {};
}

}  // namespace

HttpServer::HttpServer(base::Lanes& lanes, const Router& router, HttpServerOptions options)
    : state_(std::make_shared<State>(lanes, router, std::move(options))) {}

HttpServer::~HttpServer() {
  stop(0ms);
  for (const int descriptor : state_->bound.descriptors) ::close(descriptor);
}

base::Result<void> HttpServer::start() {
  if (auto bound = bind(); !bound) return bound;
  return listen();
}

base::Result<void> HttpServer::bind() {
  ServerShared& shared = *state_->shared;
  HttpServerOptions& options = shared.options;
  auto checked = check(options);
  if (!checked) return checked;
  auto tls = make_tls_context(options.tls);
  if (!tls) return std::unexpected(std::move(tls.error()));
  shared.set_tls(std::move(*tls));
  shared.request_limits.header_bytes_max = options.header_bytes_max;
  shared.sweep_interval = sweep_interval_for(options);

  if (!options.body_budget) options.body_budget = std::make_shared<BodyBudget>();

  auto bound = bind_to(options.host, options.port, state_->lanes.size());
  if (!bound) return std::unexpected(std::move(bound.error()));
  state_->bound = std::move(*bound);
  return {};
}

base::Result<void> HttpServer::listen() {
  ServerShared& shared = *state_->shared;
  auto listening = listen_on(state_->bound, shared.options.host);
  if (!listening) return listening;
  const std::vector<int> descriptors = std::exchange(state_->bound.descriptors, {});
  for (std::size_t i = 0; i < state_->lanes.size(); ++i) {
    base::Lane& lane = state_->lanes[i];
    auto shard = std::make_shared<ServerShard>(lane, state_->shared);
    state_->shards.push_back(shard);
    {
      const std::lock_guard lock(shared.mutex);
      ++shared.shards_busy;
    }
    const int listener = descriptors[i];
    const bool ipv6 = state_->bound.ipv6;
    lane.post([shard, listener, ipv6] { shard->start(listener, ipv6); });
  }
  return {};
}

base::Result<void> HttpServer::reload_tls() {
  ServerShared& shared = *state_->shared;
  if (!shared.tls()) return {};
  auto tls = make_tls_context(shared.options.tls);
  if (!tls) return std::unexpected(std::move(tls.error()));
  shared.set_tls(std::move(*tls));
  return {};
}

std::uint16_t HttpServer::port() const { return state_->bound.port; }

void HttpServer::stop(std::chrono::milliseconds grace) {
  if (state_->stopped || state_->shards.empty()) return;
  state_->stopped = true;
  state_->post_to_shards(&ServerShard::begin_stop);
  if (state_->wait_until_closed(grace)) return;
  state_->post_to_shards(&ServerShard::close_all);
  // Bounded, in case the lanes were stopped before the server.
  state_->wait_until_closed(limits::http_close_time_max);
}

HttpServerCounts HttpServer::counts() const {
  HttpServerCounts out;
  out.connections_open = state_->shared->connections_open.load(std::memory_order_relaxed);
  for (const auto& shard : state_->shards) {
    const ShardCounts& counts = shard->counts();
    out.connections_total += counts.connections_total;
    out.connections_refused += counts.connections_refused;
    out.requests_total += counts.requests_total;
    for (std::size_t i = 0; i < 6; ++i) {
      out.requests_by_status_class[i] += counts.requests_by_status_class[i];
    }
    out.streams_open += counts.streams_open;
    out.streams_cut_slow += counts.streams_cut_slow;
    out.answers_cut += counts.answers_cut;
  }
  return out;
}

std::vector<RouteTimes> HttpServer::route_times() const {
  const std::vector<const Route*>& routes = state_->shared->router->by_number();
  std::vector<RouteTimes> all(routes.size() + 1);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    all[i].method = routes[i]->method;
    all[i].pattern = routes[i]->pattern;
  }
  for (const auto& shard : state_->shards) {
    const std::deque<base::Histogram>& times = shard->times().all();
    for (std::size_t i = 0; i < std::min(times.size(), all.size()); ++i) {
      if (!times[i].empty()) all[i].times += times[i].counts();
    }
  }
  std::erase_if(all, [](const RouteTimes& one) { return one.times.count == 0; });
  return all;
}

}  // namespace colonnade::net
