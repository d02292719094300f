// A resource's member functions as the handlers of routes.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/account.hpp"
#include "core/access/credentials.hpp"
#include "core/access/principal.hpp"
#include "dialects/revocation.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects {

using RequestPtr = std::shared_ptr<const net::Request>;

// A handler for anyone. The resource must outlive it.
template <class Resource>
net::Handler open_to_all(Resource& resource,
                         base::Task<net::Reply> (Resource::*handler)(RequestPtr)) {
  return
      [&resource, handler](RequestPtr request) { return (resource.*handler)(std::move(request)); };
}

// Handlers for whoever is let in, which is judged by the head, before anything else is. What they
// hold open ends when the credential is revoked (dialects/revocation.hpp).
//
// `admit` takes the request without its body and returns a task that says who asks, or why not;
// `refusal` turns that error into the dialect's answer. `admit` is copied into each route;
// `credentials` must outlive them.
template <class Admit>
class Admitted {
 public:
  template <class Resource>
  using Member = base::Task<net::Reply> (Resource::*)(core::Principal, RequestPtr);

  Admitted(core::Credentials& credentials, Admit admit, RefusalOf refusal)
      : credentials_(&credentials), admit_(std::move(admit)), refusal_(refusal) {}

  template <class Resource>
  net::Guard operator()(Resource& resource, Member<Resource> handler) const {
    return [credentials = credentials_, admit = admit_, refusal = refusal_, &resource,
            handler](const net::Request& head) {
      auto admitted = admit(head);
      return admission(credentials, std::move(admitted), refusal, &resource, handler);
    };
  }

 private:
  template <class Resource>
  static base::Task<net::Admission> admission(core::Credentials* credentials,
                                              base::Task<base::Result<core::Principal>> admitted,
                                              RefusalOf refusal, Resource* resource,
                                              Member<Resource> handler) {
    auto who = co_await std::move(admitted);
    if (!who) co_return std::unexpected(refusal(who.error()));
    std::string account = core::account_of(*who);
    // Called once, so it hands on what it holds.
    net::Handler handle = [credentials, who = std::move(*who), account, refusal, resource,
                           handler](RequestPtr request) mutable {
      Bearer bearer{.credential_id = who.credential_id, .account = std::move(account)};
      auto work = (resource->*handler)(std::move(who), request);
      return until_revoked(credentials, std::move(bearer), std::move(request), refusal,
                           std::move(work));
    };
    co_return net::LetIn{.handler = std::move(handle), .account = std::move(account)};
  }

  core::Credentials* credentials_;
  Admit admit_;
  RefusalOf refusal_;
};

}  // namespace colonnade::dialects
