// One subscriber of a thread: joins a stream's writer with its events (fathom §4).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/events/subscriptions.hpp"
#include "dialects/fathom/events.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::fathom {

// Whether a stream carries ids, and where it starts. Without ids it is the contract's stream: live
// events only. With ids (our extension) it can be taken up again after the last one seen.
struct Resume {
  bool with_ids = false;
  std::optional<std::int64_t> after{};  // a cursor; nullopt: live
};

// From a decimal `Last-Event-ID` header, or `resume=1` in the query. Anything else in the header is
// ignored, as the contract says.
Resume decode_resume(const net::Request& request);

// Lives on its connection's lane until the stream ends; owned by the writer's close callback.
class ThreadStream final : public core::Subscriber {
 public:
  struct Start {
    core::Subscriptions& subscriptions;
    EventEncoder& encoder;  // of the writer's lane
    base::Clock& clock;
    core::Scope scope;
    std::string thread_id{};
    Resume resume{};
  };

  // Subscribes, sends `ready`, then everything else. Call on the writer's lane.
  static void open(Start start, std::shared_ptr<net::StreamWriter> writer);

  ThreadStream(EventEncoder& encoder, bool with_ids, std::shared_ptr<net::StreamWriter> writer);
  void deliver(const core::EventPtr& event) override;
  void cut_off() override;
  base::Task<void> ready_for_more() override;

 private:
  void close();

  EventEncoder& encoder_;
  const bool with_ids_;
  std::shared_ptr<net::StreamWriter> writer_;  // nullptr once closed
  std::unique_ptr<core::Subscription> subscription_{};
};

}  // namespace colonnade::dialects::fathom
