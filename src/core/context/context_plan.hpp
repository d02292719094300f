// What goes into a model's input when not everything fits: the decision alone, from counts. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/agents/agent.hpp"
#include "core/models/model_windows.hpp"

namespace colonnade::core {

// All in tokens.
struct ContextRoom {
  std::int64_t window = 0;
  std::int64_t input = 0;    // what a request may have: the window without reply and reserve
  std::int64_t trigger = 0;  // beyond this, older turns are summarised
  std::int64_t target = 0;   // what is aimed at then
  std::int64_t shorten_to = 0;
  std::int64_t summary = 0;  // the longest summary
};

// `compact_at_percent` of the room is the trigger. `input_tokens_max`, when set, makes the window
// smaller than it is.
ContextRoom room_of(const ModelWindow& window, const ModelSettings& settings,
                    int compact_at_percent, std::optional<int> input_tokens_max);

// A tool result of the turn under way.
struct ResultSize {
  std::int64_t tokens = 0;
  bool newest = false;  // the model has not seen it yet
};

struct ContextSizes {
  std::int64_t fixed = 0;             // system prompt and tool definitions
  std::int64_t summary = 0;           // of the turns before; 0 for none
  std::vector<std::int64_t> turns{};  // whole turns behind it, oldest first
  std::int64_t open = 0;              // the newest message and its turn, tool results apart
  std::vector<ResultSize> results{};  // of that turn, in order
  bool too_many_messages = false;
  std::size_t turns_over = 0;  // the oldest turns, which the agent's own limit puts into a summary

  std::int64_t total() const;
};

struct ContextPlan {
  enum class Step {
    send,       // as it is, with `results` shortened
    summarise,  // the oldest `turns` turns first; then plan again
    too_large,  // not even the newest message fits
  };
  Step step = Step::send;
  std::size_t turns = 0;
  // When some must be shortened: for each result, what may be left of it.
  std::vector<std::int64_t> results{};
};

// A turn is summarised whole or not at all, so a tool call never loses its result. The newest turns
// stay; those of the turn under way always do.
ContextPlan plan_context(const ContextSizes& sizes, const ContextRoom& room);

}  // namespace colonnade::core
