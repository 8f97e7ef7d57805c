import type { AnswerRequest, AnswerResult, CancelRequest, CancelResult } from "../../core/interrupt-store.ts";
import type { LeaseClaim } from "../../core/lease.ts";
import { isTerminal, type Run } from "../../core/run.ts";
import { answerAudit, areAllAnswered, cancelAudit, closedByStop, continuedInput, judgeAnswers, repeatedAnswer } from "../answer-rules.ts";
import { answerEvent, childOf } from "../log-rules.ts";
import { insertAudit } from "./audit.ts";
import type { SqliteConnection } from "./connection.ts";
import { appendTold, letGoOn } from "./entries.ts";
import { answerInterrupt, areTold, cancelInterrupts, getInterrupt, interruptsOf, untoldOf } from "./interrupts.ts";
import { addRun, assertFreeId, getChildRun, getRun, nameRun } from "./runs.ts";

/** The body of a transaction that answers, and that lets the run go on, or creates the one which does, once nothing is open. */
export function answerInterrupts(connection: SqliteConnection, request: AnswerRequest, claim: LeaseClaim | undefined, now: number): AnswerResult {
  const verdict = judgeAnswers(request.answers, (id) => getInterrupt(connection, id, now));
  if (verdict.outcome === "unknown" || verdict.outcome === "conflict") return verdict;
  const run = getRun(connection, verdict.runId);
  if (run === undefined) return { outcome: "unknown" };
  const childRunId = getChildRun(connection, run.id)?.id;
  if (verdict.outcome === "repeated") {
    return repeatedAnswer(run, childRunId, interruptsOf(connection, run.id, now), areTold(connection, verdict.interruptIds));
  }
  const closed = closedByStop(run, verdict.fresh);
  if (closed) return { outcome: "conflict", interrupt: closed };
  assertFreeId(connection, request.childRunId);
  for (const given of verdict.fresh) {
    answerInterrupt(connection, given, request.answeredBy, now);
    insertAudit(connection, answerAudit(given, request.answeredBy, now));
  }
  const interrupts = interruptsOf(connection, run.id, now);
  const isLast = areAllAnswered(interrupts) && childRunId === undefined;
  if (!isLast || !isTerminal(run.status)) {
    const clientRunId = request.continuation?.clientRunId;
    if (clientRunId !== undefined) nameRun(connection, run.id, clientRunId);
    return { outcome: "answered", interrupts, ...(isLast && { resumed: resumeRun(connection, run, request, now) }) };
  }
  const child = childOf(run, request.childRunId, request.continuation);
  return { outcome: "answered", interrupts, child: addRun(connection, child, { claim, now, answered: untoldOf(connection, run.id, now) }) };
}

const PUT_INPUT = "UPDATE inputs SET input = ? WHERE run = (SELECT sequence FROM runs WHERE id = ?)";

/**
 * Lets a run go on that was not ended for its questions. An attempt that is about to end it may be writing into its thread: the run goes on
 * once that attempt has come to the log. Part of a transaction.
 */
function resumeRun(connection: SqliteConnection, run: Run, { continuation }: AnswerRequest, now: number): Run {
  const input = continuedInput(run.input, continuation);
  if (continuation?.input !== undefined) connection.run(PUT_INPUT, JSON.stringify(input), run.id);
  if (connection.get("SELECT 1 FROM runs WHERE id = ? AND lease_owner IS NOT NULL", run.id)) return { ...run, input };
  appendTold(connection, run, untoldOf(connection, run.id, now).map(answerEvent), now);
  letGoOn(connection, run.id);
  return { ...run, status: "running", input };
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
