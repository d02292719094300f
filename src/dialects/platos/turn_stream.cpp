#include "dialects/platos/turn_stream.hpp"

#include <utility>

#include "base/sse.hpp"
#include "dialects/platos/turn_limits.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

std::string encode_sse(const TurnEvent& event) {
  std::string out;
  base::append_sse(out, "", event.json, std::to_string(event.seq));
  return out;
}

void SseTurn::open(core::Subscriptions& subscriptions, const core::Scope& scope,
                   std::int64_t after) {
  const auto writer = writer_;
  writer->on_closed([self = shared_from_this()] { self->close(); });
  subscription_ = subscriptions.subscribe(
      writer->lane(), core::EventTopic::of_thread(scope, encoder_.thread_id()), after, *this);
  writer->lane().spawn("platos_heartbeat", beat(weak_from_this(), closed_.get_token()));
}

base::Task<void> SseTurn::beat(std::weak_ptr<SseTurn> weak, std::stop_token closed) {
  for (;;) {
    const bool passed = co_await base::sleep_for(limits::platos_heartbeat_interval, closed);
    const auto self = weak.lock();
    if (!passed || !self || !self->writer_) co_return;
    std::string text;
    base::append_sse(text, "",
                     R"({"type":"heartbeat","at":")" + wire_time(self->clock_.now()) + R"("})");
    self->writer_->send(std::make_shared<const std::string>(std::move(text)));
  }
}

void SseTurn::deliver(const core::EventPtr& event) {
  if (!writer_ || writer_->closed() || event->run_id != guard_->run_id()) return;
  for (const TurnEvent& one : encoder_.encode(*event)) {
    writer_->send(std::make_shared<const std::string>(encode_sse(one)));
  }
  if (!encoder_.ended()) return;
  guard_->ended();
  writer_->finish();
}

void SseTurn::cut_off() {
  if (writer_) writer_->finish();
}

base::Task<void> SseTurn::ready_for_more() {
  return writer_ ? writer_->drained() : core::Subscriber::ready_for_more();
}

void SseTurn::close() {
  closed_.request_stop();
  writer_.reset();
  guard_.reset();
  subscription_.reset();
}

}  // namespace colonnade::dialects::platos
