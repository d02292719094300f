#include "dialects/revocation.hpp"

#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "net/websocket.hpp"

namespace colonnade::dialects {
namespace {

base::Error revoked_error() {
  return {.kind = base::ErrorKind::unauthorized, .message = "the token was revoked"};
}

// Ends what a reply opened (a StreamWriter or a WebSocket) when the credential is revoked.
// Registered before its handler writes to it, and for as long as it is open. False when it was
// revoked already.
template <class Sender>
bool end_when_revoked(core::Credentials& credentials, std::string credential_id,
                      const std::shared_ptr<Sender>& sender) {
  auto end = [weak = std::weak_ptr(sender)] {
    if (const auto open = weak.lock()) open->end_now();
  };
  std::shared_ptr<void> watch =
      credentials.watch(std::move(credential_id), sender->lane(), std::move(end));
  if (!watch) return false;
  sender->keep(std::move(watch));
  return true;
}

void watch_reply(core::Credentials& credentials, std::string credential_id,
                 net::StreamReply& reply) {
  reply.on_open = [&credentials, id = std::move(credential_id), open = std::move(reply.on_open)](
                      std::shared_ptr<net::StreamWriter> writer) mutable {
    if (!end_when_revoked(credentials, std::move(id), writer)) return writer->finish();
    if (open) open(std::move(writer));
  };
}

void watch_reply(core::Credentials& credentials, std::string credential_id,
                 net::WebSocketReply& reply) {
  reply.on_open = [&credentials, id = std::move(credential_id), open = std::move(reply.on_open)](
                      std::shared_ptr<net::WebSocket> socket) mutable {
    if (!end_when_revoked(credentials, std::move(id), socket)) socket->end_now();
    return open(std::move(socket));
  };
}

}  // namespace

base::Task<net::Reply> until_revoked(core::Credentials* credentials, Bearer bearer,
                                     std::shared_ptr<const net::Request> request, RefusalOf refusal,
                                     base::Task<net::Reply> work) {
  const bool ends = !bearer.credential_id.empty();
  const bool waits = ends && request->leave.stop_possible();
  const auto revoked = waits ? std::make_shared<bool>(false) : nullptr;  // touched on the lane only
  std::unique_ptr<core::Revocations::Watch> watch;
  if (waits) {
    auto end = [revoked, leave = request->leave]() mutable {
      *revoked = true;
      leave.request_stop();
    };
    watch = credentials->watch(bearer.credential_id, *request->lane, std::move(end));
    if (!watch) co_return refusal(revoked_error());
  }
  auto reply = co_await std::move(work);
  // Asked as well: what else the credential held open (a session) may have ended on another lane
  // first, and the work with it.
  if (waits && !*revoked) {
    *revoked = credentials->watch(bearer.credential_id, *request->lane, [] {}) == nullptr;
  }
  if (waits && *revoked) co_return refusal(revoked_error());
  std::visit(
      [&](auto& kind) {
        kind.account = std::move(bearer.account);
        if constexpr (!std::is_same_v<decltype(kind), net::Response&>) {
          if (ends) watch_reply(*credentials, std::move(bearer.credential_id), kind);
        }
      },
      reply);
  co_return reply;
}

}  // namespace colonnade::dialects
