-- Runs of one routine come one after the other. `line`: 0 for one that is not in line, 1 for one that
-- waits in it, 2 for the one that leads it (core::RoutineLine). Of a job that has ended it says nothing
-- any more.
ALTER TABLE routine_runs ADD COLUMN line INTEGER NOT NULL DEFAULT 0;
UPDATE routine_runs SET line = 2 WHERE job_id IN (
  SELECT min(r.job_id) FROM routine_runs r JOIN jobs j ON j.id = r.job_id AND j.scope = r.scope
  WHERE j.state IN ('delayed', 'queued', 'running', 'waiting') AND json_valid(r.notes)
    AND json_extract(r.notes, '$.thread') <> ''
  GROUP BY r.scope, r.owner, r.routine_id);
CREATE INDEX routine_runs_in_line ON routine_runs (scope, owner, routine_id) WHERE line <> 0;
CREATE UNIQUE INDEX routine_runs_leading ON routine_runs (scope, owner, routine_id) WHERE line = 2;

-- The session that a run works in, or has worked in: what the run has kept of it goes with it.
ALTER TABLE routine_runs ADD COLUMN thread_id TEXT NOT NULL DEFAULT '';
UPDATE routine_runs SET thread_id = coalesce(json_extract(notes, '$.last_thread'), '')
  WHERE json_valid(notes);
CREATE INDEX routine_runs_by_thread ON routine_runs (thread_id, scope) WHERE thread_id <> '';

-- A kept file of nobody any more has no `job_id`: its bytes are removed next, and then its row.
CREATE INDEX routine_files_left ON routine_files (scope, id) WHERE job_id = '';
DROP TRIGGER routine_runs_of_jobs;
CREATE TRIGGER routine_runs_of_jobs AFTER DELETE ON jobs BEGIN
  UPDATE routine_files SET job_id = '', owner = '', bytes = 0
    WHERE job_id = OLD.id AND scope = OLD.scope;
  DELETE FROM routine_runs WHERE job_id = OLD.id AND scope = OLD.scope;
END;
