-- Who gave a step's reply, where that is not the run's own provider: a run may fall back to another
-- model. '' for the run's own.
ALTER TABLE run_steps ADD COLUMN provider TEXT NOT NULL DEFAULT '';
