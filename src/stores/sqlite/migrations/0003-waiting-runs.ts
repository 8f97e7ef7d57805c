/**
 * Runs that wait for what pages give, answers that decline, and the ids that clients give their runs.
 *
 * A run that waited may have gone on and ended in any way, so that its questions are no longer found by its status: `has_asked` says which
 * runs have any, and the index of these takes the place of the one of the suspended runs. `is_told`: the log of the run itself holds the
 * answer, since it was waiting for it.
 */
export const waitingRuns: string = `
ALTER TABLE runs ADD COLUMN client_run_id TEXT;
ALTER TABLE runs ADD COLUMN waits_until INTEGER CHECK ((waits_until IS NOT NULL) = (status = 'waiting'));
ALTER TABLE runs ADD COLUMN has_asked INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET has_asked = 1 WHERE status = 'suspended';

DROP INDEX suspended_runs;
CREATE INDEX runs_that_asked ON runs (resource_id) WHERE has_asked = 1;
CREATE INDEX runs_by_client_run_id ON runs (client_run_id, resource_id) WHERE client_run_id IS NOT NULL;

ALTER TABLE interrupts ADD COLUMN is_declined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE interrupts ADD COLUMN is_told INTEGER NOT NULL DEFAULT 0;
`;
