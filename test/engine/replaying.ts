import type { AgentSource, AttemptContext, AttemptOutcome } from "../../src/core/agent-source.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { offsetOf } from "../../src/core/offset.ts";
import type { Run, RunInput } from "../../src/core/run.ts";
import { resetPoint, type Transcript } from "../../src/core/transcript.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";

/** The run that attempts are made at; it is on no store. */
export const RUN: Run = {
  id: "run_1",
  threadId: "thread-1",
  resourceId: "ann",
  agentId: "clerk",
  status: "running",
  attempt: 1,
  crashes: 0,
  messageId: "msg_1",
  input: { messages: [{ id: "u1", role: "user", parts: [{ type: "text", text: "1 + 2, then 3 + 4?" }] }], trigger: "submit" },
  billingPolicy: "delivered",
  cancelRequested: false,
  createdAt: Date.now(),
};

/** What a log begins with when its first attempt is made at once. */
export const BEGIN: readonly RunEvent[] = [
  { type: "run-started", messageId: RUN.messageId, threadId: RUN.threadId, agentId: RUN.agentId },
  { type: "attempt-started", attempt: 1 },
];

export interface Replayed {
  readonly outcome: AttemptOutcome;
  readonly log: readonly Entry[];
}

export interface ReplayOptions {
  readonly attempt?: number;
  /** The logs of the runs that this one goes on from. */
  readonly ancestry?: readonly Entry[];
  /** What the run was started with beside its question. */
  readonly input?: Partial<RunInput>;
  /** Awaited where the log is behind. */
  readonly lag?: () => Promise<void>;
  /** Told how to look at what is committed while the attempt executes. */
  readonly watch?: (committed: () => readonly RunEvent[]) => void;
}

export function stamped(events: readonly RunEvent[]): readonly Entry[] {
  return events.map((event, index) => ({ offset: offsetOf(index + 1), event, attempt: 1, at: 0 }));
}

/** One attempt over a log that ends at some event, without a runner. */
export async function replay(source: AgentSource, prefix: readonly RunEvent[], options: ReplayOptions = {}): Promise<Replayed> {
  const { attempt = 2, ancestry = [], input, lag, watch } = options;
  const fold = (given: readonly RunEvent[]): Transcript => transcriptOf(stamped(given), ancestry);
  const resetTo = resetPoint(fold(prefix));
  const events: RunEvent[] = [...prefix];
  if (attempt > 1) events.push({ type: "attempt-started", attempt, ...(resetTo !== undefined && { resetTo }) });
  const transcript = fold(events);
  let committed = events.length;
  watch?.(() => events.slice(0, committed));
  const asked = { ...RUN, input: { ...RUN.input, ...input } };
  const run = { ...asked, attempt, ...(ancestry.length > 0 && { id: "run_2", parentRunId: RUN.id }) };
  const context: AttemptContext = {
    run,
    attempt,
    rootRunId: RUN.id,
    transcript,
    signal: new AbortController().signal,
    emit: (event) => {
      events.push(event);
      return lag?.();
    },
    commit: async () => {
      const upTo = events.length;
      // As a store would: acknowledged some time after it was asked for.
      await new Promise((resolve) => setImmediate(resolve));
      committed = Math.max(committed, upTo);
    },
    noteUsage: () => undefined,
    checkpoint: () => undefined,
  };
  // The question is in the thread since the first run of the lineage.
  if (ancestry.length > 0) await source.begin(asked, fold([]));
  if (attempt > 1) await source.begin({ ...run, attempt: 1 }, fold([]));
  await source.begin(run, transcript);
  const outcome = await source.execute(context);
  await source.settle(run, outcome, () => Promise.resolve(fold(events)));
  return { outcome, log: stamped(events) };
}
