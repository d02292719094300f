#include "dialects/faramesh/event_stream.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "core/access/visibility.hpp"
#include "dialects/faramesh/events.hpp"
#include "dialects/faramesh/limits.hpp"

namespace colonnade::dialects::faramesh {
namespace {

std::optional<std::int64_t> decimal(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::optional<std::int64_t> resume_after(const net::Request& request) {
  if (const auto number = decimal(request.header("Last-Event-ID"))) return number;
  return decimal(request.query_parameter("after").value_or(""));
}

net::SharedBytes FrameEncoder::encode(const core::AuditNews& news) {
  if (news.record.seq == seq_) return bytes_;
  std::string frame = encode_frame(news);
  seq_ = news.record.seq;
  bytes_ = frame.empty() ? nullptr : std::make_shared<const std::string>(std::move(frame));
  return bytes_;
}

EventStream::EventStream(FrameEncoder& encoder, core::Principal who,
                         std::shared_ptr<net::StreamWriter> writer)
    : encoder_(encoder), principal_(std::move(who)), writer_(std::move(writer)) {}

void EventStream::open(Start start, std::shared_ptr<net::StreamWriter> writer) {
  auto self = std::make_shared<EventStream>(*start.encoder, start.who, writer);
  writer->on_closed([self] { self->close(); });
  writer->lane().spawn("audit_stream", begin(std::move(self), std::move(start)));
}

base::Task<void> EventStream::begin(std::shared_ptr<EventStream> self, Start start) {
  bool can_read = true;
  if (!start.after) can_read = co_await send_newest(self, &start);
  if (!self->writer_) co_return;
  if (!can_read) {
    self->writer_->finish();
    co_return;
  }
  const std::int64_t after = std::min(start.after.value_or(start.last), start.last);
  auto subscription = co_await start.feed->subscribe(&self->writer_->lane(), after, self.get());
  if (!self->writer_) co_return;  // it was closed meanwhile
  if (subscription) {
    self->subscription_ = std::move(*subscription);
  } else {
    self->writer_->finish();
  }
}

base::Task<bool> EventStream::send_newest(std::shared_ptr<EventStream> self, const Start* start) {
  constexpr auto searched = static_cast<std::int64_t>(limits::faramesh_feed_records_searched);
  const std::int64_t before = std::max<std::int64_t>(start->last - searched, 0);
  const auto page =
      co_await start->feed->read(before, static_cast<std::size_t>(start->last - before));
  if (!page) co_return false;
  if (!self->writer_) co_return true;
  std::vector<net::SharedBytes> frames;
  for (const core::AuditNewsPtr& news : *page) {
    if (auto frame = self->frame_of(*news)) frames.push_back(std::move(frame));
  }
  const std::size_t count = std::min(frames.size(), limits::faramesh_feed_events_replayed);
  for (std::size_t i = frames.size() - count; i < frames.size(); ++i) {
    self->writer_->send(frames[i]);
  }
  co_return true;
}

net::SharedBytes EventStream::frame_of(const core::AuditNews& news) {
  const bool mine = news.action && core::may_see(principal_, news.record.scope, news.action->owner);
  return mine ? encoder_.encode(news) : nullptr;
}

void EventStream::deliver(const core::AuditNewsPtr& news) {
  if (!writer_ || writer_->closed()) return;
  // A slow reader's stream is cut off by the writer, which then calls close().
  if (auto frame = frame_of(*news)) writer_->send(std::move(frame));
}

void EventStream::cut_off() {
  if (writer_) writer_->finish();
}

base::Task<void> EventStream::ready_for_more() {
  return writer_ ? writer_->drained() : core::AuditSubscriber::ready_for_more();
}

void EventStream::close() {
  writer_.reset();
  subscription_.reset();
}

}  // namespace colonnade::dialects::faramesh
