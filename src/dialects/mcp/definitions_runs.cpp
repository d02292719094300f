// The tools for agents and their runs.
#include "dialects/mcp/definitions.hpp"

namespace colonnade::dialects::mcp::definitions {

const std::string_view list_agents = R"json({
  "title": "List agents",
  "description": "The agents of this server: whom ask_agent and start_run can talk to.",
  "inputSchema": {"type": "object", "properties": {}, "additionalProperties": false},
  "outputSchema": {
    "type": "object",
    "properties": {
      "agents": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "agent_id": {"type": "string"}, "name": {"type": "string"},
            "description": {"type": "string"}, "is_default": {"type": "boolean"},
            "provider": {"type": "string"}, "model": {"type": "string"},
            "tools": {"type": "array", "items": {"type": "string"}}
          },
          "required": ["agent_id", "name", "is_default"]
        }
      }
    },
    "required": ["agents"]
  },
  "annotations": {"readOnlyHint": true, "idempotentHint": true, "openWorldHint": false}
})json";

const std::string_view ask_agent =
    R"json({
  "title": "Ask an agent",
  "description": "Says something to an agent and waits for its answer. When the agent )json"
    R"json(needs a human's approval for a tool, the state is waiting_approval and the open )json"
    R"json(questions are listed: approve or deny them, then follow_run. Cancelling this call )json"
    R"json(cancels the run.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "message": "$message", "thread_id": "$thread_to_go_on_in",
      "agent_id": "$agent_to_ask", "model": "$model", "provider": "$provider",
      "idempotency_key": "$idempotency_key",
      "wait_seconds": {
        "type": "integer", "minimum": 1, "maximum": 1800,
        "description": "How long to wait for the answer; 600 without it. The run goes on )json"
    R"json(after that."
      }
    },
    "required": ["message"], "additionalProperties": false
  },
  "outputSchema": "$run",
  "annotations": {
    "readOnlyHint": false, "destructiveHint": true, "idempotentHint": false,
    "openWorldHint": true
  }
})json";

const std::string_view start_run =
    R"json({
  "title": "Start a run",
  "description": "Says something to an agent and returns at once with the run's id. )json"
    R"json(follow_run tells what it does, read_run how it stands, cancel_run stops it.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "message": "$message", "thread_id": "$thread_to_go_on_in",
      "agent_id": "$agent_to_ask", "model": "$model", "provider": "$provider",
      "idempotency_key": "$idempotency_key"
    },
    "required": ["message"], "additionalProperties": false
  },
  "outputSchema": {
    "type": "object",
    "properties": {
      "run_id": {"type": "string"}, "thread_id": {"type": "string"},
      "state": "$run_state",
      "cursor": {
        "type": "integer", "description": "Where the run's events begin, for follow_run."
      },
      "next": {"type": "string"}
    },
    "required": ["run_id", "thread_id", "state", "cursor"]
  },
  "annotations": {
    "readOnlyHint": false, "destructiveHint": true, "idempotentHint": false,
    "openWorldHint": true
  }
})json";

const std::string_view follow_run =
    R"json({
  "title": "Follow a run",
  "description": "What a run did since a cursor: words, tool calls, questions, its end. )json"
    R"json(Waits until something happens. Call it again with the cursor of the answer until )json"
    R"json(done is true.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "run_id": "$run_id",
      "after": {
        "type": "integer", "minimum": 0,
        "description": "The cursor of the last answer, or of start_run. Without it, from )json"
    R"json(the beginning."
      },
      "wait_seconds": {
        "type": "integer", "minimum": 0, "maximum": 60,
        "description": "How long to wait for something to happen; 20 without it."
      }
    },
    "required": ["run_id"], "additionalProperties": false
  },
  "outputSchema": {
    "type": "object",
    "properties": {
      "run_id": {"type": "string"}, "thread_id": {"type": "string"},
      "state": "$run_state",
      "events": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "cursor": {"type": "integer"}, "at": {"type": "string"}, "type": {"type": "string"}
          },
          "required": ["cursor", "at", "type"]
        }
      },
      "cursor": {"type": "integer"}, "done": {"type": "boolean"}
    },
    "required": ["run_id", "thread_id", "state", "events", "cursor", "done"]
  },
  "annotations": {"readOnlyHint": true, "idempotentHint": true, "openWorldHint": false}
})json";

const std::string_view read_run = R"json({
  "title": "Read a run",
  "description": "How a run stands: its state, its answer, its tool calls, its open )json"
                                  R"json(questions and what it used.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "run_id": "$run_id"
    },
    "required": ["run_id"], "additionalProperties": false
  },
  "outputSchema": {
    "type": "object",
    "properties": {
      "run_id": {"type": "string"}, "thread_id": {"type": "string"},
      "state": "$run_state",
      "agent_id": {"type": "string"}, "answer": {"type": "string"}, "error": {"type": "string"},
      "approvals": "$approvals", "more_approvals": "$more_approvals",
      "next": "$next",
      "tool_calls": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "tool": {"type": "string"}, "state": {"type": "string"},
            "arguments": {"type": "object"}, "result": {"type": "string"}
          },
          "required": ["tool", "state"]
        }
      },
      "rounds": {"type": "integer"},
      "usage": {
        "type": "object",
        "properties": {"input_tokens": {"type": "integer"}, "output_tokens": {"type": )json"
                                  R"json("integer"}}
      },
      "cost_usd": {"type": "number"}, "created_at": {"type": "string"},
      "finished_at": {"type": "string"}
    },
    "required": ["run_id", "thread_id", "state", "tool_calls", "rounds", "usage", "created_at"]
  },
  "annotations": {"readOnlyHint": true, "idempotentHint": true, "openWorldHint": false}
})json";

const std::string_view cancel_run =
    R"json({
  "title": "Cancel a run",
  "description": "Stops a run: the model is not asked any more, the tool that runs is )json"
    R"json(ended, open questions are withdrawn. A run that has ended stays as it is.",
  "inputSchema": {
    "type": "object",
    "properties": {
      "run_id": "$run_id",
      "idempotency_key": "$idempotency_key"
    },
    "required": ["run_id"], "additionalProperties": false
  },
  "outputSchema": "$run",
  "annotations": {
    "readOnlyHint": false, "destructiveHint": true, "idempotentHint": true,
    "openWorldHint": false
  }
})json";

}  // namespace colonnade::dialects::mcp::definitions
