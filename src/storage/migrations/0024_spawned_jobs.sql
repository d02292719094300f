-- The run, and its thread, in which an agent began a job by a tool; '' for every other job.
ALTER TABLE jobs ADD COLUMN by_thread TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN by_run TEXT NOT NULL DEFAULT '';
CREATE INDEX jobs_by_run ON jobs (by_run, scope) WHERE by_run <> '';
