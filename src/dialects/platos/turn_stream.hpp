// A turn as server-sent events: its log, each event with its number, and a heartbeat (platos §3.9).
// On its connection's lane.
#pragma once

#include <memory>
#include <stop_token>

#include "base/clock.hpp"
#include "core/events/subscriptions.hpp"
#include "dialects/platos/turn_events.hpp"
#include "dialects/run_waiting.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// `id: <n>`, `data: {…}`.
std::string encode_sse(const TurnEvent& event);

class SseTurn final : public core::Subscriber, public std::enable_shared_from_this<SseTurn> {
 public:
  SseTurn(std::shared_ptr<RunGuard> guard, std::shared_ptr<net::StreamWriter> writer,
          base::Clock& clock, TurnFacts facts)
      : guard_(std::move(guard)),
        writer_(std::move(writer)),
        clock_(clock),
        encoder_(std::move(facts)) {}

  // Keeps itself until the connection has ended; the turn is stopped with it.
  void open(core::Subscriptions& subscriptions, const core::Scope& scope, std::int64_t after);
  void deliver(const core::EventPtr& event) override;
  void cut_off() override;
  base::Task<void> ready_for_more() override;

 private:
  static base::Task<void> beat(std::weak_ptr<SseTurn> weak, std::stop_token closed);
  void close();

  std::shared_ptr<RunGuard> guard_;
  std::shared_ptr<net::StreamWriter> writer_;
  base::Clock& clock_;
  TurnEncoder encoder_;
  std::unique_ptr<core::Subscription> subscription_{};
  std::stop_source closed_;
};

}  // namespace colonnade::dialects::platos
