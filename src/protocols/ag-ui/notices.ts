import type { AgUiRequest } from "./decode.ts";

/** Told of what a request holds that is served without it, in words for a log. */
export type OnNotice = (notice: string, about: { readonly threadId?: string; readonly clientRunId: string }) => void;

/** Tells what was passed over in a request. */
export function tellNotices({ notices, threadId, runId }: AgUiRequest, onNotice: OnNotice): void {
  for (const notice of notices) onNotice(notice, { clientRunId: runId, ...(threadId !== undefined && { threadId }) });
}
