#include "dialects/revocation.hpp"

#include <memory>
#include <utility>
#include <variant>

namespace colonnade::dialects {
namespace {

base::Error revoked_error() {
  return {.kind = base::ErrorKind::unauthorized, .message = "the token was revoked"};
}

// Registers the stream before its handler writes to it, and for as long as it is open.
void end_when_revoked(core::Credentials& credentials, std::string credential_id,
                      net::StreamReply& reply) {
  reply.on_open =
      [&credentials, credential_id = std::move(credential_id),
       open = std::move(reply.on_open)](std::shared_ptr<net::StreamWriter> writer) mutable {
        auto end = [weak = std::weak_ptr(writer)] {
          if (const auto stream = weak.lock()) stream->end_now();
        };
        std::shared_ptr<void> watch =
            credentials.watch(std::move(credential_id), writer->lane(), std::move(end));
        if (!watch) return writer->finish();
        writer->keep(std::move(watch));
        if (open) open(std::move(writer));
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
  if (auto* response = std::get_if<net::Response>(&reply)) {
    response->account = std::move(bearer.account);
  } else {
    auto& stream = std::get<net::StreamReply>(reply);
    stream.account = std::move(bearer.account);
    if (ends) end_when_revoked(*credentials, std::move(bearer.credential_id), stream);
  }
  co_return reply;
}

}  // namespace colonnade::dialects
