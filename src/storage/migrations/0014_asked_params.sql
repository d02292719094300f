-- What an action was asked for, when whoever approved it changed its params; '' when nobody did.

ALTER TABLE actions ADD COLUMN asked_params TEXT NOT NULL DEFAULT '';
