import type { JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import { questionRunId } from "./question-id.ts";
import { question } from "./question.ts";
import { threadMeant } from "./unnamed-thread.ts";

interface OpenAnswer extends JsonObject {
  /** The runs that tell of it, the first one first. */
  readonly runs: readonly string[];
  /** A workflow's run leaves the messages of its thread as they are, so they do not tell whether it has ended. */
  readonly isOfWorkflow: boolean;
}

/** What a page that was loaded anew has missed of a thread. */
export interface OpenThread extends JsonObject {
  /** What the server calls the thread. */
  readonly threadId: string;
  /** The answers that are under way, the oldest first. */
  readonly answers: readonly OpenAnswer[];
  /** The questions that are open, as the stream asked them. */
  readonly questions: readonly JsonObject[];
}

const PAGE_SIZE = 100;
/** More questions than a thread has open at once. */
const MAX_QUESTIONS = 1_000;

/** What is open on a thread; nothing on one that the server does not know, or that is somebody else's. */
export async function openThread(engine: Engine, principal: Principal, named: string): Promise<OpenThread> {
  const threadId = await threadMeant(engine, principal, named);
  const runs = await underWay(engine, principal, threadId);
  const answers = await Promise.all(runs.map((run) => answerOf(engine, principal, run)));
  return { threadId, answers, questions: await questionsOn(engine, principal, threadId) };
}

/** The run that is at work on a thread, and those that are queued behind it: the list has the newest first, and what matters most is at its end. */
async function underWay(engine: Engine, principal: Principal, threadId: string): Promise<readonly Run[]> {
  const found: Run[] = [];
  let cursor: string | undefined;
  do {
    const query = { threadId, statuses: ["pending", "running"] as const, limit: PAGE_SIZE, ...(cursor !== undefined && { cursor }) };
    const { runs, nextCursor } = await engine.listRuns(principal, query);
    found.push(...runs);
    cursor = nextCursor;
  } while (cursor !== undefined);
  return found.toReversed();
}

/** The thread shows nothing of an agent's answer that is under way, so what was said before a question is a part of it. */
async function answerOf(engine: Engine, principal: Principal, run: Run): Promise<OpenAnswer> {
  const isOfWorkflow = run.input.workflow !== undefined;
  const ids = [run.id];
  for (let parentRunId = isOfWorkflow ? undefined : run.parentRunId; parentRunId !== undefined;) {
    ids.unshift(parentRunId);
    ({ parentRunId } = await engine.getRun(principal, parentRunId));
  }
  return { runs: ids, isOfWorkflow };
}

async function questionsOn(engine: Engine, principal: Principal, threadId: string): Promise<readonly JsonObject[]> {
  const { interrupts: open } = await engine.listInterrupts(principal, { threadId, statuses: ["pending"], limit: MAX_QUESTIONS });
  // An approver sees everybody's.
  const own = open.filter(({ resourceId }) => resourceId === principal.resourceId);
  const asking = [...new Set(own.map(({ runId }) => runId))].toReversed();
  const ofRuns = await Promise.all(asking.map((runId) => engine.listInterrupts(principal, { runId, limit: MAX_QUESTIONS })));
  return ofRuns.flatMap(({ interrupts }) =>
    // A question keeps the name that it was asked under, whichever of the run's are answered by now.
    interrupts.flatMap((interrupt, index) =>
      interrupt.status === "pending" ? [question(questionRunId(interrupt.runId, index), interrupt.runId, interrupt)] : [],
    ),
  );
}
