-- What runs did and when (core/spans), in rows that are written anyway: a step has what ended since
-- the one before, the run what ended since its last step. One compact JSON array a line; NULL for
-- none. A run's trace is its own id, unless its request named another.

ALTER TABLE runs ADD COLUMN trace_id TEXT NOT NULL DEFAULT '';   -- '' for its own
ALTER TABLE runs ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN model TEXT NOT NULL DEFAULT '';      -- that answered last
ALTER TABLE runs ADD COLUMN spans TEXT;
ALTER TABLE run_steps ADD COLUMN spans TEXT;

-- Runs are found by time by their ids; the few that ended more than eight days after they began would
-- be looked for too far back.
CREATE INDEX runs_long ON runs (scope, finished_at) WHERE finished_at - created_at > 691200000000;
CREATE INDEX runs_by_trace ON runs (trace_id, scope) WHERE trace_id <> '';

-- What was spent in threads that were erased since: sums, by nothing that names a thread or a user.
CREATE TABLE erased_costs (
  scope TEXT NOT NULL,
  day INTEGER NOT NULL,         -- since 1970, UTC
  agent_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  runs INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  cost_micros INTEGER NOT NULL,
  PRIMARY KEY (scope, day, agent_id, provider, model)
) WITHOUT ROWID;

-- Up to which run spans were forgotten, because they are old.
CREATE TABLE forgotten_spans (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  up_to_run_no INTEGER NOT NULL
);
INSERT INTO forgotten_spans (only, up_to_run_no) VALUES (1, 0);
