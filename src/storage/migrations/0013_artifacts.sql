-- What agents make in their threads, each revision a row of its own. `bytes` is the length of the
-- content.
CREATE TABLE artifacts (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  thread_no INTEGER NOT NULL REFERENCES threads (no),
  run_id TEXT NOT NULL,
  key TEXT NOT NULL,
  revision INTEGER NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  language TEXT NOT NULL,
  metadata TEXT,
  created_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  content TEXT NOT NULL
);
CREATE UNIQUE INDEX artifacts_by_id ON artifacts (id, scope);
CREATE UNIQUE INDEX artifacts_by_key ON artifacts (thread_no, key, revision);
CREATE INDEX artifacts_by_age ON artifacts (thread_no, created_at, id);

-- Files that users uploaded. The bytes lie beside the database, in files named by id.
CREATE TABLE attachments (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  kind TEXT NOT NULL,
  mime TEXT NOT NULL,
  name TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX attachments_by_id ON attachments (id, scope);
CREATE INDEX attachments_by_owner ON attachments (scope, owner, bytes);
CREATE INDEX attachments_by_end ON attachments (expires_at);

-- The threads whose messages have an attachment: it goes with the last of them.
CREATE TABLE attachment_uses (
  attachment_no INTEGER NOT NULL REFERENCES attachments (no),
  thread_no INTEGER NOT NULL REFERENCES threads (no),
  PRIMARY KEY (attachment_no, thread_no)
) WITHOUT ROWID;
CREATE INDEX attachment_uses_by_thread ON attachment_uses (thread_no);
