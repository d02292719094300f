-- Routines (core/routines), and what is known of their runs besides their jobs.

CREATE TABLE routines (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  owner TEXT NOT NULL,
  id TEXT NOT NULL,           -- the owner's own
  schedule_id TEXT NOT NULL,  -- of job_schedules; '' for one that only runs when somebody says so
  is_active INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  definition TEXT NOT NULL
);
CREATE UNIQUE INDEX routines_by_id ON routines (scope, id, owner);
CREATE INDEX routines_by_owner ON routines (scope, owner);

CREATE TABLE routine_runs (
  job_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  owner TEXT NOT NULL,
  routine_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  notes TEXT NOT NULL,
  PRIMARY KEY (job_id, scope)
) WITHOUT ROWID;

-- Files of runs that are kept beside the database, each under its id.
CREATE TABLE routine_files (
  id TEXT PRIMARY KEY,
  scope TEXT NOT NULL,
  owner TEXT NOT NULL,
  job_id TEXT NOT NULL,
  bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX routine_files_by_owner ON routine_files (scope, owner);
CREATE INDEX routine_files_by_run ON routine_files (job_id, scope);

-- What is known of a run goes with its job, however that goes.
CREATE TRIGGER routine_runs_of_jobs AFTER DELETE ON jobs BEGIN
  DELETE FROM routine_files WHERE job_id = OLD.id AND scope = OLD.scope;
  DELETE FROM routine_runs WHERE job_id = OLD.id AND scope = OLD.scope;
END;
