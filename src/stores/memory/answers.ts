import type { AnswerRequest, AnswerResult, CancelRequest, CancelResult } from "../../core/interrupt-store.ts";
import type { LeaseClaim } from "../../core/lease.ts";
import { isTerminal, type Run } from "../../core/run.ts";
import { answerAudit, areAllAnswered, cancelAudit, closedByStop, continuedInput, judgeAnswers, repeatedAnswer } from "../answer-rules.ts";
import { answerEvent, childOf } from "../log-rules.ts";
import { insertAudit } from "./audit.ts";
import { jsonCopy, type MemoryData, type StoredRun } from "./data.ts";
import { letGoOn } from "./entries.ts";
import { answerInterrupt, areTold, cancelInterrupts, getInterrupt, interruptsOf, untoldOf } from "./interrupts.ts";
import { addRun, assertFreeId, getChildRun } from "./runs.ts";

export function answerInterrupts(data: MemoryData, request: AnswerRequest, claim: LeaseClaim | undefined, now: number): AnswerResult {
  const verdict = judgeAnswers(request.answers, (id) => getInterrupt(data, id, now));
  if (verdict.outcome === "unknown" || verdict.outcome === "conflict") return verdict;
  const stored = data.runs.get(verdict.runId);
  if (stored === undefined) return { outcome: "unknown" };
  const childRunId = getChildRun(data, verdict.runId)?.id;
  if (verdict.outcome === "repeated") {
    return repeatedAnswer(stored.run, childRunId, interruptsOf(data, verdict.runId, now), areTold(stored, verdict.interruptIds));
  }
  const closed = closedByStop(stored.run, verdict.fresh);
  if (closed) return { outcome: "conflict", interrupt: closed };
  assertFreeId(data, request.childRunId);
  for (const given of verdict.fresh) {
    answerInterrupt(stored, given, request.answeredBy, now);
    insertAudit(data, answerAudit(given, request.answeredBy, now));
  }
  const interrupts = interruptsOf(data, verdict.runId, now);
  const isLast = areAllAnswered(interrupts) && childRunId === undefined;
  if (!isLast || !isTerminal(stored.run.status)) {
    const clientRunId = request.continuation?.clientRunId;
    if (clientRunId !== undefined) stored.clientRunIds.add(clientRunId);
    return { outcome: "answered", interrupts, ...(isLast && { resumed: resumeRun(stored, request, now) }) };
  }
  const child = childOf(stored.run, request.childRunId, request.continuation);
  return { outcome: "answered", interrupts, child: addRun(data, child, { claim, now, answered: untoldOf(stored, now) }) };
}

/**
 * Lets a run go on that was not ended for its questions. An attempt that is about to end it may be writing into its thread: the run goes on
 * once that attempt has come to the log.
 */
function resumeRun(stored: StoredRun, { continuation }: AnswerRequest, now: number): Run {
  const { attempt, input } = stored.run;
  stored.run = { ...stored.run, input: jsonCopy(continuedInput(input, continuation)) };
  if (stored.holder !== undefined) return stored.run;
  const told = untoldOf(stored, now).map(answerEvent);
  stored.entries.push(...told.map((event) => ({ text: JSON.stringify(event), attempt, at: now })));
  letGoOn(stored);
  return stored.run;
}

export function cancelSuspended(data: MemoryData, request: CancelRequest, claim: LeaseClaim | undefined, now: number): CancelResult {
  const stored = data.runs.get(request.runId);
  const childRunId = getChildRun(data, request.runId)?.id;
  if (childRunId !== undefined) return { outcome: "not-suspended", childRunId };
  if (stored?.run.status !== "suspended" || stored.interrupts.length === 0) return { outcome: "not-suspended" };
  assertFreeId(data, request.childRunId);
  cancelInterrupts(stored, request.canceledBy, now);
  insertAudit(data, cancelAudit(stored.run, request.canceledBy, now));
  const child = addRun(data, childOf(stored.run, request.childRunId), { claim, now, cancelRequested: true });
  return { outcome: "canceled", child };
}
