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

base::Task<net::Reply> until_revoked(core::Credentials* credentials, std::string credential_id,
                                     std::shared_ptr<const net::Request> request, RefusalOf refusal,
                                     base::Task<net::Reply> work) {
  const bool waits = request->leave.stop_possible();
  const auto revoked = waits ? std::make_shared<bool>(false) : nullptr;  // touched on the lane only
  std::unique_ptr<core::Revocations::Watch> watch;
  if (waits) {
    auto end = [revoked, leave = request->leave]() mutable {
      *revoked = true;
      leave.request_stop();
    };
    watch = credentials->watch(credential_id, *request->lane, std::move(end));
    if (!watch) co_return refusal(revoked_error());
  }
  auto reply = co_await std::move(work);
  if (waits && *revoked) co_return refusal(revoked_error());
  if (auto* stream = std::get_if<net::StreamReply>(&reply)) {
    end_when_revoked(*credentials, std::move(credential_id), *stream);
  }
  co_return reply;
}

}  // namespace colonnade::dialects
