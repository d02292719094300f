// A session's plan, as Tandem's clients are shown it (tandem §2.2, §4.1).
#pragma once

#include "base/json.hpp"

namespace colonnade::dialects::tandem {

// [{"id","content","status"}] of the arguments of a call of todo_write. Items without an id get one
// that is the same whenever the same plan is shown.
void write_todos(base::JsonWriter& json, const base::Json& arguments);

}  // namespace colonnade::dialects::tandem
