-- Entities sign tokens for users of their own; their secrets are sealed. The scope is the project's:
-- ORGANIZATION/PROJECT/*.
CREATE TABLE entities (
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  sealed_second TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (scope, id)
) WITHOUT ROWID;

-- What a scope wants to see beside a credential.
CREATE TABLE access_keys (
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  key_sha256 TEXT NOT NULL UNIQUE,
  origins TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (scope, id)
) WITHOUT ROWID;
