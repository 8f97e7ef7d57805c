import type { AnswerRequest, AnswerResult, CancelRequest, CancelResult } from "../../core/interrupt-store.ts";
import type { LeaseClaim } from "../../core/lease.ts";
import { isTerminal, type Run } from "../../core/run.ts";
import { answerAudit, areAllAnswered, cancelAudit, continuedInput, judgeAnswers } from "../answer-rules.ts";
import { answerEvent, childOf } from "../log-rules.ts";
import { insertAudit } from "./audit.ts";
import type { SqliteConnection } from "./connection.ts";
import { appendTold } from "./entries.ts";
import { answerInterrupt, areTold, cancelInterrupts, getInterrupt, interruptsOf, markTold, untoldOf } from "./interrupts.ts";
import { addRun, assertFreeId, getChildRun, getRun } from "./runs.ts";

/** The body of a transaction that answers, and that lets the run go on, or creates the one which does, once nothing is open. */
export function answerInterrupts(connection: SqliteConnection, request: AnswerRequest, claim: LeaseClaim | undefined, now: number): AnswerResult {
  const verdict = judgeAnswers(request.answers, (id) => getInterrupt(connection, id, now));
  if (verdict.outcome === "unknown" || verdict.outcome === "conflict") return verdict;
  const run = getRun(connection, verdict.runId);
  if (run === undefined) return { outcome: "unknown" };
  const childRunId = getChildRun(connection, run.id)?.id;
  if (verdict.outcome === "repeated") {
    const interrupts = interruptsOf(connection, run.id, now);
    if (areTold(connection, verdict.interruptIds)) return { outcome: "repeated", interrupts, resumed: run };
    return { outcome: "repeated", interrupts, ...(childRunId !== undefined && { childRunId }) };
  }
  assertFreeId(connection, request.childRunId);
  for (const given of verdict.fresh) {
    answerInterrupt(connection, given, request.answeredBy, now);
    insertAudit(connection, answerAudit(given, request.answeredBy, now));
  }
  const interrupts = interruptsOf(connection, run.id, now);
  if (!areAllAnswered(interrupts) || childRunId !== undefined) return { outcome: "answered", interrupts };
  if (!isTerminal(run.status)) return { outcome: "answered", interrupts, resumed: resumeRun(connection, run, request, now) };
  const child = childOf(run, request.childRunId, request.continuation);
  return { outcome: "answered", interrupts, child: addRun(connection, child, { claim, now, answered: untoldOf(connection, run.id, now) }) };
}

// The right-hand sides see the row as it was. An attempt that was about to end the run finds a higher epoch before it touches the thread.
const RESUME = `UPDATE runs SET status = 'running', attempt = attempt + (lease_owner IS NOT NULL), waits_until = NULL, lease_owner = NULL,
  lease_expires_at = NULL WHERE id = ? RETURNING sequence, attempt`;

/** Lets a run go on that was not ended for its questions. Part of a transaction. */
function resumeRun(connection: SqliteConnection, run: Run, { continuation }: AnswerRequest, now: number): Run {
  appendTold(connection, run, untoldOf(connection, run.id, now).map(answerEvent), now);
  markTold(connection, run.id);
  const input = continuedInput(run.input, continuation);
  const { sequence, attempt } = connection.get(RESUME, run.id) as { sequence: number; attempt: number };
  if (continuation?.input !== undefined) connection.run("UPDATE inputs SET input = ? WHERE run = ?", JSON.stringify(input), sequence);
  return { ...run, status: "running", attempt, input };
}

/** The body of a transaction that gives up on a suspended run. */
export function cancelSuspended(connection: SqliteConnection, request: CancelRequest, claim: LeaseClaim | undefined, now: number): CancelResult {
  const childRunId = getChildRun(connection, request.runId)?.id;
  if (childRunId !== undefined) return { outcome: "not-suspended", childRunId };
  const run = getRun(connection, request.runId);
  if (run?.status !== "suspended" || interruptsOf(connection, run.id, now).length === 0) return { outcome: "not-suspended" };
  cancelInterrupts(connection, run.id, request.canceledBy, now);
  insertAudit(connection, cancelAudit(run, request.canceledBy, now));
  const child = addRun(connection, childOf(run, request.childRunId), { claim, now, cancelRequested: true });
  return { outcome: "canceled", child };
}
