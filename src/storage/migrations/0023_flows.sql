-- Flows (core/flows), and their runs.

CREATE TABLE flows (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  owner TEXT NOT NULL,
  id TEXT NOT NULL,           -- the owner's own
  schedule_id TEXT NOT NULL,  -- of job_schedules; '' for one that only runs when somebody says so
  revision INTEGER NOT NULL,
  definition TEXT NOT NULL
);
CREATE UNIQUE INDEX flows_by_id ON flows (scope, id, owner);
CREATE INDEX flows_by_owner ON flows (scope, owner);

CREATE TABLE flow_runs (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,       -- of its first job
  owner TEXT NOT NULL,
  flow_id TEXT NOT NULL,
  job_id TEXT NOT NULL,   -- that drives it
  trigger_kind TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  has_ended INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  definition TEXT NOT NULL,  -- as it was when the run began
  progress TEXT NOT NULL
);
CREATE UNIQUE INDEX flow_runs_by_id ON flow_runs (id, scope);
CREATE INDEX flow_runs_by_flow ON flow_runs (scope, flow_id, no);
CREATE INDEX flow_runs_by_owner ON flow_runs (scope, owner, no);
CREATE INDEX flow_runs_by_job ON flow_runs (job_id);

-- A run goes with the job that drives it, however that goes.
CREATE TRIGGER flow_runs_of_jobs AFTER DELETE ON jobs BEGIN
  DELETE FROM flow_runs WHERE job_id = OLD.id AND scope = OLD.scope;
END;
