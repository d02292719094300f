// Checks a model's arguments against a tool's JSON Schema.
#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"

namespace colonnade::tools {

// What minLength and maxLength count: bytes in our own tools, whose limits are memory; characters
// in those of others, as JSON Schema says.
enum class LengthIn { bytes, characters };

struct SchemaReading {
  LengthIn length = LengthIn::bytes;
  // Members of the value itself that `properties` does not list are refused unless the schema says
  // something else about them. JSON Schema allows them.
  bool listed_members_only = false;
};
// Of the tools and forms of others.
constexpr SchemaReading stranger_schema{.length = LengthIn::characters,
                                        .listed_members_only = true};

// nullopt when `value` fits, else the first violation in words for the model: the path from the
// arguments ("'todos[2].status'"), what is wrong and what would fit. Understands type (a name or a
// list of names), required, properties, additionalProperties (a boolean), enum, const, items,
// minItems, maxItems, minimum, maximum, minLength, maxLength, allOf, anyOf and oneOf (as anyOf).
// Other keywords, and these with a value that
// they cannot have, allow everything: the schema may be a stranger's.
std::optional<std::string> schema_violation(const base::Json& schema, const base::Json& value,
                                            SchemaReading reading = {});

// The arguments without those members that are null, that `schema` lists and does not require, and
// that it would refuse as null: models write so what they leave out.
base::Json without_left_out(const base::Json& schema, base::Json arguments);

}  // namespace colonnade::tools
