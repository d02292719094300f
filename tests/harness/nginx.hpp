// nginx as the yardstick: a reverse proxy in front of a provider, and a server of one static file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/child.hpp"

namespace colonnade::bench {

class Nginx {
 public:
  // One process, so that none is left over; no access log, keep-alive on both sides, no buffering
  // of the proxied answer. Throws std::runtime_error when it does not come up. `folder` must exist;
  // files go below it.
  Nginx(const std::string& folder, std::uint16_t upstream_port, std::optional<int> cpu = {});

  static bool installed();

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return child_->pid(); }
  // Serves `content` as /<name>.
  void put_file(const std::string& name, std::string_view content) const;

 private:
  std::string folder_;
  std::uint16_t port_;
  std::unique_ptr<Child> child_;
};

}  // namespace colonnade::bench
