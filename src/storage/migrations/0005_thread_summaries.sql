-- What stands for the older part of a thread in the model's input. A thread's newest row counts: each
-- covers more than the one before, everything up to `up_to`. Usage and cost are of the calls that made
-- the summaries of one run so far.
CREATE TABLE thread_summaries (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  thread_no INTEGER NOT NULL REFERENCES threads (no),
  run_id TEXT NOT NULL,
  up_to_message_id TEXT NOT NULL,
  up_to INTEGER NOT NULL,       -- created_at of that message
  tokens INTEGER NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  reported_cost_micros INTEGER,
  cost_micros INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  text TEXT NOT NULL
);
CREATE UNIQUE INDEX thread_summaries_by_id ON thread_summaries (id, scope);
CREATE INDEX thread_summaries_by_thread ON thread_summaries (thread_no, up_to);
