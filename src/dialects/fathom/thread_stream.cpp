#include "dialects/fathom/thread_stream.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace colonnade::dialects::fathom {
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

Resume decode_resume(const net::Request& request) {
  const auto after = decimal(request.header("Last-Event-ID"));
  if (after) return {.with_ids = true, .after = after};
  return {.with_ids = request.query_parameter("resume") == "1"};
}

ThreadStream::ThreadStream(EventEncoder& encoder, bool with_ids,
                           std::shared_ptr<net::StreamWriter> writer)
    : encoder_(encoder), with_ids_(with_ids), writer_(std::move(writer)) {}

void ThreadStream::open(Start start, std::shared_ptr<net::StreamWriter> writer) {
  auto self = std::make_shared<ThreadStream>(start.encoder, start.resume.with_ids, writer);
  writer->on_closed([self] { self->close(); });
  // Subscribed before `ready` is sent: what a client does once it has seen `ready` is not missed.
  self->subscription_ = start.subscriptions.subscribe(
      writer->lane(), core::EventTopic::of_thread(start.scope, start.thread_id), start.resume.after,
      *self);
  // A cursor from elsewhere, which this store has not reached, was not what the stream began after.
  const std::int64_t reached = self->subscription_->cursor();
  const Ready ready{.thread_id = start.thread_id,
                    .server_time = start.clock.now(),
                    .with_id = start.resume.with_ids,
                    .cursor = std::min(start.resume.after.value_or(reached), reached)};
  writer->send(std::make_shared<const std::string>(encode_ready(ready)));
}

void ThreadStream::deliver(const core::EventPtr& event) {
  if (!writer_ || writer_->closed()) return;
  // A slow reader's stream is cut off by the writer, which then calls close().
  if (auto bytes = encoder_.encode(*event, with_ids_)) writer_->send(std::move(bytes));
}

void ThreadStream::cut_off() {
  if (writer_) writer_->finish();
}

base::Task<void> ThreadStream::ready_for_more() {
  return writer_ ? writer_->drained() : core::Subscriber::ready_for_more();
}

void ThreadStream::close() {
  writer_.reset();
  subscription_.reset();
}

}  // namespace colonnade::dialects::fathom
