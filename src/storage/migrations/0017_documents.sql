-- Small texts under keys, for whoever needs no table of its own (core/documents).
CREATE TABLE documents (
  scope TEXT NOT NULL,
  collection TEXT NOT NULL,
  owner TEXT NOT NULL,          -- '' for what is the scope's
  key TEXT NOT NULL,
  text TEXT NOT NULL,
  revision INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (collection, scope, owner, key)
) WITHOUT ROWID;

-- Whom a memory is about, among those that one account serves; '' for nobody in particular.
ALTER TABLE memories ADD COLUMN subject TEXT NOT NULL DEFAULT '';

-- Whether somebody connects to a tool server, and whether the scope's default agent has it.
ALTER TABLE tool_servers ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tool_servers ADD COLUMN for_default_agent INTEGER NOT NULL DEFAULT 0;

-- Who let everybody see a memory; '' for one's own.
ALTER TABLE memories ADD COLUMN author TEXT NOT NULL DEFAULT '';
