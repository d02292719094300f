// A resource's member functions as the handlers of routes.
#pragma once

#include <memory>
#include <utility>

#include "base/task.hpp"
#include "core/access/scope.hpp"
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

// Handlers for whoever is let in, which is judged by the head, before anything else is.
//
// `admit` takes the request without its body and says who asks, or why not; `refusal` turns that
// error into the dialect's answer. Both are copied into each route.
template <class Admit, class Refusal>
class Admitted {
 public:
  Admitted(Admit admit, Refusal refusal) : admit_(std::move(admit)), refusal_(refusal) {}

  template <class Resource>
  net::Guard operator()(Resource& resource,
                        base::Task<net::Reply> (Resource::*handler)(core::Principal,
                                                                    RequestPtr)) const {
    return [admit = admit_, refusal = refusal_, &resource, handler](const net::Request& head) {
      auto who = admit(head);
      if (!who) return given(std::unexpected(refusal(who.error())));
      return given([who = std::move(*who), &resource, handler](RequestPtr request) {
        return (resource.*handler)(who, std::move(request));
      });
    };
  }

 private:
  static base::Task<net::Admission> given(net::Admission admission) { co_return admission; }

  Admit admit_;
  Refusal refusal_;
};

}  // namespace colonnade::dialects
