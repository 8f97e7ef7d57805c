import type { AuditAction, AuditEntry } from "../core/audit.ts";
import { isApproved, isSameJson, type Interrupt, type InterruptRequest, type InterruptStatus } from "../core/interrupt.ts";
import type { AnswerResult, Continuation, InterruptAnswer } from "../core/interrupt-store.ts";
import { isTerminal, type Run, type RunInput } from "../core/run.ts";

/** A question with an answer that somebody gives to it. */
export interface GivenAnswer extends Omit<InterruptAnswer, "interruptId"> {
  readonly interrupt: Interrupt;
}

/** What a request to answer amounts to; `fresh`: the answers that are to be written. */
export type AnswerVerdict =
  | { readonly outcome: "unknown" }
  | { readonly outcome: "conflict"; readonly interrupt: Interrupt }
  | { readonly outcome: "repeated"; readonly runId: string; readonly interruptIds: readonly string[] }
  | { readonly outcome: "accepted"; readonly runId: string; readonly fresh: readonly GivenAnswer[] };

/** Judges answers by the interrupts as they are; `find` gives the interrupt of an id. */
export function judgeAnswers(answers: readonly InterruptAnswer[], find: (interruptId: string) => Interrupt | undefined): AnswerVerdict {
  const given = answers.flatMap(({ interruptId, ...answer }): GivenAnswer[] => {
    const interrupt = find(interruptId);
    return interrupt ? [{ interrupt, ...answer }] : [];
  });
  const [first] = given;
  const isEachOnce = new Set(given.map(({ interrupt }) => interrupt.id)).size === answers.length;
  if (first === undefined || !isEachOnce) return { outcome: "unknown" };
  const { runId } = first.interrupt;
  if (given.some(({ interrupt }) => interrupt.runId !== runId)) return { outcome: "unknown" };
  const refused = given.find((one) => one.interrupt.status !== "pending" && !isRepeated(one));
  if (refused) return { outcome: "conflict", interrupt: refused.interrupt };
  const fresh = given.filter(({ interrupt }) => interrupt.status === "pending");
  return fresh.length === 0 ? { outcome: "repeated", runId, interruptIds: given.map(({ interrupt }) => interrupt.id) } : { outcome: "accepted", runId, fresh };
}

function isRepeated({ interrupt, answer, isDeclined }: GivenAnswer): boolean {
  return interrupt.status === "answered" && interrupt.isDeclined === isDeclined && isSameJson(interrupt.answer, answer);
}

/** Whether the run can go on: an interrupt that expired without an answer holds it back for good. */
export function areAllAnswered(interrupts: readonly Interrupt[]): boolean {
  return interrupts.every(({ status }) => status === "answered");
}

/** The question that is closed to answers since its run was asked to stop, if one is. A run that ended says so by its questions. */
export function closedByStop(run: Run, fresh: readonly GivenAnswer[]): Interrupt | undefined {
  return run.cancelRequested && !isTerminal(run.status) ? fresh[0]?.interrupt : undefined;
}

/**
 * What a repeated answer gives. `areTold`: the log of the run holds what was answered. What went on from a run that ended goes before the run,
 * also where that had gone on itself before.
 */
export function repeatedAnswer(run: Run, childRunId: string | undefined, interrupts: readonly Interrupt[], areTold: boolean): AnswerResult {
  if (childRunId !== undefined) return { outcome: "repeated", interrupts, childRunId };
  const goesOn = areTold || (!isTerminal(run.status) && areAllAnswered(interrupts));
  return { outcome: "repeated", interrupts, ...(goesOn && { resumed: run }) };
}

/** The status that readers see; nobody writes down that an interrupt expired. */
export function statusAt(stored: Exclude<InterruptStatus, "expired">, request: Pick<InterruptRequest, "expiresAt">, now: number): InterruptStatus {
  return stored === "pending" && request.expiresAt !== undefined && request.expiresAt <= now ? "expired" : stored;
}

/** What a run goes on with: the fields that the answering request brings stand over those that it was started with. */
export function continuedInput(input: RunInput, continuation: Continuation | undefined): RunInput {
  const { context, ...fields } = continuation?.input ?? {};
  return { ...input, ...fields, ...(context && { context: { ...input.context, ...context } }) };
}

/** The audit row of an answer. */
export function answerAudit(given: GivenAnswer, actor: string, at: number): AuditEntry {
  const { runId, resourceId, id: interruptId } = given.interrupt;
  return { runId, resourceId, action: actionOf(given), actor, interruptId, at };
}

function actionOf({ interrupt, answer, isDeclined }: GivenAnswer): AuditAction {
  if (isDeclined === true) return "declined";
  if (interrupt.kind !== "tool-approval") return "answered";
  return isApproved(answer) ? "approved" : "declined";
}

/** The audit row of a cancel. */
export function cancelAudit(run: { readonly id: string; readonly resourceId: string }, actor: string, at: number): AuditEntry {
  return { runId: run.id, resourceId: run.resourceId, action: "canceled", actor, at };
}
