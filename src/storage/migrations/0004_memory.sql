-- What agents keep. A partition is one account's memory with one agent: the row that scope, owner and
-- agent hang on. A removed one is out of sight at once, its items are swept later. Numbers are never
-- given out twice, because vectors in memory go by them.
CREATE TABLE memory_partitions (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  scope TEXT NOT NULL,
  owner TEXT NOT NULL,
  agent_id TEXT NOT NULL,       -- '' for the default agent
  items INTEGER NOT NULL DEFAULT 0,
  removed INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX memory_partitions_by_holder ON memory_partitions (owner, agent_id, scope)
  WHERE removed = 0;
CREATE INDEX memory_partitions_by_agent ON memory_partitions (agent_id, scope) WHERE removed = 0;
CREATE INDEX memory_partitions_removed ON memory_partitions (no) WHERE removed = 1;

CREATE TABLE memories (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  partition_no INTEGER NOT NULL REFERENCES memory_partitions (no),
  id TEXT NOT NULL,
  digest TEXT NOT NULL,         -- of the text; '' for an item with a key
  tier TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,            -- '' for what is found by its meaning
  text TEXT NOT NULL,
  metadata TEXT NOT NULL,       -- JSON
  classification TEXT NOT NULL,
  visibility TEXT NOT NULL,
  demoted INTEGER NOT NULL,
  thread_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER,
  place TEXT GENERATED ALWAYS AS ('p' || partition_no) VIRTUAL
);
CREATE UNIQUE INDEX memories_by_id ON memories (id, partition_no);
CREATE UNIQUE INDEX memories_by_key ON memories (partition_no, key) WHERE key <> '';
CREATE UNIQUE INDEX memories_by_digest ON memories (partition_no, digest) WHERE key = '';
CREATE INDEX memories_by_age ON memories (partition_no, updated_at, no);
CREATE INDEX memories_expiring ON memories (expires_at) WHERE expires_at IS NOT NULL;

-- `place` is the partition as a word, so that a search meets the words of its own partition only.
CREATE VIRTUAL TABLE memory_search USING fts5 (
  place,
  key,
  text,
  content = 'memories',
  content_rowid = 'no',
  tokenize = 'porter unicode61 remove_diacritics 2'
);

INSERT INTO memory_search (memory_search, rank) VALUES ('rank', 'bm25(0.0, 2.0, 1.0)');

CREATE TABLE memory_models (
  no INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  dimensions INTEGER NOT NULL
);
CREATE UNIQUE INDEX memory_models_by_name ON memory_models (name, dimensions);

-- One vector a memory, of the model that made the latest one. A replaced vector gets a new number:
-- what came since the last look has higher ones.
CREATE TABLE memory_vectors (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  memory_no INTEGER NOT NULL REFERENCES memories (no),
  partition_no INTEGER NOT NULL,
  model_no INTEGER NOT NULL REFERENCES memory_models (no),
  bytes BLOB NOT NULL           -- signed, one a dimension, the largest 127; empty: nothing to say
);
CREATE UNIQUE INDEX memory_vectors_by_memory ON memory_vectors (memory_no);
CREATE INDEX memory_vectors_by_partition ON memory_vectors (partition_no, model_no, no);
