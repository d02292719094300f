// What clients were told, and so must find again after any kill.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace colonnade::kill {

struct ToldMessage {
  std::string id{};
  std::string role{};
  std::string content{};
};

// One event as it came over a stream: its cursor, name and data.
struct ToldEvent {
  std::int64_t cursor = 0;
  std::string type{};
  std::size_t data_hash = 0;
  bool operator==(const ToldEvent&) const = default;
};

// A message whose request was not answered: it may or may not have been taken.
struct OpenRequest {
  std::string text{};
  std::string idempotency_key{};
};

// One thread. Written by its client alone, and by the checks once that client is joined.
struct ThreadRecord {
  std::string id{};
  std::string title{};
  std::vector<ToldMessage> messages{};  // acknowledged by an answer or an event
  std::vector<ToldEvent> events{};      // of all streams of this thread, one after the other
  std::vector<std::string> texts{};     // every message that was sent, each text unique
  std::vector<OpenRequest> open{};
  int streams = 0;  // how often a stream was opened on it

  std::int64_t last_cursor() const { return events.empty() ? 0 : events.back().cursor; }
  int terminal_events() const {
    int out = 0;
    for (const ToldEvent& event : events) {
      out += event.type == "agent_done" || event.type == "agent_error" ? 1 : 0;
    }
    return out;
  }
};

}  // namespace colonnade::kill
