-- What a credential lets its bearer do, beside where and as whom. Credentials that are there keep
-- meaning what they meant: an operator's token is the whole server's, any other is a member's.

ALTER TABLE credentials ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
ALTER TABLE credentials ADD COLUMN every_scope INTEGER NOT NULL DEFAULT 0;
UPDATE credentials SET role = 'operator', every_scope = 1 WHERE kind = 'operator_token';

-- An operator lists the threads of everybody in the scope.
CREATE INDEX threads_by_scope ON threads (scope, updated_at, created_at, id)
  WHERE deleted_at IS NULL;
