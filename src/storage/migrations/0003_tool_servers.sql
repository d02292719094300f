-- What agents own and where their tools come from, and threads that are erased.
ALTER TABLE agents ADD COLUMN owner TEXT NOT NULL DEFAULT '';           -- '' for everybody's
ALTER TABLE agents ADD COLUMN memory TEXT NOT NULL DEFAULT 'none';
ALTER TABLE agents ADD COLUMN tool_servers TEXT NOT NULL DEFAULT '[]';  -- a JSON array of ids
ALTER TABLE agent_versions ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE agent_versions ADD COLUMN memory TEXT NOT NULL DEFAULT 'none';
ALTER TABLE agent_versions ADD COLUMN tool_servers TEXT NOT NULL DEFAULT '[]';
DROP INDEX agents_by_age;
CREATE INDEX agents_by_owner ON agents (scope, owner, created_at, id);

-- An erased thread is a row that nobody finds, because the rows that hang on it and its number may
-- still be in use. `purged` says that nothing of its content is left.
ALTER TABLE threads ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE threads ADD COLUMN erased_at INTEGER;
ALTER TABLE threads ADD COLUMN purged INTEGER NOT NULL DEFAULT 0;
CREATE INDEX threads_erased ON threads (erased_at) WHERE erased_at IS NOT NULL AND purged = 0;
CREATE INDEX threads_by_agent ON threads (agent_id, scope, owner, updated_at, created_at, id)
  WHERE deleted_at IS NULL;

CREATE TABLE tool_servers (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  transport TEXT NOT NULL,
  command TEXT NOT NULL,         -- a JSON array
  url TEXT NOT NULL,
  sealed_secrets TEXT NOT NULL,  -- '' for none
  created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX tool_servers_by_id ON tool_servers (id, scope);
CREATE UNIQUE INDEX tool_servers_by_name ON tool_servers (scope, name);

-- Kept for servers of the configuration as well, which are no rows.
CREATE TABLE tool_pins (
  server_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  pins TEXT NOT NULL,
  PRIMARY KEY (server_id, scope)
) WITHOUT ROWID;
