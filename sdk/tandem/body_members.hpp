// Members of request bodies that are written only where there is something to say. For .cpp files
// of sdk/tandem/ only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "colonnade/json.hpp"

namespace colonnade::inline v1::tandem::wire {

using Writer = base::JsonWriter;

inline void write_texts(Writer& writer, std::string_view name,
                        const std::vector<std::string>& items) {
  writer.key(name).array();
  for (const std::string& item : items) writer.value(item);
  writer.end_array();
}
inline void write_some_texts(Writer& writer, std::string_view name,
                             const std::vector<std::string>& items) {
  if (!items.empty()) write_texts(writer, name, items);
}
inline void write_unless_empty(Writer& writer, std::string_view name, std::string_view value) {
  if (!value.empty()) writer.field(name, value);
}
inline void write_json(Writer& writer, std::string_view name, const Json& value) {
  writer.key(name).raw(value.dump());
}
inline void write_some_json(Writer& writer, std::string_view name, const Json& value) {
  if (!value.is_null()) write_json(writer, name, value);
}
inline void write_if_set(Writer& writer, std::string_view name, const std::optional<bool>& value) {
  if (value) writer.field(name, *value);
}

}  // namespace colonnade::inline v1::tandem::wire
