-- A remembered answer is for the agent that it was given to. Answers that are there keep meaning what
-- they meant: every agent of their owner.

ALTER TABLE permissions ADD COLUMN agent_id TEXT NOT NULL DEFAULT '';
