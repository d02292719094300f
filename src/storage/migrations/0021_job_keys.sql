-- An idempotency key of a job counts for its scope and task, whoever triggered it (platos §5.6). Of
-- what several users hold under one key, the first keeps it.
DROP INDEX jobs_by_key;
DROP INDEX job_batches_by_key;
UPDATE jobs SET key_held = 0
  WHERE key_held = 1
    AND no NOT IN (SELECT min(no) FROM jobs WHERE key_held = 1 GROUP BY scope, task, key);
UPDATE job_batches SET key = ''
  WHERE key <> ''
    AND no NOT IN (SELECT min(no) FROM job_batches WHERE key <> '' GROUP BY scope, task, key);
CREATE UNIQUE INDEX jobs_by_key ON jobs (key, task, scope) WHERE key_held = 1;
CREATE UNIQUE INDEX job_batches_by_key ON job_batches (key, task, scope) WHERE key <> '';
