// One event of a stream as its JSON text: what all of them have in common (tandem §3.3).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace colonnade::dialects::tandem {

// The text of the event without its framing, and what filters look at.
struct EventText {
  std::string type{};
  std::string session_id{};  // "" for none
  std::string run_id{};      // "" for none
  std::string json{};
};

struct EventHead {
  std::string_view type{};
  std::string_view session_id{};  // the same; at the top and among the properties
  std::string_view run_id{};
  std::string_view channel{};  // "system", "assistant", "tool", "log"
  base::Time at{};
};

// {"type","properties":{…},"sessionID","runID","timestamp"}; `add` writes further properties. At
// most limits::tandem_event_bytes_max: long texts in it are shortened, and it stays valid JSON.
EventText event_text(const EventHead& head, const std::function<void(base::JsonWriter&)>& add = {});

// The longest texts of the document cut until it has at most `bytes_max` bytes. A cut one ends in
// "…". For what has so many short texts that this is not enough, objects and lists lose members
// from their ends.
std::string shortened(std::string json, std::size_t bytes_max);

// "id: 7\ndata: {…}\n\n", to be written at once (tandem §3.2). No id line with 0.
std::string frame(std::string_view json, std::int64_t id = 0);

}  // namespace colonnade::dialects::tandem
