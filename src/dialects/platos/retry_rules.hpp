// `agentRetryConfig`, of an agent and of the header X-Platos-Config: how often a model is asked
// again after a failure. The contract names it without a shape; understood is the real service's,
// {"rules":[{"cause","action","retryCount"?},…]}.
#pragma once

#include "base/json.hpp"
#include "core/agents/agent.hpp"

namespace colonnade::dialects::platos {

// Lays the rules over the settings. `rate-limit` is one cause; `temporary-error` and
// `network-error` look alike here, and the larger number of the two counts. `retry` without a
// number is 2, any other action is 0. null, and a config without rules, take the agent's own limits
// away; what is of another shape is passed over.
void apply_retry_rules(const base::Json& config, core::ModelSettings& settings);

}  // namespace colonnade::dialects::platos
