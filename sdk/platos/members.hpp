// Members of objects that may be missing. For .cpp files of sdk/platos/ only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

using Writer = base::JsonWriter;

inline void write_unless_empty(Writer& writer, std::string_view name, std::string_view value) {
  if (!value.empty()) writer.field(name, value);
}

template <class T>
void write_if_set(Writer& writer, std::string_view name, const std::optional<T>& value) {
  if (value) writer.field(name, *value);
}

inline void write_some_texts(Writer& writer, std::string_view name,
                             const std::vector<std::string>& items) {
  if (items.empty()) return;
  writer.key(name).array();
  for (const std::string& item : items) writer.value(item);
  writer.end_array();
}

inline void write_some_json(Writer& writer, std::string_view name, const Json& value) {
  if (!value.is_null()) writer.key(name).raw(value.dump());
}

// The members of the caller's own object, or none.
inline void write_more(Writer& writer, const Json& more) {
  if (!more.is_object()) return;
  for (const auto& [name, value] : more.as_object()) writer.key(name).raw(value.dump());
}

}  // namespace wire
}  // namespace colonnade::inline v1::platos
