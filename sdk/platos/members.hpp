// Members of objects that may be missing. For .cpp files of sdk/platos/ only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::platos::wire {

inline constexpr double cents_per_usd = 100;

// The member as text, "" when it is none.
inline std::string member_text(colonnade::detail::Element object, const char* name) {
  std::string out;
  colonnade::detail::Element value;
  if (object.at_key(name).get(value) == simdjson::SUCCESS) colonnade::detail::read(value, out);
  return out;
}

// The member as a whole number, 0 when it is none.
inline std::int64_t member_int(colonnade::detail::Element object, const char* name) {
  std::int64_t out = 0;
  colonnade::detail::Element value;
  if (object.at_key(name).get(value) == simdjson::SUCCESS) colonnade::detail::read(value, out);
  return out;
}

inline void write_unless_empty(base::JsonWriter& writer, std::string_view name,
                               std::string_view value) {
  if (!value.empty()) writer.field(name, value);
}

}  // namespace colonnade::inline v1::platos::wire
