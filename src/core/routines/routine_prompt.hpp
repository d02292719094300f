// What a run of a routine says to its agent. Pure.
#pragma once

#include <string>

#include "core/agents/agent.hpp"
#include "core/routines/routine.hpp"

namespace colonnade::core {

// The prompt of its arguments, else its entrypoint, with its briefing, what counts as success, and
// where its output goes.
std::string routine_prompt(const RoutineTask& task);
// What its `model_policy` names: the model of its role ("orchestrator" with the mode
// "orchestrated", else "worker"), else the default one. Empty settings for nothing.
ModelSettings routine_model(const RoutineTask& task);

}  // namespace colonnade::core
