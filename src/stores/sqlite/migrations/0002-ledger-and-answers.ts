/**
 * What model calls used, the bills, their way to outside systems, who did what to a run, and the answers to interrupts.
 *
 * Usage, bills, deliveries and audit rows are kept by the id of their run and not by its sequence: they outlive the run's thread. A
 * `sequence` is the order in which rows were written. The table of interrupts is made again, since SQLite changes no CHECK; all its rows
 * are pending, as nothing could answer them.
 */
export const ledgerAndAnswers: string = `
ALTER TABLE runs ADD COLUMN billing_policy TEXT NOT NULL DEFAULT 'delivered' CHECK (billing_policy IN ('delivered', 'all-attempts'));
CREATE INDEX runs_by_parent ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL;
CREATE INDEX suspended_runs ON runs (resource_id) WHERE status = 'suspended';

ALTER TABLE interrupts RENAME TO interrupts_without_answers;
CREATE TABLE interrupts (
  run INTEGER NOT NULL,
  position INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'answered', 'canceled')),
  created_at INTEGER NOT NULL,
  request TEXT NOT NULL,
  expires_at INTEGER,
  answer TEXT,
  answered_at INTEGER,
  answered_by TEXT,
  PRIMARY KEY (run, position),
  CHECK ((answer IS NOT NULL) = (status = 'answered'))
) STRICT, WITHOUT ROWID;
INSERT INTO interrupts (run, position, id, created_at, request)
  SELECT run, position, json_extract(request, '$.id'), created_at, request FROM interrupts_without_answers;
DROP TABLE interrupts_without_answers;

CREATE TABLE usage (
  sequence INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  path TEXT NOT NULL,
  call INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'settled', 'estimated', 'unknown')),
  at INTEGER NOT NULL,
  agent_id TEXT,
  provider TEXT,
  model_id TEXT,
  usage TEXT,
  basis TEXT,
  bounds TEXT,
  is_superseded INTEGER NOT NULL DEFAULT 0,
  UNIQUE (run_id, attempt, path, call, state)
) STRICT;

CREATE TABLE bills (
  sequence INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE,
  resource_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  bill TEXT NOT NULL
) STRICT;

CREATE INDEX bills_by_time ON bills (at);
CREATE INDEX bills_by_resource ON bills (resource_id, at);

CREATE TABLE deliveries (
  sequence INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  sink TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead', 'held')),
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  lease_ends_at INTEGER,
  unknown_since INTEGER,
  sent_at INTEGER,
  last_error TEXT,
  UNIQUE (run_id, sink)
) STRICT;

CREATE INDEX pending_deliveries ON deliveries (next_at) WHERE state = 'pending';

CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  interrupt_id TEXT,
  at INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_by_run ON audit (run_id);
`;
