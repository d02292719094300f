// Checks a model's arguments against a tool's JSON Schema.
#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"

namespace colonnade::tools {

// nullopt when `value` fits, else the first violation in words for the model: the path from the
// arguments ("'todos[2].status'"), what is wrong and what would fit. Understands type (a name or a
// list of names), required, properties, additionalProperties (a boolean), enum, items, minItems,
// maxItems, minimum, maximum, minLength and maxLength (in bytes); other keywords allow everything.
std::optional<std::string> schema_violation(const base::Json& schema, const base::Json& value);

}  // namespace colonnade::tools
