// Revoked means now: what a request holds open ends when its credential is revoked.
//
// Every handler that is let in by a credential goes through until_revoked(), so a route has nothing
// to do for it: its open stream is registered as it opens, and a route that is `long_running` is
// registered while it waits. The reply counts as its account's while it is unread.
#pragma once

#include <string>

#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

// What a request came in by.
struct Bearer {
  // "" for who needs none of the store (a token of the configuration, which counts as long as the
  // server runs with it): then nothing ends.
  std::string credential_id{};
  // Whose share of limits::answers_bytes_max the reply takes while it is unread.
  std::string account{};
};

using RefusalOf = net::Response (*)(const base::Error&);

// The reply of `work`. When the credential is revoked while a long-running request is handled, its
// handler sees that the client has left, and the reply is the refusal. A stream ends at once: it
// says nothing more, also not what was queued. A credential that was revoked after it was let in is
// refused.
base::Task<net::Reply> until_revoked(core::Credentials* credentials, Bearer bearer,
                                     std::shared_ptr<const net::Request> request, RefusalOf refusal,
                                     base::Task<net::Reply> work);

}  // namespace colonnade::dialects
