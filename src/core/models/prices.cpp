#include "core/models/prices.hpp"

#include <algorithm>

#include "core/models/model_pattern.hpp"

namespace colonnade::core {
namespace {

constexpr std::int64_t tokens_per_price = 1'000'000;

// How well an entry fits; nullopt for not at all.
std::optional<std::size_t> fit(const Price& price, std::string_view provider,
                               std::string_view model) {
  if (price.provider != provider) return std::nullopt;
  return pattern_fit(price.model, model);
}

}  // namespace

Prices::Prices(std::vector<Price> table, std::string dated)
    : table_(std::move(table)), dated_(std::move(dated)) {}

const Price* Prices::find(std::string_view provider, std::string_view model) const {
  const Price* best = nullptr;
  std::size_t best_fit = 0;
  for (const Price& price : table_) {
    const auto matched = fit(price, provider, model);
    if (matched && (best == nullptr || *matched > best_fit)) {
      best = &price;
      best_fit = *matched;
    }
  }
  return best;
}

std::int64_t Prices::cost_micros(std::string_view provider, std::string_view model,
                                 const Usage& usage) const {
  if (usage.reported_cost_micros) return *usage.reported_cost_micros;
  const Price* price = find(provider, model);
  return price == nullptr ? 0 : cost_at(*price, usage);
}

std::int64_t cost_at(const Price& price, const Usage& usage) {
  const std::int64_t plain = std::max<std::int64_t>(
      0, usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens);
  const std::int64_t sum = plain * price.input +
                           usage.cached_input_tokens * price.cached_input.value_or(price.input) +
                           usage.cache_write_tokens * price.cache_write.value_or(price.input) +
                           usage.output_tokens * price.output;
  return (sum + tokens_per_price / 2) / tokens_per_price;
}

}  // namespace colonnade::core
