-- Decisions that refused something, or with something hidden in what is kept of them.
CREATE INDEX audit_of_safety ON audit (scope, seq)
  WHERE kind = 'decision' AND (instr(text, '"outcome":"HALT"') > 0
    OR instr(text, '[redacted]') > 0);
