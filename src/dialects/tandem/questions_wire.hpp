// What an agent asks its user, as Tandem's clients are shown it (tandem §2.3, §3.5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace colonnade::dialects::tandem {

// Whether the call asks its user for an answer rather than for leave.
bool is_question(std::string_view tool);

// [{"header","question","options":[{"label","description"}],"custom"}] of a call's arguments.
void write_questions(base::JsonWriter& json, const base::Json& arguments);

// The text of the first question; "" for none.
std::string question_text(const base::Json& arguments);
// The labels of its options.
std::vector<std::string> choices_of(const base::Json& arguments);

}  // namespace colonnade::dialects::tandem
