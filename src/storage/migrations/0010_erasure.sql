-- What an erased thread left elsewhere is found by the thread, or by its runs.
CREATE INDEX keyed_requests_by_object ON keyed_requests (object_id, scope);
CREATE INDEX permissions_by_thread ON permissions (thread_id, scope) WHERE thread_id <> '';
CREATE INDEX memories_by_thread ON memories (thread_id) WHERE thread_id <> '';

-- The search indexes and the log still hold words of what was erased until they were written anew;
-- a row for each index that has to be.
CREATE TABLE erasures_to_finish (
  what TEXT PRIMARY KEY
) WITHOUT ROWID;
