#include <utility>

#include "dialects/faramesh/resources.hpp"

namespace colonnade::dialects::faramesh {

FeedResource::FeedResource(core::AuditFeed& feed, std::size_t lanes)
    : feed_(feed), encoders_(lanes) {}

base::Task<net::Reply> FeedResource::stream(Principal who, RequestPtr request) {
  net::StreamReply reply;
  reply.content_type = "text/event-stream; charset=utf-8";
  reply.headers = {
      {"Cache-Control", "no-cache"}, {"Connection", "keep-alive"}, {"X-Accel-Buffering", "no"}};
  reply.on_open = [this, who = std::move(who),
                   after = resume_after(*request)](std::shared_ptr<net::StreamWriter> writer) {
    FrameEncoder& encoder = encoders_[writer->lane().index()];
    EventStream::open({.feed = feed_, .encoder = encoder, .who = who, .after = after},
                      std::move(writer));
  };
  co_return reply;
}

}  // namespace colonnade::dialects::faramesh
