// GET /metrics: who may read what the server counts.
#pragma once

#include <functional>
#include <memory>

#include "app/metrics.hpp"
#include "app/settings.hpp"
#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "net/router.hpp"

namespace colonnade::app {

class MetricsRoute {
 public:
  struct Options {
    MetricsReaders readers = MetricsReaders::local;           // not off
    base::Time started_at{};                                  // of the server
    std::function<base::Task<MetricsSnapshot>()> snapshot{};  // called on any lane
  };
  // `credentials` must outlive it.
  MetricsRoute(core::Credentials& credentials, Options options)
      : credentials_(credentials), options_(std::move(options)) {}

  // The handler refers to this object, which must outlive the router and the server.
  net::Route route();

 private:
  using RequestPtr = std::shared_ptr<const net::Request>;
  base::Task<net::Reply> get(RequestPtr request);
  base::Task<bool> may_read(RequestPtr request);

  core::Credentials& credentials_;
  Options options_;
};

}  // namespace colonnade::app
