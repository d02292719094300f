-- Threads whose tools work in a folder that somebody named, their rules about tool calls, and
-- remembered answers that count in such a folder.

ALTER TABLE threads ADD COLUMN directory TEXT NOT NULL DEFAULT '';
ALTER TABLE threads ADD COLUMN directory_by_operator INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN moved TEXT NOT NULL DEFAULT '';        -- '' for one that never was
ALTER TABLE threads ADD COLUMN rules TEXT NOT NULL DEFAULT '';        -- '' for none

ALTER TABLE permissions ADD COLUMN directory TEXT NOT NULL DEFAULT '';
ALTER TABLE permissions ADD COLUMN commands TEXT NOT NULL DEFAULT '[]';
