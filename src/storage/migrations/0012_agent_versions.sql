-- How an agent works beside prompt, model and tools; versions of that; and what arranges threads.
ALTER TABLE agents ADD COLUMN slug TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN profile TEXT NOT NULL DEFAULT '';       -- '' when all is default
ALTER TABLE agents ADD COLUMN active INTEGER NOT NULL DEFAULT 1;
ALTER TABLE agents ADD COLUMN open_to_guests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN version_id TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN version_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN canary_version_id TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN canary_percent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX agents_open_to_guests ON agents (id) WHERE open_to_guests = 1;

-- Of all that an agent ever was, the rows with a number are its versions: the others changed nothing
-- that is versioned.
ALTER TABLE agent_versions ADD COLUMN profile TEXT NOT NULL DEFAULT '';
ALTER TABLE agent_versions ADD COLUMN version_id TEXT;
ALTER TABLE agent_versions ADD COLUMN number INTEGER;
ALTER TABLE agent_versions ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE agent_versions ADD COLUMN note TEXT NOT NULL DEFAULT '';
-- Of an agent from before, what it is now is its first version.
UPDATE agent_versions SET version_id = lower(hex(randomblob(16))), number = 1, created_by = owner
  WHERE EXISTS (SELECT 1 FROM agents a WHERE a.id = agent_versions.id
                AND a.scope = agent_versions.scope AND a.version = agent_versions.version);
UPDATE agents SET version_number = 1, version_id = coalesce(
  (SELECT v.version_id FROM agent_versions v WHERE v.id = agents.id AND v.version = agents.version
   AND v.scope = agents.scope), '');
CREATE UNIQUE INDEX agent_versions_by_version_id ON agent_versions (version_id, scope)
  WHERE version_id IS NOT NULL;
CREATE UNIQUE INDEX agent_versions_by_number ON agent_versions (id, scope, number)
  WHERE number IS NOT NULL;

ALTER TABLE threads ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';       -- a JSON array
ALTER TABLE threads ADD COLUMN pinned_at INTEGER;
ALTER TABLE threads ADD COLUMN archived_at INTEGER;
ALTER TABLE threads ADD COLUMN completed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN turns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN version_id TEXT NOT NULL DEFAULT '';
ALTER TABLE threads ADD COLUMN session_context TEXT;                  -- NULL for JSON null
ALTER TABLE threads ADD COLUMN parent_id TEXT NOT NULL DEFAULT '';
ALTER TABLE threads ADD COLUMN forked_from_message_id TEXT NOT NULL DEFAULT '';
UPDATE threads SET turns = (SELECT count(*) FROM messages m
  WHERE m.thread_no = threads.no AND m.role = 'assistant');

ALTER TABLE messages ADD COLUMN reply_to TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN edited_out INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN edits TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
-- How an answer came about; by_agent is NULL for a message that says nothing of it.
ALTER TABLE messages ADD COLUMN by_agent TEXT;
ALTER TABLE messages ADD COLUMN by_version TEXT;
ALTER TABLE messages ADD COLUMN version_bucket TEXT;
ALTER TABLE messages ADD COLUMN cost_micros INTEGER;
ALTER TABLE messages ADD COLUMN took_micros INTEGER;
ALTER TABLE messages ADD COLUMN structured_output TEXT;               -- NULL for none
CREATE INDEX messages_replying ON messages (thread_no, reply_to) WHERE reply_to <> '';

ALTER TABLE runs ADD COLUMN version_id TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN version_bucket TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN options TEXT NOT NULL DEFAULT '';         -- '' when all is default
