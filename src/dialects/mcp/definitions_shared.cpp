// What several tools take or answer.
#include "dialects/mcp/definitions.hpp"

namespace colonnade::dialects::mcp::definitions {

const std::string_view shared =
    R"json({
  "message": {"type": "string", "description": "What to say to the agent."},
  "thread_to_go_on_in": {
    "type": "string", "description": "Go on in this thread. Without it a new thread begins."
  },
  "agent_to_ask": {
    "type": "string",
    "description": "Which agent a new thread talks to; list_agents tells. Without it, )json"
    R"json(the default agent."
  },
  "model": {"type": "string", "description": "Ask this model instead of the agent's own."},
  "provider": {"type": "string", "description": "Ask this provider instead of the agent's own."},
  "idempotency_key": {
    "type": "string",
    "description": "Your own key for this request. Sent again with the same key, it has its )json"
    R"json(effect once and gets the same answer.",
    "maxLength": 200
  },
  "run_id": {
    "type": "string", "description": "The id of a run, as start_run and ask_agent tell it."
  },
  "open_approval": {
    "type": "string", "description": "The id of an open approval, as list_approvals tells it."
  },
  "limit": {
    "type": "integer", "minimum": 1, "maximum": 200,
    "description": "How many at most; 20 without it."
  },
  "run_state": {
    "type": "string",
    "enum": ["running", "waiting_approval", "succeeded", "failed", "cancelled"]
  },
  "next": {"type": "string", "description": "What can be done about it."},
  "run": {
    "type": "object",
    "properties": {
      "run_id": {"type": "string"}, "thread_id": {"type": "string"}, "state": "$run_state",
      "agent_id": {"type": "string"}, "answer": {"type": "string"}, "error": {"type": "string"},
      "approvals": "$approvals", "more_approvals": "$more_approvals", "next": "$next"
    },
    "required": ["run_id", "thread_id", "state"]
  },
  "approvals": {"type": "array", "items": "$approval"},
  "more_approvals": {
    "type": "boolean",
    "description": "The run asks for more than these: list_approvals with its run_id tells all."
  },
  "approval": {
    "type": "object",
    "properties": {
      "approval_id": {"type": "string"}, "state": {"type": "string"},
      "tool": {"type": "string"}, "operation": {"type": "string"},
      "arguments": {"type": "object"}, "reason": {"type": "string"},
      "risk_level": {"type": "string"}, "agent_id": {"type": "string"},
      "thread_id": {"type": "string"}, "run_id": {"type": "string"},
      "resolved_by": {"type": "string"}, "created_at": {"type": "string"},
      "expires_at": {"type": "string"}
    },
    "required": ["approval_id", "state", "tool", "operation", "arguments", "created_at"]
  }
})json";

}  // namespace colonnade::dialects::mcp::definitions
