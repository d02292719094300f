// The shortest decimal digits of a double, to be laid out as a format asks.
#pragma once

#include <string>

namespace colonnade::base {

// The value is d1.d2d3… × 10^exponent.
struct Decimal {
  bool negative = false;
  std::string digits{};  // "0" for both zeros, else without zeros at either end
  int exponent = 0;
};

// The fewest digits that read back as the same double. `number` is finite.
Decimal shortest_decimal(double number);
// Without an exponent; no point when the value is whole. `decimal` may be a zero.
void append_fixed(std::string& out, const Decimal& decimal);

}  // namespace colonnade::base
