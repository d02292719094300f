// Checks a model's arguments against a tool's JSON Schema.
#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"

namespace colonnade::tools {

// What minLength and maxLength count: bytes in our own tools, whose limits are memory; characters
// in those of others, as JSON Schema says.
enum class LengthIn { bytes, characters };

// nullopt when `value` fits, else the first violation in words for the model: the path from the
// arguments ("'todos[2].status'"), what is wrong and what would fit. Understands type (a name or a
// list of names), required, properties, additionalProperties (a boolean), enum, items, minItems,
// maxItems, minimum, maximum, minLength and maxLength. Other keywords, and these with a value that
// they cannot have, allow everything: the schema may be a stranger's.
std::optional<std::string> schema_violation(const base::Json& schema, const base::Json& value,
                                            LengthIn length = LengthIn::bytes);

}  // namespace colonnade::tools
