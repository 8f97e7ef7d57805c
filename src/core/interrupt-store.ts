import type { AuditEntry } from "./audit.ts";
import type { Interrupt, InterruptStatus } from "./interrupt.ts";
import type { Json } from "./json.ts";
import type { Lease, LeaseClaim } from "./lease.ts";
import type { Run, RunInput } from "./run.ts";

/**
 * PORT: the questions that runs ended with, or wait with, and what came of them.
 *
 * INVARIANT: an interrupt is answered once: the same answer again changes nothing, another answer is a conflict
 * INVARIANT: the run that goes on is created in the transaction of the last answer, and is created once
 * INVARIANT: several answers are taken together or not at all
 * INVARIANT: an interrupt is not answered after it expired or was canceled
 * INVARIANT: a suspended run is canceled once, and not after it was answered
 * INVARIANT: an answer and a cancel leave an audit row in the same transaction
 * INVARIANT: a declined question is answered by that: an answer behind it is a conflict, and so is a decline behind an answer
 * INVARIANT: what the last answer brings is put over the input of the run that goes on, and a repeated answer brings nothing
 * INVARIANT: the last answer lets a waiting run itself go on, is in its log by the same transaction, and counts no crash
 * INVARIANT: the last answer does not fence the attempt that ends the hold: in place of that end its log gets the answers, and the run goes on
 * INVARIANT: an answer is refused once its run was asked to stop and has not ended
 * INVARIANT: a question that was held is the same question when its run ends as suspended, and keeps its answer
 * INVARIANT: a run that ends in another way than suspended cancels its open questions
 */
export interface InterruptStore {
  getInterrupt(interruptId: string): Promise<Interrupt | undefined>;
  /** Newest first; those of one run in the order in which they were asked. */
  listInterrupts(query: InterruptQuery): Promise<InterruptPage>;
  /**
   * Answers interrupts of one run. Once none of its questions is open, the child run is created with what was answered, behind the
   * active runs of its thread; claimed at once when `claim` is given and it need not wait. A run that has not ended goes on itself instead,
   * and may be claimed by whoever comes first; one that an attempt holds to end it goes on once that attempt lets go of it.
   */
  answerInterrupts(request: AnswerRequest, claim?: LeaseClaim): Promise<AnswerResult>;
  /** Gives up on a suspended run: its open interrupts are canceled, and a child run is created that only ends as canceled. */
  cancelSuspended(request: CancelRequest, claim?: LeaseClaim): Promise<CancelResult>;
  /** The run that goes on from a suspended one. */
  getChildRun(runId: string): Promise<Run | undefined>;
  /** What was done to a run, oldest first. */
  listAudit(runId: string): Promise<readonly AuditEntry[]>;
}

export interface InterruptQuery {
  /** Left out for those who may see everybody's. */
  readonly resourceId?: string;
  readonly runId?: string;
  readonly threadId?: string;
  readonly statuses?: readonly InterruptStatus[];
  readonly cursor?: string;
  readonly limit: number;
}

export interface InterruptPage {
  readonly interrupts: readonly Interrupt[];
  readonly nextCursor?: string;
}

export interface InterruptAnswer {
  readonly interruptId: string;
  readonly answer: Json;
  /** Whoever was asked would not answer: the tool is not executed, and the model is told so. `answer` may hold a reason. */
  readonly isDeclined?: true;
}

/** What the request that answers brings for the run that goes on. */
export interface Continuation {
  /** That of the run that is created; a run that goes on itself, or is not fully answered, is found by it too. */
  readonly clientRunId?: string;
  /** Put over the fields of the input of the run that asked; of the context, value by value. */
  readonly input?: Partial<Pick<RunInput, "context" | "pageTools" | "notes" | "state" | "holdMs" | "memoryOptions" | "outputSchema">>;
}

export interface AnswerRequest {
  /** All of one run, each once. */
  readonly answers: readonly InterruptAnswer[];
  /** The resource of the principal that answers. */
  readonly answeredBy: string;
  /** The id that the run which goes on is to have. */
  readonly childRunId: string;
  readonly continuation?: Continuation;
}

export type AnswerResult =
  /** `interrupts`: all those of the run. With neither a child nor a run that was waiting some of them are open. */
  | { readonly outcome: "answered"; readonly interrupts: readonly Interrupt[]; readonly child?: StartedChild; readonly resumed?: Run }
  /** Every answer was given before; `childRunId`: the run that went on from the one that asked, which `resumed` is where it goes on itself. */
  | { readonly outcome: "repeated"; readonly interrupts: readonly Interrupt[]; readonly childRunId?: string; readonly resumed?: Run }
  /** The interrupt was answered differently, has expired or was canceled; a pending one is of a run that is to stop. Nothing was written. */
  | { readonly outcome: "conflict"; readonly interrupt: Interrupt }
  /** One of the ids names no interrupt, or they are of different runs. Nothing was written. */
  | { readonly outcome: "unknown" };

export interface CancelRequest {
  readonly runId: string;
  readonly canceledBy: string;
  readonly childRunId: string;
}

export type CancelResult =
  | { readonly outcome: "canceled"; readonly child: StartedChild }
  /** It was answered or canceled before, so another run goes on from it, or it is not suspended at all. */
  | { readonly outcome: "not-suspended"; readonly childRunId?: string };

export interface StartedChild {
  readonly run: Run;
  readonly lease?: Lease;
}
