// Texts with placeholders: {{ name }}, filled in from a context when a turn begins.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/agents/agent_profile.hpp"

namespace colonnade::core {

// Replaces each {{ name }} (blanks inside are optional) whose name is a letter or underscore, then
// letters, digits, underscores and dots (platos §1.6). The whole name is looked up as a member of
// `context` first, then as a path of members and array places. What is not found stays as written.
// Strings are put in as they are, numbers and booleans as JSON, objects and arrays as compact JSON,
// null as nothing. With `only`, a list that is not empty, other names stay as written. What was put
// in is not looked at again.
std::string render_template(std::string_view text, const base::Json& context,
                            const std::optional<std::vector<std::string>>& only = std::nullopt);

// The declared blocks as a text in front of a turn's message: each with its heading and what was
// given for its key, else its default, rendered; inside a <context> wrapper that ends with an empty
// line. Blocks without content are left out; "" when none is left.
std::string context_text(const std::vector<DynamicBlock>& blocks,
                         const std::map<std::string, std::string>& given,
                         const base::Json& context);

// The enabled blocks as one prompt, not rendered yet: in their order, each under its name as a
// heading, an identity without one. Left out are blocks without content and those of time and
// retrieval. "" when none is left.
std::string prompt_text(const std::vector<PromptBlock>& blocks);
// The sections that an enabled block of time asks for: a dynamic block with the time as its
// content, so that the prompt itself stays the same from turn to turn.
std::vector<DynamicBlock> time_sections(const std::vector<PromptBlock>& blocks, base::Time now);

// `over` laid over `under`: members of objects are merged, anything else is replaced. null on
// either side is the other.
base::Json laid_over(const base::Json& under, const base::Json& over);

}  // namespace colonnade::core
