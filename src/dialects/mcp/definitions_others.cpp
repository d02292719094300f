// The tools for threads, approvals and the gate.
#include "dialects/mcp/definitions.hpp"

namespace colonnade::dialects::mcp::definitions {

const std::string_view list_threads = R"json({
  "title": "List threads", "description": "Your conversations with agents, the newest first.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "limit": "$limit"
    },
    "additionalProperties": false
  },
  "outputSchema": {
    "type": "object",
    "properties": {
      "threads": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "thread_id": {"type": "string"}, "title": {"type": "string"},
            "agent_id": {"type": "string"}, "created_at": {"type": "string"},
            "updated_at": {"type": "string"}
          },
          "required": ["thread_id", "title", "created_at", "updated_at"]
        }
      }
    },
    "required": ["threads"]
  },
  "annotations": {"readOnlyHint": true, "idempotentHint": true, "openWorldHint": false}
})json";

const std::string_view read_thread = R"json({
  "title": "Read a thread",
  "description": "The newest messages of a conversation, oldest first.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "thread_id": {
        "type": "string", "description": "The id of a thread, as list_threads tells it."
      },
      "limit": "$limit",
      "before": {
        "type": "string",
        "description": "Only messages before this moment: 'before' of an earlier answer."
      }
    },
    "required": ["thread_id"], "additionalProperties": false
  },
  "outputSchema": {
    "type": "object",
    "properties": {
      "thread_id": {"type": "string"}, "title": {"type": "string"},
      "agent_id": {"type": "string"}, "created_at": {"type": "string"},
      "updated_at": {"type": "string"},
      "running": {"type": "boolean", "description": "A run is under way in it."},
      "messages": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "message_id": {"type": "string"}, "role": {"type": "string"},
            "text": {"type": "string"}, "tool_calls": {"type": "array"},
            "run_id": {"type": "string"}, "created_at": {"type": "string"}
          },
          "required": ["message_id", "role", "text", "created_at"]
        }
      },
      "more": {"type": "boolean"}, "before": {"type": "string"}
    },
    "required": ["thread_id", "title", "running", "messages", "more"]
  },
  "annotations": {"readOnlyHint": true, "idempotentHint": true, "openWorldHint": false}
})json";

const std::string_view list_approvals = R"json({
  "title": "List open approvals",
  "description": "What agents want to do and a human has to answer, the newest first.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "limit": "$limit",
      "run_id": {"type": "string", "description": "Only those of this run."},
      "before": {
        "type": "string",
        "description": "Only those behind this one: 'before' of an earlier answer."
      }
    },
    "additionalProperties": false
  },
  "outputSchema": {
    "type": "object",
    "properties": {
      "approvals": "$approvals",
      "more": {"type": "boolean"}, "before": {"type": "string"}
    },
    "required": ["approvals", "more"]
  },
  "annotations": {"readOnlyHint": true, "idempotentHint": true, "openWorldHint": false}
})json";

const std::string_view approve =
    R"json({
  "title": "Approve",
  "description": "Answers an open approval with yes: what was asked for runs, and the run )json"
    R"json(that waits for it goes on. Approve only what a human has agreed to.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "approval_id": "$open_approval",
      "reason": {"type": "string", "description": "Why; kept in the audit trail."},
      "arguments": {
        "type": "object",
        "description": "Run it with these arguments instead. They are decided on again."
      },
      "remember": {
        "type": "string", "enum": ["once", "thread", "always"],
        "description": "For how long the answer counts; once without it."
      },
      "pattern": {
        "type": "string",
        "description": "With remember: for which arguments, as their JSON text, where * )json"
    R"json(stands for anything. Without it, exactly these."
      },
      "idempotency_key": "$idempotency_key"
    },
    "required": ["approval_id"], "additionalProperties": false
  },
  "outputSchema": "$approval",
  "annotations": {
    "readOnlyHint": false, "destructiveHint": true, "idempotentHint": false,
    "openWorldHint": true
  }
})json";

const std::string_view deny = R"json({
  "title": "Deny",
  "description": "Answers an open approval with no: it does not run, and the agent is )json"
                              R"json(told why.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "approval_id": "$open_approval",
      "reason": {"type": "string", "description": "Why; the agent is told."},
      "idempotency_key": "$idempotency_key"
    },
    "required": ["approval_id"], "additionalProperties": false
  },
  "outputSchema": "$approval",
  "annotations": {
    "readOnlyHint": false, "destructiveHint": false, "idempotentHint": false,
    "openWorldHint": false
  }
})json";

const std::string_view decide = R"json({
  "title": "Ask the gate",
  "description": "What the policy in force says of an action: EXECUTE, ABSTAIN (a human )json"
                                R"json(is asked) or HALT. Nothing is recorded and nothing runs.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "agent_id": {"type": "string", "description": "Who wants to act."},
      "tool": {"type": "string", "description": "The tool's name."},
      "operation": {
        "type": "string", "description": "What to do with it; for a tool of an agent, call."
      },
      "params": {"type": "object", "description": "The action's parameters."},
      "context": {"type": "object", "description": "What else the policy may look at."}
    },
    "required": ["agent_id", "tool", "operation"], "additionalProperties": false
  },
  "outputSchema": {
    "type": "object",
    "properties": {
      "outcome": {"type": "string", "enum": ["EXECUTE", "ABSTAIN", "HALT"]},
      "reason_code": {"type": "string"}, "reason": {"type": "string"},
      "risk_level": {"type": "string"}, "request_hash": {"type": "string"},
      "policy_version": {"type": "string"}, "policy_hash": {"type": "string"},
      "profile_id": {"type": "string"}
    },
    "required": ["outcome", "reason_code", "reason", "request_hash"]
  },
  "annotations": {"readOnlyHint": true, "idempotentHint": true, "openWorldHint": false}
})json";

const std::string_view policy_info = R"json({
  "title": "Policy in force",
  "description": "Which policy the gate decides by: its version and its hash.",
  "inputSchema": {"type": "object", "properties": {}, "additionalProperties": false},
  "outputSchema": {
    "type": "object",
    "properties": {
      "source": {"type": "string", "enum": ["built_in", "file"]}, "exists": {"type": "boolean"},
      "version": {"type": "string"}, "hash": {"type": "string"}
    },
    "required": ["source", "exists", "version"]
  },
  "annotations": {"readOnlyHint": true, "idempotentHint": true, "openWorldHint": false}
})json";

}  // namespace colonnade::dialects::mcp::definitions
