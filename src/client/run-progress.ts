import type { EventFrame } from "./event-frames.ts";

/** How far a stream of runs has come. */
export interface RunProgress {
  /** Behind the last whole frame; the server's start cursor before the first one. */
  readonly cursor?: string;
  /** The run that has begun last, by the id in its events. */
  readonly runId?: string;
  /** Whether that run has ended, so that the end of the stream loses nothing. */
  readonly isEnded: boolean;
}

/** Where a stream stands after one more frame. */
export function afterFrame(progress: RunProgress, { id, runEvent }: EventFrame): RunProgress {
  const moved = id === undefined ? progress : { ...progress, cursor: id };
  switch (runEvent?.type) {
    case "RUN_STARTED":
      return { ...moved, ...(runEvent.runId !== undefined && { runId: runEvent.runId }), isEnded: false };
    case "RUN_FINISHED":
      return { ...moved, isEnded: moved.isEnded || isAbout(moved, runEvent.runId) };
    case "RUN_ERROR":
      return { ...moved, isEnded: true };
    case undefined:
      return moved;
  }
}

function isAbout({ runId }: RunProgress, ofEvent: string | undefined): boolean {
  return runId === undefined || ofEvent === undefined || runId === ofEvent;
}
