// Core's events in the words of Tandem's streams: the engine's names and those that its SDKs know
// (tandem §3.5). One for each stream, as it keeps in mind what the calls under way are.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/events/event.hpp"
#include "dialects/tandem/event_text.hpp"

namespace colonnade::dialects::tandem {

// The number of the `index`th event that is made of the one at `cursor`: what `id:` and `seq` say.
// Rises, and says where a stream goes on.
constexpr std::int64_t events_per_cursor = 4096;  // a delta of 6 MiB
constexpr std::int64_t event_number(std::int64_t cursor, std::size_t index) {
  return cursor * events_per_cursor + static_cast<std::int64_t>(index);
}
constexpr std::int64_t cursor_of(std::int64_t event_number) {
  return event_number / events_per_cursor;
}

class RunEvents {
 public:
  // In their order; empty for what Tandem has no word for. Fewer than events_per_cursor.
  std::vector<EventText> of(const core::Event& event);

 private:
  struct Call {
    std::string part_id{};     // the permission request's when one was needed, else the call's
    std::string arguments{};   // JSON, shortened
    std::string tool{};        // of one that was asked about
    std::string query_hash{};  // of a search of the agent's memory
    base::Time started_at{};
    bool is_question = false;
    bool ended = false;  // its end was told with a human's denial
  };
  struct Run {
    std::string user_message_id{};  // under which its parts come, as the engine has it
    int text_part = 0;
    int iteration = 1;                    // of the model's calls, as far as the stream has seen
    bool has_results = false;             // of tools that this iteration has called
    std::map<std::string, Call> calls{};  // by our id
  };
  class Writing;

  Run& run_of(const core::Event& event);
  void forget(const std::string& run_id);

  std::map<std::string, Run> runs_{};
  std::deque<std::string> order_{};  // of runs_, oldest first
};

}  // namespace colonnade::dialects::tandem
