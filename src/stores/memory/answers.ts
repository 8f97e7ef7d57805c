import type { AnswerRequest, AnswerResult, CancelRequest, CancelResult } from "../../core/interrupt-store.ts";
import type { LeaseClaim } from "../../core/lease.ts";
import { answerAudit, areAllAnswered, cancelAudit, judgeAnswers } from "../answer-rules.ts";
import { childOf } from "../log-rules.ts";
import { insertAudit } from "./audit.ts";
import type { MemoryData } from "./data.ts";
import { answerInterrupt, cancelInterrupts, getInterrupt, interruptsOf } from "./interrupts.ts";
import { addRun, assertFreeId, getChildRun } from "./runs.ts";

export function answerInterrupts(data: MemoryData, request: AnswerRequest, claim: LeaseClaim | undefined, now: number): AnswerResult {
  const verdict = judgeAnswers(request.answers, (id) => getInterrupt(data, id, now));
  if (verdict.outcome === "unknown" || verdict.outcome === "conflict") return verdict;
  const stored = data.runs.get(verdict.runId);
  if (stored === undefined) return { outcome: "unknown" };
  const childRunId = getChildRun(data, verdict.runId)?.id;
  if (verdict.outcome === "repeated") {
    return { outcome: "repeated", interrupts: interruptsOf(data, verdict.runId, now), ...(childRunId !== undefined && { childRunId }) };
  }
  assertFreeId(data, request.childRunId);
  for (const given of verdict.fresh) {
    answerInterrupt(data, given.interrupt, given.answer, request.answeredBy, now);
    insertAudit(data, answerAudit(given, request.answeredBy, now));
  }
  const interrupts = interruptsOf(data, verdict.runId, now);
  if (!areAllAnswered(interrupts) || childRunId !== undefined) return { outcome: "answered", interrupts };
  return { outcome: "answered", interrupts, child: addRun(data, childOf(stored.run, request.childRunId), { claim, now, answered: interrupts }) };
}

export function cancelSuspended(data: MemoryData, request: CancelRequest, claim: LeaseClaim | undefined, now: number): CancelResult {
  const stored = data.runs.get(request.runId);
  const childRunId = getChildRun(data, request.runId)?.id;
  if (childRunId !== undefined) return { outcome: "not-suspended", childRunId };
  if (stored === undefined || stored.interrupts.length === 0) return { outcome: "not-suspended" };
  assertFreeId(data, request.childRunId);
  cancelInterrupts(stored, request.canceledBy, now);
  insertAudit(data, cancelAudit(stored.run, request.canceledBy, now));
  const child = addRun(data, childOf(stored.run, request.childRunId), { claim, now, cancelRequested: true });
  return { outcome: "canceled", child };
}
