import { z } from "zod";
import { HoldfastError } from "./core/error.ts";
import type { AgentSource } from "./core/agent-source.ts";
import type { Interrupt } from "./core/interrupt.ts";
import type { AnswerResult, Continuation, InterruptAnswer, InterruptPage } from "./core/interrupt-store.ts";
import { isDeeperThan, type Json } from "./core/json.ts";
import { readLineage, readLog } from "./core/lineage.ts";
import type { Principal } from "./core/principal.ts";
import type { Answered, OwnInterruptQuery } from "./core/protocol.ts";
import type { Run } from "./core/run.ts";
import type { RunStore } from "./core/store.ts";
import { transcriptOf } from "./core/transcript-fold.ts";
import type { Runner } from "./runner/runner.ts";

// Far more than a form has, and far less than a stack bears.
const MAX_ANSWER_LEVELS = 200;

/** Questions as those see them who may answer: the owner of the run, and approvers. */
export class Interrupts {
  readonly #store: RunStore;
  readonly #runner: Runner;
  readonly #source: AgentSource;
  readonly #newRunId: () => string;

  constructor(store: RunStore, source: AgentSource, runner: Runner, newRunId: () => string) {
    this.#store = store;
    this.#source = source;
    this.#runner = runner;
    this.#newRunId = newRunId;
  }

  async get(principal: Principal, interruptId: string): Promise<Interrupt> {
    const interrupt = await this.#store.getInterrupt(interruptId);
    if (interrupt === undefined || (interrupt.resourceId !== principal.resourceId && principal.isApprover !== true)) throw interruptNotFound();
    return interrupt;
  }

  list(principal: Principal, query: OwnInterruptQuery): Promise<InterruptPage> {
    return this.#store.listInterrupts({ ...query, ...(principal.isApprover !== true && { resourceId: principal.resourceId }) });
  }

  async answer(principal: Principal, answers: readonly InterruptAnswer[], continuation?: Continuation): Promise<Answered> {
    const asked = await Promise.all(answers.map(({ interruptId }) => this.get(principal, interruptId)));
    if (new Set(asked.map(({ runId }) => runId)).size > 1)
      throw new HoldfastError("INPUT_INVALID", "The interrupts are of different runs; answer those of one run at a time.");
    if (new Set(asked.map(({ id }) => id)).size < asked.length || asked.length === 0) {
      throw new HoldfastError("INPUT_INVALID", "Give one answer for each interrupt.");
    }
    asked.forEach((interrupt, index) => refuseMisfit(interrupt, answers[index]));
    await this.#refuseToWorkflow(asked, answers);
    // The state that an earlier request brought is old by now: it must not be taken for one that this request brings.
    const brought: Continuation = { ...continuation, input: { state: null, ...continuation?.input } };
    const request = { answers, answeredBy: principal.resourceId, childRunId: this.#newRunId(), continuation: brought };
    const result = await this.#runner.startBy(
      (claim) => this.#store.answerInterrupts(request, claim),
      (given) => (given.outcome === "answered" ? (given.child ?? (given.resumed && { run: given.resumed })) : undefined),
    );
    return this.#answered(result);
  }

  /** A workflow may be gone, or another one by now. Of a question that is open no more the store says what became of it. */
  async #refuseToWorkflow(asked: readonly Interrupt[], answers: readonly InterruptAnswer[]): Promise<void> {
    const run = await this.#store.getRun(asked[0]?.runId ?? "");
    if (run?.input.workflow === undefined || asked.every(({ status }) => status !== "pending")) return;
    const lineage = run.parentRunId === undefined ? [] : (await readLineage(this.#store, run)).entries;
    const transcript = transcriptOf(await readLog(this.#store, run.id), lineage);
    for (const [index, interrupt] of asked.entries()) {
      const given = answers[index];
      if (interrupt.status === "pending" && given !== undefined) await this.#source.checkWorkflowAnswer(interrupt, given, transcript);
    }
  }

  async #answered(result: AnswerResult): Promise<Answered> {
    switch (result.outcome) {
      case "answered": {
        const run = result.resumed ?? result.child?.run;
        return { interrupts: result.interrupts, ...(run && { run }) };
      }
      case "repeated": {
        const run = result.resumed ?? (result.childRunId === undefined ? undefined : await this.#store.getRun(result.childRunId));
        return { interrupts: result.interrupts, ...(run && { run }) };
      }
      case "conflict":
        throw conflict(result.interrupt);
      case "unknown":
        throw interruptNotFound();
    }
  }

  /** Cancels what a suspended run asks. Gives the run that ends as canceled in its place; `undefined` when nothing is left to cancel. */
  async cancelSuspended(principal: Principal, run: Run): Promise<Run | undefined> {
    const request = { runId: run.id, canceledBy: principal.resourceId, childRunId: this.#newRunId() };
    const result = await this.#runner.startBy(
      (claim) => this.#store.cancelSuspended(request, claim),
      (given) => (given.outcome === "canceled" ? given.child : undefined),
    );
    return result.outcome === "canceled" ? result.child.run : undefined;
  }
}

/** @throws {HoldfastError} INPUT_INVALID when an answer does not fit the schema of its question, or is nested too deep */
function refuseMisfit(interrupt: Interrupt, given: InterruptAnswer | undefined): void {
  const answer = given?.answer ?? null;
  if (isDeeperThan(answer, MAX_ANSWER_LEVELS)) {
    throw new HoldfastError("INPUT_INVALID", `The answer to interrupt ${interrupt.id} is nested more than ${MAX_ANSWER_LEVELS} levels deep.`);
  }
  // What a decline gives is a reason, and no schema of an answer foresees one.
  if (given?.isDeclined === true) return;
  // Of a step the schema itself is asked.
  if (interrupt.kind === "workflow-suspend") return;
  const schema = schemaOf(interrupt.resumeSchema);
  const result = schema?.safeParse(answer);
  if (result === undefined || result.success) return;
  const faults = result.error.issues.map((issue) => (issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message));
  throw new HoldfastError("INPUT_INVALID", `The answer to interrupt ${interrupt.id} does not fit its schema. ${faults.join("; ")}.`);
}

/** A schema that cannot be read refuses nothing: the tool checks what it is given itself. */
function schemaOf(resumeSchema: Json | undefined): z.ZodType | undefined {
  if (typeof resumeSchema !== "object" || resumeSchema === null) return undefined;
  try {
    return z.fromJSONSchema(resumeSchema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return undefined;
  }
}

function conflict(interrupt: Interrupt): HoldfastError {
  if (interrupt.status === "answered") {
    return new HoldfastError("ALREADY_ANSWERED", `Interrupt ${interrupt.id} was answered differently before; the first answer stands.`);
  }
  const reason = interrupt.status === "pending" ? "of a run that is to stop" : interrupt.status;
  return new HoldfastError("INTERRUPT_CLOSED", `Interrupt ${interrupt.id} is ${reason} and can no longer be answered.`);
}

function interruptNotFound(): HoldfastError {
  return new HoldfastError("INTERRUPT_NOT_FOUND", "There is no interrupt with this id.");
}
