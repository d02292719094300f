// What a flow has to be like. Pure.
#pragma once

#include "base/result.hpp"
#include "core/flows/flow.hpp"

namespace colonnade::core {

// Texts trimmed, lists without repetitions, and what clients leave out filled in (tandem §2.6): an
// agent's name, its list of tools, the nodes that inputs come from among the dependencies.
void tidy_flow(FlowDefinition& definition);

// Errors name the node and the field, as "flow.nodes": unknown nodes and agents, circles, inputs of
// nodes that are not done before, contracts that are no schemas, numbers out of range. invalid;
// too_large for what has too much of something.
base::Result<void> check_flow(const FlowDefinition& definition);
base::Result<void> check_flow_id(const std::string& id);

}  // namespace colonnade::core
