// What the decoder fuzz targets share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "providers/upstream/stream_decoder.hpp"

namespace colonnade::fuzz {

struct Decoded {
  std::string text{};
  std::string reasoning{};
  std::size_t replies = 0;
  std::size_t calls = 0;
  std::size_t parts = 0;
  std::string error{};
  bool operator==(const Decoded&) const = default;
};

inline void count(std::vector<core::ModelEvent>& events, Decoded& into) {
  for (const auto& event : events) {
    if (into.replies > 0) std::abort();  // nothing comes behind the reply
    if (const auto* text = std::get_if<core::ModelTextDelta>(&event)) into.text += text->text;
    if (const auto* reasoning = std::get_if<core::ModelReasoningDelta>(&event)) {
      into.reasoning += reasoning->text;
    }
    if (const auto* reply = std::get_if<core::ModelReply>(&event)) {
      ++into.replies;
      into.parts = reply->parts.size();
      std::string visible;
      for (const auto& part : reply->parts) {
        if (const auto* p = std::get_if<core::TextPart>(&part)) visible += p->text;
        if (const auto* p = std::get_if<core::RefusalPart>(&part)) visible += p->text;
        if (const auto* p = std::get_if<core::ToolCallPart>(&part)) {
          ++into.calls;
          if (!p->arguments.is_object()) std::abort();
        }
      }
      // The reply is what was streamed, nothing lost and nothing added. A broken stream may
      // interleave its blocks, so the order is compared by the unit tests, on streams that keep it.
      std::string streamed = into.text;
      std::ranges::sort(visible);
      std::ranges::sort(streamed);
      if (visible != streamed) std::abort();
    }
  }
  events.clear();
}

template <class Make>
Decoded decode(const Make& make, std::string_view first, std::string_view second) {
  Decoded out;
  auto decoder = make();
  std::vector<core::ModelEvent> events;
  for (const auto piece : {first, second}) {
    const auto fed = decoder->feed(piece, events);
    count(events, out);
    if (!fed) out.error += fed.error().message;
  }
  const auto finished = decoder->finish(events);
  count(events, out);
  if (!finished) out.error += finished.error().message;
  return out;
}

template <class Make>
void decode_two_ways(const Make& make, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t cut = body.empty() ? 0 : data[0] * body.size() / 256;
  const Decoded whole = decode(make, body, {});
  if (decode(make, body.substr(0, cut), body.substr(cut)) != whole) std::abort();
}

}  // namespace colonnade::fuzz
