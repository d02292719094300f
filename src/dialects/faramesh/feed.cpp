#include <utility>

#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/resources.hpp"

namespace colonnade::dialects::faramesh {

FeedResource::FeedResource(core::AuditFeed& feed, std::size_t lanes)
    : feed_(feed), encoders_(lanes) {}

// Where the stream begins is settled before its head is sent: a client that has the head misses
// nothing that it causes.
base::Task<net::Reply> FeedResource::stream(Principal who, RequestPtr request) {
  const auto last = co_await feed_.last_seq();
  if (!last) co_return error_response(last.error());
  net::StreamReply reply;
  reply.content_type = "text/event-stream; charset=utf-8";
  reply.headers = {
      {"Cache-Control", "no-cache"}, {"Connection", "keep-alive"}, {"X-Accel-Buffering", "no"}};
  reply.on_open = [this, who = std::move(who), last = *last,
                   after = resume_after(*request)](std::shared_ptr<net::StreamWriter> writer) {
    FrameEncoder& encoder = encoders_[writer->lane().index()];
    EventStream::open(
        {.feed = &feed_, .encoder = &encoder, .who = who, .last = last, .after = after},
        std::move(writer));
  };
  co_return reply;
}

}  // namespace colonnade::dialects::faramesh
