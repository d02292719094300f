-- Requests with an idempotency key, by the name that they have everywhere else.
ALTER TABLE submissions RENAME TO keyed_requests;
DROP INDEX submissions_by_id;
DROP INDEX submissions_by_key;
DROP INDEX submissions_by_age;
CREATE UNIQUE INDEX keyed_requests_by_id ON keyed_requests (id, scope);
CREATE UNIQUE INDEX keyed_requests_by_key ON keyed_requests (key, user_id, scope);
CREATE INDEX keyed_requests_by_age ON keyed_requests (created_at);

-- Recovery looks for them in every scope.
CREATE INDEX actions_executing ON actions (scope, id) WHERE state = 'executing' AND run_id = '';
-- An agent that is deleted takes these threads along too.
CREATE INDEX threads_deleted_by_agent ON threads (agent_id, scope)
  WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

-- Erased threads are read by scope and id, page by page.
DROP INDEX threads_erased;
CREATE INDEX threads_erased ON threads (scope, id) WHERE erased_at IS NOT NULL AND purged = 0;
