-- Packs (core/packs) that are installed, or are about to be, or to go.

CREATE TABLE packs (
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL,
  installed_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,     -- of its files
  definition TEXT NOT NULL,
  PRIMARY KEY (scope, name, version)
) WITHOUT ROWID;
CREATE INDEX packs_unfinished ON packs (state) WHERE state <> 'installed';
