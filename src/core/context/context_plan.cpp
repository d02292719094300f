#include "core/context/context_plan.hpp"
#include "core/context/limits.hpp"
#include "core/models/limits.hpp"

#include <algorithm>
#include <numeric>

namespace colonnade::core {
namespace {

constexpr std::int64_t percent(std::int64_t of, int part) { return of * part / 100; }

// What a reply may take of the window.
std::int64_t reply_room(const ModelWindow& window, const ModelSettings& settings) {
  const bool thinks = settings.reasoning_effort && *settings.reasoning_effort != "none";
  const std::int64_t usual =
      limits::model_output_tokens_default + (thinks ? limits::thinking_tokens_high : 0);
  const std::int64_t wanted = settings.max_output_tokens.value_or(static_cast<int>(usual));
  // A small window is shared evenly, whatever is asked for.
  return std::min({wanted, window.output, window.context / 2});
}

// How many of the oldest turns must go so that the rest fits into the target.
std::size_t turns_to_cover(const ContextSizes& sizes, const ContextRoom& room) {
  std::int64_t rest = sizes.total() - sizes.summary + room.summary;
  std::size_t covered = 0;
  while (covered < sizes.turns.size() && rest > room.target) rest -= sizes.turns[covered++];
  if (sizes.too_many_messages) covered = std::max(covered, (sizes.turns.size() + 1) / 2);
  return covered;
}

std::int64_t sum(const std::vector<std::int64_t>& values, std::size_t count) {
  return std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count),
                         std::int64_t{0});
}

// Takes from results, oldest first, until `total` is `wanted`; returns what it comes to.
std::int64_t shorten(std::vector<std::int64_t>& left, const std::vector<ResultSize>& results,
                     bool newest, std::int64_t total, std::int64_t wanted) {
  for (std::size_t i = 0; i < left.size() && total > wanted; ++i) {
    if (results[i].newest != newest || left[i] <= limits::context_result_tokens_min) continue;
    const std::int64_t cut = std::min(left[i] - limits::context_result_tokens_min, total - wanted);
    left[i] -= cut;
    total -= cut;
  }
  return total;
}

// The newest results are what the model waits for: the largest are cut to one height, so that each
// keeps what the room allows.
std::int64_t level(std::vector<std::int64_t>& left, const std::vector<ResultSize>& results,
                   std::int64_t total, std::int64_t wanted) {
  std::int64_t height = 0;
  for (const ResultSize& result : results) height = std::max(height, result.tokens);
  std::int64_t low = limits::context_result_tokens_min;
  const auto total_at = [&](std::int64_t at) {
    std::int64_t out = total;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (results[i].newest) out -= std::max<std::int64_t>(0, left[i] - at);
    }
    return out;
  };
  while (low < height) {
    const std::int64_t middle = low + (height - low + 1) / 2;
    if (total_at(middle) <= wanted) {
      low = middle;
    } else {
      height = middle - 1;
    }
  }
  const std::int64_t reached = total_at(low);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (results[i].newest) left[i] = std::min(left[i], low);
  }
  return reached;
}

}  // namespace

ContextRoom room_of(const ModelWindow& window, const ModelSettings& settings,
                    int compact_at_percent, std::optional<int> input_tokens_max) {
  ContextRoom out;
  out.window = std::max(window.context, limits::context_window_tokens_min);
  const std::int64_t reserve = std::min(limits::context_reserve_tokens, out.window / 8);
  out.input = out.window - reply_room(window, settings) - reserve;
  if (input_tokens_max) out.input = std::min<std::int64_t>(out.input, *input_tokens_max);
  out.trigger = percent(out.input, compact_at_percent);
  out.target = std::min(percent(out.input, limits::context_compact_to_percent), out.trigger / 2);
  out.shorten_to = percent(out.input, limits::context_shorten_to_percent);
  out.summary = std::min(limits::context_summary_tokens_max, out.input / 8);
  return out;
}

std::int64_t ContextSizes::total() const {
  std::int64_t out = fixed + summary + open + sum(turns, turns.size());
  for (const ResultSize& result : results) out += result.tokens;
  return out;
}

ContextPlan plan_context(const ContextSizes& sizes, const ContextRoom& room) {
  if (sizes.turns_over > 0) {
    return {.step = ContextPlan::Step::summarise, .turns = sizes.turns_over};
  }
  const std::int64_t total = sizes.total();
  if (total <= room.trigger && !sizes.too_many_messages) return {};
  const std::size_t covered = turns_to_cover(sizes, room);
  const std::int64_t gain = sum(sizes.turns, covered);
  const bool worth_it = gain >= percent(room.input, limits::context_compact_gain_percent);
  if (covered > 0 && (worth_it || sizes.too_many_messages)) {
    return {.step = ContextPlan::Step::summarise, .turns = covered};
  }
  if (total <= room.input) return {};

  ContextPlan out;
  for (const ResultSize& result : sizes.results) out.results.push_back(result.tokens);
  // Further than needed, so that the next rounds leave the beginning of the request as it is.
  std::int64_t left = shorten(out.results, sizes.results, false, total, room.shorten_to);
  if (left > room.input) left = level(out.results, sizes.results, left, room.input);
  if (left <= room.input) return out;
  if (!sizes.turns.empty()) {
    return {.step = ContextPlan::Step::summarise, .turns = sizes.turns.size()};
  }
  return {.step = ContextPlan::Step::too_large};
}

}  // namespace colonnade::core
