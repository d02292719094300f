// One reader of Tandem's event streams: core's events and the notices, filtered and in the stream's
// framing (tandem §3).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "core/events/subscriptions.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/notices.hpp"
#include "dialects/tandem/run_events.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// What a stream's reader wants (tandem §3.4).
struct EventFilter {
  std::string session_id{};  // "" for any
  std::string run_id{};      // "" for any

  // Both filters: an event of the session that is no run's passes, too.
  bool passes(const EventText& event) const;
};

// What the stream begins with, and what it ends with.
enum class StreamKind {
  events,       // server.connected and engine.lifecycle.ready; stays open
  run,          // run.stream.connected; stays open
  prompt_sync,  // neither; ends before session.run.finished
  resources,    // a status without a type; notices of resources alone; stays open
  routines,     // the same of routines
  automations,  // the same of routines in their other dress
  flows,        // the same of automations V2
};

struct Follow {
  StreamKind kind = StreamKind::events;
  EventFilter filter{};
  std::string resource_prefix{};  // of the keys that a stream of resources is about
  std::string routine_id{};       // that a stream of routines is about; "" for all
  std::string routine_run_id{};   // the same of automations' runs
  std::string flow_id{};          // that a stream of flows is about; "" for all
  std::string flow_run_id{};
  std::optional<core::EventTopic> topic{};  // none: notices alone
  std::optional<std::int64_t> after{};      // a cursor: replays what came since
  std::int64_t sent_to = 0;                 // the number of the last event that the reader has
};

// Lives on its connection's lane until the stream ends; owned by the writer's close callback.
class EventStream final : public core::Subscriber,
                          public std::enable_shared_from_this<EventStream> {
 public:
  struct Sources {
    core::Subscriptions& subscriptions;
    Notices& notices;
    base::Clock& clock;
    std::chrono::milliseconds keepalive_interval = limits::tandem_keepalive_interval;
  };
  // Call on the writer's lane.
  static void open(Sources sources, core::Principal who, Follow follow,
                   std::shared_ptr<net::StreamWriter> writer);

  EventStream(Sources sources, Follow follow, std::shared_ptr<net::StreamWriter> writer);
  void deliver(const core::EventPtr& event) override;
  void caught_up() override;
  void cut_off() override;
  base::Task<void> ready_for_more() override;

 private:
  void begin(const core::Principal& who);
  void greet();
  bool wants(const Notice& notice) const;
  void hear(const Notice& notice);
  void send(std::string frame);
  void end();
  void close();
  static base::Task<void> pour(std::shared_ptr<EventStream> self);
  static base::Task<void> beat(std::weak_ptr<EventStream> weak, std::chrono::milliseconds interval,
                               std::stop_token closed);

  Sources sources_;
  Follow follow_;
  RunEvents run_events_;
  std::shared_ptr<net::StreamWriter> writer_;  // nullptr once closed
  std::unique_ptr<core::Subscription> subscription_{};
  std::unique_ptr<Notices::Listening> listening_{};
  // What a replay made more of than the writer takes at once.
  std::deque<std::string> unsent_{};
  bool replaying_ = false;
  bool ends_ = false;  // once nothing is unsent
  bool quiet_ = true;  // nothing was sent since the last keep-alive
  std::stop_source closed_{};
};

}  // namespace colonnade::dialects::tandem
