// What a model's answer rests on, as its vendor says it.
#pragma once

#include <string>

namespace colonnade::core {

// Not trusted: a vendor gives what it found somewhere.
struct Citation {
  std::string url{};    // http or https; "" for a document without one
  std::string title{};  // "" where the vendor says none
  std::string text{};   // what of the source is cited; the same

  bool operator==(const Citation&) const = default;
};

}  // namespace colonnade::core
