// One reader of the feed: joins a stream's writer with the audit trail (faramesh §3.4, §9.12).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/access/principal.hpp"
#include "core/governance/audit_feed.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::faramesh {

// The number after which a reader goes on: a decimal `Last-Event-ID` header, else `?after=`;
// nullopt for a new reader.
std::optional<std::int64_t> resume_after(const net::Request& request);

// Encodes each record once for all readers of one lane. One object per lane, used there only.
class FrameEncoder {
 public:
  // nullptr for records that the feed has no word for.
  net::SharedBytes encode(const core::AuditNews& news);

 private:
  std::int64_t seq_ = 0;
  net::SharedBytes bytes_{};
};

// Tells a principal of its own actions. Lives on its connection's lane until the stream ends; owned
// by the writer's close callback.
class EventStream final : public core::AuditSubscriber {
 public:
  struct Start {
    core::AuditFeed* feed = nullptr;
    FrameEncoder* encoder = nullptr;  // of the writer's lane
    core::Principal who;
    std::int64_t last = 0;                // the trail's end when the request came
    std::optional<std::int64_t> after{};  // beyond the end counts as the end
  };
  // Call on the writer's lane. A new reader is sent the newest few events first.
  static void open(Start start, std::shared_ptr<net::StreamWriter> writer);

  EventStream(FrameEncoder& encoder, core::Principal who,
              std::shared_ptr<net::StreamWriter> writer);
  void deliver(const core::AuditNewsPtr& news) override;
  void cut_off() override;
  base::Task<void> ready_for_more() override;

 private:
  static base::Task<void> begin(std::shared_ptr<EventStream> self, Start start);
  // Of the records up to `last`; false when they cannot be read.
  static base::Task<bool> send_newest(std::shared_ptr<EventStream> self, const Start* start);
  net::SharedBytes frame_of(const core::AuditNews& news);
  void close();

  FrameEncoder& encoder_;
  core::Principal principal_;
  std::shared_ptr<net::StreamWriter> writer_;  // nullptr once closed
  std::unique_ptr<core::AuditFeed::Subscription> subscription_{};
};

}  // namespace colonnade::dialects::faramesh
