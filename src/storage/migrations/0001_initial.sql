-- Times are UTC microseconds, booleans and enumerations core's own words, structured values compact
-- JSON. Every table carries the scope key ("organization/project/environment"). Ids are unique within
-- a scope; the id stands first in their indexes because it decides a comparison sooner.
--
-- `no` is a row's internal number. It never leaves the store.

CREATE TABLE agents (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  settings TEXT NOT NULL,       -- '' when nothing is set
  tools TEXT,                   -- a JSON array of names; NULL for all
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  instructions TEXT NOT NULL
);
CREATE UNIQUE INDEX agents_by_id ON agents (id, scope);
CREATE INDEX agents_by_age ON agents (scope, created_at);

-- Every version that an agent ever had, the current one included.
CREATE TABLE agent_versions (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  settings TEXT NOT NULL,
  tools TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  instructions TEXT NOT NULL
);
CREATE UNIQUE INDEX agent_versions_by_id ON agent_versions (id, version, scope);

-- The usage columns are the sums over the thread's messages that carry usage.
CREATE TABLE threads (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  title TEXT NOT NULL,
  settings TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER,
  usage_messages INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cached_input_tokens INTEGER NOT NULL DEFAULT 0,
  cache_write_tokens INTEGER NOT NULL DEFAULT 0,
  reasoning_tokens INTEGER NOT NULL DEFAULT 0,
  reported_cost_micros INTEGER  -- NULL until a message reports one
);
CREATE UNIQUE INDEX threads_by_id ON threads (id, scope);
CREATE INDEX threads_by_owner ON threads (scope, owner, updated_at, created_at, id)
  WHERE deleted_at IS NULL;

-- `text` is what a plain-text dialect shows and what search indexes. `parts` is NULL when the message
-- is exactly one text part, the common case, which is then read without a JSON parser.
CREATE TABLE messages (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  thread_no INTEGER NOT NULL REFERENCES threads (no),
  run_id TEXT NOT NULL,
  role TEXT NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  model TEXT NOT NULL,
  input_tokens INTEGER,         -- NULL: the message carries no usage
  output_tokens INTEGER,
  cached_input_tokens INTEGER,
  cache_write_tokens INTEGER,
  reasoning_tokens INTEGER,
  reported_cost_micros INTEGER,
  metadata TEXT,                -- NULL for JSON null
  parts TEXT,
  text TEXT NOT NULL
);
CREATE UNIQUE INDEX messages_by_id ON messages (id, scope);
CREATE INDEX messages_by_thread ON messages (thread_no, created_at);
CREATE INDEX messages_by_run ON messages (run_id, scope) WHERE role = 'assistant' AND run_id <> '';

CREATE VIRTUAL TABLE message_search USING fts5 (
  text,
  content = 'messages',
  content_rowid = 'no',
  tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE runs (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  agent_version INTEGER NOT NULL,
  user_message_id TEXT NOT NULL,
  started_by TEXT NOT NULL,
  state TEXT NOT NULL,
  settings TEXT NOT NULL,
  rounds INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  reported_cost_micros INTEGER,
  cost_micros INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  error TEXT NOT NULL,
  FOREIGN KEY (thread_id, scope) REFERENCES threads (id, scope)
);
CREATE UNIQUE INDEX runs_by_id ON runs (id, scope);
-- One active run a thread, whatever the code above believes.
CREATE UNIQUE INDEX runs_unfinished ON runs (thread_id, scope)
  WHERE state IN ('queued', 'running', 'waiting_approval');

CREATE TABLE run_steps (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  run_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  reported_cost_micros INTEGER,
  model TEXT NOT NULL,
  parts TEXT NOT NULL,
  FOREIGN KEY (run_id, scope) REFERENCES runs (id, scope)
);
CREATE UNIQUE INDEX run_steps_by_run ON run_steps (run_id, number, scope);

CREATE TABLE tool_calls (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  tool TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  arguments TEXT NOT NULL,
  result TEXT NOT NULL,
  FOREIGN KEY (run_id, scope) REFERENCES runs (id, scope)
);
CREATE UNIQUE INDEX tool_calls_by_id ON tool_calls (id, scope);
CREATE INDEX tool_calls_by_run ON tool_calls (run_id, scope);

-- The cursor is the row's number, so an append is one sorted insert and one short index entry. The
-- index holds (thread_no, cursor), which is what a resuming reader walks.
CREATE TABLE events (
  cursor INTEGER PRIMARY KEY,
  thread_no INTEGER NOT NULL REFERENCES threads (no),
  seq INTEGER NOT NULL,
  scope TEXT NOT NULL,
  run_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX events_by_thread ON events (thread_no);

CREATE TABLE credentials (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,
  token_sha256 TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  revoked_at INTEGER
);
CREATE UNIQUE INDEX credentials_by_id ON credentials (id, scope);
CREATE UNIQUE INDEX credentials_by_token ON credentials (token_sha256);
CREATE INDEX credentials_by_user ON credentials (scope, user_id, kind, created_at);

CREATE TABLE submissions (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  object_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  answer_status INTEGER,        -- NULL until answered
  answer_content_type TEXT,
  answer_body BLOB
);
CREATE UNIQUE INDEX submissions_by_id ON submissions (id, scope);
CREATE UNIQUE INDEX submissions_by_key ON submissions (key, user_id, scope);
CREATE INDEX submissions_by_age ON submissions (created_at);
