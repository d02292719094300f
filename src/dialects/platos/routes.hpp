// The Platos dialect: its one table of routes and its error encoders, over core's use cases. Paths
// and shapes are platos.md's, §1.3 and §2. Who may come in is access.hpp's; what one caller may do
// is caller.hpp's, and each row says which audience it is for.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/rate_limits.hpp"
#include "dialects/client_address.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/minting.hpp"
#include "dialects/platos/pending.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::platos {

// How every access key begins (platos §1.4).
inline constexpr const char* access_key_prefix = "platos_live_";

// The use cases that the dialect translates to. All must outlive it.
struct Parts {
  core::Credentials& credentials;
  core::Entities& entities;
  core::AccessKeys& access_keys;
  core::RateLimits& rate_limits;
  base::Clock& clock;
  // --- agents
  // --- threads
  // --- turns
  // --- approvals
  // --- artifacts
};

struct Options {
  AccessOptions access{};
  GuestScopeOf guest_scope_of{};
  // Whose X-Forwarded-For is believed when guests are counted per client.
  TrustedProxies trusted_proxies = TrustedProxies::loopback();
};

class Dialect {
 public:
  Dialect(Parts parts, Options options);
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;

  // The handlers refer to this object, which must outlive the router and the server.
  std::vector<net::Route> routes();
  void add_to(net::Router& router);

 private:
  Access access_;
  MintingResource minting_;
  PendingResource pending_;
  // --- agents
  // --- threads
  // --- turns, with the sockets
  // --- approvals
  // --- artifacts and attachments
};

}  // namespace colonnade::dialects::platos
