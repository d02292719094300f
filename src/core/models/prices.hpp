// What tokens cost. The table ships as a dated file; an operator may replace it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/models/usage.hpp"

namespace colonnade::core {

// Micro-US-dollars per million tokens: 3 dollars a million is 3'000'000.
struct Price {
  std::string provider{};
  std::string model{};  // exact, or a prefix ending in '*'
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::optional<std::int64_t> cached_input{};  // unset: as input
  std::optional<std::int64_t> cache_write{};   // unset: as input
};

// What that comes to, rounded to the nearest; what the vendor reported is not looked at.
std::int64_t cost_at(const Price& price, const Usage& usage);

class Prices {
 public:
  Prices() = default;
  explicit Prices(std::vector<Price> table, std::string dated = {});
  // What the vendor reported wins. 0 when the model is not in the table. The longest match counts.
  std::int64_t cost_micros(std::string_view provider, std::string_view model,
                           const Usage& usage) const;
  // The row that counts for the model; nullptr when there is none. Lives as long as the table.
  const Price* find(std::string_view provider, std::string_view model) const;
  const std::vector<Price>& rows() const { return table_; }
  const std::string& dated() const { return dated_; }

 private:
  std::vector<Price> table_;
  std::string dated_;
};

}  // namespace colonnade::core
