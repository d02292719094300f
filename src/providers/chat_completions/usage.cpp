#include "providers/chat_completions/usage.hpp"

#include <cmath>
#include <initializer_list>

namespace colonnade::providers::chat_completions {
namespace {

using upstream::count_member;
using upstream::Element;
using upstream::number_member;
using upstream::object_member;

std::int64_t first_of(Element object, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    if (const auto count = count_member(object, key)) return *count;
  }
  return 0;
}

std::int64_t first_of(Element usage, std::initializer_list<std::string_view> groups,
                      std::initializer_list<std::string_view> keys) {
  for (const auto group : groups) {
    const auto details = object_member(usage, group);
    if (!details) continue;
    if (const auto count = first_of(*details, keys); count != 0) return count;
  }
  return 0;
}

std::optional<std::int64_t> cost_micros(Element usage) {
  constexpr double micros = 1e6;
  constexpr double ticks_per_micro = 1e4;
  const auto ticks = number_member(usage, "cost_in_usd_ticks");
  if (ticks && std::abs(*ticks) < 1e18) {
    return std::llround(*ticks / ticks_per_micro);
  }
  auto cost = number_member(usage, "cost");
  if (!cost || !std::isfinite(*cost) || std::abs(*cost) > 1e9) return std::nullopt;
  // With the customer's own key at the upstream, `cost` is OpenRouter's fee alone.
  bool own_key = false;
  if (usage["is_byok"].get_bool().get(own_key) == simdjson::SUCCESS && own_key) {
    if (const auto details = object_member(usage, "cost_details")) {
      *cost += number_member(*details, "upstream_inference_cost").value_or(0);
    }
  }
  return std::llround(*cost * micros);
}

}  // namespace

core::Usage usage_of(Element usage) {
  core::Usage out;
  out.input_tokens = first_of(usage, {"prompt_tokens", "input_tokens"});
  out.output_tokens = first_of(usage, {"completion_tokens", "output_tokens"});
  out.cached_input_tokens = first_of(usage, {"prompt_tokens_details", "input_tokens_details"},
                                     {"cached_tokens", "cache_read_tokens"});
  if (out.cached_input_tokens == 0) {
    out.cached_input_tokens =
        first_of(usage, {"prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"});
  }
  out.cache_write_tokens = first_of(usage, {"prompt_tokens_details", "input_tokens_details"},
                                    {"cache_write_tokens", "cache_creation_tokens"});
  if (out.cache_write_tokens == 0) {
    out.cache_write_tokens = first_of(usage, {"cache_creation_input_tokens"});
  }
  out.reasoning_tokens =
      first_of(usage, {"completion_tokens_details", "output_tokens_details"}, {"reasoning_tokens"});
  if (out.reasoning_tokens == 0) out.reasoning_tokens = first_of(usage, {"reasoning_tokens"});
  // Who counts reasoning beside the completion shows it in the total.
  const auto total = count_member(usage, "total_tokens");
  const auto apart = out.input_tokens + out.output_tokens + out.reasoning_tokens;
  if (out.reasoning_tokens > 0 && total == apart) out.output_tokens += out.reasoning_tokens;
  out.reported_cost_micros = cost_micros(usage);
  return out;
}

}  // namespace colonnade::providers::chat_completions
