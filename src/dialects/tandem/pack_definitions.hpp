// How a pack's files define agents and routines: routines as POST /routines takes them, agents by
// name, system_prompt, model and tools (docs/reference/packs.md).
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/agents/agents.hpp"
#include "core/routines/routines.hpp"

namespace colonnade::dialects::tandem {

// Errors: invalid with the field.
base::Result<core::NewAgent> decode_pack_agent(const base::Json& tree);
base::Result<core::NewRoutine> decode_pack_routine(const base::Json& tree);

}  // namespace colonnade::dialects::tandem
