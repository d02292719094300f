-- Budgets (core/budgets): caps, what was spent in their windows, what is reserved for calls under way.

CREATE TABLE budget_caps (
  no INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  holder TEXT NOT NULL,
  target TEXT NOT NULL,         -- '' of a scope, '*' of every user by itself
  period TEXT NOT NULL,
  tier TEXT NOT NULL,
  skill TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  limit_micros INTEGER NOT NULL,
  runs_max INTEGER NOT NULL,
  thresholds TEXT NOT NULL,     -- hundredths of a percent, with commas between
  webhook_url TEXT NOT NULL,
  emails TEXT NOT NULL,
  override_until INTEGER,
  override_by TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX budget_caps_by_id ON budget_caps (scope, id);
CREATE UNIQUE INDEX budget_caps_by_key
  ON budget_caps (scope, holder, target, period, tier, skill, agent_id);

-- Of a cap for every user a subject is a user; all other caps have one, ''.
CREATE TABLE budget_subjects (
  cap_no INTEGER NOT NULL REFERENCES budget_caps (no),
  subject TEXT NOT NULL,
  reserved_micros INTEGER NOT NULL,   -- the sum of its holds
  PRIMARY KEY (cap_no, subject)
) WITHOUT ROWID;

CREATE TABLE budget_spent (
  cap_no INTEGER NOT NULL REFERENCES budget_caps (no),
  subject TEXT NOT NULL,
  bucket INTEGER NOT NULL,            -- where the window begins; of a week, the hour
  spent_micros INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  PRIMARY KEY (cap_no, subject, bucket)
) WITHOUT ROWID;

-- What a run has reserved for the call that it makes.
CREATE TABLE budget_holds (
  scope TEXT NOT NULL,
  run_id TEXT NOT NULL,
  cap_no INTEGER NOT NULL REFERENCES budget_caps (no),
  subject TEXT NOT NULL,
  micros INTEGER NOT NULL,
  PRIMARY KEY (run_id, scope, cap_no, subject)
) WITHOUT ROWID;
CREATE INDEX budget_holds_of_cap ON budget_holds (cap_no);

-- A threshold that was crossed: once in a window.
CREATE TABLE budget_alerts (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  cap_no INTEGER NOT NULL REFERENCES budget_caps (no),
  subject TEXT NOT NULL,
  window_key TEXT NOT NULL,
  threshold INTEGER NOT NULL,         -- hundredths of a percent
  spent_micros INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  at INTEGER NOT NULL,
  taken_at INTEGER                    -- when a job was made that tells it
);
CREATE UNIQUE INDEX budget_alerts_by_window
  ON budget_alerts (cap_no, subject, window_key, threshold);
CREATE INDEX budget_alerts_open ON budget_alerts (no) WHERE taken_at IS NULL;
