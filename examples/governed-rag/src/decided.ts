import type { AuditTrail, Decision, Question } from "./audit-trail.ts";
import { Failure, runFailure, type RunFailureCode } from "./failure.ts";

/** What {@link decided} stands on. */
export interface Stage {
  readonly audit: AuditTrail;
  readonly subject: Question;
  /** What it fails with, where it breaks. */
  readonly code: RunFailureCode;
  readonly abortSignal: AbortSignal;
}

/**
 * A stage of the workflow: it ends with what it was to give, or with a decision against the answer that is on record. Such a decision stands, so that
 * the attempt behind a crash does not give what the one before it has refused.
 *
 * @throws {Failure} with words that are the same whatever broke: a provider may quote the prompt, a store the path of its file
 */
export async function decided<T>({ audit, subject, code, abortSignal }: Stage, work: () => Promise<T>): Promise<T> {
  try {
    const standing = audit.refusalOf(subject);
    if (standing !== undefined) throw runFailure(standing);
    return await work();
  } catch (cause) {
    // What is stopped has decided nothing: the next attempt does, or whoever canceled the run has.
    if (cause instanceof Failure || abortSignal.aborted) throw cause;
    recorded(audit, subject, [{ decision: "failed", reason: code }]);
    console.error(`run ${subject.runId}: ${code}`, cause);
    throw runFailure(code, { cause });
  }
}

/** @throws {Failure} RECORD_FAILED: what is not on record does not happen */
export function recorded(audit: AuditTrail, subject: Question, decisions: readonly Decision[]): void {
  try {
    audit.record(subject, decisions);
  } catch (cause) {
    console.error(`run ${subject.runId}: RECORD_FAILED`, cause);
    throw runFailure("RECORD_FAILED", { cause });
  }
}
