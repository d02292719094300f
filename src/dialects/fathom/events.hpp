// Core's events as Fathom's server-sent events (fathom §4).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "core/events/event.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::fathom {

// One event's bytes, ready to send; "" for kinds that Fathom has no word for. The contract sends no
// `id:`; `with_id` adds the cursor for a stream that asked to resume.
std::string encode_event(const core::Event& event, bool with_id);

// The first event of a thread's stream. `cursor` is sent only when there is one.
struct Ready {
  std::string_view thread_id{};
  base::Time server_time{};
  bool with_id = false;
  std::int64_t cursor = 0;  // what the stream goes on after
};
std::string encode_ready(const Ready& ready);

// The events of a one-shot stream (fathom §3.8): `delta` has no event name.
std::string encode_one_shot_delta(std::string_view delta);
std::string encode_one_shot_done(std::string_view session_id, std::string_view reply);
std::string encode_one_shot_error(std::string_view error);

// Encodes each event once for all subscribers of one lane. One object per lane, used there only.
// The feed delivers one event to all subscribers before the next, so keeping the last one is
// enough.
class EventEncoder {
 public:
  // nullptr for kinds that Fathom has no word for.
  net::SharedBytes encode(const core::Event& event, bool with_id);

 private:
  struct CacheEntry {
    std::int64_t cursor = 0;
    net::SharedBytes bytes{};
  };
  std::array<CacheEntry, 2> last_{};  // without and with id
};

}  // namespace colonnade::dialects::fathom
