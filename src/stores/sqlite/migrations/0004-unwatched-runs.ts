/**
 * Until when readers said that they follow a run, and why a run is to stop where no principal asked for it. A run of an earlier version has
 * been followed by nobody since it was created. There is no index: only active runs are looked at, and these have one.
 */
export const unwatchedRuns: string = `
ALTER TABLE runs ADD COLUMN followed_until INTEGER;
ALTER TABLE runs ADD COLUMN cancel_reason TEXT;
`;
