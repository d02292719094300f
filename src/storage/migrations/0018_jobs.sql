-- Jobs (core/jobs). What they are counted by comes first; the numbers in these three tables are kept
-- by the transaction that moves a job from one state to another.

-- A user of a scope.
CREATE TABLE job_accounts (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  owner TEXT NOT NULL,
  live INTEGER NOT NULL,      -- jobs that have not ended
  running INTEGER NOT NULL,
  bytes INTEGER NOT NULL      -- of all its jobs that are kept
);
CREATE UNIQUE INDEX job_accounts_by_owner ON job_accounts (scope, owner);

CREATE TABLE job_queues (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,          -- '' unless the queue is split by keys
  running_max INTEGER NOT NULL,
  queued INTEGER NOT NULL,
  running INTEGER NOT NULL,
  served INTEGER NOT NULL     -- grows over all queues and shares: the smallest is next
);
CREATE UNIQUE INDEX job_queues_by_name ON job_queues (scope, name, key);
CREATE INDEX job_queues_open ON job_queues (served) WHERE queued > 0 AND running < running_max;

-- What an account has in a queue.
CREATE TABLE job_shares (
  no INTEGER PRIMARY KEY,
  queue_no INTEGER NOT NULL REFERENCES job_queues (no),
  account_no INTEGER NOT NULL REFERENCES job_accounts (no),
  live INTEGER NOT NULL,
  queued INTEGER NOT NULL,
  served INTEGER NOT NULL
);
CREATE UNIQUE INDEX job_shares_by_account ON job_shares (account_no, queue_no);
CREATE INDEX job_shares_of_queue ON job_shares (queue_no);
CREATE INDEX job_shares_queued ON job_shares (queue_no, served) WHERE queued > 0;
CREATE INDEX job_shares_empty ON job_shares (live) WHERE live = 0;

CREATE TABLE job_batches (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  task TEXT NOT NULL,
  key TEXT NOT NULL,
  key_expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  jobs INTEGER NOT NULL,
  done INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  cancelled INTEGER NOT NULL
);
CREATE UNIQUE INDEX job_batches_by_id ON job_batches (id, scope);
CREATE UNIQUE INDEX job_batches_by_key ON job_batches (key, task, owner, scope) WHERE key <> '';

-- What a job was given, apart from what changes: a row that changes is written anew as a whole. None
-- for a job that was given nothing.
CREATE TABLE job_inputs (
  job_no INTEGER PRIMARY KEY REFERENCES jobs (no),
  payload TEXT NOT NULL,
  metadata TEXT NOT NULL
);

-- `due_at`: when its time comes, whatever that means in its state; NULL for never. The long texts
-- come last.
CREATE TABLE jobs (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  state TEXT NOT NULL,
  share_no INTEGER NOT NULL,    -- may be gone once the job has ended
  priority INTEGER NOT NULL,
  run_at INTEGER NOT NULL,      -- orders a queue; of a delayed one the time that it waits for
  due_at INTEGER,
  fence INTEGER NOT NULL,
  claim_id TEXT NOT NULL,
  worker TEXT NOT NULL,
  lease_until INTEGER,
  same_attempt INTEGER NOT NULL,  -- the next claim goes on with the attempt that was made
  attempts_made INTEGER NOT NULL,
  attempts_max INTEGER NOT NULL,
  delay_min INTEGER NOT NULL,
  delay_max INTEGER NOT NULL,
  task TEXT NOT NULL,
  handler TEXT NOT NULL,
  handler_name TEXT NOT NULL,
  queue_name TEXT NOT NULL,
  queue_key TEXT NOT NULL,
  queue_running_max INTEGER NOT NULL,
  key TEXT NOT NULL,
  key_expires_at INTEGER NOT NULL,
  key_held INTEGER NOT NULL,
  batch_no INTEGER,
  batch_id TEXT NOT NULL,
  parent_id TEXT NOT NULL,
  schedule_id TEXT NOT NULL,
  replay_of TEXT NOT NULL,
  depth INTEGER NOT NULL,
  schedule_due_at INTEGER,
  schedule_due_before INTEGER,
  schedule_due_times INTEGER NOT NULL,
  tags TEXT NOT NULL,
  is_test INTEGER NOT NULL,
  repeats_when_lost INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  asked_run_at INTEGER,
  expires_at INTEGER,
  time_max INTEGER,
  started_at INTEGER,
  finished_at INTEGER,
  waits_for TEXT NOT NULL,
  waits_until INTEGER,
  failure TEXT NOT NULL,
  bytes INTEGER NOT NULL,       -- of the texts, and of the row itself
  error TEXT NOT NULL,
  progress TEXT NOT NULL,
  output TEXT NOT NULL
);
CREATE UNIQUE INDEX jobs_by_id ON jobs (id, scope);
CREATE UNIQUE INDEX jobs_by_key ON jobs (key, task, owner, scope) WHERE key_held = 1;
CREATE INDEX jobs_queued ON jobs (share_no, priority DESC, run_at) WHERE state = 'queued';
CREATE INDEX jobs_by_due ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_waiting ON jobs (waits_for, scope) WHERE state = 'waiting';
CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE finished_at IS NOT NULL;
-- Lists, newest first: the number of the row is the last column of every index.
CREATE INDEX jobs_by_scope ON jobs (scope);
CREATE INDEX jobs_by_owner ON jobs (scope, owner);
CREATE INDEX jobs_by_task ON jobs (scope, task);
CREATE INDEX jobs_by_batch ON jobs (batch_no) WHERE batch_no IS NOT NULL;
CREATE INDEX jobs_by_schedule ON jobs (schedule_id, scope) WHERE schedule_id <> '';
CREATE INDEX jobs_by_parent ON jobs (parent_id, scope) WHERE parent_id <> '';

CREATE TABLE job_schedules (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  task TEXT NOT NULL,
  handler TEXT NOT NULL,
  handler_name TEXT NOT NULL,
  queue_name TEXT NOT NULL,
  queue_key TEXT NOT NULL,
  queue_running_max INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  attempts_max INTEGER NOT NULL,
  delay_min INTEGER NOT NULL,
  delay_max INTEGER NOT NULL,
  tags TEXT NOT NULL,
  is_test INTEGER NOT NULL,
  repeats_when_lost INTEGER NOT NULL,
  time_to_live INTEGER,
  time_max INTEGER,
  timing TEXT NOT NULL,
  timing_text TEXT NOT NULL,
  zone TEXT NOT NULL,
  misfire TEXT NOT NULL,
  misfire_times_max INTEGER NOT NULL,
  misfire_in_one_job INTEGER NOT NULL,
  is_active INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  next_due_at INTEGER,
  last_due_at INTEGER,
  last_fired_at INTEGER,
  last_error TEXT NOT NULL,
  metadata TEXT NOT NULL,
  payload TEXT NOT NULL
);
CREATE UNIQUE INDEX job_schedules_by_id ON job_schedules (scope, id);
CREATE INDEX job_schedules_by_owner ON job_schedules (scope, owner);
CREATE INDEX job_schedules_due ON job_schedules (next_due_at) WHERE next_due_at IS NOT NULL;
