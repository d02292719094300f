// Who asks, as Tandem has it (tandem §1.2), and what every answer to them has in common.
//
// Every POST takes an Idempotency-Key: by once(), or by a handler that uses AnswerOnce itself.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "core/access/principal.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/route_handlers.hpp"
#include "dialects/tandem/limits.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

struct CallerOptions {
  // Whom the two below let in.
  core::Principal shared{core::default_view(), "admin", core::UserRole::operator_role};
  // Secrets of the configuration (TANDEM_API_TOKEN). Whoever sends one is `shared`.
  std::vector<std::string> tokens{};
  // Without any token, programs on this machine are `shared` (is_local_program(),
  // dialects/client_address.hpp).
  bool open = false;
  // Every path but /global/health is 503 while this fails; empty: never.
  std::function<base::Result<void>()> readiness{};
  // Answers say that pages of any origin may read them. False where the operator lists origins
  // (cors.origins), which then count for this dialect, too.
  bool any_origin = true;
};

// The token of X-Agent-Token, else X-Tandem-Token, else `Authorization: Bearer `, in this order:
// the first that is there and not empty. "" for none.
std::string sent_token(const net::Request& head);

// A handler for whoever is let in.
using CallerHandler = std::function<base::Task<net::Reply>(core::Principal, RequestPtr)>;

// The rows of the table of routes for whoever is let in. Judges by the head: the token (401), then
// readiness (503). Answers to python-httpx end their connection (tandem §1.3), streams excepted.
class Callers {
 public:
  // Both must outlive it and the routes.
  Callers(core::Credentials& credentials, AnswerOnce& answer_once, CallerOptions options)
      : credentials_(credentials), answer_once_(answer_once), options_(std::move(options)) {}

  net::Guard guard(CallerHandler handler) const;

  // The resource must outlive the route.
  template <class Resource>
  net::Guard operator()(Resource& resource,
                        base::Task<net::Reply> (Resource::*member)(core::Principal,
                                                                   RequestPtr)) const {
    return guard([&resource, member](core::Principal who, RequestPtr request) {
      return (resource.*member)(std::move(who), std::move(request));
    });
  }

  // Of a POST whose answer is a text, and whose effect is made once for each Idempotency-Key. A 200
  // that says `"ok": false` (tandem §1.5, family F) counts as having had none. Not for answers that
  // hold a secret, and not for what must not happen a second time when the server dies between the
  // effect and its answer: such a handler links what it makes to the key by itself.
  template <class Resource>
  net::Guard once(Resource& resource,
                  base::Task<net::Reply> (Resource::*member)(core::Principal, RequestPtr)) const {
    CallerHandler handler = [&resource, member](core::Principal who, RequestPtr request) {
      return (resource.*member)(std::move(who), std::move(request));
    };
    return guard([this, handler = std::move(handler)](core::Principal who, RequestPtr request) {
      return answered_once(this, std::move(who), std::move(request), handler);
    });
  }

  const CallerOptions& options() const { return options_; }
  // For handlers of routes that are open: what every answer has.
  net::Reply finished(net::Reply reply, const net::Request& request) const;

 private:
  base::Task<base::Result<core::Principal>> admit(const net::Request& head) const;
  static base::Task<net::Admission> admission(const Callers* self,
                                              base::Task<base::Result<core::Principal>> admitted,
                                              bool closes, CallerHandler handler);
  static base::Task<net::Reply> handle(const Callers* self, core::Principal who,
                                       std::string account, CallerHandler handler,
                                       RequestPtr request);
  static base::Task<net::Reply> answered_once(const Callers* self, core::Principal who,
                                              RequestPtr request, CallerHandler handler);

  core::Credentials& credentials_;
  AnswerOnce& answer_once_;
  CallerOptions options_;
};

// One row; `long_running` for handlers that wait.
inline net::Route row(net::Method method, std::string pattern, net::Guard guard,
                      bool long_running = false) {
  return {.method = method,
          .pattern = std::move(pattern),
          .handler = std::move(guard),
          .body_bytes_max = limits::tandem_body_bytes_max,
          .long_running = long_running};
}

// The same rows once more below /api, where the engine has its session routes, too (tandem §1.1).
std::vector<net::Route> also_below_api(std::vector<net::Route> rows);

}  // namespace colonnade::dialects::tandem
