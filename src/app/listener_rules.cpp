#include "app/listener_rules.hpp"

#include "base/this_machine.hpp"
#include "net/url.hpp"

namespace colonnade::app {
namespace {

// The host under which browsers reach the server; "" when nothing says it.
std::string public_host(const Settings& settings) {
  if (settings.mcp.redirect_url.empty()) return "";
  const auto url = net::parse_http_url(settings.mcp.redirect_url);
  return url ? url->host : "";
}

bool speaks_of_a_proxy(const Settings& settings) {
  const std::string host = public_host(settings);
  return !settings.trusted_proxies.empty() || !settings.allowed_hosts.empty() ||
         !settings.base_path.empty() || (!host.empty() && !base::is_this_machine(host));
}

}  // namespace

bool is_local_listener(const ListenAddress& address, const Settings& settings) {
  if (!base::is_this_machine(address.host)) return false;
  if (settings.proxy == ProxyInFront::none) return true;
  return settings.proxy == ProxyInFront::unknown && !speaks_of_a_proxy(settings);
}

dialects::HeadRules head_rules(const ListenAddress& address, const Settings& settings) {
  dialects::HeadRules out{.loopback = base::is_this_machine(address.host),
                          .hosts = settings.allowed_hosts,
                          .origins = settings.allowed_origins};
  if (std::string host = public_host(settings); !host.empty()) out.hosts.push_back(std::move(host));
  return out;
}

}  // namespace colonnade::app
