import type { AnswerRequest, AnswerResult, CancelRequest, CancelResult } from "../../core/interrupt-store.ts";
import type { LeaseClaim } from "../../core/lease.ts";
import { answerAudit, areAllAnswered, cancelAudit, judgeAnswers } from "../answer-rules.ts";
import { childOf } from "../log-rules.ts";
import { insertAudit } from "./audit.ts";
import type { SqliteConnection } from "./connection.ts";
import { answerInterrupt, cancelInterrupts, getInterrupt, interruptsOf } from "./interrupts.ts";
import { addRun, assertFreeId, getChildRun, getRun } from "./runs.ts";

/** The body of a transaction that answers, and that creates the run which goes on once nothing is open. */
export function answerInterrupts(connection: SqliteConnection, request: AnswerRequest, claim: LeaseClaim | undefined, now: number): AnswerResult {
  const verdict = judgeAnswers(request.answers, (id) => getInterrupt(connection, id, now));
  if (verdict.outcome === "unknown" || verdict.outcome === "conflict") return verdict;
  const run = getRun(connection, verdict.runId);
  if (run === undefined) return { outcome: "unknown" };
  const childRunId = getChildRun(connection, run.id)?.id;
  if (verdict.outcome === "repeated") {
    return { outcome: "repeated", interrupts: interruptsOf(connection, run.id, now), ...(childRunId !== undefined && { childRunId }) };
  }
  assertFreeId(connection, request.childRunId);
  for (const given of verdict.fresh) {
    answerInterrupt(connection, given.interrupt, given.answer, request.answeredBy, now);
    insertAudit(connection, answerAudit(given, request.answeredBy, now));
  }
  const interrupts = interruptsOf(connection, run.id, now);
  if (!areAllAnswered(interrupts) || childRunId !== undefined) return { outcome: "answered", interrupts };
  return { outcome: "answered", interrupts, child: addRun(connection, childOf(run, request.childRunId), { claim, now, answered: interrupts }) };
}

/** The body of a transaction that gives up on a suspended run. */
export function cancelSuspended(connection: SqliteConnection, request: CancelRequest, claim: LeaseClaim | undefined, now: number): CancelResult {
  const childRunId = getChildRun(connection, request.runId)?.id;
  if (childRunId !== undefined) return { outcome: "not-suspended", childRunId };
  const run = getRun(connection, request.runId);
  if (run === undefined || interruptsOf(connection, run.id, now).length === 0) return { outcome: "not-suspended" };
  cancelInterrupts(connection, run.id, request.canceledBy, now);
  insertAudit(connection, cancelAudit(run, request.canceledBy, now));
  const child = addRun(connection, childOf(run, request.childRunId), { claim, now, cancelRequested: true });
  return { outcome: "canceled", child };
}
