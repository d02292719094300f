// Server-sent events: the line grammar of the HTML Standard, incrementally, and the framing to
// write it. Used by provider decoders and by the SDK.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.hpp"

namespace colonnade::base {

// One dispatched event. The views live until the callback returns.
struct SseEvent {
  std::string_view type;  // "" when the block had no event line (a browser would say "message")
  std::string_view data;  // data lines joined by LF
  std::string_view last_event_id;  // carried over from earlier blocks, as the standard says
};

// Feed it bytes in any split; it calls back once an event's blank line was seen. LF, CRLF and CR
// end a line, a BOM at the start is skipped, comments and unknown fields are ignored, a block
// without data is not dispatched, an unfinished block at the end is dropped (just stop feeding).
// Bytes are passed on as they are: a consumer that needs valid UTF-8 replaces at its own edge.
class SseParser {
 public:
  using Callback = std::function<void(const SseEvent&)>;

  // `line_bytes_max` bounds one line, and one event's joined data.
  explicit SseParser(std::size_t line_bytes_max = limits::sse_line_bytes_max)
      : line_bytes_max_(line_bytes_max) {}

  // False once a line or event exceeded the limit; from then on input is ignored.
  bool feed(std::string_view bytes, const Callback& on_event);

  // The last valid `retry:` value, in milliseconds.
  std::optional<std::uint64_t> retry_ms() const { return retry_ms_; }
  bool overflowed() const { return overflowed_; }

 private:
  void line(std::string_view text, const Callback& on_event);
  void dispatch(const Callback& on_event);

  std::size_t line_bytes_max_;
  std::string partial_{};  // an unfinished line
  std::string data_{};
  std::string type_{};
  std::string id_{};          // last event id buffer
  std::string id_current_{};  // as dispatched
  bool has_data_ = false;
  bool after_cr_ = false;
  int bom_matched_ = 0;  // bytes of the BOM seen so far; 3 = done looking
  bool overflowed_ = false;
  std::optional<std::uint64_t> retry_ms_{};
};

// Appends one event: `event:` (left out when empty), `id:` (left out when empty), one data line per
// line of `data`, a blank line. CR, LF and CRLF all end a line of `data`, because they would on the
// wire; a reader sees LF. `type` and `id` are the caller's words and hold no line end.
void append_sse(std::string& out, std::string_view type, std::string_view data,
                std::string_view id = {});

}  // namespace colonnade::base
