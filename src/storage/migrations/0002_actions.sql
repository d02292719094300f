-- What agents asked for and what became of it. The decision's columns repeat what the gate said, which a
-- human's verdict does not change.
CREATE TABLE actions (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  tool TEXT NOT NULL,
  operation TEXT NOT NULL,
  params TEXT NOT NULL,         -- JSON, members in the order they came
  context TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  approval_token TEXT NOT NULL, -- '' unless pending
  version INTEGER NOT NULL,
  thread_id TEXT NOT NULL,      -- '' as are the next two for what a client submitted
  run_id TEXT NOT NULL,
  tool_call_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  resolved_by TEXT NOT NULL,
  resolved_at INTEGER,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  reason_code TEXT NOT NULL,
  decision_reason TEXT NOT NULL,
  risk_level TEXT NOT NULL,
  by_profile INTEGER NOT NULL,
  request_hash TEXT NOT NULL,
  policy_version TEXT NOT NULL,
  policy_hash TEXT NOT NULL,
  profile_id TEXT NOT NULL,
  profile_version TEXT NOT NULL,
  profile_hash TEXT NOT NULL,
  runtime_version TEXT NOT NULL,
  provenance_id TEXT NOT NULL
);
CREATE UNIQUE INDEX actions_by_id ON actions (id, scope);
CREATE INDEX actions_by_age ON actions (scope, created_at);
CREATE INDEX actions_by_run ON actions (run_id, scope) WHERE run_id <> '';
CREATE INDEX actions_pending ON actions (expires_at) WHERE state = 'pending_approval';

CREATE TABLE permissions (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  thread_id TEXT NOT NULL,      -- '' for all
  tool TEXT NOT NULL,
  operation TEXT NOT NULL,      -- '' for all
  pattern TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
);
CREATE UNIQUE INDEX permissions_by_id ON permissions (id, scope);
CREATE INDEX permissions_by_owner ON permissions (owner, scope) WHERE revoked_at IS NULL;

-- One chain over all scopes: hash = SHA-256(previous_hash, line feed, text). Rows are only ever added.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, scope);
