// Packs as JSON texts, as the store keeps them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/packs/pack.hpp"

namespace colonnade::core {

// Everything but what has a column of its own: scope, name, version, state, revision, installed_at.
std::string definition_text(const Pack& pack);
// Errors: invalid: this is no pack's definition. Name and version stay as they are in `into`.
base::Result<void> read_definition(std::string_view text, Pack& into);

}  // namespace colonnade::core
