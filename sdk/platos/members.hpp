// Members of objects that may be missing. For .cpp files of sdk/platos/ only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "colonnade/platos.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::platos {

namespace wire {
inline constexpr double cents_per_usd = 100;
}

// Here, as replies and events have it; the readers of members find it by its argument.
inline void read(colonnade::detail::Element value, Usage& out) {
  using colonnade::detail::Field;
  colonnade::detail::read_object(
      value, out.extra, Field{"inputTokens", out.input_tokens},
      Field{"outputTokens", out.output_tokens}, Field{"totalTokens", out.total_tokens},
      Field{"cachedTokens", out.cached_tokens}, Field{"reasoningTokens", out.reasoning_tokens},
      Field{"costCents", out.cost_cents});
  out.cost_usd = out.cost_cents / wire::cents_per_usd;
}

namespace wire {

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

}  // namespace wire
}  // namespace colonnade::inline v1::platos
