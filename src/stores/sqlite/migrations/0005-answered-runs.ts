/**
 * Runs that go on with their answers, and all that clients call their runs.
 *
 * `is_answered`: the run goes on and nobody has claimed it yet; it waits for room like a pending one. `client_runs` holds every id that a client
 * has for a run: the one that it was started under, which its row keeps, and those of the requests that answered it.
 */
export const answeredRuns: string = `
ALTER TABLE runs ADD COLUMN is_answered INTEGER NOT NULL DEFAULT 0;

CREATE TABLE client_runs (
  client_run_id TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  run INTEGER NOT NULL,
  PRIMARY KEY (client_run_id, resource_id, run)
) STRICT, WITHOUT ROWID;
INSERT INTO client_runs (client_run_id, resource_id, run) SELECT client_run_id, resource_id, sequence FROM runs WHERE client_run_id IS NOT NULL;
CREATE INDEX client_runs_by_run ON client_runs (run);
DROP INDEX runs_by_client_run_id;
`;
