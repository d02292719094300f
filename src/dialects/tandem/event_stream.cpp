#include "dialects/tandem/event_stream.hpp"

#include <string>
#include <utility>

#include "base/json.hpp"
#include "dialects/tandem/limits.hpp"

namespace colonnade::dialects::tandem {
namespace {

constexpr std::string_view keepalive = ":\n\n";
constexpr std::string_view finished_type = "session.run.finished";
constexpr std::string_view automation_changed_type = "automation.updated";

// Of those that begin with a status.
std::string_view stream_name(StreamKind kind) {
  switch (kind) {
    case StreamKind::resources: return "resource";
    case StreamKind::routines: return "routines";
    case StreamKind::automations: return "automations";
    case StreamKind::flows: return "automations_v2";
    default: return {};
  }
}

bool is_any_or(std::string_view wanted, std::string_view found) {
  return wanted.empty() || wanted == found;
}

}  // namespace

bool EventFilter::passes(const EventText& event) const {
  if (!session_id.empty() && event.session_id != session_id) return false;
  if (run_id.empty()) return true;
  return event.run_id == run_id || (!session_id.empty() && event.run_id.empty());
}

EventStream::EventStream(Sources sources, Follow follow, std::shared_ptr<net::StreamWriter> writer)
    : sources_(sources), follow_(std::move(follow)), writer_(std::move(writer)) {}

void EventStream::open(Sources sources, core::Principal who, Follow follow,
                       std::shared_ptr<net::StreamWriter> writer) {
  auto self = std::make_shared<EventStream>(sources, std::move(follow), writer);
  writer->on_closed([self] { self->close(); });
  self->begin(who);
}

// Whoever has read the greeting misses nothing of what happens from then on; nothing is delivered
// from within these calls.
void EventStream::begin(const core::Principal& who) {
  base::Lane& lane = writer_->lane();
  listening_ = sources_.notices.listen(lane, who, [this](const Notice& notice) { hear(notice); });
  if (follow_.topic) {
    subscription_ = sources_.subscriptions.subscribe(lane, *follow_.topic, follow_.after, *this);
  }
  greet();
  replaying_ = subscription_ && !subscription_->caught_up();
  lane.spawn("tandem_keepalive",
             beat(weak_from_this(), sources_.keepalive_interval, closed_.get_token()));
}

void EventStream::greet() {
  const base::Time now = sources_.clock.now();
  if (follow_.kind == StreamKind::events) {
    send(frame(event_text({.type = "server.connected", .at = now}).json));
    const auto ready = [&](base::JsonWriter& json) {
      json.field("status", "ready").field("transport", "sse");
      json.field("timestamp_ms", now.micros / 1'000);
    };
    send(frame(event_text({.type = "engine.lifecycle.ready", .at = now}, ready).json));
  } else if (follow_.kind == StreamKind::run) {
    send(frame(event_text({.type = "run.stream.connected",
                           .session_id = follow_.filter.session_id,
                           .run_id = follow_.filter.run_id,
                           .at = now})
                   .json));
  } else if (const std::string_view name = stream_name(follow_.kind); !name.empty()) {
    std::string status;
    base::JsonWriter(status)
        .object()
        .field("status", "ready")
        .field("stream", name)
        .field("timestamp_ms", now.micros / 1'000)
        .end_object();
    send(frame(status));
  }
}

bool EventStream::wants(const Notice& notice) const {
  if (follow_.kind == StreamKind::resources) {
    return notice.event.type.starts_with("resource.") &&
           notice.resource_key.starts_with(follow_.resource_prefix);
  }
  if (follow_.kind == StreamKind::routines || follow_.kind == StreamKind::automations) {
    if (notice.is_automation != (follow_.kind == StreamKind::automations)) return false;
    if (!notice.flow_id.empty()) return false;
    if (!notice.is_automation && !notice.event.type.starts_with("routine.")) return false;
    return is_any_or(follow_.routine_id, notice.routine_id) &&
           is_any_or(follow_.routine_run_id, notice.routine_run_id);
  }
  if (follow_.kind == StreamKind::flows) {
    return !notice.flow_id.empty() && is_any_or(follow_.flow_id, notice.flow_id) &&
           is_any_or(follow_.flow_run_id, notice.flow_run_id);
  }
  // Runs are told of under their routine's names; this one event is for everybody (tandem §3.6).
  if (notice.is_automation && notice.event.type != automation_changed_type) return false;
  const bool of_anything = follow_.kind == StreamKind::events;
  return (of_anything || !notice.event.run_id.empty()) && follow_.filter.passes(notice.event);
}

void EventStream::deliver(const core::EventPtr& event) {
  if (!writer_ || ends_) return;
  std::size_t index = 0;
  for (const EventText& each : run_events_.of(*event)) {
    const std::int64_t number = event_number(event->cursor, index++);
    if (number <= follow_.sent_to || !follow_.filter.passes(each)) continue;
    if (follow_.kind == StreamKind::prompt_sync && each.type == finished_type) return end();
    send(frame(each.json, number));
  }
}

void EventStream::hear(const Notice& notice) {
  if (writer_ && !ends_ && wants(notice)) send(frame(notice.event.json));
}

// Live events go to the writer, which cuts off a reader that is too slow. A replay makes several of
// each stored event and must not be cut off by its own haste.
void EventStream::send(std::string text) {
  if (!writer_ || writer_->closed()) return;
  quiet_ = false;
  if (!replaying_ && unsent_.empty()) {
    writer_->send(std::make_shared<const std::string>(std::move(text)));
    return;
  }
  unsent_.push_back(std::move(text));
  if (!replaying_ && unsent_.size() > limits::tandem_unsent_events_max) writer_->end_now();
}

base::Task<void> EventStream::ready_for_more() { return pour(shared_from_this()); }

void EventStream::caught_up() {
  replaying_ = false;
  if (writer_ && !unsent_.empty()) writer_->lane().spawn("tandem_replay", pour(shared_from_this()));
}

base::Task<void> EventStream::pour(std::shared_ptr<EventStream> self) {
  while (self->writer_ && !self->unsent_.empty()) {
    for (std::size_t i = 0; i < limits::tandem_events_at_once && !self->unsent_.empty(); ++i) {
      self->writer_->send(std::make_shared<const std::string>(std::move(self->unsent_.front())));
      self->unsent_.pop_front();
    }
    const auto writer = self->writer_;
    co_await writer->drained();
  }
  if (self->ends_ && self->writer_) self->writer_->finish();
}

// Whatever a reader has sent for, it hears before the stream ends.
void EventStream::end() {
  ends_ = true;
  if (unsent_.empty() && writer_) writer_->finish();
}

void EventStream::cut_off() {
  if (writer_) writer_->finish();
}

base::Task<void> EventStream::beat(std::weak_ptr<EventStream> weak,
                                   std::chrono::milliseconds interval, std::stop_token closed) {
  for (;;) {
    const bool passed = co_await base::sleep_for(interval, closed);
    const auto self = weak.lock();
    if (!passed || !self || !self->writer_) co_return;
    if (std::exchange(self->quiet_, true)) {
      self->writer_->send(std::make_shared<const std::string>(keepalive));
    }
  }
}

void EventStream::close() {
  closed_.request_stop();
  writer_.reset();
  listening_.reset();
  subscription_.reset();
  unsent_.clear();
}

}  // namespace colonnade::dialects::tandem
