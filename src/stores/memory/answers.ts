import type { AnswerRequest, AnswerResult, CancelRequest, CancelResult } from "../../core/interrupt-store.ts";
import type { LeaseClaim } from "../../core/lease.ts";
import { isTerminal, type Run } from "../../core/run.ts";
import { answerAudit, areAllAnswered, cancelAudit, continuedInput, judgeAnswers } from "../answer-rules.ts";
import { answerEvent, childOf } from "../log-rules.ts";
import { insertAudit } from "./audit.ts";
import { jsonCopy, type MemoryData, type StoredRun } from "./data.ts";
import { answerInterrupt, areTold, cancelInterrupts, getInterrupt, interruptsOf, markTold, untoldOf } from "./interrupts.ts";
import { addRun, assertFreeId, getChildRun } from "./runs.ts";

export function answerInterrupts(data: MemoryData, request: AnswerRequest, claim: LeaseClaim | undefined, now: number): AnswerResult {
  const verdict = judgeAnswers(request.answers, (id) => getInterrupt(data, id, now));
  if (verdict.outcome === "unknown" || verdict.outcome === "conflict") return verdict;
  const stored = data.runs.get(verdict.runId);
  if (stored === undefined) return { outcome: "unknown" };
  const childRunId = getChildRun(data, verdict.runId)?.id;
  if (verdict.outcome === "repeated") {
    const interrupts = interruptsOf(data, verdict.runId, now);
    if (areTold(stored, verdict.interruptIds)) return { outcome: "repeated", interrupts, resumed: stored.run };
    return { outcome: "repeated", interrupts, ...(childRunId !== undefined && { childRunId }) };
  }
  assertFreeId(data, request.childRunId);
  for (const given of verdict.fresh) {
    answerInterrupt(stored, given, request.answeredBy, now);
    insertAudit(data, answerAudit(given, request.answeredBy, now));
  }
  const interrupts = interruptsOf(data, verdict.runId, now);
  if (!areAllAnswered(interrupts) || childRunId !== undefined) return { outcome: "answered", interrupts };
  if (!isTerminal(stored.run.status)) return { outcome: "answered", interrupts, resumed: resumeRun(stored, request, now) };
  const child = childOf(stored.run, request.childRunId, request.continuation);
  return { outcome: "answered", interrupts, child: addRun(data, child, { claim, now, answered: untoldOf(stored, now) }) };
}

/** Lets a run go on that was not ended for its questions. An attempt that was about to end it finds a higher epoch before it touches the thread. */
function resumeRun(stored: StoredRun, { continuation }: AnswerRequest, now: number): Run {
  const { attempt, input } = stored.run;
  const told = untoldOf(stored, now).map(answerEvent);
  stored.entries.push(...told.map((event) => ({ text: JSON.stringify(event), attempt, at: now })));
  markTold(stored);
  const epoch = stored.holder === undefined ? attempt : attempt + 1;
  stored.run = { ...stored.run, status: "running", attempt: epoch, input: jsonCopy(continuedInput(input, continuation)) };
  stored.holder = undefined;
  stored.waitsUntil = undefined;
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
