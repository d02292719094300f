// The answer to a form: what a human gives to a tool server that asks for something in the middle
// of a call (MCP 2025-11-25 client/elicitation).
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::tools {

// The form's content from a question's params. `answer` there is an object, such an object as JSON
// text, or a text or value for the form's only field; nothing where the form needs nothing. `form`
// is a JSON Schema of an object. Errors: ErrorKind::invalid with the field "answer", saying which
// field is missing, unknown, or of another type or choice than the form has.
base::Result<base::Json> form_answer(const base::Json& params, const base::Json& form);

}  // namespace colonnade::tools
