// `agentRetryConfig`, of an agent and of the header X-Platos-Config: how often a model is asked
// again after a failure, and which other one is asked then. The contract names it without a shape;
// understood is the real service's,
// {"rules":[{"cause" or "trigger","action","retryCount"?,"fallbackToRouteLabel"?},…]}.
#pragma once

#include "base/json.hpp"
#include "core/agents/agent.hpp"

namespace colonnade::dialects::platos {

// Lays the rules over the settings. `rate-limit` is one cause; `temporary-error` and
// `network-error` look alike here, and the larger number of the two counts. `retry` without a
// number is 2, `fail` is 0. `fallback` names a model route of the agent, for that cause, in the
// order of the rules, limits::platos_fallbacks_max at most; it is asked after the retries of other
// rules for the cause, or at once where there are none. null, and a config without rules, take the
// agent's own rules away; what is of another shape is passed over.
void apply_retry_rules(const base::Json& config, core::ModelSettings& settings);

}  // namespace colonnade::dialects::platos
