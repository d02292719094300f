// Who may come in over Platos' wire, by a request's head or by a socket's join (platos §1, §3.2).
//
// A session token decides alone: one that does not count is refused, whatever else was sent.
// Without one, direct headers with an operator's bearer token count. A scope that has access keys
// wants one beside either.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/account.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/login_failures.hpp"
#include "core/access/rate_limits.hpp"
#include "dialects/client_address.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/revocation.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::socket_io {
class Socket;
}

namespace colonnade::dialects::platos {

using RequestPtr = std::shared_ptr<const net::Request>;

inline constexpr const char* session_token_header = "X-Platos-Session-Token";

struct AccessOptions {
  // Direct headers must name a user: without, they stand for the user `service`.
  bool user_id_required = false;
  // Whose X-Forwarded-For is believed when a refused join is recorded.
  TrustedProxies trusted_proxies{};
};

// Thread-safe. What is named in Dependencies must outlive it, and it its guards.
class Access {
 public:
  struct Dependencies {
    core::Credentials& credentials;
    core::Entities& entities;
    core::AccessKeys& access_keys;
    core::RateLimits& rate_limits;
    core::LoginFailures& login_failures;
    base::Clock& clock;
  };
  explicit Access(Dependencies deps, AccessOptions options = {})
      : deps_(deps), options_(std::move(options)) {}

  // unauthorized. The request must stay until the task has ended.
  base::Task<base::Result<Caller>> admit(const net::Request& head);
  // The same for a socket: what the join carries (`auth`, null for nothing) wins over the headers
  // of the request that opened the connection. It says nothing of agents: a namespace that names
  // one is check_agent()'s. No guard sees a join: a credential that does not count is recorded as a
  // failed login here.
  base::Task<base::Result<Caller>> admit_socket(RequestPtr handshake, base::Json auth);
  // Whether a caller who came in earlier still may: unauthorized when the token has expired. Before
  // each event of a socket that begins something.
  base::Result<void> recheck(const Caller& caller);
  // Ends the socket at once when what let the caller in is taken away. Keep what is returned as
  // long as the socket is open; nullptr when it has been taken away already.
  std::shared_ptr<void> end_when_revoked(const Caller& caller,
                                         const std::shared_ptr<socket_io::Socket>& socket);

  // A route for callers, judged by the head: admit(), what the route needs, the rate of requests.
  // What the request holds open ends when what let its caller in is taken away.
  template <class Resource>
  using Member = base::Task<net::Reply> (Resource::*)(Caller, RequestPtr);
  template <class Resource>
  net::Guard guard(Resource& resource, Member<Resource> handler, Need need = {}) {
    return [this, &resource, handler, need](const net::Request& head) {
      return admission(this, need, &head, &resource, handler);
    };
  }

 private:
  using Judged = std::expected<Caller, net::Response>;
  base::Task<Judged> judge(Need need, const net::Request* head);

  template <class Resource>
  static base::Task<net::Admission> admission(Access* access, Need need, const net::Request* head,
                                              Resource* resource, Member<Resource> handler) {
    auto caller = co_await access->judge(need, head);
    if (!caller) co_return std::unexpected(std::move(caller.error()));
    std::string account = core::account_of(caller->who);
    // Called once, so it hands on what it holds.
    net::Handler handle = [credentials = &access->deps_.credentials, caller = std::move(*caller),
                           account, resource, handler](RequestPtr request) mutable {
      Bearer bearer{.credential_id = caller.who.credential_id, .account = std::move(account)};
      auto work = (resource->*handler)(std::move(caller), request);
      const RefusalOf refusal = [](const base::Error& error) { return error_response(error); };
      return until_revoked(credentials, std::move(bearer), std::move(request), refusal,
                           std::move(work));
    };
    co_return net::LetIn{.handler = std::move(handle), .account = std::move(account)};
  }

  // What was presented, wherever it was.
  struct Presented;
  base::Task<base::Result<Caller>> decide(Presented presented);
  base::Task<base::Result<Caller>> decide_direct(Presented presented);
  base::Result<Caller> decide_token(const Presented& presented);

  Dependencies deps_;
  AccessOptions options_;
};

}  // namespace colonnade::dialects::platos
